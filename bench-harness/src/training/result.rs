//! What a training came to, as JSON has it.

use super::metrics_report::MetricsReport;
use crate::base::number::{Number, number};
use anyhow::{Result, bail};
use serde::Serialize;
use simdescent::{Dataset, Settings, Stop, Targets, Validation};

/// Raised whenever a reader of the last version could misread the new one.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// Of a training by steps.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct TrainingReport {
    pub(crate) schema_version: u32,
    pub(crate) workload: String,
    pub(crate) model: String,
    /// The instruction set that ran.
    pub(crate) isa: &'static str,
    pub(crate) optimizer: &'static str,
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    pub(crate) settings: Settings,
    #[cfg_attr(test, schemars(with = "String"))]
    pub(crate) stop: Stop,
    pub(crate) steps: u64,
    pub(crate) samples: u64,
    /// Of the weights that are kept, on the validation set.
    #[serde(serialize_with = "number")]
    #[cfg_attr(test, schemars(with = "crate::base::number::Number"))]
    pub(crate) loss: f64,
    pub(crate) accuracy: Option<f64>,
    /// The validation with the lowest loss.
    pub(crate) best: Option<ValidationReport>,
    pub(crate) metrics: MetricsReport,
    pub(crate) validations: Vec<ValidationReport>,
    /// SHA-256 over loss curve and final parameters.
    pub(crate) digest: String,
    /// Steps and the mean loss of the batches around them, in the targets' unit as that of validations, for pictures.
    #[serde(skip)]
    pub(crate) curve: Vec<(f64, f64)>,
    #[serde(flatten)]
    pub(crate) example: Option<ExampleReport>,
    #[serde(skip)]
    pub(crate) training_rows: usize,
    /// The step whose weights are kept.
    #[serde(skip)]
    pub(crate) kept_step: u64,
    /// Why its result is of no use.
    #[serde(skip)]
    pub(crate) failure: Option<String>,
}

/// Of a training by L-BFGS.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LbfgsReport {
    pub(crate) schema_version: u32,
    pub(crate) workload: String,
    pub(crate) model: String,
    /// The instruction set that ran.
    pub(crate) isa: &'static str,
    pub(crate) optimizer: &'static str,
    /// Why it ended, in words.
    pub(crate) stop: &'static str,
    /// Iterations.
    pub(crate) steps: usize,
    /// Losses and gradients.
    pub(crate) evaluations: usize,
    /// Training loss with its penalty.
    pub(crate) training_objective: Number,
    /// On the validation set.
    pub(crate) loss: Number,
    pub(crate) accuracy: Option<f64>,
    pub(crate) metrics: MetricsReport,
    /// SHA-256 over the objective and final parameters.
    pub(crate) digest: String,
    #[serde(flatten)]
    pub(crate) example: Option<ExampleReport>,
    #[serde(skip)]
    pub(crate) training_rows: usize,
    /// The largest magnitude of an element of the gradient at the end.
    #[serde(skip)]
    pub(crate) gradient: f64,
    /// Whether the objective is of scaled targets.
    #[serde(skip)]
    pub(crate) scaled_targets: bool,
    /// Why its result is of no use.
    #[serde(skip)]
    pub(crate) failure: Option<String>,
}

/// Points of a loss curve, at most.
const CURVE_POINTS: usize = 100;

/// Means over equally many neighboring steps, at their middle, times the unit of the losses.
pub(super) fn thinned(losses: &[f32], unit: f64) -> Vec<(f64, f64)> {
    let window = losses.len().div_ceil(CURVE_POINTS).max(1);
    let mean = |losses: &[f32]| unit * losses.iter().map(|&loss| f64::from(loss)).sum::<f64>() / losses.len() as f64;
    let middle = |i: usize, length: usize| (i * window) as f64 + (length as f64 - 1.0) / 2.0;
    let points = losses.chunks(window).enumerate().map(|(i, chunk)| (middle(i, chunk.len()), mean(chunk)));
    points.filter(|point| point.1.is_finite()).collect()
}

/// A validation in between.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ValidationReport {
    pub(crate) step: u64,
    pub(crate) samples: u64,
    #[serde(serialize_with = "number")]
    #[cfg_attr(test, schemars(with = "crate::base::number::Number"))]
    pub(crate) loss: f64,
    pub(crate) accuracy: Option<f64>,
}

impl From<&Validation> for ValidationReport {
    fn from(v: &Validation) -> Self {
        Self { step: v.step, samples: v.samples, loss: v.evaluation.loss, accuracy: v.evaluation.accuracy }
    }
}

/// The reference example beside its closed form.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ExampleReport {
    example: &'static str,
    pub(crate) weight: f32,
    pub(crate) optimum: Optimum,
}

/// w* = Σxy/Σx² and its mean squared error.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Optimum {
    pub(crate) weight: f64,
    pub(crate) loss: f64,
}

impl ExampleReport {
    /// Of the trained weight, on one feature and no bias.
    pub(crate) fn new(weight: f32, data: &Dataset) -> Result<Self> {
        let (1, Targets::Values(y)) = (data.features(), data.targets()) else {
            bail!("the closed form is for one feature and numbers as targets");
        };
        let pairs = || data.inputs().iter().zip(y).map(|(&x, &y)| (f64::from(x), f64::from(y)));
        let (xx, xy) = pairs().fold((0.0, 0.0), |(xx, xy), (x, y)| (xx + x * x, xy + x * y));
        let best = xy / xx;
        let loss = pairs().map(|(x, y)| (best * x - y) * (best * x - y)).sum::<f64>() / data.rows() as f64;
        Ok(Self { example: "linear", weight, optimum: Optimum { weight: best, loss } })
    }
}
