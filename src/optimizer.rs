//! Optimizers: a rule with its hyper-parameters, its state, and the number of steps taken.

mod modifiers;
mod rule;

pub use modifiers::Modifiers;
pub use rule::Rule;

use simdescent_kernels::Exec;
use simdescent_kernels::optimizer::{
    AdaDelta, AdaGrad, Adam, Adamax, AmsGrad, CenteredRmsProp, ClipValue, CoupledDecay, DecoupledDecay, FlushState,
    Lion, Momentum, NAdam, Nesterov, RmsProp, Scaled, ScheduleFree, ScheduleFreeOptions, Sgd, SoftThreshold,
    UpdateRule, clip_factor, fused_step, schedule_free_average,
};

/// A [`Rule`] at work: its state vectors and the number of steps taken.
#[derive(Clone, Debug)]
pub struct Optimizer {
    rule: Rule,
    modifiers: Modifiers,
    state: [Vec<f32>; 3],
    steps: u64,
    /// Of the steps so far: the product of NAdam's momenta, the sum of schedule-free η².
    accumulated: f64,
}

impl Optimizer {
    /// Fresh state for this many parameters.
    pub fn new(rule: Rule, modifiers: Modifiers, parameters: usize) -> Self {
        let state = |i| vec![0.0; if i < rule.states() { parameters } else { 0 }];
        let accumulated = if matches!(rule, Rule::NAdam { .. }) { 1.0 } else { 0.0 };
        Self { rule, modifiers, state: [0, 1, 2].map(state), steps: 0, accumulated }
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
        let (t, accumulated) = (self.steps, &mut self.accumulated);
        let [first, second, third] = &mut self.state;
        if t == 1 && matches!(self.rule, Rule::ScheduleFree { .. }) {
            first.copy_from_slice(parameters);
        }
        let mut pass = Pass { exec, learning_rate, l2, modifiers: self.modifiers, parameters, gradient };
        match self.rule {
            Rule::Sgd => pass.run(Sgd { learning_rate: rate }, []),
            Rule::Momentum { momentum } => pass.run(Momentum { learning_rate: rate, momentum }, [first]),
            Rule::Nesterov { momentum } => pass.run(Nesterov { learning_rate: rate, momentum }, [first]),
            Rule::AdaGrad { epsilon } => pass.run(AdaGrad { learning_rate: rate, epsilon }, [first]),
            Rule::RmsProp { decay, epsilon } => pass.run(RmsProp { learning_rate: rate, decay, epsilon }, [first]),
            Rule::CenteredRmsProp { decay, epsilon } => {
                pass.run(CenteredRmsProp { learning_rate: rate, decay, epsilon }, [first, second]);
            }
            Rule::AdaDelta { decay, epsilon } => {
                pass.run(AdaDelta { learning_rate: rate, decay, epsilon }, [first, second]);
            }
            Rule::Adam { beta1, beta2, epsilon } => {
                pass.run(Adam::at_step(t, learning_rate, beta1, beta2, epsilon), [first, second]);
            }
            Rule::AdamW { beta1, beta2, epsilon, weight_decay } => {
                let rule = Adam::at_step(t, learning_rate, beta1, beta2, epsilon);
                let rate = (learning_rate * weight_decay) as f32;
                pass.run(DecoupledDecay { rate, rule }, [first, second]);
            }
            Rule::AmsGrad { beta1, beta2, epsilon } => {
                pass.run(AmsGrad::at_step(t, learning_rate, beta1, beta2, epsilon), [first, second, third]);
            }
            Rule::Adamax { beta1, beta2, epsilon } => {
                pass.run(Adamax::at_step(t, learning_rate, beta1, beta2, epsilon), [first, second]);
            }
            Rule::NAdam { beta1, beta2, epsilon } => {
                pass.run(NAdam::at_step(t, accumulated, learning_rate, beta1, beta2, epsilon), [first, second]);
            }
            Rule::Lion { beta1, beta2 } => pass.run(Lion { learning_rate: rate, beta1, beta2 }, [first]),
            Rule::ScheduleFree { beta1, beta2, epsilon, weight_decay } => {
                let options = ScheduleFreeOptions { beta1, beta2, epsilon, weight_decay };
                pass.run(ScheduleFree::at_step(t, accumulated, learning_rate, options), [first, second]);
            }
        }
    }

    /// Whether the result of training is an average that is not the parameters themselves.
    pub(crate) fn averages(&self) -> bool {
        matches!(self.rule, Rule::ScheduleFree { .. }) && self.steps > 0
    }
    /// Makes the average of the parameters, for a rule that [averages](Optimizer::averages).
    pub(crate) fn average(&self, exec: Exec<'_>, parameters: &mut [f32]) {
        if let Rule::ScheduleFree { beta1, .. } = self.rule {
            schedule_free_average(exec, beta1, parameters, &self.state[0]);
        }
    }
}

/// The pass over the parameters that is the same for every rule.
struct Pass<'a> {
    exec: Exec<'a>,
    learning_rate: f64,
    l2: f32,
    modifiers: Modifiers,
    parameters: &'a mut [f32],
    gradient: &'a [f32],
}
impl Pass<'_> {
    fn run<R: UpdateRule<f32, S>, const S: usize>(&mut self, rule: R, state: [&mut Vec<f32>; S]) {
        let lambda = self.l2;
        if self.modifiers != Modifiers::NONE {
            self.step(self.modified(rule), state);
        } else if lambda != 0.0 {
            self.step(CoupledDecay { lambda, rule }, state);
        } else {
            self.step(rule, state);
        }
    }

    fn step<R: UpdateRule<f32, S>, const S: usize>(&mut self, rule: R, state: [&mut Vec<f32>; S]) {
        fused_step(self.exec, &rule, self.parameters, self.gradient, state.map(Vec::as_mut_slice));
    }

    /// Everything around the rule; what is not asked for changes nothing.
    fn modified<R: UpdateRule<f32, S>, const S: usize>(&self, rule: R) -> impl UpdateRule<f32, S> + use<R, S> {
        let Modifiers { clip_norm, clip_value, weight_decay, l1, flush_subnormals } = self.modifiers;
        let by_rate = |lambda: f32| (self.learning_rate * f64::from(lambda)) as f32;
        let rule = FlushState { below: if flush_subnormals { f32::MIN_POSITIVE } else { 0.0 }, rule };
        let rule = DecoupledDecay { rate: by_rate(weight_decay), rule };
        let rule = CoupledDecay { lambda: self.l2, rule };
        let rule = ClipValue { limit: clip_value.unwrap_or(f32::INFINITY), rule };
        let factor = clip_norm.map_or(1.0, |limit| clip_factor(self.exec, self.gradient, limit));
        SoftThreshold { threshold: by_rate(l1), rule: Scaled { factor, rule } }
    }
}
