//! The JSON report of a sweep.
//!
//! Readers should ignore fields they do not know. A number that is not finite is written as the string `"NaN"`,
//! `"Infinity"` or `"-Infinity"`, because JSON has no such numbers.

use super::protocol::Profile;
use crate::environment::Environment;
use crate::number::number;
use serde::Serialize;
use simdescent::Rule;

/// Raised whenever a reader of the last version could misread the new one.
pub(crate) const SCHEMA_VERSION: u32 = 1;

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Report {
    pub(crate) schema_version: u32,
    pub(crate) protocol_version: u32,
    /// When the sweep started, UTC, RFC 3339.
    pub(crate) started: String,
    /// The arguments of the program.
    pub(crate) command: Vec<String>,
    pub(crate) profile: Profile,
    pub(crate) seed: u64,
    pub(crate) environment: Environment,
    pub(crate) workloads: Vec<WorkloadReport>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct WorkloadReport {
    pub(crate) name: String,
    pub(crate) model: String,
    pub(crate) parameters: usize,
    pub(crate) loss: &'static str,
    pub(crate) sampling: &'static str,
    /// What becomes of the samples at the end of an epoch that do not fill a batch.
    pub(crate) last_batch: &'static str,
    pub(crate) training: DataReport,
    pub(crate) validation: DataReport,
    /// Samples a run may see.
    pub(crate) budget_samples: usize,
    /// Validation loss before training.
    #[serde(serialize_with = "number")]
    #[cfg_attr(test, schemars(with = "crate::number::Number"))]
    pub(crate) initial_loss: f64,
    /// Validation loss to reach.
    #[serde(serialize_with = "number")]
    #[cfg_attr(test, schemars(with = "crate::number::Number"))]
    pub(crate) target_loss: f64,
    pub(crate) cells: Vec<Cell>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DataReport {
    pub(crate) name: String,
    pub(crate) rows: usize,
    pub(crate) features: usize,
    pub(crate) sha256: String,
}

/// One optimizer at one batch size. The figures of the cell are medians over `runs`.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Cell {
    pub(crate) optimizer: &'static str,
    #[cfg_attr(test, schemars(with = "serde_json::Value"))]
    pub(crate) rule: Rule,
    pub(crate) batch_size: usize,
    /// The learning rate that tuning chose.
    pub(crate) learning_rate: f64,
    /// Whether that is the lowest or highest rate tried: the best may lie beyond.
    pub(crate) learning_rate_at_border: bool,
    pub(crate) outcome: Outcome,
    pub(crate) diverged: bool,
    #[serde(serialize_with = "number")]
    #[cfg_attr(test, schemars(with = "crate::number::Number"))]
    pub(crate) samples_per_second: f64,
    pub(crate) steps_to_target: Option<f64>,
    pub(crate) samples_to_target: Option<f64>,
    pub(crate) seconds_to_target: Option<f64>,
    #[serde(serialize_with = "number")]
    #[cfg_attr(test, schemars(with = "crate::number::Number"))]
    pub(crate) final_loss: f64,
    pub(crate) final_accuracy: Option<f64>,
    /// Digest of the first run.
    pub(crate) digest: String,
    /// Runs with fresh seeds at the tuned learning rate.
    pub(crate) runs: Vec<Run>,
    /// One run per learning rate tried.
    pub(crate) tuning: Vec<Run>,
}

/// How a run or cell ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Outcome {
    /// The target was reached, and the run did not diverge later.
    Complete,
    /// The budget was spent before the target was reached.
    Censored,
    /// A loss or parameter was not finite, or the loss ended above where it started.
    Diverged,
}

#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Run {
    pub(crate) trial: u64,
    pub(crate) learning_rate: f64,
    pub(crate) outcome: Outcome,
    #[serde(serialize_with = "number")]
    #[cfg_attr(test, schemars(with = "crate::number::Number"))]
    pub(crate) initial_loss: f64,
    /// Validation loss at the end.
    #[serde(serialize_with = "number")]
    #[cfg_attr(test, schemars(with = "crate::number::Number"))]
    pub(crate) final_loss: f64,
    /// Lowest validation loss seen.
    #[serde(serialize_with = "number")]
    #[cfg_attr(test, schemars(with = "crate::number::Number"))]
    pub(crate) best_loss: f64,
    pub(crate) final_accuracy: Option<f64>,
    pub(crate) steps: u64,
    pub(crate) samples: u64,
    /// Training only, validation excluded.
    pub(crate) seconds: f64,
    #[serde(serialize_with = "number")]
    #[cfg_attr(test, schemars(with = "crate::number::Number"))]
    pub(crate) samples_per_second: f64,
    pub(crate) steps_to_target: Option<u64>,
    pub(crate) samples_to_target: Option<u64>,
    pub(crate) seconds_to_target: Option<f64>,
    /// SHA-256 over loss curve and final parameters.
    pub(crate) digest: String,
}
