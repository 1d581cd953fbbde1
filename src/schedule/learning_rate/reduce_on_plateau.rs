//! Reduce on plateau.

use super::ranges::{is_rate, positive, require};
use crate::schedule::Plateau;
use serde::{Deserialize, Serialize};

/// η = max(η₀·fᵏ, floor) after k plateaus of the validation loss: a function of its history, not of the step. The rule
/// of PyTorch's and Keras' `ReduceLROnPlateau`; what counts as a plateau is said at [`Plateau`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReduceOnPlateau {
    /// η₀
    pub rate: f64,
    /// f in (0, 1)
    pub factor: f64,
    /// The least rate, in [0, η₀]
    pub floor: f64,
    /// When the loss has stopped falling
    pub plateau: Plateau,
}

impl ReduceOnPlateau {
    /// The rate after these validation losses.
    pub fn after(self, validation: &[f64]) -> f64 {
        let rate = self.rate * libm::pow(self.factor, self.plateau.count(validation) as f64);
        if rate > self.floor { rate } else { self.floor }
    }

    pub(super) fn validate(self) -> Result<(), &'static str> {
        require([
            is_rate(self.rate),
            (positive(self.factor) && self.factor < 1.0, "the factor has to be in (0, 1)"),
            ((0.0..=self.rate).contains(&self.floor), "the floor has to be between 0 and the rate"),
        ])?;
        self.plateau.validate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_falls_once_per_plateau_down_to_the_floor() {
        let plateau = Plateau { patience: 2, min_delta: 0.0, cooldown: 0 };
        let schedule = ReduceOnPlateau { rate: 1.0, factor: 0.5, floor: 0.2, plateau };
        let history = [9.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0];
        // The best is the second; three without a better one make a plateau, then the count starts again.
        let rates: Vec<f64> = (0..=history.len()).map(|n| schedule.after(&history[..n])).collect();
        assert_eq!(rates, [1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.2]);
        assert!(ReduceOnPlateau { factor: 1.0, ..schedule }.validate().is_err());
        assert!(ReduceOnPlateau { floor: 2.0, ..schedule }.validate().is_err());
    }
}
