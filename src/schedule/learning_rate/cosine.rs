//! Cosine decay.

use super::annealing::{half_cosine, share};
use super::ranges::{is_rate, require};
use serde::{Deserialize, Serialize};

/// η(t) = η₀·((1 − a)·½(1 + cos πt/T) + a) up to T, a·η₀ after: Loshchilov & Hutter 2017 without restarts, in the form of
/// Keras' `CosineDecay`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cosine {
    /// η₀
    pub rate: f64,
    /// a in [0, 1]: where it ends, as a share of η₀. (PyTorch's `eta_min` is a·η₀.)
    pub floor: f64,
    /// T > 0, in steps
    pub steps: u64,
}

impl Cosine {
    /// The rate of the step after `step` others.
    pub fn at(self, step: u64) -> f64 {
        self.rate * ((1.0 - self.floor) * half_cosine(share(step, self.steps)) + self.floor)
    }

    pub(super) fn validate(self) -> Result<(), &'static str> {
        require([
            is_rate(self.rate),
            ((0.0..=1.0).contains(&self.floor), "the floor is a share of the rate, in [0, 1]"),
            (self.steps > 0, "steps has to be at least 1"),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_follows_its_formula_and_stays_at_the_floor() {
        let schedule = Cosine { rate: 0.8, floor: 0.25, steps: 300 };
        // cos π/3 = ½, cos π/2 = 0
        for (t, want) in [(0, 0.8), (100, 0.65), (150, 0.5), (200, 0.35), (300, 0.2), (1000, 0.2)] {
            assert!((schedule.at(t) - want).abs() < 1e-15, "{t}: {}", schedule.at(t));
        }
        assert_eq!(Cosine { floor: 0.0, ..schedule }.at(300), 0.0);
        assert!([-0.1, 1.1, f64::NAN].iter().all(|&floor| Cosine { floor, ..schedule }.validate().is_err()));
    }
}
