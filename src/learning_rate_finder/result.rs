//! What a search for a learning rate finds.

use serde::{Deserialize, Serialize};

/// All trainings with one rate and so many steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateTrials {
    /// The rate
    pub rate: f64,
    /// Steps of each training
    pub steps: u64,
    /// The validation loss after the last step of each training; `None` where it diverged
    pub losses: Vec<Option<f64>>,
}

impl RateTrials {
    /// The mean of the losses; `None` if one diverged.
    pub fn mean(&self) -> Option<f64> {
        let losses: Option<Vec<f64>> = self.losses.iter().copied().collect();
        losses.map(|losses| mean(&losses)).filter(|mean| mean.is_finite())
    }
}

/// The rate to train with.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateSuggestion {
    /// The rate
    pub rate: f64,
    /// The validation loss after all steps with it, the mean of the trials
    pub loss: f64,
    /// The lowest rate that is as good
    pub lowest: f64,
    /// The highest rate that is as good
    pub highest: f64,
}

impl RateSuggestion {
    /// Whether no rate as good is more than a factor of three away. Otherwise the loss hardly depends on the rate, and the best one is
    /// known no better than from [`lowest`](Self::lowest) to [`highest`](Self::highest).
    pub fn is_sharp(&self) -> bool {
        self.rate <= 3.0 * self.lowest && self.highest <= 3.0 * self.rate
    }
}

/// Why a search does not know a rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownRate {
    /// The loss does not rise towards the lowest rate: lower ones may be better.
    LowerLimit,
    /// The loss does not rise towards the highest rate: higher ones may be better.
    UpperLimit,
    /// No training lowers the validation loss by half a percent.
    NoGain,
    /// Every training diverges or raises the loss, even at the lowest rate.
    TooHigh,
}

/// What a [`LearningRateFinder`](crate::LearningRateFinder) found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RateSearch {
    /// The validation loss before training
    pub initial_loss: f64,
    /// The rate to train with, or
    pub suggestion: Option<RateSuggestion>,
    /// why there is none
    pub unknown: Option<UnknownRate>,
    /// The lowest rate tried from which on no training ends below the initial loss
    pub too_high: Option<f64>,
    /// All trials, by steps and rate
    pub trials: Vec<RateTrials>,
}

pub(super) fn mean(losses: &[f64]) -> f64 {
    losses.iter().sum::<f64>() / losses.len() as f64
}
