//! One cycle: up, then down.

use super::annealing::{half_cosine, share};
use super::ranges::{is_rate, positive, require};
use serde::{Deserialize, Serialize};

/// From start·η₀ up to η₀ during the first `rise`·T steps, then down to end·η₀ at T, where it stays (Smith & Topin 2018).
///
/// PyTorch's `OneCycleLR` has start = 1/25, end = 1/(25·10⁴), rise = 0.3, cosine annealing; its turning points lie one
/// step earlier. The momentum is not cycled in the opposite direction, as Smith and PyTorch do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneCycle {
    /// η₀, the peak
    pub rate: f64,
    /// Where it starts, as a share of η₀, in (0, 1]
    pub start: f64,
    /// Where it ends, as a share of η₀, in [0, 1]
    pub end: f64,
    /// The share of the steps that goes up, in [0, 1)
    pub rise: f64,
    /// T > 0, in steps
    pub steps: u64,
    /// How it goes from one value to the next
    pub anneal: Anneal,
}

/// How a rate goes from one value to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anneal {
    /// Along half a cosine.
    #[default]
    Cosine,
    /// Along a straight line.
    Linear,
}

impl OneCycle {
    /// The rate of the step after `step` others.
    pub fn at(self, step: u64) -> f64 {
        let x = share(step, self.steps);
        let (from, to, x) = if x < self.rise {
            (self.start, 1.0, x / self.rise)
        } else {
            (1.0, self.end, (x - self.rise) / (1.0 - self.rise))
        };
        let left = match self.anneal {
            Anneal::Cosine => half_cosine(x),
            Anneal::Linear => 1.0 - x,
        };
        self.rate * (from * left + to * (1.0 - left))
    }

    pub(super) fn validate(self) -> Result<(), &'static str> {
        require([
            is_rate(self.rate),
            (positive(self.start) && self.start <= 1.0, "the start is a share of the peak rate, in (0, 1]"),
            ((0.0..=1.0).contains(&self.end), "the end is a share of the peak rate, in [0, 1]"),
            ((0.0..1.0).contains(&self.rise), "the rise is a share of the steps, in [0, 1)"),
            (self.steps > 0, "steps has to be at least 1"),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_rises_to_the_peak_and_falls_to_the_end() {
        for anneal in [Anneal::Cosine, Anneal::Linear] {
            let schedule = OneCycle { rate: 0.8, start: 0.25, end: 0.0, rise: 0.25, steps: 80, anneal };
            // Half-way between two values a half cosine and a line agree.
            for (t, want) in [(0, 0.2), (10, 0.5), (20, 0.8), (50, 0.4), (80, 0.0), (800, 0.0)] {
                assert!((schedule.at(t) - want).abs() < 1e-15, "{anneal:?} {t}: {}", schedule.at(t));
            }
            assert!((0..20).all(|t| schedule.at(t) < schedule.at(t + 1)));
            assert!((20..80).all(|t| schedule.at(t) > schedule.at(t + 1)));
            assert!(OneCycle { rise: 1.0, ..schedule }.validate().is_err());
            assert!(OneCycle { start: 0.0, ..schedule }.validate().is_err());
        }
        let at_quarter = |anneal| OneCycle { rate: 1.0, start: 0.1, end: 0.0, rise: 0.0, steps: 4, anneal }.at(1);
        assert_eq!(at_quarter(Anneal::Linear), 0.75);
        assert!((at_quarter(Anneal::Cosine) - (0.5 + 0.125f64.sqrt())).abs() < 1e-15);
    }
}
