//! Losses, as the trainer sees them.

mod targets;

pub(crate) use targets::LossTargets;

use crate::dataset::Targets;
use crate::error::ConfigError;
use serde::{Deserialize, Serialize};
use simdescent_kernels::loss::{
    Absolute, ClassTargets, Hinge, Huber, Logistic, LossOptions, Pointwise, Poisson, Quantile, Reduction,
    SoftmaxOptions, Squared, SquaredHinge, pointwise_in_place, softmax_cross_entropy_with,
};
use simdescent_kernels::{Exec, MatMut, MatRef};

/// What is minimized: the mean over the samples of a batch, weighted if the data has
/// [weights](crate::Dataset::with_weights). The formulas stand in [`simdescent_kernels::loss`].
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
    /// One probability per class, `[batch, classes]` with contiguous rows.
    Probabilities(MatRef<'a, f32>),
}

/// How much the samples of one batch count; everything the same by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Weights<'a> {
    /// One number ≥ 0 per sample.
    pub samples: Option<&'a [f32]>,
    /// One number ≥ 0 per class, for the cross-entropies.
    pub classes: Option<&'a [f32]>,
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

    /// Whether its parameter is in its range.
    /// The kernel that computes it.
    pub(crate) fn kernel(self) -> &'static str {
        match self {
            Self::SoftmaxCrossEntropy | Self::SmoothedSoftmaxCrossEntropy { .. } => "softmax_cross_entropy_with",
            _ => "pointwise_in_place",
        }
    }
    pub(crate) fn validate(self) -> Result<(), ConfigError> {
        let fault = match self {
            Self::Huber { delta } if delta.is_nan() || delta <= 0.0 => "delta has to be positive",
            Self::Quantile { tau } if !(tau > 0.0 && tau < 1.0) => "tau has to be between 0 and 1",
            Self::SmoothedSoftmaxCrossEntropy { label_smoothing } if !(0.0..=1.0).contains(&label_smoothing) => {
                "label_smoothing has to be in [0, 1]"
            }
            _ => return Ok(()),
        };
        Err(ConfigError::Loss { name: self.name(), fault })
    }

    /// Whether outputs and targets in another unit only multiply it: squared, absolute, Huber (with δ in that unit), quantile.
    pub fn scales_with_targets(self) -> bool {
        matches!(self, Self::Squared | Self::Absolute | Self::Huber { .. } | Self::Quantile { .. })
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
        self.replace_by_weighted_gradient(exec, outputs, targets, Weights::default())
    }

    /// [`replace_by_gradient`](Self::replace_by_gradient) of the weighted mean: divided by the sum of the weights of this batch. If
    /// that is 0, loss and gradient are 0.
    ///
    /// # Panics
    /// Likewise, and if there are not as many weights as samples or classes, or class weights for a loss of one output.
    pub fn replace_by_weighted_gradient(
        self,
        exec: Exec<'_>,
        outputs: MatMut<'_, f32>,
        targets: BatchTargets<'_>,
        weights: Weights<'_>,
    ) -> f32 {
        self.reduce(exec, outputs, targets, weights, Reduction::Mean)
    }

    /// Σ wᵢ·lossᵢ, without a division; replaces `outputs` by its gradient.
    pub(crate) fn sum(
        self,
        exec: Exec<'_>,
        outputs: MatMut<'_, f32>,
        targets: BatchTargets<'_>,
        weights: Weights<'_>,
    ) -> f32 {
        self.reduce(exec, outputs, targets, weights, Reduction::Sum)
    }

    fn reduce(
        self,
        exec: Exec<'_>,
        outputs: MatMut<'_, f32>,
        targets: BatchTargets<'_>,
        weights: Weights<'_>,
        reduction: Reduction,
    ) -> f32 {
        let targets = (targets, weights, reduction);
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

    /// How many outputs a model needs for these (prepared) targets.
    pub(crate) fn outputs(self, targets: &Targets) -> usize {
        match targets {
            Targets::Labels { classes, .. } | Targets::Probabilities { classes, .. } => *classes,
            Targets::Values(_) => 1,
        }
    }
}

#[track_caller]
fn pointwise(
    exec: Exec<'_>,
    loss: impl Pointwise<f32>,
    outputs: MatMut<'_, f32>,
    (targets, weights, reduction): (BatchTargets<'_>, Weights<'_>, Reduction),
) -> f32 {
    let BatchTargets::Values(values) = targets else { panic!("this loss needs numbers, got {targets:?}") };
    assert!(weights.classes.is_none(), "this loss has no classes to weigh");
    let mut column = outputs.t();
    let options = LossOptions { reduction, weights: weights.samples };
    pointwise_in_place(exec, loss, column.row_mut(0).expect("one output per sample"), values, options)
}

#[track_caller]
fn softmax(
    exec: Exec<'_>,
    label_smoothing: f32,
    outputs: MatMut<'_, f32>,
    (targets, weights, reduction): (BatchTargets<'_>, Weights<'_>, Reduction),
) -> f32 {
    let targets = match targets {
        BatchTargets::Labels(labels) => ClassTargets::Labels(labels),
        BatchTargets::Probabilities(rows) => ClassTargets::Probabilities(rows),
        BatchTargets::Values(_) => panic!("cross-entropy needs classes, got {targets:?}"),
    };
    let samples = LossOptions { reduction, weights: weights.samples };
    let options = SoftmaxOptions { samples, class_weights: weights.classes, label_smoothing };
    softmax_cross_entropy_with(exec, outputs, targets, options)
}
