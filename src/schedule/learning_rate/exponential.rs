//! Exponential decay.

use super::ranges::{is_rate, positive, require};
use serde::{Deserialize, Serialize};

/// η(t) = η₀·r^(t/T): Keras' `ExponentialDecay`. It goes on after T. A factor above 1 makes the rate grow, as
/// in the range test of Smith (2017).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exponential {
    /// η₀
    pub rate: f64,
    /// r > 0
    pub factor: f64,
    /// T > 0, in steps
    pub steps: u64,
}

impl Exponential {
    /// The rate of the step after `step` others.
    pub fn at(self, step: u64) -> f64 {
        self.rate * libm::pow(self.factor, step as f64 / self.steps as f64)
    }

    pub(super) fn validate(self) -> Result<(), &'static str> {
        require([
            is_rate(self.rate),
            (positive(self.factor), "the factor has to be positive and finite"),
            (self.steps > 0, "steps has to be at least 1"),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_its_formula() {
        let schedule = Exponential { rate: 0.5, factor: 0.01, steps: 100 };
        for (t, want) in [(0, 0.5), (50, 0.05), (100, 0.005), (200, 0.00005)] {
            assert!((schedule.at(t) / want - 1.0).abs() < 1e-14, "{t}");
        }
        assert!(Exponential { factor: 0.0, ..schedule }.validate().is_err());
        assert!(Exponential { steps: 0, ..schedule }.validate().is_err());
    }
}
