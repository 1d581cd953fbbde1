//! What a training run is, as options: in a file, on the command line, or both.

use crate::problem::{Optimizer, ProblemOptions};
use crate::schedule::{ScheduleName, ScheduleOptions};
use crate::workload::Workload;
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use simdescent::{
    BatchGrowth, BatchShape, EarlyStopping, FitOptions, LastBatch, RateScaling, Rule, Sampling, Settings,
};
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::Path;
use toml::{Table, Value};

/// Everything that decides a run. A table of the configuration file has the name of its field, a key that of its flag.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct RunOptions {
    /// The optimizer, with its usual hyper-parameters [default: sgd]
    #[arg(long, value_name = "NAME")]
    pub(crate) optimizer: Option<Optimizer>,
    /// The learning-rate schedule; in brackets the default of what it takes [default: constant]
    #[arg(long, value_enum)]
    schedule: Option<ScheduleName>,
    /// λ of the penalty ½λ‖θ‖² in the gradient [default: 0]
    #[arg(long, value_name = "LAMBDA", allow_negative_numbers = true)]
    l2: Option<f32>,
    /// Seed of data, weights, sample order and dropout [default: 1]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Another draw of weights, sample order and dropout on the same data [default: 0]
    #[arg(long, value_name = "N")]
    trial: Option<u64>,
    /// Threads per step; results do not depend on it [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    #[command(flatten, next_help_heading = "Data and model, [problem]")]
    pub(crate) problem: ProblemOptions,
    #[command(flatten, next_help_heading = "Learning rate, [learning-rate]")]
    learning_rate: ScheduleOptions,
    #[command(flatten, next_help_heading = "Batches, [batch]")]
    batch: BatchOptions,
    #[command(flatten, next_help_heading = "Length and validation, [fit]")]
    fit: LengthOptions,
}

#[derive(Args, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct BatchOptions {
    /// Samples of the first step, at most all rows [default: 32]
    #[arg(long, value_name = "N")]
    batch_size: Option<NonZeroUsize>,
    /// How the batch size changes [default: fixed]
    #[arg(long, value_enum)]
    batch_growth: Option<GrowthName>,
    /// What multiplies the batch size, per --growth-every steps or per plateau [default: 2]
    #[arg(long, value_name = "F")]
    growth_factor: Option<f64>,
    /// Steps in which the batch size is multiplied once [default: a third of all steps]
    #[arg(long, value_name = "N")]
    growth_every: Option<u64>,
    /// What a batch κ times as large does to the rate under step, geometric, plateau [default: none]
    #[arg(long, value_enum)]
    rate_scaling: Option<ScalingName>,
    /// Where the growth ends [default: all rows]
    #[arg(long, value_name = "N")]
    largest_batch: Option<usize>,
    /// How samples are drawn [default: reshuffled]
    #[arg(long, value_enum)]
    sampling: Option<SamplingName>,
    /// What becomes of the samples at the end of an epoch that do not fill a batch [default: short]
    #[arg(long, value_enum)]
    last_batch: Option<LastBatchName>,
}

#[derive(Args, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
struct LengthOptions {
    /// Steps at most [default: 10 epochs]
    #[arg(long, value_name = "N")]
    steps: Option<NonZeroU64>,
    /// Steps between two validations [default: a fiftieth of all steps]
    #[arg(long, value_name = "N")]
    validate_every: Option<NonZeroU64>,
    /// Early stopping: end after this many validations without improvement, go back to the best weights [default: off]
    #[arg(long, value_name = "N")]
    patience: Option<u64>,
    /// The smallest fall of the validation loss that is an improvement [default: 0]
    #[arg(long, value_name = "X")]
    min_delta: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum GrowthName {
    Fixed,
    /// Times a factor every so many steps
    Step,
    /// The same, smoothly
    Geometric,
    /// Times a factor when the validation loss stops falling (see --plateau-patience)
    Plateau,
    /// Grow where the learning-rate schedule would decay, and keep the rate (Smith et al. 2018)
    InsteadOfDecay,
    /// Grow where it would decay, and let the rate fall by the root only (for Adam and its like)
    Seesaw,
}

#[derive(Clone, Copy, Debug, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ScalingName {
    None,
    /// Times κ
    Linear,
    /// Times √κ
    SquareRoot,
}

#[derive(Clone, Copy, Debug, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SamplingName {
    Reshuffled,
    FixedOrder,
    WithReplacement,
}

#[derive(Clone, Copy, Debug, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum LastBatchName {
    /// They are a short batch
    Short,
    /// They are left out
    Drop,
}

impl RunOptions {
    /// These options, and where they say nothing those of the file.
    pub(crate) fn over(&self, config: Option<&Path>) -> Result<Self> {
        let Some(path) = config else { return Ok(self.clone()) };
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        // From the text, so that an error names line and column.
        let mut base: Self = toml::from_str(&text).with_context(|| path.display().to_string())?;
        base.problem.give_way_to(&self.problem);
        let mut merged = Table::try_from(base)?;
        overlay(&mut merged, Table::try_from(self)?);
        Ok(Self::deserialize(merged)?)
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed.unwrap_or(1)
    }

    pub(crate) fn trial(&self) -> u64 {
        self.trial.unwrap_or(0)
    }

    /// Settings and length of the run on this workload.
    pub(crate) fn settings(&self, workload: &Workload) -> Result<(Settings, FitOptions)> {
        let rows = workload.training.rows();
        let example = self.problem.example.is_some();
        let batch_size = self.batch.batch_size.map_or(if example { rows } else { 32 }, |n| n.get().min(rows));
        let steps = self.fit.steps.map_or_else(
            || if example { 1000 } else { (10 * rows as u64).div_ceil(batch_size as u64) },
            NonZeroU64::get,
        );
        let name = self.schedule.unwrap_or(ScheduleName::Constant);
        let (learning_rate, warmup) = self.learning_rate.build(name, steps)?;
        let sampling = match self.batch.sampling {
            Some(SamplingName::Reshuffled) => Sampling::Reshuffled,
            Some(SamplingName::WithReplacement) => Sampling::WithReplacement,
            Some(SamplingName::FixedOrder) => Sampling::FixedOrder,
            None if example => Sampling::FixedOrder,
            None => Sampling::Reshuffled,
        };
        let settings = Settings {
            loss: workload.loss,
            rule: self.optimizer.map_or(Rule::Sgd, |optimizer| optimizer.0),
            learning_rate,
            warmup,
            l2: self.l2.unwrap_or(0.0),
            batch_size,
            batch_growth: self.growth(rows, steps)?,
            sampling,
            last_batch: match self.batch.last_batch {
                Some(LastBatchName::Drop) => LastBatch::Drop,
                Some(LastBatchName::Short) | None => LastBatch::Short,
            },
            trial: self.trial(),
            seed: self.seed(),
        };
        let early_stopping = match (self.fit.patience, self.fit.min_delta) {
            (Some(patience), min_delta) => Some(EarlyStopping { patience, min_delta: min_delta.unwrap_or(0.0) }),
            (None, None) => None,
            (None, Some(_)) => bail!("--min-delta belongs to early stopping: give a --patience too"),
        };
        let validate_every = self.fit.validate_every.map_or(steps.div_ceil(50), NonZeroU64::get);
        Ok((settings, FitOptions { steps, validate_every, early_stopping }))
    }

    fn growth(&self, rows: usize, steps: u64) -> Result<BatchGrowth> {
        let name = self.batch.batch_growth.unwrap_or(GrowthName::Fixed);
        let factor = self.batch.growth_factor.unwrap_or(2.0);
        let every = self.batch.growth_every.unwrap_or(steps.div_ceil(3));
        let largest = self.batch.largest_batch.unwrap_or(rows);
        let rate = match self.batch.rate_scaling {
            None | Some(ScalingName::None) => RateScaling::None,
            Some(ScalingName::Linear) => RateScaling::Linear,
            Some(ScalingName::SquareRoot) => RateScaling::SquareRoot,
        };
        let shape = match name {
            GrowthName::Step => BatchShape::Step { factor, every },
            GrowthName::Geometric => BatchShape::Geometric { factor, steps: every },
            GrowthName::Plateau => BatchShape::Plateau { factor, plateau: self.learning_rate.plateau() },
            GrowthName::Fixed | GrowthName::InsteadOfDecay | GrowthName::Seesaw => {
                let unused = [
                    ("growth-factor", self.batch.growth_factor.is_some()),
                    ("growth-every", self.batch.growth_every.is_some()),
                    ("rate-scaling", self.batch.rate_scaling.is_some()),
                    ("largest-batch", name == GrowthName::Fixed && self.batch.largest_batch.is_some()),
                ];
                if let Some((flag, _)) = unused.iter().find(|(_, given)| *given) {
                    bail!("--{flag} does not go with this --batch-growth");
                }
                return Ok(match name {
                    GrowthName::InsteadOfDecay => BatchGrowth::InsteadOfDecay { largest },
                    GrowthName::Seesaw => BatchGrowth::Seesaw { largest },
                    _ => BatchGrowth::Fixed,
                });
            }
        };
        Ok(BatchGrowth::Scheduled { shape, rate, largest })
    }
}

/// Puts every value of `over` into `base`, table by table.
fn overlay(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(base)), Value::Table(over)) => overlay(base, over),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}
