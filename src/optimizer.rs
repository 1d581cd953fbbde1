//! Optimizers: a rule with its hyper-parameters, its state, and the number of steps taken.

mod in_backward;
mod modifiers;
mod rule;

pub use in_backward::InBackward;
pub use modifiers::Modifiers;
pub use rule::Rule;

use in_backward::ElementWise;
use simdescent_kernels::Exec;
use simdescent_kernels::optimizer::{
    AdaDelta, AdaGrad, Adam, Adamax, AmsGrad, CenteredRmsProp, ClipValue, CoupledDecay, DecoupledDecay, FlushState,
    Lamb, LambOptions, Lion, Momentum, NAdam, Nesterov, RmsProp, Scaled, ScheduleFree, ScheduleFreeOptions, Sgd,
    SoftThreshold, UpdateRule, clip_factor, direction_norms, fused_step, schedule_free_average,
};

/// A [`Rule`] at work: its state vectors and the number of steps taken.
#[derive(Clone, Debug)]
pub struct Optimizer {
    rule: Rule,
    modifiers: Modifiers,
    state: [Vec<f32>; 3],
    /// Rows and columns of each parameter array.
    layout: Vec<(usize, usize)>,
    steps: u64,
    /// Of the steps so far: the product of NAdam's momenta, the sum of schedule-free η².
    accumulated: f64,
}

impl Optimizer {
    /// Fresh state for parameter arrays of these rows and columns, as [`Model::layout`](crate::Model::layout) has them.
    pub fn new(rule: Rule, modifiers: Modifiers, layout: &[(usize, usize)]) -> Self {
        let parameters = layout.iter().map(|(rows, cols)| rows * cols).sum();
        let state = |i| vec![0.0; if i < rule.states() { parameters } else { 0 }];
        let accumulated = if matches!(rule, Rule::NAdam { .. }) { 1.0 } else { 0.0 };
        Self { rule, modifiers, state: [0, 1, 2].map(state), layout: layout.to_vec(), steps: 0, accumulated }
    }

    /// The rule.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// One step with learning rate η, in one pass over the parameters (LAMB: two; clipping by norm reads the gradient once
    /// before). `l2` is λ of the penalty ½λ‖w‖² in the loss.
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
            Rule::Lamb { beta1, beta2, epsilon, weight_decay } => {
                let options = LambOptions { beta1, beta2, epsilon, weight_decay };
                pass.lamb(&Lamb::at_step(t, learning_rate, options), &self.layout, [first, second]);
            }
            Rule::ScheduleFree { beta1, beta2, epsilon, weight_decay } => {
                let options = ScheduleFreeOptions { beta1, beta2, epsilon, weight_decay };
                pass.run(ScheduleFree::at_step(t, accumulated, learning_rate, options), [first, second]);
            }
        }
    }

    /// The next step, to be taken by the backward pass; `None` for rules and modifiers that need the whole gradient or gain nothing
    /// by it.
    pub(crate) fn in_backward<'a>(&'a mut self, exec: Exec<'a>, learning_rate: f64, l2: f32) -> Option<InBackward<'a>> {
        let learning_rate = learning_rate as f32;
        let rule = match self.rule {
            _ if self.modifiers != Modifiers::NONE => return None,
            Rule::Sgd => ElementWise::Sgd(Sgd { learning_rate }),
            Rule::Momentum { momentum } => ElementWise::Momentum(Momentum { learning_rate, momentum }),
            Rule::Nesterov { momentum } => ElementWise::Nesterov(Nesterov { learning_rate, momentum }),
            _ => return None,
        };
        self.steps += 1;
        Some(InBackward { exec, rule, l2, state: &mut self.state[0] })
    }

    /// The state vectors, and what is accumulated besides.
    pub(crate) fn state(&self) -> (&[Vec<f32>; 3], f64) {
        (&self.state, self.accumulated)
    }
    /// Puts back what [`state`](Optimizer::state) was after so many steps; the vectors have to be as long as they are now.
    pub(crate) fn restore(&mut self, state: [Vec<f32>; 3], accumulated: f64, steps: u64) {
        (self.state, self.accumulated, self.steps) = (state, accumulated, steps);
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

    /// Two passes over each layer.
    fn lamb(&mut self, lamb: &Lamb<f32>, layout: &[(usize, usize)], [m, v]: [&mut Vec<f32>; 2]) {
        let first = self.before(self.flushed(*lamb));
        let mut from = 0;
        for (rows, cols) in layout {
            let layer = from..from + rows * cols;
            from = layer.end;
            let (gradient, m, v) = (&self.gradient[layer.clone()], &mut m[layer.clone()], &mut v[layer.clone()]);
            let norms = direction_norms(self.exec, &first, &self.parameters[layer.clone()], gradient, [m, v]);
            let second = self.after(lamb.step(norms));
            fused_step(self.exec, &second, &mut self.parameters[layer], m, [v]);
        }
    }

    /// Everything around the rule; what is not asked for changes nothing.
    fn modified<R: UpdateRule<f32, S>, const S: usize>(&self, rule: R) -> impl UpdateRule<f32, S> + use<R, S> {
        self.before(self.after(self.flushed(rule)))
    }
    /// What is done to the gradient.
    fn before<R: UpdateRule<f32, S>, const S: usize>(&self, rule: R) -> impl UpdateRule<f32, S> + use<R, S> {
        let Modifiers { clip_norm, clip_value, .. } = self.modifiers;
        let factor = clip_norm.map_or(1.0, |limit| clip_factor(self.exec, self.gradient, limit));
        let rule = CoupledDecay { lambda: self.l2, rule };
        Scaled { factor, rule: ClipValue { limit: clip_value.unwrap_or(f32::INFINITY), rule } }
    }
    /// What is done to the parameters.
    fn after<R: UpdateRule<f32, S>, const S: usize>(&self, rule: R) -> impl UpdateRule<f32, S> + use<R, S> {
        let by_rate = |lambda: f32| (self.learning_rate * f64::from(lambda)) as f32;
        let rule = DecoupledDecay { rate: by_rate(self.modifiers.weight_decay), rule };
        SoftThreshold { threshold: by_rate(self.modifiers.l1), rule }
    }
    /// What is done to the state.
    fn flushed<R>(&self, rule: R) -> FlushState<f32, R> {
        FlushState { below: if self.modifiers.flush_subnormals { f32::MIN_POSITIVE } else { 0.0 }, rule }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use simdescent_kernels::optimizer::lamb_step;

    /// Each array of the layout is a layer; modifiers that change nothing change nothing.
    #[test]
    fn lamb_takes_layers_apart() {
        let exec = Exec::default();
        let start = [1.0f32, -2.0, 3.0, 0.1, 0.2, 0.3, -0.4];
        let gradient = [0.5f32, 0.1, -0.2, 5.0, -4.0, 3.0, 2.0];
        let mut w = start;
        let mut optimizer = Optimizer::new(Rule::LAMB, Modifiers::NONE, &[(1, 3), (2, 2)]);
        optimizer.step(exec, 0.1, 0.0, &mut w, &gradient);
        let options = LambOptions { beta1: 0.9, beta2: 0.999, epsilon: 1e-6, weight_decay: 0.01 };
        let lamb = Lamb::at_step(1, 0.1, options);
        let mut want = start;
        let (head, tail) = want.split_at_mut(3);
        lamb_step(exec, &lamb, head, &gradient[..3], [&mut [0.0; 3], &mut [0.0; 3]]);
        lamb_step(exec, &lamb, tail, &gradient[3..], [&mut [0.0; 4], &mut [0.0; 4]]);
        assert_eq!(w, want);

        // Half the gradient, by clipping its norm, is the gradient of half the size; decay comes before the step.
        let norm = gradient.iter().map(|g| g * g).sum::<f32>().sqrt();
        let modifiers = Modifiers { clip_norm: Some(norm / 2.0), l1: 0.5, ..Modifiers::NONE };
        let mut clipped = start;
        Optimizer::new(Rule::LAMB, modifiers, &[(1, 7)]).step(exec, 0.1, 0.0, &mut clipped, &gradient);
        let mut want = start;
        let half = gradient.map(|g| g / 2.0);
        lamb_step(exec, &lamb, &mut want, &half, [&mut [0.0; 7], &mut [0.0; 7]]);
        for (got, want) in clipped.iter().zip(want) {
            let thresholded = want - want.clamp(-0.05, 0.05);
            assert!((got - thresholded).abs() < 1e-6, "{got} and {thresholded}");
        }
    }
}
