//! Step decay.

use super::ranges::{is_rate, positive, require};
use serde::{Deserialize, Serialize};

/// η(t) = η₀·f^⌊t/s⌋: every `every` steps the rate is multiplied by `factor`. PyTorch's `StepLR`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// η₀
    pub rate: f64,
    /// f > 0
    pub factor: f64,
    /// s > 0, in steps
    pub every: u64,
}

impl Step {
    /// The rate of the step after `step` others.
    pub fn at(self, step: u64) -> f64 {
        self.rate * libm::pow(self.factor, (step / self.every) as f64)
    }

    pub(super) fn validate(self) -> Result<(), &'static str> {
        require([
            is_rate(self.rate),
            (positive(self.factor) && self.factor <= 1.0, "the factor has to be in (0, 1]"),
            (self.every > 0, "every has to be at least one step"),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_falls_by_the_factor_at_each_multiple() {
        let schedule = Step { rate: 0.8, factor: 0.5, every: 10 };
        assert_eq!([0, 9, 10, 19, 20, 35].map(|t| schedule.at(t)), [0.8, 0.8, 0.4, 0.4, 0.2, 0.1]);
        assert!(Step { every: 0, ..schedule }.validate().is_err());
        assert!([0.0, 1.5, f64::NAN].iter().all(|&factor| Step { factor, ..schedule }.validate().is_err()));
    }
}
