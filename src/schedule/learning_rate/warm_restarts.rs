//! Cosine decay with warm restarts.

use super::annealing::half_cosine;
use super::ranges::{is_rate, positive, require};
use serde::{Deserialize, Serialize};

/// Cosine decays one after another, SGDR (Loshchilov & Hutter 2017): period i has Tᵢ = T·gⁱ steps and at its step s
/// the rate η₀·((1 − a)·mⁱ·½(1 + cos πs/Tᵢ) + a). Keras' `CosineDecayRestarts`; the paper and PyTorch have m = 1.
///
/// A period does not reach its floor: its last rate is that of s = Tᵢ − 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarmRestarts {
    /// η₀
    pub rate: f64,
    /// a in [0, 1]: the floor as a share of η₀
    pub floor: f64,
    /// T > 0: steps of the first period
    pub steps: u64,
    /// g ≥ 1: how much longer each period is than the one before
    pub growth: u64,
    /// m in (0, 1]: how much lower the peak of each period is
    pub peak: f64,
}

impl WarmRestarts {
    /// The rate of the step after `step` others.
    pub fn at(self, step: u64) -> f64 {
        let (period, step, steps) = self.place(step);
        let wave = libm::pow(self.peak, period as f64) * half_cosine(step as f64 / steps as f64);
        self.rate * ((1.0 - self.floor) * wave + self.floor)
    }

    /// The number of the period, the step in it, and its length.
    fn place(self, step: u64) -> (u64, u64, u64) {
        if self.growth == 1 {
            return (step / self.steps, step % self.steps, self.steps);
        }
        let (mut period, mut left, mut steps) = (0, step, self.steps);
        while left >= steps {
            left -= steps;
            period += 1;
            steps = steps.saturating_mul(self.growth);
        }
        (period, left, steps)
    }

    pub(super) fn validate(self) -> Result<(), &'static str> {
        require([
            is_rate(self.rate),
            ((0.0..=1.0).contains(&self.floor), "the floor is a share of the rate, in [0, 1]"),
            (self.steps > 0, "steps has to be at least 1"),
            (self.growth > 0, "the growth of the period has to be at least 1"),
            (positive(self.peak) && self.peak <= 1.0, "the peak factor has to be in (0, 1]"),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_and_peaks_multiply() {
        let schedule = WarmRestarts { rate: 0.8, floor: 0.0, steps: 10, growth: 2, peak: 0.5 };
        // Periods start at 0, 10, 30, 70; half-way the wave is half as high.
        for (t, want) in [(0, 0.8), (5, 0.4), (10, 0.4), (20, 0.2), (30, 0.2), (50, 0.1), (70, 0.1)] {
            assert!((schedule.at(t) - want).abs() < 1e-15, "{t}: {}", schedule.at(t));
        }
        assert!(schedule.at(9) < 0.03 && schedule.at(29) < 0.01);
    }

    #[test]
    fn equal_periods_repeat_the_cosine() {
        let schedule = WarmRestarts { rate: 0.8, floor: 0.1, steps: 7, growth: 1, peak: 1.0 };
        let cosine = super::super::Cosine { rate: 0.8, floor: 0.1, steps: 7 };
        (0..70).for_each(|t| assert_eq!(schedule.at(t), cosine.at(t % 7)));
        assert!(WarmRestarts { growth: 0, ..schedule }.validate().is_err());
        assert!(WarmRestarts { peak: 1.5, ..schedule }.validate().is_err());
    }
}
