//! What one process measures.

use super::plan::ProcessPlan;
use crate::environment::disturbance::{Counters, Disturbance};
use crate::environment::limits::ThreadLimits;
use anyhow::{Result, anyhow};
use serde::{Deserialize, Serialize};
use simdescent::kernels::{Exec, Team};
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent_benches::contest::Timing;
use simdescent_benches::peers::cblas::Blas;
use simdescent_measure::clock::Plan;
use std::time::Duration;

/// Raw times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ProcessTimes {
    /// Which process it was, from 0; each number of threads has one of each.
    pub(crate) number: usize,
    pub(crate) threads: usize,
    /// Before the first case and after the last.
    pub(crate) limits: [ThreadLimits; 2],
    /// In the order in which they were timed.
    pub(crate) cases: Vec<CaseTimes>,
}

/// Of one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CaseTimes {
    pub(crate) name: String,
    pub(crate) contestants: Vec<String>,
    pub(crate) rounds: Vec<RoundTimes>,
}

/// Of one round.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RoundTimes {
    /// Seconds per call, by contestant.
    pub(crate) seconds: Vec<f64>,
    /// Seconds per call of two loops that never change: multiply-adds in registers; multiply-adds with loads and integer work, which
    /// also feels another thread on the same core.
    pub(crate) calibration: [f64; 2],
    pub(crate) disturbance: Disturbance,
}

/// Threads that have worked wait for some milliseconds before they sleep, ours and those of others.
const PAUSE: Duration = Duration::from_millis(5);

/// Times the cases of a plan, in an order that is this process's own. `progress` is called after each.
pub(crate) fn measure(
    exec: Exec<'_>,
    team: &Team,
    blas: Option<&Blas>,
    plan: &ProcessPlan,
    progress: &dyn Fn(&str),
) -> Result<ProcessTimes> {
    let ProcessPlan { plan, threads, number } = plan;
    let mut stream =
        Stream::new(StreamKey { trial: *number as u64, ..StreamKey::new(Purpose::Permutation, plan.seed) });
    let mut cases = plan.cases(*threads);
    stream.shuffle(&mut cases);
    let before = ThreadLimits::measure(exec.isa(), team);
    let mut times = vec![];
    for (place, case) in cases.iter().enumerate() {
        let mut disturbances = vec![];
        let mut around = |round: &mut dyn FnMut()| {
            let counters = Counters::now();
            round();
            disturbances.push(counters.since());
        };
        let rounds = Plan {
            rounds: plan.rounds,
            sample: Duration::from_micros(plan.sample_microseconds),
            pause: if *threads > 1 { PAUSE } else { Duration::ZERO },
            seed: plan.seed ^ (*number as u64) << 32 ^ place as u64,
        };
        let held =
            case.hold(Timing { exec, plan: rounds, around: &mut around }, blas).map_err(|fault| anyhow!(fault))?;
        let rounds = held.rounds.into_iter().zip(held.calibration).zip(disturbances);
        let rounds = rounds
            .map(|((seconds, calibration), disturbance)| RoundTimes { seconds, calibration, disturbance })
            .collect();
        let contestants = held.names.into_iter().map(str::to_owned).collect();
        times.push(CaseTimes { name: case.name.clone(), contestants, rounds });
        progress(&case.name);
    }
    let limits = [before, ThreadLimits::measure(exec.isa(), team)];
    Ok(ProcessTimes { number: *number, threads: *threads, limits, cases: times })
}
