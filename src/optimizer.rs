//! Optimizers: a rule with its hyper-parameters, its state, and the number of steps taken.

use serde::{Deserialize, Serialize};
use simdescent_kernels::Exec;
use simdescent_kernels::optimizer::{
    AdaGrad, Adam, CoupledDecay, DecoupledDecay, Momentum, Nesterov, RmsProp, Sgd, UpdateRule, fused_step,
};

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
    /// Adam with β₁ = 0.9, β₂ = 0.999, ε = 1e-8 (the paper's).
    pub const ADAM: Self = Self::Adam { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };
    /// Adam's defaults and λ = 0.01.
    pub const ADAMW: Self = Self::AdamW { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 };

    /// Every rule with its default hyper-parameters.
    pub const ALL: [Self; 7] =
        [Self::Sgd, Self::MOMENTUM, Self::NESTEROV, Self::ADAGRAD, Self::RMSPROP, Self::ADAM, Self::ADAMW];

    /// `"sgd"`, `"momentum"`, `"nesterov"`, `"adagrad"`, `"rmsprop"`, `"adam"` or `"adamw"`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::Momentum { .. } => "momentum",
            Self::Nesterov { .. } => "nesterov",
            Self::AdaGrad { .. } => "adagrad",
            Self::RmsProp { .. } => "rmsprop",
            Self::Adam { .. } => "adam",
            Self::AdamW { .. } => "adamw",
        }
    }

    /// How many state vectors the rule keeps per parameter.
    fn states(self) -> usize {
        match self {
            Self::Sgd => 0,
            Self::Momentum { .. } | Self::Nesterov { .. } | Self::AdaGrad { .. } | Self::RmsProp { .. } => 1,
            Self::Adam { .. } | Self::AdamW { .. } => 2,
        }
    }

    /// What is wrong with the hyper-parameters, if anything.
    pub(crate) fn fault(self) -> Option<&'static str> {
        let unit = |x: f64| (0.0..1.0).contains(&x);
        let positive = |x: f64| x > 0.0 && x.is_finite();
        let (decays, epsilon) = match self {
            Self::Sgd => (vec![], 1.0),
            Self::Momentum { momentum } | Self::Nesterov { momentum } => (vec![f64::from(momentum)], 1.0),
            Self::AdaGrad { epsilon } => (vec![], f64::from(epsilon)),
            Self::RmsProp { decay, epsilon } => (vec![f64::from(decay)], f64::from(epsilon)),
            Self::Adam { beta1, beta2, epsilon } | Self::AdamW { beta1, beta2, epsilon, .. } => {
                (vec![beta1, beta2], epsilon)
            }
        };
        match self {
            _ if !decays.into_iter().all(unit) => Some("momentum, decay and betas have to be in [0, 1)"),
            _ if !positive(epsilon) => Some("epsilon has to be positive"),
            Self::AdamW { weight_decay, .. } if !(weight_decay >= 0.0 && weight_decay.is_finite()) => {
                Some("weight decay must not be negative")
            }
            _ => None,
        }
    }
}

/// A [`Rule`] at work: its state vectors and the number of steps taken.
#[derive(Clone, Debug)]
pub struct Optimizer {
    rule: Rule,
    state: [Vec<f32>; 2],
    steps: u64,
}

impl Optimizer {
    /// Fresh state for this many parameters.
    pub fn new(rule: Rule, parameters: usize) -> Self {
        let length = |i| if i < rule.states() { parameters } else { 0 };
        Self { rule, state: [vec![0.0; length(0)], vec![0.0; length(1)]], steps: 0 }
    }

    /// The rule.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// One step with learning rate η, in one pass over the parameters. `l2` is λ of the penalty ½λ‖w‖² in the loss.
    ///
    /// # Panics
    /// If the lengths are not the number of parameters the optimizer was made for.
    pub fn step(&mut self, exec: Exec<'_>, learning_rate: f64, l2: f32, parameters: &mut [f32], gradient: &[f32]) {
        self.steps += 1;
        let rate = learning_rate as f32;
        let t = self.steps;
        let [first, second] = &mut self.state;
        let mut pass = Pass { exec, l2, parameters, gradient };
        match self.rule {
            Rule::Sgd => pass.run(Sgd { learning_rate: rate }, []),
            Rule::Momentum { momentum } => pass.run(Momentum { learning_rate: rate, momentum }, [first]),
            Rule::Nesterov { momentum } => pass.run(Nesterov { learning_rate: rate, momentum }, [first]),
            Rule::AdaGrad { epsilon } => pass.run(AdaGrad { learning_rate: rate, epsilon }, [first]),
            Rule::RmsProp { decay, epsilon } => pass.run(RmsProp { learning_rate: rate, decay, epsilon }, [first]),
            Rule::Adam { beta1, beta2, epsilon } => {
                pass.run(Adam::at_step(t, learning_rate, beta1, beta2, epsilon), [first, second]);
            }
            Rule::AdamW { beta1, beta2, epsilon, weight_decay } => {
                let rule = Adam::at_step(t, learning_rate, beta1, beta2, epsilon);
                let rate = (learning_rate * weight_decay) as f32;
                pass.run(DecoupledDecay { rate, rule }, [first, second]);
            }
        }
    }
}

/// The pass over the parameters that is the same for every rule.
struct Pass<'a> {
    exec: Exec<'a>,
    l2: f32,
    parameters: &'a mut [f32],
    gradient: &'a [f32],
}
impl Pass<'_> {
    fn run<R: UpdateRule<f32, S>, const S: usize>(&mut self, rule: R, state: [&mut Vec<f32>; S]) {
        let state = state.map(Vec::as_mut_slice);
        if self.l2 == 0.0 {
            fused_step(self.exec, &rule, self.parameters, self.gradient, state);
        } else {
            let rule = CoupledDecay { lambda: self.l2, rule };
            fused_step(self.exec, &rule, self.parameters, self.gradient, state);
        }
    }
}
