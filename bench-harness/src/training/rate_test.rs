//! What a learning-rate range test found, as JSON has it.

use super::result::SCHEMA_VERSION;
use crate::problem::Problem;
use serde::Serialize;
use simdescent::{LearningRateFinder, RangeTest, Settings};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RateTestReport {
    schema_version: u32,
    pub(crate) workload: String,
    pub(crate) model: String,
    pub(crate) optimizer: &'static str,
    pub(crate) batch_size: usize,
    seed: u64,
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub(crate) finder: LearningRateFinder,
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub(crate) result: RangeTest,
}

impl RateTestReport {
    pub(crate) fn new(problem: &Problem, settings: &Settings, finder: LearningRateFinder, result: RangeTest) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            workload: problem.name.clone(),
            model: problem.model.describe(),
            optimizer: settings.rule.name(),
            batch_size: settings.batch_size,
            seed: settings.seed,
            finder,
            result,
        }
    }
}
