//! The settings of a training run.

use crate::error::ConfigError;
use crate::loss::Loss;
use crate::model::Model;
use crate::optimizer::{Optimizer, Rule, StepTransforms};
use crate::sampling::{LastBatch, Sampling};
use crate::schedule::{BatchGrowth, LearningRate, Warmup};
use crate::target_scaling::TargetScaling;
use serde::{Deserialize, Serialize};

/// Everything that decides a training run besides model and data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// What is minimized.
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
    /// λ of the penalty ½λ‖w‖² on the weights; 0 for none. Part of the gradient, not of the recorded loss.
    pub l2: f32,
    /// Whether penalties and weight decay take in the biases, too: [`l2`](Self::l2), those of [`step_transforms`](Self::step_transforms)
    /// and the weight decay of the optimizer itself. (Most libraries leave biases out, so that a penalty does not move the mean of
    /// the predictions.)
    #[serde(default = "before_it_was_a_choice")]
    pub penalize_bias: bool,
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

/// Checkpoints that do not say so are of runs with biases in the penalties.
fn before_it_was_a_choice() -> bool {
    true
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
            penalize_bias: false,
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
    /// A new optimizer for a model.
    pub(crate) fn optimizer(&self, model: &dyn Model) -> Optimizer {
        Optimizer::new(self.rule, self.step_transforms, &model.layout()).with_penalized(self.penalized(model))
    }

    /// Which parameter arrays of a model penalties take in.
    pub(crate) fn penalized(&self, model: &dyn Model) -> Vec<bool> {
        model.biases().into_iter().map(|bias| self.penalize_bias || !bias).collect()
    }

    /// Checks everything that does not depend on the model, for data of so many rows.
    ///
    /// # Errors
    /// [`ConfigError`] if a setting is out of its range, or two do not go together.
    pub fn validate(&self, rows: usize) -> Result<(), ConfigError> {
        self.learning_rate.validate()?;
        self.warmup.validate(self.learning_rate)?;
        self.target_scaling.map_or(Ok(()), |scaling| scaling.validate(self.loss))?;
        self.loss.validate()?;
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
        self.batch_growth.validate(self.learning_rate).map_err(ConfigError::BatchGrowth)?;
        if self.batch_growth.largest().is_some_and(|largest| largest < self.batch_size || largest > rows) {
            return Err(ConfigError::BatchGrowth("the largest batch has to hold the first one and fit the data"));
        }
        Ok(())
    }

    /// What is minimized, on [scaled](Self::target_scaling) targets.
    pub(crate) fn scaled_loss(&self) -> Loss {
        self.target_scaling.map_or(self.loss, |scaling| scaling.loss(self.loss))
    }
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
        assert_eq!(settings(good).validate(10), Ok(()));
        for (bad, message) in [
            (StepTransforms { clip_norm: Some(0.0), ..good }, "clip_norm has to be positive and finite, got 0"),
            (
                StepTransforms { clip_value: Some(f32::NAN), ..good },
                "clip_value has to be positive and finite, got NaN",
            ),
            (StepTransforms { weight_decay: -1.0, ..good }, "weight_decay has to be at least 0 and finite, got -1"),
            (StepTransforms { l1: f32::INFINITY, ..good }, "l1 has to be at least 0 and finite, got inf"),
        ] {
            assert_eq!(settings(bad).validate(10).unwrap_err().to_string(), message);
        }
        let averaged = Settings { rule: Rule::SCHEDULE_FREE, ..settings(good) };
        assert!(averaged.validate(10).unwrap_err().to_string().starts_with("optimizer schedule-free: takes no"));
        let clipped = StepTransforms { clip_norm: Some(1.0), ..StepTransforms::NONE };
        assert_eq!(Settings { step_transforms: clipped, ..averaged }.validate(10), Ok(()));
    }
}
