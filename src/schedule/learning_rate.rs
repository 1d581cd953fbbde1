//! Learning-rate schedules: pure functions of the step.

use serde::{Deserialize, Serialize};

/// η(t) for t = 0, 1, 2, …, the number of steps already taken.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LearningRate {
    /// η(t) = η₀.
    Constant {
        /// η₀
        rate: f64,
    },
    /// η(t) = η₀/(1 + r·t/T): Robbins & Monro's 1/t decay, in the form of Keras' `InverseTimeDecay`.
    InverseTime {
        /// η₀
        rate: f64,
        /// r
        decay: f64,
        /// T, in steps
        steps: f64,
    },
}

impl LearningRate {
    /// The rate of the step after `step` others.
    pub fn at(self, step: u64) -> f64 {
        match self {
            Self::Constant { rate } => rate,
            Self::InverseTime { rate, decay, steps } => rate / (1.0 + decay * (step as f64 / steps)),
        }
    }

    /// Whether the rate is a positive finite number at the start and stays one.
    pub(crate) fn is_valid(self) -> bool {
        let positive = |x: f64| x > 0.0 && x.is_finite();
        match self {
            Self::Constant { rate } => positive(rate),
            Self::InverseTime { rate, decay, steps } => {
                positive(rate) && positive(steps) && decay >= 0.0 && decay.is_finite()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inverse_time_follows_its_formula() {
        let schedule = LearningRate::InverseTime { rate: 0.5, decay: 2.0, steps: 100.0 };
        assert_eq!([0, 50, 100, 1000].map(|t| schedule.at(t)), [0.5, 0.25, 0.5 / 3.0, 0.5 / 21.0]);
        assert_eq!(LearningRate::Constant { rate: 0.1 }.at(u64::MAX), 0.1);
    }

    #[test]
    fn nonsense_is_recognised() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(!LearningRate::Constant { rate }.is_valid());
            assert!(!LearningRate::InverseTime { rate, decay: 1.0, steps: 1.0 }.is_valid());
        }
        assert!(!LearningRate::InverseTime { rate: 1.0, decay: -1.0, steps: 1.0 }.is_valid());
        assert!(!LearningRate::InverseTime { rate: 1.0, decay: 1.0, steps: 0.0 }.is_valid());
    }
}
