//! Learning-rate schedules.

mod annealing;
mod cosine;
mod exponential;
mod inverse_time;
mod one_cycle;
mod polynomial;
mod ranges;
mod reduce_on_plateau;
mod step;
mod warm_restarts;
mod warmup;

pub use cosine::Cosine;
pub use exponential::Exponential;
pub use inverse_time::InverseTime;
pub use one_cycle::{Anneal, OneCycle};
pub use polynomial::Polynomial;
pub use reduce_on_plateau::ReduceOnPlateau;
pub use step::Step;
pub use warm_restarts::WarmRestarts;
pub use warmup::Warmup;

use crate::error::ConfigError;
use ranges::{is_rate, require};
use serde::{Deserialize, Serialize};

/// η(t) for t = 0, 1, 2, …, the number of steps already taken. Each formula stands at its type.
///
/// A [`Warmup`] can go in front of any.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LearningRate {
    /// η(t) = η₀.
    Constant {
        /// η₀
        rate: f64,
    },
    /// Times a factor every so many steps.
    Step(Step),
    /// 1/t decay.
    InverseTime(InverseTime),
    /// Exponential decay.
    Exponential(Exponential),
    /// Polynomial decay; linear for power 1.
    Polynomial(Polynomial),
    /// Half a cosine.
    Cosine(Cosine),
    /// Half a cosine, again and again.
    WarmRestarts(WarmRestarts),
    /// Up to a peak and down to almost nothing.
    OneCycle(OneCycle),
    /// Reduced when the validation loss stops falling.
    ReduceOnPlateau(ReduceOnPlateau),
}

impl LearningRate {
    /// The rate of the step after `step` others. `validation` is the history of the validation loss, which only
    /// [`ReduceOnPlateau`] looks at; empty without one.
    pub fn at(self, step: u64, validation: &[f64]) -> f64 {
        match self {
            Self::Constant { rate } => rate,
            Self::Step(schedule) => schedule.at(step),
            Self::InverseTime(schedule) => schedule.at(step),
            Self::Exponential(schedule) => schedule.at(step),
            Self::Polynomial(schedule) => schedule.at(step),
            Self::Cosine(schedule) => schedule.at(step),
            Self::WarmRestarts(schedule) => schedule.at(step),
            Self::OneCycle(schedule) => schedule.at(step),
            Self::ReduceOnPlateau(schedule) => schedule.after(validation),
        }
    }

    /// `"constant"`, `"step"`, `"inverse_time"` and so on: the name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Constant { .. } => "constant",
            Self::Step(_) => "step",
            Self::InverseTime(_) => "inverse_time",
            Self::Exponential(_) => "exponential",
            Self::Polynomial(_) => "polynomial",
            Self::Cosine(_) => "cosine",
            Self::WarmRestarts(_) => "warm_restarts",
            Self::OneCycle(_) => "one_cycle",
            Self::ReduceOnPlateau(_) => "reduce_on_plateau",
        }
    }

    /// Checks the numbers of the schedule.
    ///
    /// # Errors
    /// [`ConfigError::LearningRate`] if one is out of its range.
    pub fn validate(self) -> Result<(), ConfigError> {
        let result = match self {
            Self::Constant { rate } => require([is_rate(rate)]),
            Self::Step(schedule) => schedule.validate(),
            Self::InverseTime(schedule) => schedule.validate(),
            Self::Exponential(schedule) => schedule.validate(),
            Self::Polynomial(schedule) => schedule.validate(),
            Self::Cosine(schedule) => schedule.validate(),
            Self::WarmRestarts(schedule) => schedule.validate(),
            Self::OneCycle(schedule) => schedule.validate(),
            Self::ReduceOnPlateau(schedule) => schedule.validate(),
        };
        result.map_err(|fault| ConfigError::LearningRate { schedule: self.name(), fault })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::Plateau;

    /// One of each kind, with peak rate 0.5.
    pub(crate) fn one_of_each() -> [LearningRate; 9] {
        let (rate, steps) = (0.5, 100);
        [
            LearningRate::Constant { rate },
            LearningRate::Step(Step { rate, factor: 0.5, every: 30 }),
            LearningRate::InverseTime(InverseTime { rate, decay: 2.0, steps }),
            LearningRate::Exponential(Exponential { rate, factor: 0.1, steps }),
            LearningRate::Polynomial(Polynomial { rate, end: 0.01, power: 2.5, steps }),
            LearningRate::Cosine(Cosine { rate, floor: 0.1, steps }),
            LearningRate::WarmRestarts(WarmRestarts { rate, floor: 0.1, steps, growth: 2, peak: 0.7 }),
            LearningRate::OneCycle(OneCycle { rate, start: 0.04, end: 4e-6, rise: 0.3, steps, anneal: Anneal::Cosine }),
            LearningRate::ReduceOnPlateau(ReduceOnPlateau {
                rate,
                factor: 0.3,
                floor: 1e-3,
                plateau: Plateau { patience: 2, min_delta: 1e-4, cooldown: 1 },
            }),
        ]
    }

    /// Golden bits, the same on every platform; a version of `libm` that changes any is a breaking change.
    #[test]
    fn every_schedule_gives_its_golden_bits() {
        let history = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
        let seen: Vec<String> = one_of_each()
            .into_iter()
            .map(|schedule| {
                // FNV-1a over the bits of the first 333 rates.
                let bits = (0..333).map(|t| schedule.at(t, &history[..(t as usize / 10).min(12)]).to_bits());
                let hash = bits.fold(0xcbf2_9ce4_8422_2325u64, |h, x| (h ^ x).wrapping_mul(0x0100_0000_01b3));
                format!("{} {hash:016x}", schedule.name())
            })
            .collect();
        assert_eq!(
            seen,
            [
                "constant 17dcc836df13142f",
                "step 9f0cc836df13142f",
                "inverse_time ed4d5f655b84fff3",
                "exponential d4c672d61bd87b71",
                "polynomial f6d920856b6e5ef7",
                "cosine b8843b498575d613",
                "warm_restarts 0857d9a1d001be73",
                "one_cycle e119bf4a3dd29454",
                "reduce_on_plateau 5b7a3488d7bf7ebf"
            ]
        );
    }

    #[test]
    fn a_rate_never_leaves_its_range_and_is_always_usable() {
        for schedule in one_of_each() {
            assert_eq!(schedule.validate(), Ok(()), "{schedule:?}");
            for t in (0..500).chain([1 << 40, u64::MAX]) {
                let rate = schedule.at(t, &[]);
                assert!((0.0..=0.5).contains(&rate), "{schedule:?} at {t}: {rate}");
            }
        }
    }

    #[test]
    fn a_rate_that_is_no_rate_is_refused_by_every_schedule() {
        for schedule in one_of_each() {
            for bad in ["0.0", "-1.0", "1e999", "nan"] {
                let text = format!("{schedule:?}");
                let rate: f64 = bad.parse().unwrap();
                let broken = with_rate(schedule, rate);
                let error = broken.validate().unwrap_err().to_string();
                assert!(error.ends_with("the rate has to be positive and finite"), "{text} {bad}: {error}");
            }
        }
    }

    fn with_rate(schedule: LearningRate, rate: f64) -> LearningRate {
        match schedule {
            LearningRate::Constant { .. } => LearningRate::Constant { rate },
            LearningRate::Step(s) => LearningRate::Step(Step { rate, ..s }),
            LearningRate::InverseTime(s) => LearningRate::InverseTime(InverseTime { rate, ..s }),
            LearningRate::Exponential(s) => LearningRate::Exponential(Exponential { rate, ..s }),
            LearningRate::Polynomial(s) => LearningRate::Polynomial(Polynomial { rate, ..s }),
            LearningRate::Cosine(s) => LearningRate::Cosine(Cosine { rate, ..s }),
            LearningRate::WarmRestarts(s) => LearningRate::WarmRestarts(WarmRestarts { rate, ..s }),
            LearningRate::OneCycle(s) => LearningRate::OneCycle(OneCycle { rate, ..s }),
            LearningRate::ReduceOnPlateau(s) => LearningRate::ReduceOnPlateau(ReduceOnPlateau { rate, ..s }),
        }
    }
}
