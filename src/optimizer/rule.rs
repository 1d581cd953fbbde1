//! [`Rule`]: which optimizer, with which hyper-parameters.

use super::pass::hidden;
use serde::{Deserialize, Serialize};

/// An update rule and its hyper-parameters; the formulas stand in [`simdescent_kernels::optimizer`].
///
/// The learning rate is not here, because it belongs to the [schedule](crate::LearningRate).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// Stochastic gradient descent (gradient descent when the batch is the whole set).
    Sgd,
    /// SGD with heavy-ball momentum.
    Momentum {
        /// μ in [0, 1)
        momentum: f32,
    },
    /// SGD with Nesterov momentum.
    Nesterov {
        /// μ in [0, 1)
        momentum: f32,
    },
    /// AdaGrad.
    AdaGrad {
        /// ε > 0, outside the root
        epsilon: f32,
    },
    /// RMSprop.
    RmsProp {
        /// ρ in [0, 1)
        decay: f32,
        /// ε > 0, outside the root
        epsilon: f32,
    },
    /// RMSprop that divides by the deviation of the gradient.
    CenteredRmsProp {
        /// ρ in [0, 1)
        decay: f32,
        /// ε > 0, outside the root
        epsilon: f32,
    },
    /// AdaDelta; made for a learning rate of 1.
    AdaDelta {
        /// ρ in [0, 1)
        decay: f32,
        /// ε > 0, inside the roots
        epsilon: f32,
    },
    /// Adam.
    Adam {
        /// β₁ in [0, 1)
        beta1: f64,
        /// β₂ in [0, 1)
        beta2: f64,
        /// ε > 0, outside the root, after bias correction
        epsilon: f64,
    },
    /// Adam with decoupled weight decay.
    AdamW {
        /// β₁ in [0, 1)
        beta1: f64,
        /// β₂ in [0, 1)
        beta2: f64,
        /// ε > 0, outside the root, after bias correction
        epsilon: f64,
        /// λ ≥ 0; a step multiplies the weights by 1 − ηλ
        weight_decay: f64,
    },
    /// Adam whose step sizes never grow.
    AmsGrad {
        /// β₁ in [0, 1)
        beta1: f64,
        /// β₂ in [0, 1)
        beta2: f64,
        /// ε > 0, outside the root, after bias correction
        epsilon: f64,
    },
    /// Adam with the infinity norm.
    Adamax {
        /// β₁ in [0, 1)
        beta1: f64,
        /// β₂ in [0, 1)
        beta2: f64,
        /// ε > 0, added to the magnitude of the gradient
        epsilon: f64,
    },
    /// Adam with Nesterov momentum.
    NAdam {
        /// β₁ in [0, 1), which the momentum comes up to from half of it
        beta1: f64,
        /// β₂ in [0, 1)
        beta2: f64,
        /// ε > 0, outside the root, after bias correction
        epsilon: f64,
    },
    /// The sign of a momentum; its usual weight decay is [`StepTransforms::weight_decay`](crate::StepTransforms::weight_decay).
    Lion {
        /// β₁ in [0, 1), of the direction
        beta1: f32,
        /// β₂ in [0, 1), of the momentum
        beta2: f32,
    },
    /// Adam with a step length per layer, for large batches.
    Lamb {
        /// β₁ in [0, 1)
        beta1: f64,
        /// β₂ in [0, 1)
        beta2: f64,
        /// ε > 0, outside the root, after bias correction
        epsilon: f64,
        /// λ ≥ 0, part of the direction
        weight_decay: f64,
    },
    /// Second moments from the means of rows and columns: little state. The learning rate is the schedule's, with
    /// no 1/√t of the rule's own (Hugging Face's `relative_step=False`, and PyTorch's while η ≤ 1/√t).
    Adafactor {
        /// β₁ in [0, 1) of an average of the directions; 0 for none, which needs no state. (Hugging Face averages steps, rate included.)
        momentum: f32,
        /// β₂ = 1 − t^−decay, decay > 0
        decay: f64,
        /// ε₁ > 0, added to squares of the gradient
        epsilon: f32,
        /// d > 0, the largest RMS of a direction
        clip: f32,
        /// ε₂ > 0: the rate is multiplied by the RMS of the parameter array, at least ε₂ (the paper, PyTorch, and Hugging Face's
        /// `scale_parameter`). `None`: it is taken as it is.
        scale_parameter: Option<f32>,
    },
    /// Orthogonalised momentum for hidden matrices, scaled by 0.2·√max(rows, columns) so that one learning rate and decay serve
    /// it and AdamW, which takes the rest: vectors, and the last layer. The first layer counts as hidden, because its inputs are
    /// numbers; where they choose rows of an embedding, convention gives it to AdamW. A model without hidden layers is trained by
    /// AdamW alone.
    Muon {
        /// μ in [0, 1) of the Nesterov momentum
        momentum: f32,
        /// β₁ in [0, 1) of AdamW
        beta1: f64,
        /// β₂ in [0, 1) of AdamW
        beta2: f64,
        /// ε > 0 of AdamW
        epsilon: f64,
        /// λ ≥ 0; a step multiplies all weights by 1 − ηλ
        weight_decay: f64,
    },
    /// AdamW that averages instead of needing a schedule; [`Trainer::at_average`](crate::Trainer::at_average) has the result.
    ScheduleFree {
        /// β₁ in (0, 1)
        beta1: f64,
        /// β₂ in [0, 1)
        beta2: f64,
        /// ε > 0, outside the root, after bias correction
        epsilon: f64,
        /// λ ≥ 0
        weight_decay: f64,
    },
}

impl Rule {
    /// Momentum with μ = 0.9.
    pub const MOMENTUM: Self = Self::Momentum { momentum: 0.9 };
    /// Nesterov momentum with μ = 0.9.
    pub const NESTEROV: Self = Self::Nesterov { momentum: 0.9 };
    /// AdaGrad with ε = 1e-10.
    pub const ADAGRAD: Self = Self::AdaGrad { epsilon: 1e-10 };
    /// RMSprop with ρ = 0.9, ε = 1e-8.
    pub const RMSPROP: Self = Self::RmsProp { decay: 0.9, epsilon: 1e-8 };
    /// Centred RMSprop with ρ = 0.99, ε = 1e-8 (PyTorch's).
    pub const CENTERED_RMSPROP: Self = Self::CenteredRmsProp { decay: 0.99, epsilon: 1e-8 };
    /// AdaDelta with ρ = 0.9, ε = 1e-6 (PyTorch's).
    pub const ADADELTA: Self = Self::AdaDelta { decay: 0.9, epsilon: 1e-6 };
    /// Adam with β₁ = 0.9, β₂ = 0.999, ε = 1e-8 (the paper's).
    pub const ADAM: Self = Self::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    /// Adam's defaults and λ = 0.01.
    pub const ADAMW: Self = Self::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 };
    /// Adam's defaults.
    pub const AMSGRAD: Self = Self::AmsGrad { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    /// Adam's defaults.
    pub const ADAMAX: Self = Self::Adamax { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    /// Adam's defaults.
    pub const NADAM: Self = Self::NAdam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    /// Lion with β₁ = 0.9, β₂ = 0.99 (the paper's).
    pub const LION: Self = Self::Lion { beta1: 0.9, beta2: 0.99 };
    /// LAMB with β₁ = 0.9, β₂ = 0.999, ε = 1e-6, λ = 0.01 (the paper's).
    pub const LAMB: Self = Self::Lamb { beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weight_decay: 0.01 };
    /// Adam's defaults and λ = 0 (the authors').
    pub const SCHEDULE_FREE: Self = Self::ScheduleFree { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.0 };
    /// Adafactor without momentum, decay = 0.8, ε₁ = 1e-30, d = 1, ε₂ = 1e-3 (the paper's).
    pub const ADAFACTOR: Self =
        Self::Adafactor { momentum: 0.0, decay: 0.8, epsilon: 1e-30, clip: 1.0, scale_parameter: Some(1e-3) };
    /// Muon with μ = 0.95, β₁ = 0.9, β₂ = 0.95, ε = 1e-8 (Liu et al.), and λ = 0.01 as in [`ADAMW`](Self::ADAMW) (theirs and PyTorch's is
    /// 0.1, Jordan's 0).
    pub const MUON: Self = Self::Muon { momentum: 0.95, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weight_decay: 0.01 };

    /// Every rule with its default hyper-parameters.
    pub const ALL: [Self; 17] = [
        Self::Sgd,
        Self::MOMENTUM,
        Self::NESTEROV,
        Self::ADAGRAD,
        Self::RMSPROP,
        Self::ADAM,
        Self::ADAMW,
        Self::CENTERED_RMSPROP,
        Self::ADADELTA,
        Self::AMSGRAD,
        Self::ADAMAX,
        Self::NADAM,
        Self::LION,
        Self::SCHEDULE_FREE,
        Self::LAMB,
        Self::ADAFACTOR,
        Self::MUON,
    ];

    /// The rule's name in lower case, words joined by `-`: `"sgd"`, `"rmsprop"`, `"schedule-free"`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::Momentum { .. } => "momentum",
            Self::Nesterov { .. } => "nesterov",
            Self::AdaGrad { .. } => "adagrad",
            Self::RmsProp { .. } => "rmsprop",
            Self::CenteredRmsProp { .. } => "centered-rmsprop",
            Self::AdaDelta { .. } => "adadelta",
            Self::Adam { .. } => "adam",
            Self::AdamW { .. } => "adamw",
            Self::AmsGrad { .. } => "amsgrad",
            Self::Adamax { .. } => "adamax",
            Self::NAdam { .. } => "nadam",
            Self::Lion { .. } => "lion",
            Self::Lamb { .. } => "lamb",
            Self::Adafactor { .. } => "adafactor",
            Self::Muon { .. } => "muon",
            Self::ScheduleFree { .. } => "schedule-free",
        }
    }

    /// The rule of this [name](Rule::name), with its default hyper-parameters.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    /// The lengths of the state vectors, for parameter arrays of these rows and columns.
    pub(super) fn state_lengths(self, layout: &[(usize, usize)]) -> [usize; 3] {
        let all: usize = layout.iter().map(|(rows, cols)| rows * cols).sum();
        match self {
            Self::Sgd => [0; 3],
            Self::Momentum { .. }
            | Self::Nesterov { .. }
            | Self::AdaGrad { .. }
            | Self::RmsProp { .. }
            | Self::Lion { .. } => [all, 0, 0],
            Self::CenteredRmsProp { .. }
            | Self::AdaDelta { .. }
            | Self::Adam { .. }
            | Self::AdamW { .. }
            | Self::Adamax { .. }
            | Self::NAdam { .. }
            | Self::Lamb { .. }
            | Self::ScheduleFree { .. } => [all, all, 0],
            Self::AmsGrad { .. } => [all; 3],
            Self::Adafactor { momentum, .. } => {
                let means = layout.iter().map(|(rows, cols)| rows + cols).sum();
                [means, if momentum > 0.0 { all } else { 0 }, 0]
            }
            Self::Muon { .. } => {
                let orthogonal = layout.iter().zip(hidden(layout)).filter(|(_, hidden)| *hidden);
                [all, all - orthogonal.map(|((rows, cols), _)| rows * cols).sum::<usize>(), 0]
            }
        }
    }

    /// What is wrong with the hyper-parameters, if anything.
    pub(crate) fn fault(self) -> Option<&'static str> {
        let unit = |x: f64| (0.0..1.0).contains(&x);
        let positive = |x: f64| x > 0.0 && x.is_finite();
        // No decay and no epsilon count as good ones.
        let (decays, epsilon) = match self {
            Self::Sgd => ([0.0; 2], 1.0),
            Self::Momentum { momentum } | Self::Nesterov { momentum } => ([f64::from(momentum), 0.0], 1.0),
            Self::AdaGrad { epsilon } => ([0.0; 2], f64::from(epsilon)),
            Self::RmsProp { decay, epsilon }
            | Self::CenteredRmsProp { decay, epsilon }
            | Self::AdaDelta { decay, epsilon } => ([f64::from(decay), 0.0], f64::from(epsilon)),
            Self::Lion { beta1, beta2 } => ([f64::from(beta1), f64::from(beta2)], 1.0),
            Self::Adafactor { momentum, epsilon, .. } => ([f64::from(momentum), 0.0], f64::from(epsilon)),
            Self::Adam { beta1, beta2, epsilon }
            | Self::AdamW { beta1, beta2, epsilon, .. }
            | Self::Muon { beta1, beta2, epsilon, .. }
            | Self::AmsGrad { beta1, beta2, epsilon }
            | Self::Adamax { beta1, beta2, epsilon }
            | Self::NAdam { beta1, beta2, epsilon }
            | Self::Lamb { beta1, beta2, epsilon, .. }
            | Self::ScheduleFree { beta1, beta2, epsilon, .. } => ([beta1, beta2], epsilon),
        };
        match self {
            _ if !decays.into_iter().all(unit) => Some("momentum, decay and betas have to be in [0, 1)"),
            _ if !positive(epsilon) => Some("epsilon has to be positive"),
            Self::Muon { momentum, .. } if !unit(f64::from(momentum)) => {
                Some("momentum, decay and betas have to be in [0, 1)")
            }
            Self::Adafactor { decay, clip, .. } if !(positive(decay) && positive(f64::from(clip))) => {
                Some("decay and clip have to be positive")
            }
            Self::Adafactor { scale_parameter: Some(smallest), .. } if !positive(f64::from(smallest)) => {
                Some("the scale of the parameters has to be positive")
            }
            Self::AdamW { weight_decay, .. }
            | Self::Muon { weight_decay, .. }
            | Self::Lamb { weight_decay, .. }
            | Self::ScheduleFree { weight_decay, .. }
                if !(weight_decay >= 0.0 && weight_decay.is_finite()) =>
            {
                Some("weight decay must not be negative")
            }
            Self::ScheduleFree { beta1: 0.0, .. } => Some("beta1 has to be in (0, 1)"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_rules() {
        for rule in Rule::ALL {
            assert_eq!(Rule::from_name(rule.name()), Some(rule));
            assert_eq!(rule.fault(), None, "{}", rule.name());
        }
        assert_eq!(Rule::from_name("Adam"), None);
    }

    #[test]
    fn bad_hyper_parameters_are_found() {
        for (rule, fault) in [
            (Rule::Momentum { momentum: 1.0 }, "betas have to be in [0, 1)"),
            (Rule::CenteredRmsProp { decay: -0.1, epsilon: 1e-8 }, "betas have to be in [0, 1)"),
            (Rule::AdaDelta { decay: 0.9, epsilon: 0.0 }, "epsilon has to be positive"),
            (Rule::AmsGrad { beta1: 0.9, beta2: f64::NAN, epsilon: 1e-8 }, "betas have to be in [0, 1)"),
            (Rule::Adamax { beta1: 0.9, beta2: 0.9, epsilon: f64::INFINITY }, "epsilon has to be positive"),
            (Rule::NAdam { beta1: 1.0, beta2: 0.9, epsilon: 1e-8 }, "betas have to be in [0, 1)"),
            (Rule::Lion { beta1: 0.9, beta2: 1.5 }, "betas have to be in [0, 1)"),
            (Rule::Muon { momentum: 1.0, beta1: 0.9, beta2: 0.9, epsilon: 1e-8, weight_decay: 0.0 }, "in [0, 1)"),
            (
                Rule::Adafactor { momentum: 0.0, decay: 0.8, epsilon: 1e-30, clip: 0.0, scale_parameter: None },
                "decay and clip have to be positive",
            ),
            (
                Rule::Adafactor { momentum: 0.0, decay: 0.8, epsilon: 1e-30, clip: 1.0, scale_parameter: Some(0.0) },
                "parameters has to be positive",
            ),
            (
                Rule::AdamW { beta1: 0.9, beta2: 0.9, epsilon: 1e-8, weight_decay: -1.0 },
                "weight decay must not be negative",
            ),
            (
                Rule::ScheduleFree { beta1: 0.0, beta2: 0.9, epsilon: 1e-8, weight_decay: 0.0 },
                "beta1 has to be in (0, 1)",
            ),
        ] {
            assert!(rule.fault().is_some_and(|found| found.ends_with(fault)), "{rule:?}: {:?}", rule.fault());
        }
    }
}
