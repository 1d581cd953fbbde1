//! The JSON report of a sweep: a pure function of the study's facts and records, and of throughput records.
//!
//! Readers should ignore fields they do not know. A number that is not finite is written as the string `"NaN"`,
//! `"Infinity"` or `"-Infinity"`, because JSON has no such numbers.

use super::answer_report::Answer;
use super::branch_report::BranchReport;
use super::coupling::CouplingReport;
use super::curve_report::CurveReport;
use super::definition::Study;
pub(crate) use super::estimate::{Estimate, Spread};
use super::facts::WorkloadFacts;
use super::machine::Session;
use super::noise_report::NoiseReport;
use super::record::Outcome;
use super::self_check::SelfCheck;
use crate::base::number::Number;
use crate::environment::disturbance::Disturbance;
use serde::{Deserialize, Serialize};
use simdescent::Rule;

/// Raised whenever a reader of the last version could misread the new one.
pub(crate) const SCHEMA_VERSION: u32 = 2;
/// Raised whenever the same records lead to other figures.
pub(crate) const ANALYSIS_VERSION: u32 = 6;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Report {
    pub(crate) schema_version: u32,
    pub(crate) protocol_version: u32,
    pub(crate) value_version: u32,
    pub(crate) analysis_version: u32,
    #[cfg_attr(test, schemars(with = "serde_json::Value"))]
    pub(crate) study: Study,
    /// What of the study has no records yet.
    pub(crate) missing: Missing,
    pub(crate) workloads: Vec<WorkloadReport>,
    /// How near each optimizer comes to the best, over workloads; by target, from the easiest.
    pub(crate) profiles: Vec<Vec<Profile>>,
    pub(crate) throughput: Option<ThroughputReport>,
    pub(crate) self_check: Option<SelfCheck>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Missing {
    pub(crate) cells: usize,
    /// Cells whose steps have not been timed on the machine of this report.
    pub(crate) timings: usize,
}

/// The machine that steps were timed on.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ThroughputReport {
    pub(crate) session: Session,
    /// Over all blocks: the largest load, the sums of the others.
    pub(crate) disturbance: Disturbance,
    /// The seconds that all blocks took.
    pub(crate) seconds: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct WorkloadReport {
    pub(crate) facts: WorkloadFacts,
    pub(crate) cells: Vec<CellReport>,
    /// τ(B) = a + b·B of each optimizer.
    pub(crate) step_times: Vec<StepTimeReport>,
    /// What batch size does to each optimizer, for each target.
    #[serde(default)]
    pub(crate) curves: Vec<CurveReport>,
    /// The noise scale of gradients along the winning run of each optimizer, where it was measured.
    #[serde(default)]
    pub(crate) noise: Vec<NoiseReport>,
    /// The critical batch size along that run, by branches with larger batches, if the study has any.
    #[serde(default)]
    pub(crate) branches: Vec<BranchReport>,
    /// What coupling rules cost against tuning again, if the study has any.
    #[serde(default)]
    pub(crate) coupling: Vec<CouplingReport>,
    /// From the easiest.
    pub(crate) targets: Vec<TargetReport>,
    /// What to take, by target.
    #[serde(default)]
    pub(crate) answers: Vec<Answer>,
}

/// One optimizer at one batch size.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CellReport {
    pub(crate) optimizer: String,
    /// The name of the variant; empty where the study has none.
    pub(crate) variant: String,
    pub(crate) batch_size: usize,
    pub(crate) throughput: Option<CellThroughput>,
    /// Of the keys and digests of all repeats: 16 digits, the same on every machine. Empty in reports that are older.
    #[serde(default)]
    pub(crate) convergence: String,
    /// From the easiest.
    pub(crate) targets: Vec<CellTarget>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CellThroughput {
    pub(crate) seconds_per_step: Estimate,
    pub(crate) samples_per_second: f64,
    pub(crate) flops_per_second: f64,
    pub(crate) bytes_per_second: f64,
    /// Of the multiply-adds that one thread can do.
    pub(crate) share_of_peak: f64,
    /// Of the bandwidth of copying where the working set lies.
    pub(crate) share_of_bandwidth: f64,
    /// Seconds of a step in each round.
    pub(crate) rounds: Vec<f64>,
}

/// What a cell needs for a target.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CellTarget {
    /// Of most runs, the worse of two equally frequent ones.
    pub(crate) outcome: Outcome,
    pub(crate) tuning: TuningReport,
    /// The share of the repeats that reached the target, by Wilson.
    pub(crate) success: Estimate,
    pub(crate) steps: Spread,
    pub(crate) samples: Spread,
    /// Steps to the target times the time of a step.
    pub(crate) seconds: Option<Spread>,
    /// Steps of all repeats over the number of those that reached the target.
    pub(crate) expected_running_time: Number,
    /// The repeats, in the order of their seeds.
    pub(crate) runs: Vec<RunReport>,
}

impl CellTarget {
    /// How many of the repeats reached the target.
    pub(crate) fn reached(&self) -> usize {
        self.runs.iter().filter(|run| run.steps.is_some()).count()
    }

    /// The same in words: `3 of 10`.
    pub(crate) fn reached_of(&self) -> String {
        format!("{} of {}", self.reached(), self.runs.len())
    }
}

/// How the learning rate was found.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct TuningReport {
    /// With the numbers that were chosen.
    #[cfg_attr(test, schemars(with = "serde_json::Value"))]
    pub(crate) rule: Rule,
    pub(crate) learning_rate: f64,
    /// The vertex of the parabola through the neighborhood, if there is one.
    pub(crate) vertex: Option<Estimate>,
    /// Whether the best rate is the lowest or highest tried.
    pub(crate) at_border: bool,
    /// Rates tried beyond the range of the study.
    pub(crate) widened: usize,
    /// Trials: points of the search space, each with the steps of its runs to the target; null for a miss.
    pub(crate) trials: Vec<TrialReport>,
    /// How many times the fewest steps the chosen rate may need, as far as trials and their seeds were luck: the upper end of 95 %.
    pub(crate) regret: f64,
    /// The steps that the best of k = 1, 2, … random trials would need.
    pub(crate) curve: Vec<Number>,
    /// The rates that need at most 1.25 times the fewest steps.
    pub(crate) good_rates: Option<GoodRates>,
}

impl TuningReport {
    /// The interval of the rate, if it is the vertex (of which four digits count) and not a rate that was tried.
    pub(crate) fn interval_of_vertex(&self) -> Option<(f64, f64)> {
        let taken = |vertex: &Estimate| (vertex.value.0 / self.learning_rate - 1.0).abs() < 1e-3;
        self.vertex.filter(taken).map(|vertex| (vertex.low.0, vertex.high.0))
    }

    /// Whether the rate is one that was tried, and reached the target with all seeds.
    pub(crate) fn all_seeds_reached(&self) -> bool {
        let own = |trial: &&TrialReport| trial.rule.is_none() && trial.learning_rate == self.learning_rate;
        self.trials.iter().filter(own).any(|trial| trial.steps.iter().all(Option::is_some))
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct TrialReport {
    /// If it differs from the one that was chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "serde_json::Value"))]
    pub(crate) rule: Option<Rule>,
    pub(crate) learning_rate: f64,
    pub(crate) steps: Vec<Option<f64>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct GoodRates {
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) decades: f64,
    /// Whether the lowest or highest rate tried is still good.
    pub(crate) open_below: bool,
    pub(crate) open_above: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RunReport {
    /// Of its record.
    pub(crate) key: String,
    /// The first 16 digits of the record's digest. Empty in reports that are older.
    #[serde(default)]
    pub(crate) digest: String,
    pub(crate) outcome: Outcome,
    /// To the target; null for a miss.
    pub(crate) steps: Option<f64>,
    pub(crate) samples: Option<f64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct StepTimeReport {
    pub(crate) optimizer: String,
    pub(crate) variant: String,
    /// a: seconds of a step however few its samples are.
    pub(crate) per_step: Estimate,
    /// b: seconds of each sample.
    pub(crate) per_sample: Estimate,
    /// a/b.
    pub(crate) hardware_batch_size: Estimate,
    /// (B, relative residual).
    pub(crate) residuals: Vec<(f64, f64)>,
}

/// Who is best for a target.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct TargetReport {
    /// Of the gap between the initial and the reference loss that is left.
    pub(crate) share: f64,
    pub(crate) loss: f64,
    pub(crate) steps: Ranking,
    pub(crate) samples: Ranking,
    pub(crate) time: Option<Ranking>,
    /// The verdicts where the gap that is left may be larger.
    pub(crate) relaxed: Vec<Relaxed>,
    /// How much of the variance of a difference of log steps the shared seeds remove: the median over the cells beside the leader.
    pub(crate) variance_removed_by_pairing: Option<f64>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Relaxed {
    /// Of the gap that is left.
    pub(crate) factor: f64,
    pub(crate) loss: f64,
    pub(crate) steps: Verdict,
    pub(crate) samples: Verdict,
    pub(crate) time: Option<Verdict>,
}

/// Cells by number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Verdict {
    /// Only if its interval clears all others.
    pub(crate) winner: Option<usize>,
    /// Otherwise all that may be the best, the one with the lowest median first. Empty if nothing reached the target.
    pub(crate) tied: Vec<usize>,
}

impl Verdict {
    /// The winner, or those that are tied.
    pub(crate) fn named(&self) -> Vec<usize> {
        self.winner.map_or_else(|| self.tied.clone(), |winner| vec![winner])
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Ranking {
    pub(crate) verdict: Verdict,
    /// From the best; cells that never reached the target last.
    pub(crate) places: Vec<Place>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Place {
    pub(crate) cell: usize,
    /// To the median of the leader, with the interval of paired resamples of seeds and rounds, widened by what tuning may have missed:
    /// by the regret of the cell at the lower end, by that of the leader at the upper.
    pub(crate) ratio: Estimate,
    /// The share of the seeds with which the leader needs less, ties counting half.
    pub(crate) leader_beats_it: Option<Estimate>,
    /// Of the signed-rank test of "neither is better", corrected by Holm for all places.
    pub(crate) p_value: Option<f64>,
}

/// What is compared in a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Quantity {
    /// At each batch size of each workload.
    Steps,
    /// On each workload at the best batch size.
    Samples,
    /// On each workload at the best batch size.
    Time,
}

/// A performance profile (Dolan and Moré 2002).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Profile {
    pub(crate) quantity: Quantity,
    pub(crate) optimizer: String,
    pub(crate) variant: String,
    /// To the best optimizer, one for each workload (and batch size); infinite for a miss.
    pub(crate) ratios: Vec<Number>,
    /// The mean share of the workloads within r times the best, over r from 1 to 4.
    pub(crate) score: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::fake;

    #[test]
    fn a_rate_has_the_interval_of_the_vertex_only_if_it_is_the_vertex() {
        let mut tuning = fake::report(false).workloads.remove(0).cells.remove(0).targets.remove(0).tuning;
        let vertex = |value: f64| Estimate { value: Number(value), low: Number(0.1), high: Number(0.3) };
        tuning.learning_rate = 0.2124;
        tuning.vertex = Some(vertex(0.21238));
        assert_eq!(tuning.interval_of_vertex(), Some((0.1, 0.3)), "four digits of it");
        tuning.vertex = Some(vertex(0.25));
        assert_eq!(tuning.interval_of_vertex(), None, "a rate that was tried did better");
    }
}
