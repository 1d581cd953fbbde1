//! [`Rule`]: which optimizer, with which hyper-parameters; the table of all of them.

mod table;

pub use table::Hyperparameter;

use super::step::{AdafactorStep, MuonStep, Step, hidden};
use crate::error::ConfigError;
use serde::{Deserialize, Serialize};
use simdescent_kernels::optimizer::{
    AdaDelta, AdaGrad, AdafactorOptions, Adam, Adamax, AmsGrad, Averaging, CenteredRmsProp, DecoupledDecay, Lamb,
    LambOptions, Lion, Momentum, NAdam, Nesterov, RmsProp, ScheduleFree, ScheduleFreeOptions, Sgd,
};
use table::{Number, Range, rules};

rules! {
    /// Stochastic gradient descent (gradient descent when the batch is the whole set).
    Sgd, SGD, "sgd"
    state |_, _| [0; 3];
    step |s| s.run(Sgd { learning_rate: s.rate() });

    /// SGD with heavy-ball momentum.
    Momentum, MOMENTUM, "momentum" {
        /// μ in [0, 1)
        momentum: f32 = 0.9, Unit;
    }
    state |n, _| [n, 0, 0];
    step |s| s.run(Momentum { learning_rate: s.rate(), momentum });

    /// SGD with Nesterov momentum.
    Nesterov, NESTEROV, "nesterov" {
        /// μ in [0, 1)
        momentum: f32 = 0.9, Unit;
    }
    state |n, _| [n, 0, 0];
    step |s| s.run(Nesterov { learning_rate: s.rate(), momentum });

    /// AdaGrad.
    AdaGrad, ADAGRAD, "adagrad" {
        /// ε > 0, outside the root
        epsilon: f32 = 1e-10, Positive;
    }
    state |n, _| [n, 0, 0];
    step |s| s.run(AdaGrad { learning_rate: s.rate(), epsilon });

    /// RMSprop.
    RmsProp, RMSPROP, "rmsprop" {
        /// ρ in [0, 1)
        decay: f64 = 0.9, Average;
        /// ε > 0, outside the root
        epsilon: f32 = 1e-8, Positive;
    }
    state |n, _| [n, 0, 0];
    step |s| s.run(RmsProp { learning_rate: s.rate(), decay: Averaging::new(decay), epsilon });

    /// Adam; its usual numbers are the paper's.
    Adam, ADAM, "adam" {
        /// β₁ in [0, 1)
        beta1: f64 = 0.9, Average;
        /// β₂ in [0, 1)
        beta2: f64 = 0.999, Average;
        /// ε > 0, outside the root, after bias correction
        epsilon: f64 = 1e-8, Positive;
    }
    state |n, _| [n, n, 0];
    step |s| s.run(Adam::at_step(s.t, s.learning_rate(), beta1, beta2, epsilon));

    /// Adam with decoupled weight decay.
    AdamW, ADAMW, "adamw" {
        /// β₁ in [0, 1)
        beta1: f64 = 0.9, Average;
        /// β₂ in [0, 1)
        beta2: f64 = 0.999, Average;
        /// ε > 0, outside the root, after bias correction
        epsilon: f64 = 1e-8, Positive;
        /// λ ≥ 0; a step multiplies the weights, biases excepted, by 1 − ηλ
        weight_decay: f64 = 0.01, NotNegative;
    }
    state |n, _| [n, n, 0];
    step |s| {
        let (rate, rule) = (s.learning_rate(), Adam::at_step(s.t, s.learning_rate(), beta1, beta2, epsilon));
        s.run_decayed(weight_decay, |lambda| DecoupledDecay { rate: (rate * lambda) as f32, rule });
    };

    /// RMSprop that divides by the deviation of the gradient; its usual numbers are PyTorch's.
    CenteredRmsProp, CENTERED_RMSPROP, "centered-rmsprop" {
        /// ρ in [0, 1)
        decay: f64 = 0.99, Average;
        /// ε > 0, outside the root
        epsilon: f32 = 1e-8, Positive;
    }
    state |n, _| [n, n, 0];
    step |s| s.run(CenteredRmsProp { learning_rate: s.rate(), decay: Averaging::new(decay), epsilon });

    /// AdaDelta; made for a learning rate of 1. Its usual numbers are PyTorch's.
    AdaDelta, ADADELTA, "adadelta" {
        /// ρ in [0, 1)
        decay: f64 = 0.9, Average;
        /// ε > 0, inside the roots
        epsilon: f32 = 1e-6, Positive;
    }
    state |n, _| [n, n, 0];
    step |s| s.run(AdaDelta { learning_rate: s.rate(), decay: Averaging::new(decay), epsilon });

    /// Adam whose step sizes never grow.
    AmsGrad, AMSGRAD, "amsgrad" {
        /// β₁ in [0, 1)
        beta1: f64 = 0.9, Average;
        /// β₂ in [0, 1)
        beta2: f64 = 0.999, Average;
        /// ε > 0, outside the root, after bias correction
        epsilon: f64 = 1e-8, Positive;
    }
    state |n, _| [n; 3];
    step |s| s.run(AmsGrad::at_step(s.t, s.learning_rate(), beta1, beta2, epsilon));

    /// Adam with the infinity norm.
    Adamax, ADAMAX, "adamax" {
        /// β₁ in [0, 1)
        beta1: f64 = 0.9, Average;
        /// β₂ in [0, 1)
        beta2: f64 = 0.999, Average;
        /// ε > 0, added to the magnitude of the gradient
        epsilon: f64 = 1e-8, Positive;
    }
    state |n, _| [n, n, 0];
    step |s| s.run(Adamax::at_step(s.t, s.learning_rate(), beta1, beta2, epsilon));

    /// Adam with Nesterov momentum.
    NAdam, NADAM, "nadam" {
        /// β₁ in [0, 1), which the momentum comes up to from half of it
        beta1: f64 = 0.9, Average;
        /// β₂ in [0, 1)
        beta2: f64 = 0.999, Average;
        /// ε > 0, outside the root, after bias correction
        epsilon: f64 = 1e-8, Positive;
    }
    state |n, _| [n, n, 0];
    step |s| {
        if s.t == 1 {
            *s.accumulated = 1.0; // the product of no momenta
        }
        let learning_rate = s.learning_rate();
        let rule = NAdam::at_step(s.t, s.accumulated, learning_rate, beta1, beta2, epsilon);
        s.run(rule);
    };

    /// The sign of a momentum, with the paper's numbers; its usual weight decay is
    /// [`StepTransforms::weight_decay`](crate::StepTransforms::weight_decay).
    Lion, LION, "lion" {
        /// β₁ in [0, 1), of the direction
        beta1: f64 = 0.9, Average;
        /// β₂ in [0, 1), of the momentum
        beta2: f64 = 0.99, Average;
    }
    state |n, _| [n, 0, 0];
    step |s| s.run(Lion { learning_rate: s.rate(), beta1: Averaging::new(beta1), beta2: Averaging::new(beta2) });

    /// AdamW that averages instead of needing a schedule; [`Trainer::at_average`](crate::Trainer::at_average) has the result. Its
    /// usual numbers are the authors'.
    ScheduleFree, SCHEDULE_FREE, "schedule-free" {
        /// β₁ in (0, 1)
        beta1: f64 = 0.9, OpenUnit;
        /// β₂ in [0, 1)
        beta2: f64 = 0.999, Average;
        /// ε > 0, outside the root, after bias correction
        epsilon: f64 = 1e-8, Positive;
        /// λ ≥ 0
        weight_decay: f64 = 0.0, NotNegative;
    }
    state |n, _| [n, n, 0];
    step |s| {
        if s.t == 1 {
            s.state[0].copy_from_slice(s.parameters);
        }
        let (t, learning_rate, before) = (s.t, s.learning_rate(), *s.accumulated);
        let rule = |weight_decay| {
            let mut squares = before;
            let options = ScheduleFreeOptions { beta1, beta2, epsilon, weight_decay };
            (ScheduleFree::at_step(t, &mut squares, learning_rate, options), squares)
        };
        s.run_decayed(weight_decay, |lambda| rule(lambda).0);
        *s.accumulated = rule(0.0).1;
    };

    /// Adam with a step length per layer, for large batches; its usual numbers are the paper's.
    Lamb, LAMB, "lamb" {
        /// β₁ in [0, 1)
        beta1: f64 = 0.9, Average;
        /// β₂ in [0, 1)
        beta2: f64 = 0.999, Average;
        /// ε > 0, outside the root, after bias correction
        epsilon: f64 = 1e-6, Positive;
        /// λ ≥ 0, part of the direction
        weight_decay: f64 = 0.01, NotNegative;
    }
    state |n, _| [n, n, 0];
    step |s| {
        let (t, rate) = (s.t, s.learning_rate());
        let lamb = |weight_decay| Lamb::at_step(t, rate, LambOptions { beta1, beta2, epsilon, weight_decay });
        s.lamb(weight_decay, lamb);
    };

    /// Second moments from the means of rows and columns: little state. The learning rate is the schedule's, with
    /// no 1/√t of the rule's own (Hugging Face's `relative_step=False`, and PyTorch's while η ≤ 1/√t). Its usual numbers are the
    /// paper's.
    Adafactor, ADAFACTOR, "adafactor" {
        /// β₁ in [0, 1) of an average of the directions; 0 for none, which needs no state. (Hugging Face averages steps, rate included.)
        momentum: f64 = 0.0, Average;
        /// β₂ = 1 − t^−decay, decay > 0
        decay: f64 = 0.8, Positive;
        /// ε₁ > 0, added to squares of the gradient
        epsilon: f32 = 1e-30, Positive;
        /// d > 0, the largest RMS of a direction
        clip: f32 = 1.0, Positive;
        /// ε₂ > 0: the rate is multiplied by the RMS of the parameter array, at least ε₂ (the paper, PyTorch, and Hugging Face's
        /// `scale_parameter`). `None`: it is taken as it is.
        scale_parameter: Option<f32> = Some(1e-3), Positive;
    }
    state |n, layout| {
        let means = layout.iter().map(|(rows, cols)| rows + cols).sum();
        [means, if momentum > 0.0 { n } else { 0 }, 0]
    };
    step |s| {
        let beta2 = Averaging::with_rest(libm::pow(s.t as f64, -decay));
        s.adafactor(AdafactorStep { options: AdafactorOptions { beta2, epsilon }, clip, momentum, scale_parameter });
    };

    /// Orthogonalized momentum for hidden matrices, scaled by 0.2·√max(rows, columns) so that one learning rate and decay serve
    /// it and AdamW, which takes the rest: vectors, and the last layer. The first layer counts as hidden, because its inputs are
    /// numbers; where they choose rows of an embedding, convention gives it to AdamW. A model without hidden layers is trained by
    /// AdamW alone.
    ///
    /// Its usual numbers are those of Liu et al., but for λ, which is that of [`ADAMW`](Self::ADAMW) (theirs and PyTorch's is 0.1, Jordan's
    /// 0).
    Muon, MUON, "muon" {
        /// μ in [0, 1) of the Nesterov momentum
        momentum: f32 = 0.95, Unit;
        /// β₁ in [0, 1) of AdamW
        beta1: f64 = 0.9, Average;
        /// β₂ in [0, 1) of AdamW
        beta2: f64 = 0.95, Average;
        /// ε > 0 of AdamW
        epsilon: f64 = 1e-8, Positive;
        /// λ ≥ 0; a step multiplies the weights, biases excepted, by 1 − ηλ
        weight_decay: f64 = 0.01, NotNegative;
    }
    state |n, layout| {
        let orthogonal = layout.iter().zip(hidden(layout)).filter(|(_, hidden)| *hidden);
        [n, n - orthogonal.map(|((rows, cols), _)| rows * cols).sum::<usize>(), 0]
    };
    step |s| {
        let adam = Adam::at_step(s.t, s.learning_rate(), beta1, beta2, epsilon);
        s.muon(MuonStep { momentum, adam, weight_decay });
    };
}

/// The hyper-parameters that a command line sets, in the order of its help.
pub const HYPERPARAMETERS: &[Hyperparameter] = &[
    Hyperparameter {
        field: "momentum",
        flag: "momentum",
        value_name: "MU",
        help: "μ of momentum and nesterov [default: 0.9]",
    },
    Hyperparameter {
        field: "decay",
        flag: "rho",
        value_name: "RHO",
        help: "ρ of rmsprop [default: 0.9], centered-rmsprop [default: 0.99] and adadelta [default: 0.9]",
    },
    Hyperparameter {
        field: "beta1",
        flag: "beta1",
        value_name: "BETA",
        help: "β₁ of Adam, what is like it, and lion [default: 0.9]",
    },
    Hyperparameter {
        field: "beta2",
        flag: "beta2",
        value_name: "BETA",
        help: "β₂ of the same [default: 0.999, lion 0.99]",
    },
    Hyperparameter {
        field: "epsilon",
        flag: "epsilon",
        value_name: "X",
        help: "ε of adagrad [default: 1e-10], adadelta, lamb [default: 1e-6], and of all others that divide [default: 1e-8]",
    },
    Hyperparameter {
        field: "weight_decay",
        flag: "rule-weight-decay",
        value_name: "LAMBDA",
        help: "λ that adamw, lamb [default: 0.01] and schedule-free [default: 0] have of their own",
    },
];

impl Rule {
    /// The rule of this [name](Rule::name), with its usual hyper-parameters.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }
}

/// A hyper-parameter that is switched off is always right.
fn check(rule: &'static str, field: &'static str, number: impl Number, range: Range) -> Result<(), ConfigError> {
    match number.value() {
        Some(value) if !range.contains(value) => {
            Err(ConfigError::Hyperparameter { rule, field, value, range: range.text() })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_rules() {
        for rule in Rule::ALL {
            assert_eq!(Rule::from_name(rule.name()), Some(rule));
            assert_eq!(rule.validate(), Ok(()));
        }
        assert_eq!(Rule::from_name("Adam"), None);
    }

    /// Each hyper-parameter in turn, with what lies below its range and what ends or exceeds it.
    #[test]
    fn hyper_parameters_are_set_and_checked() {
        for field in ["momentum", "decay", "beta1", "beta2", "epsilon", "weight_decay", "clip", "scale_parameter"] {
            let mut rules = 0;
            for rule in Rule::ALL {
                let Some(same) = rule.with(field, 0.25) else { continue };
                rules += 1;
                assert_ne!(same, rule, "{field} of {rule:?}");
                assert_eq!(same.validate(), Ok(()));
                for bad in [-0.1, f64::NAN, f64::INFINITY] {
                    let error = rule.with(field, bad).unwrap().validate().unwrap_err().to_string();
                    assert!(error.starts_with(&format!("optimizer {}: {field} has to be", rule.name())), "{error}");
                }
            }
            assert!(rules > 0, "no rule has {field}");
        }
        for (rule, field, bad, range) in [
            (Rule::MOMENTUM, "momentum", 1.0, "in [0, 1), got 1"),
            (Rule::MUON, "momentum", 1.0, "in [0, 1), got 1"),
            (Rule::NADAM, "beta1", 1.0, "(at most 0.99999997), got 1"),
            (Rule::LION, "beta2", 1.5, "in [0, 1), and less than 1 in single precision (at most 0.99999997), got 1.5"),
            (Rule::ADAM, "beta2", 0.99999999, "(at most 0.99999997), got 0.99999999"),
            (Rule::ADAFACTOR, "momentum", 0.99999998, "(at most 0.99999997), got 0.99999998"),
            (Rule::SCHEDULE_FREE, "beta1", 0.0, "in (0, 1), got 0"),
            (Rule::ADADELTA, "epsilon", 0.0, "positive and finite, got 0"),
            (Rule::ADAFACTOR, "scale_parameter", 0.0, "positive and finite, got 0"),
            (Rule::ADAMW, "weight_decay", -1.0, "at least 0 and finite, got -1"),
        ] {
            let error = rule.with(field, bad).unwrap().validate().unwrap_err().to_string();
            assert!(error.contains(&format!("{field} has to be ")) && error.ends_with(range), "{error}");
        }
        let Rule::Adafactor { momentum, decay, epsilon, clip, .. } = Rule::ADAFACTOR else { unreachable!() };
        assert_eq!(Rule::Adafactor { momentum, decay, epsilon, clip, scale_parameter: None }.validate(), Ok(()));
        for (rule, field) in [(Rule::ADAM, "beta2"), (Rule::RMSPROP, "decay"), (Rule::LION, "beta1")] {
            assert_eq!(rule.with(field, 0.99999997).unwrap().validate(), Ok(()));
        }
        assert_eq!(Rule::SGD.with("momentum", 0.9), None);
        assert!(HYPERPARAMETERS.iter().all(|h| Rule::ALL.iter().any(|rule| rule.with(h.field, 0.5).is_some())));
    }
}
