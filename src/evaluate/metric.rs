//! One number out of all metrics.

use super::Metrics;
use serde::{Deserialize, Serialize};

/// A metric to compare models by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// [`Metrics::loss`]
    #[default]
    Loss,
    /// [`Classification::accuracy`](super::Classification::accuracy)
    Accuracy,
    /// [`Classification::log_loss`](super::Classification::log_loss)
    LogLoss,
    /// [`Classification::auc`](super::Classification::auc)
    Auc,
    /// [`ConfusionMatrix::macro_f1`](super::ConfusionMatrix::macro_f1)
    MacroF1,
    /// [`Regression::rmse`](super::Regression::rmse)
    Rmse,
    /// [`Regression::mae`](super::Regression::mae)
    Mae,
    /// [`Regression::r2`](super::Regression::r2)
    R2,
}

impl Metric {
    /// All of them.
    pub const ALL: [Self; 8] =
        [Self::Loss, Self::Accuracy, Self::LogLoss, Self::Auc, Self::MacroF1, Self::Rmse, Self::Mae, Self::R2];

    /// The variant in snake case, such as `"log_loss"`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Loss => "loss",
            Self::Accuracy => "accuracy",
            Self::LogLoss => "log_loss",
            Self::Auc => "auc",
            Self::MacroF1 => "macro_f1",
            Self::Rmse => "rmse",
            Self::Mae => "mae",
            Self::R2 => "r2",
        }
    }

    /// Whether a better model has a larger number.
    pub fn higher_is_better(self) -> bool {
        match self {
            Self::Loss | Self::LogLoss | Self::Rmse | Self::Mae => false,
            Self::Accuracy | Self::Auc | Self::MacroF1 | Self::R2 => true,
        }
    }

    /// Why the metric is not defined where [`of`](Self::of) finds none.
    pub fn why_undefined(self, metrics: &Metrics) -> &'static str {
        let classes = metrics.classification.as_ref();
        match self {
            Self::Accuracy | Self::LogLoss | Self::Auc | Self::MacroF1 if classes.is_none() => {
                "it is of classes, and the loss is of numbers"
            }
            Self::Rmse | Self::Mae | Self::R2 if classes.is_some() => "it is of numbers, and the loss is of classes",
            Self::LogLoss => "the loss knows no probabilities",
            Self::Auc if classes.is_some_and(|c| c.confusion.is_none()) => "there are too many classes",
            Self::Auc => "the rows are all of one class, or an output is no number",
            Self::MacroF1 => "there are too many classes, or no row of any",
            Self::R2 => "the targets of the rows are all equal",
            Self::Loss | Self::Accuracy | Self::Rmse | Self::Mae => "there are no rows",
        }
    }

    /// The metric, if it is defined for this model and data.
    pub fn of(self, metrics: &Metrics) -> Option<f64> {
        let (regression, classification) = (metrics.regression.as_ref(), metrics.classification.as_ref());
        match self {
            Self::Loss => Some(metrics.loss),
            Self::Accuracy => classification.map(|c| c.accuracy),
            Self::LogLoss => classification?.log_loss,
            Self::Auc => classification?.auc,
            Self::MacroF1 => classification?.confusion.as_ref()?.macro_f1(),
            Self::Rmse => regression.map(|r| r.rmse),
            Self::Mae => regression.map(|r| r.mae),
            Self::R2 => regression?.r2,
        }
    }
}
