//! The settings of a training run, and what can be wrong with them.

use crate::dataset::Dataset;
use crate::evaluate::Evaluator;
use crate::loss::{Loss, Prepared};
use crate::model::Model;
use crate::optimizer::{Rule, StepTransforms};
use crate::sampling::{LastBatch, Sampling};
use crate::schedule::{BatchGrowth, LearningRate, Warmup};
use crate::target_scaling::TargetScaling;
use crate::trainer::prepare;
use serde::{Deserialize, Serialize};

/// Everything that decides a training run besides model and data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// What is minimised.
    pub loss: Loss,
    /// How the targets of a regression are scaled for training; `None` leaves them as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_scaling: Option<TargetScaling>,
    /// The optimizer.
    pub rule: Rule,
    /// η(t).
    pub learning_rate: LearningRate,
    /// What goes in front of it.
    #[serde(default)]
    pub warmup: Warmup,
    /// λ of the penalty ½λ‖θ‖² on all parameters, biases included; 0 for none. Part of the gradient, not of the
    /// recorded loss.
    pub l2: f32,
    /// Clipping, decoupled decay, L1.
    #[serde(default)]
    pub step_transforms: StepTransforms,
    /// Samples of the first step.
    pub batch_size: usize,
    /// Samples of later steps.
    #[serde(default)]
    pub batch_growth: BatchGrowth,
    /// How batches are drawn.
    pub sampling: Sampling,
    /// What becomes of the samples that are left at the end of an epoch.
    #[serde(default)]
    pub last_batch: LastBatch,
    /// Number of the trial, part of the key of the sampling stream.
    pub trial: u64,
    /// Seed of the sampling stream.
    pub seed: u64,
}

/// Mini-batch SGD on the squared loss: rate 0.01, batches of 32, reshuffled, seed 0, and nothing else.
impl Default for Settings {
    fn default() -> Self {
        Self {
            loss: Loss::Squared,
            target_scaling: None,
            rule: Rule::Sgd,
            learning_rate: LearningRate::Constant { rate: 0.01 },
            warmup: Warmup::default(),
            l2: 0.0,
            step_transforms: StepTransforms::NONE,
            batch_size: 32,
            batch_growth: BatchGrowth::Fixed,
            sampling: Sampling::Reshuffled,
            last_batch: LastBatch::Short,
            trial: 0,
            seed: 0,
        }
    }
}

impl Settings {
    /// Checks everything that does not depend on the model, for data of so many rows.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting is out of its range, or two do not go together.
    pub fn check(&self, rows: usize) -> Result<(), ConfigError> {
        self.learning_rate.check(self.warmup)?;
        self.target_scaling.map_or(Ok(()), |scaling| scaling.check(self.loss))?;
        if let Some(fault) = self.loss.fault() {
            return Err(ConfigError::Loss { name: self.loss.name(), fault });
        }
        self.rule.validate()?;
        if !(self.l2 >= 0.0 && self.l2.is_finite()) {
            return Err(ConfigError::L2(self.l2));
        }
        self.step_transforms.validate()?;
        let shrinks = self.step_transforms.weight_decay != 0.0 || self.step_transforms.l1 != 0.0;
        if shrinks && matches!(self.rule, Rule::ScheduleFree { .. }) {
            // They would move y without z, and with it the average.
            let fault = "takes no decoupled decay or L1 from the step transforms; it has a weight decay of its own";
            return Err(ConfigError::Rule { name: self.rule.name(), fault });
        }
        if self.batch_size == 0 || self.batch_size > rows {
            return Err(ConfigError::BatchSize { batch_size: self.batch_size, rows });
        }
        if let Some(fault) = self.batch_growth.fault(self.learning_rate) {
            return Err(ConfigError::BatchGrowth(fault));
        }
        if self.batch_growth.largest().is_some_and(|largest| largest < self.batch_size || largest > rows) {
            return Err(ConfigError::BatchGrowth("the largest batch has to hold the first one and fit the data"));
        }
        Ok(())
    }
}

impl Settings {
    /// Prepares `data` to evaluate a model that is trained with these settings: losses and metrics are in the unit of the
    /// targets.
    ///
    /// # Errors
    /// As [`Evaluator::new`].
    pub fn evaluator<'d>(&self, data: &'d Dataset) -> Result<Evaluator<'d>, ConfigError> {
        Ok(Evaluator::new(self.loss, data)?.with_target_scaling(self.target_scaling))
    }

    /// What is minimised, on [scaled](Self::target_scaling) targets.
    pub(crate) fn scaled_loss(&self) -> Loss {
        self.target_scaling.map_or(self.loss, |scaling| scaling.loss(self.loss))
    }

    /// Scaled targets of the data, if loss, model and data go together.
    pub(crate) fn prepare(&self, model: &impl Model, data: &Dataset) -> Result<Prepared, ConfigError> {
        let mut prepared = prepare(self.loss, model, data)?;
        if let Some(scaling) = self.target_scaling {
            scaling.apply(&mut prepared.targets);
        }
        Ok(prepared)
    }
}

/// Why a training run cannot start.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A number of the learning-rate schedule is out of range.
    #[error("learning-rate schedule {schedule}: {fault}")]
    LearningRate {
        /// The schedule.
        schedule: &'static str,
        /// What is wrong.
        fault: &'static str,
    },
    /// The range of a learning-rate finder is not one, or there is nothing to find.
    #[error("learning-rate finder: {0}")]
    Finder(&'static str),
    /// A parameter of the loss is out of range.
    #[error("loss {name}: {fault}")]
    Loss {
        /// The loss.
        name: &'static str,
        /// What is wrong.
        fault: &'static str,
    },
    /// A hyper-parameter of the optimizer is out of range.
    #[error("optimizer {name}: {fault}")]
    Rule {
        /// The optimizer.
        name: &'static str,
        /// What is wrong.
        fault: &'static str,
    },
    /// A hyper-parameter of the optimizer is out of range.
    #[error("optimizer {rule}: {field} has to be {range}, got {value}")]
    Hyperparameter {
        /// The optimizer.
        rule: &'static str,
        /// Which hyper-parameter.
        field: &'static str,
        /// Its value.
        value: f64,
        /// What it has to be.
        range: &'static str,
    },
    /// The L2 penalty is out of range.
    #[error("the L2 penalty has to be at least 0 and finite, got {0}")]
    L2(f32),
    /// Something in [`StepTransforms`] is out of range.
    #[error("{name} has to be {range}, got {value}")]
    StepTransform {
        /// The field.
        name: &'static str,
        /// Its value.
        value: f32,
        /// What it has to be.
        range: &'static str,
    },
    /// The batch is empty or larger than the data.
    #[error("a batch of {batch_size} samples does not fit the {rows} rows of the data: take 1 to {rows}")]
    BatchSize {
        /// Samples per batch.
        batch_size: usize,
        /// Rows of the data.
        rows: usize,
    },
    /// The batch-size schedule is out of range or does not go with the learning-rate schedule.
    #[error("batch-size schedule: {0}")]
    BatchGrowth(&'static str),
    /// The probability of dropout is out of range.
    #[error("the dropout rate has to be in [0, 1), got {0}")]
    Dropout(f32),
    /// An option of [`Trainer::fit`](crate::Trainer::fit) is out of range.
    #[error("fit: {0}")]
    Fit(&'static str),
    /// Training on a stream is asked for in a way it cannot be done.
    #[error("stream: {0}")]
    Stream(&'static str),
    /// The rows of a stream cannot be read; the message of the [`DataError`](crate::DataError).
    #[error("{0}")]
    Data(String),
    /// Targets cannot be scaled so.
    #[error("target scaling: {0}")]
    TargetScaling(String),
    /// Rows cannot be divided as asked for.
    #[error("{0}")]
    Resampling(String),
    /// A permutation importance cannot be measured.
    #[error("permutation importance: {0}")]
    Importance(String),
    /// The targets do not go with the loss.
    #[error("dataset {name}: {fault}")]
    Targets {
        /// The data set.
        name: String,
        /// What is wrong.
        fault: String,
    },
    /// The model does not go with data and loss.
    #[error("dataset {name} needs a model of {} inputs and {} outputs, this one has {} and {}", .needed.0, .needed.1, .has.0, .has.1)]
    Model {
        /// The data set.
        name: String,
        /// Inputs and outputs that data and loss need.
        needed: (usize, usize),
        /// Inputs and outputs of the model.
        has: (usize, usize),
    },
    /// The model does not take sparse inputs.
    #[error("dataset {0} is sparse, which this model does not take: fill in its zeros (Dataset::into_dense)")]
    Sparse(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_step_transforms_are_named() {
        let settings = |step_transforms| Settings { step_transforms, batch_size: 1, ..Settings::default() };
        let good = StepTransforms {
            clip_norm: Some(1.0),
            clip_value: Some(0.5),
            weight_decay: 0.01,
            l1: 0.1,
            ..StepTransforms::NONE
        };
        assert_eq!(settings(good).check(10), Ok(()));
        for (bad, message) in [
            (StepTransforms { clip_norm: Some(0.0), ..good }, "clip_norm has to be positive and finite, got 0"),
            (
                StepTransforms { clip_value: Some(f32::NAN), ..good },
                "clip_value has to be positive and finite, got NaN",
            ),
            (StepTransforms { weight_decay: -1.0, ..good }, "weight_decay has to be at least 0 and finite, got -1"),
            (StepTransforms { l1: f32::INFINITY, ..good }, "l1 has to be at least 0 and finite, got inf"),
        ] {
            assert_eq!(settings(bad).check(10).unwrap_err().to_string(), message);
        }
        let averaged = Settings { rule: Rule::SCHEDULE_FREE, ..settings(good) };
        assert!(averaged.check(10).unwrap_err().to_string().starts_with("optimizer schedule-free: takes no"));
        let clipped = StepTransforms { clip_norm: Some(1.0), ..StepTransforms::NONE };
        assert_eq!(Settings { step_transforms: clipped, ..averaged }.check(10), Ok(()));
    }
}
