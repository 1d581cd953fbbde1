//! The settings of a training run, and what can be wrong with them.

use crate::loss::Loss;
use crate::optimizer::Rule;
use crate::sampling::Sampling;
use crate::schedule::LearningRate;
use serde::{Deserialize, Serialize};

/// Everything that decides a training run besides model and data.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// What is minimised.
    pub loss: Loss,
    /// The optimizer.
    pub rule: Rule,
    /// η(t).
    pub learning_rate: LearningRate,
    /// λ of the penalty ½λ‖θ‖² on all parameters, biases included; 0 for none. Part of the gradient, not of the
    /// recorded loss.
    pub l2: f32,
    /// Samples per step.
    pub batch_size: usize,
    /// How batches are drawn.
    pub sampling: Sampling,
    /// Number of the trial, part of the key of the sampling stream.
    pub trial: u64,
    /// Seed of the sampling stream.
    pub seed: u64,
}

impl Settings {
    /// Checks everything that does not depend on the model.
    pub(crate) fn check(&self, rows: usize) -> Result<(), ConfigError> {
        if !self.learning_rate.is_valid() {
            return Err(ConfigError::LearningRate(self.learning_rate));
        }
        if let Some(fault) = self.loss.fault() {
            return Err(ConfigError::Loss { name: self.loss.name(), fault });
        }
        if let Some(fault) = self.rule.fault() {
            return Err(ConfigError::Rule { name: self.rule.name(), fault });
        }
        if !(self.l2 >= 0.0 && self.l2.is_finite()) {
            return Err(ConfigError::L2(self.l2));
        }
        if self.batch_size == 0 || self.batch_size > rows {
            return Err(ConfigError::BatchSize { batch_size: self.batch_size, rows });
        }
        Ok(())
    }
}

/// Why a training run cannot start.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A rate, decay or step count of the schedule is out of range.
    #[error("learning rate {0:?}: rates and steps have to be positive and finite, decays not negative")]
    LearningRate(LearningRate),
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
    /// The L2 penalty is out of range.
    #[error("the L2 penalty has to be at least 0 and finite, got {0}")]
    L2(f32),
    /// The batch is empty or larger than the data.
    #[error("a batch of {batch_size} samples does not fit the {rows} rows of the data: take 1 to {rows}")]
    BatchSize {
        /// Samples per batch.
        batch_size: usize,
        /// Rows of the data.
        rows: usize,
    },
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
}
