//! What a search for a learning rate found, as JSON has it; how long its trials are.

use super::result::SCHEMA_VERSION;
use crate::problem::Problem;
use serde::Serialize;
use simdescent::{LearningRateFinder, RateSearch, Settings};

/// Multiply-adds of the longest trial, forward and backward pass counted once: about half a second.
const WORK: f64 = 2e9;

/// The steps that are so much work.
pub(crate) fn longest_trial(parameters: usize, batch_size: usize) -> u64 {
    // An optimizer's step on a parameter takes as long as some samples; 1000 is what else a step takes.
    (WORK / (parameters as f64 * (batch_size as f64 + 4.0) + 1000.0)).ceil() as u64
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RateSearchReport {
    schema_version: u32,
    pub(crate) workload: String,
    pub(crate) model: String,
    pub(crate) optimizer: &'static str,
    pub(crate) batch_size: usize,
    seed: u64,
    /// Of a training as the options say it; the finder's may be fewer.
    pub(crate) training_steps: u64,
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub(crate) finder: LearningRateFinder,
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub(crate) result: RateSearch,
}

impl RateSearchReport {
    pub(crate) fn new(
        problem: &Problem,
        settings: &Settings,
        training_steps: u64,
        finder: LearningRateFinder,
        result: RateSearch,
    ) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            workload: problem.name.clone(),
            model: problem.model.describe(),
            optimizer: settings.rule.name(),
            batch_size: settings.batch_size,
            seed: settings.seed,
            training_steps,
            finder,
            result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longest_trials_are_equal_work() {
        assert_eq!(longest_trial(101_770, 32), 546);
        assert_eq!(longest_trial(65, 1), 1_509_434);
        assert_eq!(longest_trial(usize::MAX, 512), 1);
    }
}
