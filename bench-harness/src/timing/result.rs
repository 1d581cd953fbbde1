//! The report of `bench`, as it is written and read again.

use super::plan::BenchPlan;
use super::process::ProcessTimes;
use crate::environment::Environment;
use crate::environment::limits::ThreadLimits;
use serde::{Deserialize, Serialize};
use simdescent_measure::statistics::{Estimate, SpeedVerdict};

/// Raised when a field changes what it means.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// What a file of JSON is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Kind {
    /// A report of `simdescent bench`.
    Bench,
}

/// Everything that was measured and what follows from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct BenchReport {
    pub(crate) schema_version: u32,
    pub(crate) kind: Kind,
    /// When it began, UTC, RFC 3339.
    pub(crate) started: String,
    /// How long it took.
    pub(crate) seconds: f64,
    /// Its number of threads is the largest one.
    pub(crate) environment: Environment,
    pub(crate) plan: BenchPlan,
    /// Crates and libraries that took part.
    pub(crate) peers: Vec<Peer>,
    /// For each number of threads the medians over all processes.
    pub(crate) limits: Vec<ThreadLimits>,
    pub(crate) control: Control,
    pub(crate) disturbances: Disturbances,
    pub(crate) cases: Vec<CaseReport>,
    /// The raw times.
    pub(crate) processes: Vec<ProcessTimes>,
}

/// A crate or a library.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Peer {
    pub(crate) name: String,
    /// Or what it says of itself.
    pub(crate) version: String,
}

/// One kernel that was entered under two names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Control {
    /// Of all the intervals together.
    pub(crate) confidence: f64,
    /// For each number of threads.
    pub(crate) ratios: Vec<ControlRatio>,
    /// Whether every interval contains 1. If not, the machine favored one of two equals, and there are no verdicts.
    pub(crate) quiet: bool,
}

/// Time under the second name divided by time under the first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ControlRatio {
    pub(crate) case: String,
    pub(crate) threads: usize,
    pub(crate) ratio: Span,
}

/// What else happened during the rounds, in sum; `null` where the system does not say.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Disturbances {
    pub(crate) rounds: usize,
    pub(crate) rounds_with_stolen_time: Option<usize>,
    pub(crate) rounds_with_involuntary_switches: Option<usize>,
    pub(crate) throttled: Option<u64>,
    /// The median over all rounds.
    pub(crate) load: Option<f64>,
    /// Of each calibration loop: half the distance of the quartiles of its times, as a share of their median.
    pub(crate) calibration_spread: [f64; 2],
    /// Of each calibration loop: the longest time divided by the median.
    pub(crate) calibration_worst: [f64; 2],
}

/// What one call does at least.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CaseWork {
    pub(crate) flops: f64,
    pub(crate) bytes_read: f64,
    pub(crate) bytes_written: f64,
    pub(crate) working_set: f64,
    /// How many units a call does.
    pub(crate) amount: f64,
    pub(crate) unit: Unit,
}

/// What rates count per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Unit {
    Flops,
    Bytes,
    Elements,
    Samples,
}

/// One kernel or training step of one size on so many threads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CaseReport {
    /// Such as `gemm/f32/128x128x128`.
    pub(crate) name: String,
    pub(crate) group: String,
    pub(crate) threads: usize,
    /// Of an element.
    pub(crate) bits: u32,
    pub(crate) work: CaseWork,
    pub(crate) limit: CaseLimit,
    /// Ours first.
    pub(crate) contestants: Vec<Contestant>,
    /// Ours and each other.
    pub(crate) against: Vec<Against>,
}

impl CaseReport {
    /// Ours.
    pub(crate) fn ours(&self) -> &Contestant {
        &self.contestants[0]
    }

    /// The name with the number of threads: no other case has it.
    pub(crate) fn full_name(&self) -> String {
        format!("{}/threads:{}", self.name, self.threads)
    }

    /// Units per second at so many seconds per call.
    pub(crate) fn rate(&self, seconds: f64) -> f64 {
        self.work.amount / seconds
    }
}

/// The least time that the machine allows for the work of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CaseLimit {
    /// What limits: `FMA`, `read from L2`, `copy in memory`.
    pub(crate) name: String,
    pub(crate) seconds: f64,
}

/// Who took part, and how long a call took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Contestant {
    pub(crate) name: String,
    /// Geometric mean over processes.
    pub(crate) seconds: Span,
    /// The median of each process.
    pub(crate) by_process: Vec<f64>,
    /// The least time allowed divided by the time taken; beyond 1 where caches hold more than they seem to.
    pub(crate) share_of_limit: f64,
}

/// How many times faster we are than another: its time divided by ours.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Against {
    pub(crate) name: String,
    pub(crate) ratio: Span,
    /// None if the run was not quiet.
    pub(crate) verdict: Option<Verdict>,
}

/// What may be said of a ratio; with Holm's correction over all of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Verdict {
    /// Less time.
    Faster,
    /// More time.
    Slower,
    /// The same time, but for the margin.
    Equivalent,
    /// At most the margin more time.
    NotSlower,
    /// The times vary too much to say any of these.
    Inconclusive,
}

impl Verdict {
    /// For people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Faster => "faster",
            Self::Slower => "slower",
            Self::Equivalent => "equivalent",
            Self::NotSlower => "not slower",
            Self::Inconclusive => "inconclusive",
        }
    }
}

impl From<SpeedVerdict> for Verdict {
    fn from(verdict: SpeedVerdict) -> Self {
        match verdict {
            SpeedVerdict::Faster => Self::Faster,
            SpeedVerdict::Slower => Self::Slower,
            SpeedVerdict::Equivalent => Self::Equivalent,
            SpeedVerdict::NotSlower => Self::NotSlower,
            SpeedVerdict::Inconclusive => Self::Inconclusive,
        }
    }
}

/// An estimate and the ends of its interval; `null` is without bound.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Span {
    pub(crate) value: f64,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
}

impl Span {
    /// Whether 1 may be the truth.
    pub(crate) fn contains_one(&self) -> bool {
        self.low.is_none_or(|low| low <= 1.0) && self.high.is_none_or(|high| high >= 1.0)
    }
}

impl From<Estimate> for Span {
    fn from(Estimate { value, interval }: Estimate) -> Self {
        let end = |x: f64| Some(x).filter(|x| x.is_finite());
        Self { value, low: end(interval.low), high: end(interval.high) }
    }
}
