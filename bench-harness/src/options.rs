//! What a training run is, as options: in a file, on the command line, or both.

pub(crate) mod batch;
mod column;
pub(crate) mod csv;
pub(crate) mod files;
pub(crate) mod loss;
pub(crate) mod method;
mod misplaced;
pub(crate) mod network;
pub(crate) mod problem;
pub(crate) mod rule;
pub(crate) mod schedule;
pub(crate) mod step_transforms;
pub(crate) mod yes_no;

use crate::base::text_file::read_text;
use anyhow::{Context, Result, bail};
use batch::BatchOptions;
use clap::Args;
use method::Method;
use problem::ProblemOptions;
use rule::RuleOptions;
use schedule::{ScheduleName, ScheduleOptions};
use serde::{Deserialize, Serialize};
use simdescent::{BatchGrowth, EarlyStopping, FitOptions, Lbfgs, Loss, Rule, Sampling, Settings, TargetScaling};
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::Path;
use step_transforms::StepTransformOptions;
use toml::{Table, Value};

/// Everything that decides a run. A table of the configuration file has the name of its field, a key that of its flag.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct RunOptions {
    /// The optimizer, with its usual hyper-parameters; lbfgs takes whole-batch steps until it converges or --steps are done, and
    /// of the other options only --l2, --penalize-bias, --seed, --trial, --threads and those of [problem] [default: sgd]
    #[arg(long, value_name = "NAME")]
    pub(crate) optimizer: Option<Method>,
    /// The learning-rate schedule; in brackets the default of what it takes [default: constant]
    #[arg(long, value_enum)]
    pub(crate) schedule: Option<ScheduleName>,
    /// Seed of data, weights, sample order and dropout [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Another draw of weights, sample order and dropout on the same data [default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) trial: Option<u64>,
    /// Threads per step; results do not depend on it [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    #[command(flatten, next_help_heading = "Data and model, [problem]")]
    pub(crate) problem: ProblemOptions,
    #[command(flatten, next_help_heading = "Numbers of the optimizer, [rule]")]
    pub(crate) rule: RuleOptions,
    #[command(flatten, next_help_heading = "Learning rate, [learning-rate]")]
    pub(crate) learning_rate: ScheduleOptions,
    #[command(flatten, next_help_heading = "Batches, [batch]")]
    pub(crate) batch: BatchOptions,
    #[command(flatten, next_help_heading = "Regularization and clipping, [regularization]")]
    pub(crate) regularization: StepTransformOptions,
    #[command(flatten, next_help_heading = "Length and validation, [fit]")]
    pub(crate) fit: LengthOptions,
}

#[derive(Args, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct LengthOptions {
    /// Steps at most; where the batch grows instead of a decay, as many samples as they would see at the first batch size
    /// [default: 10 epochs]
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

impl LengthOptions {
    /// Another length.
    pub(crate) fn set_steps(&mut self, steps: u64) {
        self.steps = NonZeroU64::new(steps);
    }
}

impl RunOptions {
    /// Of the first option that a table like the configuration file has in a wrong place or spelling: where it belongs.
    pub(crate) fn misplaced(table: &Table) -> Option<String> {
        misplaced::hint(&Self::augment_args(clap::Command::new("run")), table)
    }

    /// These options, and where they say nothing those of the file.
    pub(crate) fn over(&self, config: Option<&Path>) -> Result<Self> {
        let Some(path) = config else { return Ok(self.clone()) };
        let text = read_text(path)?;
        // From the text, so that an error names line and column.
        let base = toml::from_str(&text).map_err(anyhow::Error::from);
        let base = base.map_err(|error| match text.parse().ok().as_ref().and_then(Self::misplaced) {
            Some(hint) => error.context(hint),
            None => error,
        });
        let base = base.with_context(|| path.display().to_string())?;
        self.over_run(base).with_context(|| format!("cannot join {} and the flags", path.display()))
    }

    /// These options, and where they say nothing those of another run.
    pub(crate) fn over_run(&self, mut base: Self) -> Result<Self> {
        base.problem.give_way_to(&self.problem);
        base.under(Table::try_from(self)?)
    }

    /// These options, but for those of a table like the configuration file.
    pub(crate) fn under(&self, over: Table) -> Result<Self> {
        let mut merged = Table::try_from(self)?;
        overlay(&mut merged, over);
        Ok(Self::deserialize(merged)?)
    }

    pub(crate) fn method(&self) -> Method {
        self.optimizer.unwrap_or(Method::Rule(Rule::Sgd))
    }

    /// L-BFGS, which of the regularization takes the L2 penalty alone.
    pub(crate) fn lbfgs(&self) -> Result<Lbfgs> {
        let fit = LengthOptions { steps: None, ..self.fit.clone() };
        let alone = [
            ("schedule", self.schedule.is_some()),
            ("rule", !Table::try_from(&self.rule)?.is_empty()),
            ("learning-rate", !Table::try_from(&self.learning_rate)?.is_empty()),
            ("batch", !Table::try_from(&self.batch)?.is_empty()),
            ("regularization, l2 excepted,", self.regularization.has_more_than_l2()),
            ("fit, steps excepted,", !Table::try_from(fit)?.is_empty()),
        ];
        if let Some((options, _)) = alone.into_iter().find(|(_, given)| *given) {
            bail!("lbfgs chooses its steps itself: leave out the options of {options} that are given");
        }
        let mut lbfgs = Lbfgs::default();
        if let Some(steps) = self.fit.steps {
            lbfgs.max_iterations = usize::try_from(steps.get())?;
        }
        Ok(lbfgs)
    }

    pub(crate) fn seed(&self) -> u64 {
        self.seed.unwrap_or(1)
    }

    pub(crate) fn trial(&self) -> u64 {
        self.trial.unwrap_or(0)
    }

    /// Settings and length of the run on so many training rows.
    pub(crate) fn settings(
        &self,
        rows: usize,
        loss: Loss,
        target_scaling: Option<TargetScaling>,
    ) -> Result<(Settings, FitOptions)> {
        let Method::Rule(rule) = self.method() else { bail!("lbfgs has no settings of steps") };
        let rule = self.rule.of(rule)?;
        let example = self.problem.example.is_some();
        let batch_size = self.batch.size(if example { rows } else { 32 }).min(rows);
        let steps = self.fit.steps.map_or_else(
            || if example { 1000 } else { (10 * rows as u64).div_ceil(batch_size as u64) },
            NonZeroU64::get,
        );
        let name = self.schedule.unwrap_or(ScheduleName::Constant);
        let (learning_rate, warmup) = self.learning_rate.build(name, steps)?;
        let settings = Settings {
            loss,
            target_scaling,
            rule,
            learning_rate,
            warmup,
            l2: self.regularization.l2(),
            penalize_bias: self.regularization.penalize_bias(),
            step_transforms: self.regularization.step_transforms(),
            batch_size,
            batch_growth: self.batch.growth(self.learning_rate.plateau(), rows, steps)?,
            sampling: self.batch.sampling(if example { Sampling::FixedOrder } else { Sampling::Reshuffled }),
            last_batch: self.batch.last_batch(),
            trial: self.trial(),
            seed: self.seed(),
        };
        let early_stopping = match (self.fit.patience, self.fit.min_delta) {
            (Some(patience), min_delta) => Some(EarlyStopping { patience, min_delta: min_delta.unwrap_or(0.0) }),
            (None, None) => None,
            (None, Some(_)) => bail!("--min-delta belongs to early stopping: give a --patience too"),
        };
        // Where the batch grows instead of a decay, the schedule's clock is in samples, and so is the length.
        let samples = match settings.batch_growth {
            BatchGrowth::InsteadOfDecay { .. } | BatchGrowth::Seesaw { .. } => {
                Some(steps.saturating_mul(batch_size as u64))
            }
            BatchGrowth::Fixed | BatchGrowth::Scheduled { .. } => None,
        };
        let validate_every = self.fit.validate_every.map_or(steps.div_ceil(50), NonZeroU64::get);
        Ok((settings, FitOptions { steps, samples, validate_every, early_stopping }))
    }
}

/// Puts every value of `over` into `base`, table by table.
pub(crate) fn overlay(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(base)), Value::Table(over)) => overlay(base, over),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// Leaves empty tables out.
pub(crate) fn prune(table: &mut Table) {
    table.retain(|_, value| {
        value.as_table_mut().is_none_or(|table| {
            prune(table);
            !table.is_empty()
        })
    });
}
