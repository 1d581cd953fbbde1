//! Batch-size schedules, alone or coupled to the learning rate.

use super::{LearningRate, Milestones, Plateau};
use serde::{Deserialize, Serialize};

/// How the batch size B(t) changes from its first value B₀ = [`Settings::batch_size`](crate::Settings::batch_size), and the learning rate with it.
///
/// A size is rounded to the nearest whole number of samples and kept between 1 and `largest`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchGrowth {
    /// B(t) = B₀.
    #[default]
    Fixed,
    /// A schedule of its own: B(t) = B₀·`shape`, η(t) = the learning-rate schedule's times what `rate` makes of B(t)/B₀.
    Scheduled {
        /// What multiplies B₀
        shape: BatchShape,
        /// What it does to the learning rate
        rate: RateScaling,
        /// The largest batch
        largest: usize,
    },
    /// "Don't decay the learning rate, increase the batch size" (Smith, Kindermans, Ying & Le 2018): where the
    /// learning-rate schedule has η = d·η₀, the batch is B₀/d and the rate stays η₀. What rounding and `largest` leave of
    /// the decay goes to the rate, so that η/B is always the schedule's.
    InsteadOfDecay {
        /// The largest batch
        largest: usize,
    },
    /// Seesaw (Meterez et al. 2025), for Adam and its like: where the schedule has η = d·η₀, the batch is B₀/d and the rate
    /// √d·η₀: a halving becomes a division by √2 and a doubled batch. η/√B is always the schedule's.
    ///
    /// The last two need a schedule that decays. Its clock is then not the step but the number of samples
    /// seen divided by B₀, so that the decay stays where it was in the data; warm-up happens at batch B₀.
    Seesaw {
        /// The largest batch
        largest: usize,
    },
}

/// What multiplies the batch size.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchShape {
    /// f^⌊t/s⌋
    Step {
        /// f > 0
        factor: f64,
        /// s > 0, in steps
        every: u64,
    },
    /// f^(t/T)
    Geometric {
        /// f > 0
        factor: f64,
        /// T > 0, in steps
        steps: u64,
    },
    /// f^k once k of these numbers of samples have been seen
    Milestones {
        /// f > 0
        factor: f64,
        /// In samples
        at: Milestones,
    },
    /// f^k after k plateaus of the validation loss
    Plateau {
        /// f > 0
        factor: f64,
        /// When the loss has stopped falling
        plateau: Plateau,
    },
}

/// What a batch κ times as large does to the learning rate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RateScaling {
    /// Nothing.
    #[default]
    None,
    /// Times κ, for SGD: the noise per sample seen stays the same (Goyal et al. 2017).
    Linear,
    /// Times √κ, for Adam and its like (Krizhevsky 2014; Malladi et al. 2022).
    SquareRoot,
}

impl RateScaling {
    /// What multiplies the rate where the batch is `growth` times as large.
    pub(super) fn factor(self, growth: f64) -> f64 {
        match self {
            Self::None => 1.0,
            Self::Linear => growth,
            Self::SquareRoot => growth.sqrt(),
        }
    }
}

impl BatchShape {
    /// What multiplies the size of the batch after `step` steps that saw `samples` samples.
    pub(super) fn at(self, step: u64, samples: u64, validation: &[f64]) -> f64 {
        match self {
            Self::Step { factor, every } => libm::pow(factor, (step / every) as f64),
            Self::Geometric { factor, steps } => libm::pow(factor, step as f64 / steps as f64),
            Self::Milestones { factor, at } => libm::pow(factor, at.passed(samples) as f64),
            Self::Plateau { factor, plateau } => libm::pow(factor, plateau.count(validation) as f64),
        }
    }

    fn validate(self) -> Result<(), &'static str> {
        let (Self::Step { factor, .. }
        | Self::Geometric { factor, .. }
        | Self::Milestones { factor, .. }
        | Self::Plateau { factor, .. }) = self;
        match self {
            _ if !(factor > 0.0 && factor.is_finite()) => Err("the factor has to be positive and finite"),
            Self::Step { every: 0, .. } => Err("every has to be at least one step"),
            Self::Geometric { steps: 0, .. } => Err("steps has to be at least 1"),
            Self::Plateau { plateau, .. } => plateau.validate(),
            _ => Ok(()),
        }
    }
}

impl BatchGrowth {
    /// The largest batch there can be, if it is not the first.
    pub fn largest(self) -> Option<usize> {
        match self {
            Self::Fixed => None,
            Self::Scheduled { largest, .. } | Self::InsteadOfDecay { largest } | Self::Seesaw { largest } => {
                Some(largest)
            }
        }
    }

    /// Checks the numbers, and the schedule they are coupled to.
    pub(crate) fn validate(self, schedule: LearningRate) -> Result<(), &'static str> {
        let decays = match schedule {
            LearningRate::Step(_)
            | LearningRate::InverseTime(_)
            | LearningRate::Polynomial(_)
            | LearningRate::Cosine(_)
            | LearningRate::ReduceOnPlateau(_) => true,
            LearningRate::Exponential(schedule) => schedule.factor <= 1.0,
            LearningRate::Constant { .. } | LearningRate::WarmRestarts(_) | LearningRate::OneCycle(_) => false,
        };
        match self {
            Self::Scheduled { shape, .. } => shape.validate(),
            Self::InsteadOfDecay { .. } | Self::Seesaw { .. } if !decays => {
                Err("a batch that grows where the rate would fall needs a learning-rate schedule that only falls")
            }
            _ => Ok(()),
        }
    }
}
