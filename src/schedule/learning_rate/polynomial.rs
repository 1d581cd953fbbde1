//! Polynomial decay.

use super::annealing::share;
use super::ranges::{is_rate, positive, require};
use serde::{Deserialize, Serialize};

/// η(t) = (η₀ − η_e)·(1 − t/T)^p + η_e up to T, η_e after: Keras' `PolynomialDecay` without cycles. Linear for p = 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Polynomial {
    /// η₀
    pub rate: f64,
    /// η_e in [0, η₀]
    pub end: f64,
    /// p > 0
    pub power: f64,
    /// T > 0, in steps
    pub steps: u64,
}

impl Polynomial {
    /// The rate of the step after `step` others.
    pub fn at(self, step: u64) -> f64 {
        (self.rate - self.end) * libm::pow(1.0 - share(step, self.steps), self.power) + self.end
    }

    pub(super) fn validate(self) -> Result<(), &'static str> {
        require([
            is_rate(self.rate),
            ((0.0..=self.rate).contains(&self.end), "the end has to be between 0 and the rate"),
            (positive(self.power), "the power has to be positive and finite"),
            (self.steps > 0, "steps has to be at least 1"),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_its_formula_and_stays_at_the_end() {
        let schedule = Polynomial { rate: 0.9, end: 0.1, power: 2.0, steps: 100 };
        for (t, want) in [(0, 0.9), (50, 0.3), (75, 0.15), (100, 0.1), (1000, 0.1)] {
            assert!((schedule.at(t) - want).abs() < 1e-15, "{t}");
        }
        assert!((Polynomial { power: 1.0, ..schedule }.at(25) - 0.7).abs() < 1e-15, "linear");
        assert!([-0.1, 1.0, f64::NAN].iter().all(|&end| Polynomial { end, ..schedule }.validate().is_err()));
        assert!(Polynomial { power: 0.0, ..schedule }.validate().is_err());
    }
}
