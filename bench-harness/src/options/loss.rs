//! Losses by name.

use anyhow::{Result, bail};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use simdescent::Loss;
use simdescent::dataset::Task;

#[derive(Clone, Copy, Debug, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum LossName {
    Squared,
    Absolute,
    Huber,
    Quantile,
    Logistic,
    Hinge,
    SquaredHinge,
    Poisson,
    SoftmaxCrossEntropy,
    SmoothedSoftmaxCrossEntropy,
}

impl LossName {
    /// What it is for, if that is one of both.
    pub(super) fn task(self) -> Option<Task> {
        match self {
            Self::Squared | Self::Absolute | Self::Huber | Self::Quantile | Self::Poisson => Some(Task::Regression),
            // Of values between 0 and 1, too.
            Self::Logistic => None,
            Self::Hinge | Self::SquaredHinge | Self::SoftmaxCrossEntropy | Self::SmoothedSoftmaxCrossEntropy => {
                Some(Task::Classification)
            }
        }
    }

    pub(super) fn with(self, parameter: Option<f32>) -> Result<Loss> {
        let loss = match self {
            Self::Huber => Loss::Huber { delta: parameter.unwrap_or(1.0) },
            Self::Quantile => Loss::Quantile { tau: parameter.unwrap_or(0.5) },
            Self::SmoothedSoftmaxCrossEntropy => {
                Loss::SmoothedSoftmaxCrossEntropy { label_smoothing: parameter.unwrap_or(0.1) }
            }
            _ if parameter.is_some() => bail!("--loss-parameter does not go with this --loss: it has no number"),
            Self::Squared => Loss::Squared,
            Self::Absolute => Loss::Absolute,
            Self::Logistic => Loss::Logistic,
            Self::Hinge => Loss::Hinge,
            Self::SquaredHinge => Loss::SquaredHinge,
            Self::Poisson => Loss::Poisson,
            Self::SoftmaxCrossEntropy => Loss::SoftmaxCrossEntropy,
        };
        Ok(loss)
    }
}

/// The loss with smoothed labels.
pub(super) fn smoothed(loss: Loss, label_smoothing: f32) -> Result<Loss> {
    match loss {
        Loss::SoftmaxCrossEntropy => Ok(Loss::SmoothedSoftmaxCrossEntropy { label_smoothing }),
        Loss::SmoothedSoftmaxCrossEntropy { .. } => {
            bail!("give --label-smoothing or --loss smoothed-softmax-cross-entropy, not both")
        }
        _ => bail!("--label-smoothing is for the softmax-cross-entropy, the loss is {}", loss.name()),
    }
}

/// What is to be learned.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum TaskName {
    /// Numbers
    Regression,
    /// Which class a row is of: the different numbers or texts are the classes
    Classification,
}

impl From<TaskName> for Task {
    fn from(name: TaskName) -> Self {
        match name {
            TaskName::Regression => Self::Regression,
            TaskName::Classification => Self::Classification,
        }
    }
}
