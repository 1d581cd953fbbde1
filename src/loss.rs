//! Losses, as the trainer sees them.

use crate::dataset::{Dataset, Targets};
use crate::settings::ConfigError;
use serde::{Deserialize, Serialize};
use simdescent_kernels::loss::{
    Absolute, ClassTargets, Hinge, Huber, Logistic, LossOptions, Pointwise, Poisson, Quantile, SoftmaxOptions, Squared,
    SquaredHinge, pointwise_in_place, softmax_cross_entropy_with,
};
use simdescent_kernels::{Exec, MatMut};

/// What is minimised: the mean over the samples of a batch. The formulas stand in [`simdescent_kernels::loss`].
///
/// All but the cross-entropies take one output per sample.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Squared error, without a factor ½.
    Squared,
    /// Absolute error.
    Absolute,
    /// Half the squared error up to `delta`, from there on linear.
    Huber {
        /// δ > 0.
        delta: f32,
    },
    /// Quantile (pinball) loss.
    Quantile {
        /// τ between 0 and 1: which quantile is fitted.
        tau: f32,
    },
    /// Binary cross-entropy on a logit; targets 0 or 1.
    Logistic,
    /// Hinge loss; targets −1 or 1, of two classes the first is −1.
    Hinge,
    /// Squared hinge loss; targets as above.
    SquaredHinge,
    /// Poisson loss on the logarithm of the mean; targets at least 0.
    Poisson,
    /// Cross-entropy on one logit per class.
    SoftmaxCrossEntropy,
    /// Cross-entropy with smoothed labels on one logit per class; in evaluation, too.
    SmoothedSoftmaxCrossEntropy {
        /// ε in \[0, 1\]: the share of the target that is spread over all classes.
        label_smoothing: f32,
    },
}

/// The targets of one batch.
#[derive(Clone, Copy, Debug)]
pub enum BatchTargets<'a> {
    /// One number per sample.
    Values(&'a [f32]),
    /// One class index per sample.
    Labels(&'a [u32]),
}

impl Loss {
    /// The variant in snake case, such as `"squared_hinge"`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Squared => "squared",
            Self::Absolute => "absolute",
            Self::Huber { .. } => "huber",
            Self::Quantile { .. } => "quantile",
            Self::Logistic => "logistic",
            Self::Hinge => "hinge",
            Self::SquaredHinge => "squared_hinge",
            Self::Poisson => "poisson",
            Self::SoftmaxCrossEntropy => "softmax_cross_entropy",
            Self::SmoothedSoftmaxCrossEntropy { .. } => "smoothed_softmax_cross_entropy",
        }
    }

    /// What is wrong with a parameter.
    pub(crate) fn fault(self) -> Option<&'static str> {
        match self {
            Self::Huber { delta } if delta.is_nan() || delta <= 0.0 => Some("delta has to be positive"),
            Self::Quantile { tau } if !(tau > 0.0 && tau < 1.0) => Some("tau has to be between 0 and 1"),
            Self::SmoothedSoftmaxCrossEntropy { label_smoothing } if !(0.0..=1.0).contains(&label_smoothing) => {
                Some("label_smoothing has to be in [0, 1]")
            }
            _ => None,
        }
    }

    /// Whether outputs decide between classes.
    pub(crate) fn is_classification(self) -> bool {
        match self {
            Self::Squared | Self::Absolute | Self::Huber { .. } | Self::Quantile { .. } | Self::Poisson => false,
            Self::Logistic
            | Self::Hinge
            | Self::SquaredHinge
            | Self::SoftmaxCrossEntropy
            | Self::SmoothedSoftmaxCrossEntropy { .. } => true,
        }
    }

    /// Returns the mean loss of a batch and replaces `outputs` `[batch, outputs]` by its gradient.
    ///
    /// # Panics
    /// If the targets are not of the kind and number that the loss needs, or a parameter is out of range;
    /// [`Trainer::new`](crate::Trainer::new) has checked it.
    pub fn replace_by_gradient(self, exec: Exec<'_>, outputs: MatMut<'_, f32>, targets: BatchTargets<'_>) -> f32 {
        match self {
            Self::Squared => pointwise(exec, Squared, outputs, targets),
            Self::Absolute => pointwise(exec, Absolute, outputs, targets),
            Self::Huber { delta } => pointwise(exec, Huber { delta }, outputs, targets),
            Self::Quantile { tau } => pointwise(exec, Quantile { tau }, outputs, targets),
            Self::Logistic => pointwise(exec, Logistic, outputs, targets),
            Self::Hinge => pointwise(exec, Hinge, outputs, targets),
            Self::SquaredHinge => pointwise(exec, SquaredHinge, outputs, targets),
            Self::Poisson => pointwise(exec, Poisson, outputs, targets),
            Self::SoftmaxCrossEntropy => softmax(exec, 0.0, outputs, targets),
            Self::SmoothedSoftmaxCrossEntropy { label_smoothing } => softmax(exec, label_smoothing, outputs, targets),
        }
    }

    /// The targets of `data` in the form the loss needs.
    pub(crate) fn targets(self, data: &Dataset) -> Result<Targets, ConfigError> {
        if let Some(fault) = self.fault() {
            return Err(ConfigError::Loss { name: self.name(), fault });
        }
        self.prepare(data.targets()).map_err(|fault| ConfigError::Targets { name: data.name().to_owned(), fault })
    }

    /// The targets of a data set in the form the loss needs, or what is wrong with them.
    pub(crate) fn prepare(self, targets: &Targets) -> Result<Targets, String> {
        let name = self.name();
        let numbers = |fits: fn(f32) -> bool, wanted: &str, negative: f32| match targets {
            Targets::Labels { labels, classes: 2 } => {
                Ok(Targets::Values(labels.iter().map(|&label| if label == 0 { negative } else { 1.0 }).collect()))
            }
            Targets::Labels { classes, .. } => {
                Err(format!("the {name} loss needs two classes, the data has {classes}"))
            }
            Targets::Values(values) => match values.iter().find(|&&v| !fits(v)) {
                None => Ok(targets.clone()),
                Some(v) => Err(format!("the {name} loss needs targets {wanted}, the data has {v}")),
            },
        };
        match self {
            Self::Logistic => numbers(|v| (0.0..=1.0).contains(&v), "in [0, 1]", 0.0),
            Self::Hinge | Self::SquaredHinge => numbers(|v| v.abs() == 1.0, "-1 and 1", -1.0),
            Self::SoftmaxCrossEntropy | Self::SmoothedSoftmaxCrossEntropy { .. } => match targets {
                Targets::Labels { .. } => Ok(targets.clone()),
                Targets::Values(_) => Err("the cross-entropy loss needs class labels, the data has numbers".into()),
            },
            Self::Squared | Self::Absolute | Self::Huber { .. } | Self::Quantile { .. } | Self::Poisson => {
                match targets {
                    Targets::Labels { labels, .. } => {
                        Ok(Targets::Values(labels.iter().map(|&label| label as f32).collect()))
                    }
                    Targets::Values(values) => match values.iter().find(|&&v| self == Self::Poisson && v < 0.0) {
                        None => Ok(targets.clone()),
                        Some(v) => Err(format!("the poisson loss needs targets of at least 0, the data has {v}")),
                    },
                }
            }
        }
    }

    /// How many outputs a model needs for these (prepared) targets.
    pub(crate) fn outputs(self, targets: &Targets) -> usize {
        match targets {
            Targets::Labels { classes, .. } => *classes,
            Targets::Values(_) => 1,
        }
    }
}

#[track_caller]
fn pointwise(exec: Exec<'_>, loss: impl Pointwise<f32>, outputs: MatMut<'_, f32>, targets: BatchTargets<'_>) -> f32 {
    let BatchTargets::Values(values) = targets else { panic!("this loss needs numbers, got {targets:?}") };
    let mut column = outputs.t();
    pointwise_in_place(exec, loss, column.row_mut(0).expect("one output per sample"), values, LossOptions::default())
}

#[track_caller]
fn softmax(exec: Exec<'_>, label_smoothing: f32, outputs: MatMut<'_, f32>, targets: BatchTargets<'_>) -> f32 {
    let BatchTargets::Labels(labels) = targets else { panic!("cross-entropy needs labels, got {targets:?}") };
    let options = SoftmaxOptions { label_smoothing, ..SoftmaxOptions::default() };
    softmax_cross_entropy_with(exec, outputs, ClassTargets::Labels(labels), options)
}
