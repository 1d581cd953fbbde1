//! 1/t decay.

use super::ranges::{is_rate, require};
use serde::{Deserialize, Serialize};

/// η(t) = η₀/(1 + r·t/T): Robbins & Monro's 1/t decay (1951), in the form of Keras' `InverseTimeDecay`. It goes on after T.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InverseTime {
    /// η₀
    pub rate: f64,
    /// r ≥ 0
    pub decay: f64,
    /// T > 0, in steps
    pub steps: u64,
}

impl InverseTime {
    /// The rate of the step after `step` others.
    pub fn at(self, step: u64) -> f64 {
        self.rate / (1.0 + self.decay * (step as f64 / self.steps as f64))
    }

    pub(super) fn validate(self) -> Result<(), &'static str> {
        require([
            is_rate(self.rate),
            (self.decay >= 0.0 && self.decay.is_finite(), "the decay must not be negative and has to be finite"),
            (self.steps > 0, "steps has to be at least 1"),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_its_formula() {
        let schedule = InverseTime { rate: 0.5, decay: 2.0, steps: 100 };
        assert_eq!([0, 50, 100, 1000].map(|t| schedule.at(t)), [0.5, 0.25, 0.5 / 3.0, 0.5 / 21.0]);
        assert!(InverseTime { decay: -1.0, ..schedule }.validate().is_err());
        assert!(InverseTime { steps: 0, ..schedule }.validate().is_err());
    }
}
