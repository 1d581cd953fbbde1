//! Losses, as the trainer sees them.

use crate::dataset::Targets;
use serde::{Deserialize, Serialize};
use simdescent_kernels::loss::{logistic_in_place, softmax_cross_entropy_in_place, squared_in_place};
use simdescent_kernels::{Exec, MatMut};

/// What is minimised; the formulas stand in [`simdescent_kernels::loss`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Mean squared error, without a factor ½. One output per sample.
    Squared,
    /// Binary cross-entropy on a logit. One output per sample; targets 0 or 1.
    Logistic,
    /// Cross-entropy on one logit per class.
    SoftmaxCrossEntropy,
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
    /// `"squared"`, `"logistic"` or `"softmax_cross_entropy"`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Squared => "squared",
            Self::Logistic => "logistic",
            Self::SoftmaxCrossEntropy => "softmax_cross_entropy",
        }
    }

    /// Returns the mean loss of a batch and replaces `outputs` `[batch, outputs]` by its gradient.
    ///
    /// # Panics
    /// If the targets are not of the kind and number that the loss needs; [`Trainer::new`](crate::Trainer::new) has checked it.
    pub fn replace_by_gradient(self, exec: Exec<'_>, outputs: MatMut<'_, f32>, targets: BatchTargets<'_>) -> f32 {
        match (self, targets) {
            (Self::SoftmaxCrossEntropy, BatchTargets::Labels(labels)) => {
                softmax_cross_entropy_in_place(exec, outputs, labels)
            }
            (Self::Squared | Self::Logistic, BatchTargets::Values(values)) => {
                let mut column = outputs.t();
                let outputs = column.row_mut(0).expect("one output per sample");
                if self == Self::Squared {
                    squared_in_place(exec, outputs, values)
                } else {
                    logistic_in_place(exec, outputs, values)
                }
            }
            _ => panic!("{} does not go with {targets:?}", self.name()),
        }
    }

    /// The targets of a data set in the form the loss needs, or what is wrong with them.
    pub(crate) fn prepare(self, targets: &Targets) -> Result<Targets, String> {
        match (self, targets) {
            (Self::Squared, Targets::Values(_)) | (Self::SoftmaxCrossEntropy, Targets::Labels { .. }) => {
                Ok(targets.clone())
            }
            (Self::Squared, Targets::Labels { labels, .. })
            | (Self::Logistic, Targets::Labels { labels, classes: 2 }) => {
                Ok(Targets::Values(labels.iter().map(|&label| label as f32).collect()))
            }
            (Self::Logistic, Targets::Labels { classes, .. }) => {
                Err(format!("the logistic loss needs two classes, the data has {classes}"))
            }
            (Self::Logistic, Targets::Values(values)) => match values.iter().find(|v| !(0.0..=1.0).contains(*v)) {
                None => Ok(targets.clone()),
                Some(v) => Err(format!("the logistic loss needs targets in [0, 1], the data has {v}")),
            },
            (Self::SoftmaxCrossEntropy, Targets::Values(_)) => {
                Err("the cross-entropy loss needs class labels, the data has numbers".into())
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
