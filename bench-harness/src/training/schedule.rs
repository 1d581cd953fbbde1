//! A schedule step by step, as JSON has it.

use super::result::SCHEMA_VERSION;
use serde::Serialize;
use simdescent::{LearningRate, Settings, StepPlan, Warmup};

/// Rows of the table, about.
const ROWS: usize = 20;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ScheduleReport {
    schema_version: u32,
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub(crate) schedule: LearningRate,
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    warmup: Warmup,
    /// Some of the steps, the first and the last among them.
    pub(crate) rates: Vec<StepReport>,
    /// Every step.
    #[serde(skip)]
    pub(crate) plans: Vec<StepPlan>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct StepReport {
    pub(crate) step: usize,
    pub(crate) rate: f64,
    pub(crate) batch_size: usize,
}

impl ScheduleReport {
    /// Of so many steps, with a validation loss after each of the first.
    pub(crate) fn new(settings: &Settings, steps: u64, losses: &[f64]) -> Self {
        let mut samples = 0;
        let plan = |t: u64| {
            let plan = settings.plan(t, samples, &losses[..losses.len().min(t as usize)]);
            samples += plan.batch_size as u64;
            plan
        };
        let plans: Vec<StepPlan> = (0..=steps).map(plan).collect();
        let stride = (plans.len() - 1).div_ceil(ROWS);
        let rows = plans.iter().enumerate().filter(|(t, _)| t % stride == 0 || t + 1 == plans.len());
        let row = |(step, plan): (usize, &StepPlan)| StepReport {
            step,
            rate: plan.learning_rate,
            batch_size: plan.batch_size,
        };
        Self {
            schema_version: SCHEMA_VERSION,
            schedule: settings.learning_rate,
            warmup: settings.warmup,
            rates: rows.map(row).collect(),
            plans,
        }
    }
}
