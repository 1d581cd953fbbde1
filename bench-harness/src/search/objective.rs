//! What a search is after.

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde::Serialize;
use simdescent::Metrics;

/// A number on the validation set. All but the first are of the weights that are kept in the end: with early stopping the best ones,
/// else the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Objective {
    /// The lowest loss of the run, whether or not its weights are kept: it rewards rates so high that the loss jumps; minimized
    BestLoss,
    /// The loss; minimized
    Loss,
    /// Minimized
    Rmse,
    /// Minimized
    Mae,
    /// Maximized
    R2,
    /// Maximized
    Accuracy,
    /// Minimized
    LogLoss,
    /// Maximized
    Auc,
    /// Maximized
    MacroF1,
}

impl Objective {
    /// At the end of the run; of the lowest loss, the loss.
    fn at_end(self) -> simdescent::Metric {
        match self {
            Self::BestLoss | Self::Loss => simdescent::Metric::Loss,
            Self::Rmse => simdescent::Metric::Rmse,
            Self::Mae => simdescent::Metric::Mae,
            Self::R2 => simdescent::Metric::R2,
            Self::Accuracy => simdescent::Metric::Accuracy,
            Self::LogLoss => simdescent::Metric::LogLoss,
            Self::Auc => simdescent::Metric::Auc,
            Self::MacroF1 => simdescent::Metric::MacroF1,
        }
    }

    pub(crate) fn is_maximized(self) -> bool {
        self.at_end().higher_is_better()
    }

    /// Smaller is better.
    pub(crate) fn cost(self, value: f64) -> f64 {
        if self.is_maximized() { -value } else { value }
    }

    /// Whether its numbers mean the same whatever loss is minimized.
    pub(crate) fn is_of_any_loss(self) -> bool {
        !matches!(self, Self::BestLoss | Self::Loss)
    }

    pub(crate) fn name(self) -> String {
        self.to_possible_value().expect("named").get_name().to_owned()
    }

    /// The number, from the lowest loss of the run and the metrics at its end.
    pub(crate) fn value(self, best: Option<f64>, metrics: impl FnOnce() -> Metrics) -> Result<f64> {
        if self == Self::BestLoss {
            return best.context("no loss is finite");
        }
        let metrics = metrics();
        self.at_end().of(&metrics).with_context(|| format!("no {}: {}", self.name(), self.why_undefined(&metrics)))
    }

    /// Why there is no such number among these.
    fn why_undefined(self, metrics: &Metrics) -> &'static str {
        let of_numbers = matches!(self, Self::Rmse | Self::Mae | Self::R2);
        match (&metrics.classification, self) {
            (Some(_), _) if of_numbers => {
                "the loss is one of classes; --task regression takes the targets for numbers, or take another --metric"
            }
            (None, _) if !of_numbers => {
                "the loss is one of numbers; --task classification takes the targets for classes, or take another --metric"
            }
            (Some(_), Self::Auc) => {
                "the rows for validation are all of one class, or of more than 1000: take another --metric"
            }
            (Some(_), Self::LogLoss) => {
                "the outputs of this --loss are no probabilities: take another --loss or --metric"
            }
            _ => "it is not defined on the rows for validation: take another --metric",
        }
    }
}
