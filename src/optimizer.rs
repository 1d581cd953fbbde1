//! Optimizers: a rule with its hyper-parameters, its state, and the number of steps taken.

pub(crate) mod arrays;
mod in_backward;
mod rule;
mod step;
mod step_transforms;

pub use in_backward::InBackward;
pub use rule::{HYPERPARAMETERS, Hyperparameter, Rule};
pub use step_transforms::StepTransforms;

use crate::probe::{KernelCall, Phase, Probe};
use in_backward::{ElementWise, STRIPS_UP_TO};
use simdescent_kernels::Exec;
use simdescent_kernels::optimizer::{
    Adam, DecoupledDecay, Momentum, Nesterov, Sgd, clip_factor, schedule_free_average,
};
use step::Step;
use step_transforms::Around;

/// A [`Rule`] at work: its state vectors and the number of steps taken.
#[derive(Clone, Debug)]
pub struct Optimizer {
    rule: Rule,
    step_transforms: StepTransforms,
    state: [Vec<f32>; 3],
    /// Rows and columns of each parameter array.
    layout: Vec<(usize, usize)>,
    /// Which of them penalties and weight decay take in.
    penalized: Vec<bool>,
    /// Room for the gradient or the direction of one array, for rules of several passes; empty where none is needed.
    scratch: Vec<f32>,
    steps: u64,
    /// Of the steps so far: the product of NAdam's momenta, the sum of schedule-free η².
    accumulated: f64,
}

impl Rule {
    /// The kernels that a step calls.
    fn kernels(self) -> &'static str {
        match self {
            Self::Lamb { .. } => "trust_ratio, fused_step",
            Self::Adafactor { .. } => "Adafactor, fused_step",
            Self::Muon { .. } => "fused_step, orthogonalize",
            _ => "fused_step",
        }
    }

    /// How many numbers an optimizer keeps for parameter arrays of these rows and columns, besides parameters and gradient.
    pub fn state_elements(self, layout: &[(usize, usize)]) -> usize {
        self.state_lengths(layout).iter().sum()
    }
}

impl Optimizer {
    /// Fresh state for parameter arrays of these rows and columns, as [`Model::layout`](crate::Model::layout) has them. All are
    /// penalized, until [`with_penalized`](Self::with_penalized) says otherwise.
    pub fn new(rule: Rule, step_transforms: StepTransforms, layout: &[(usize, usize)]) -> Self {
        let state = rule.state_lengths(layout).map(|n| vec![0.0; n]);
        Self {
            rule,
            step_transforms,
            state,
            layout: layout.to_vec(),
            penalized: vec![true; layout.len()],
            scratch: vec![],
            steps: 0,
            accumulated: 0.0,
        }
    }

    /// The same with penalties (L2, L1) and weight decay, that of the rule too, on these arrays only: usually those that are no
    /// [biases](crate::Model::biases).
    ///
    /// # Panics
    /// If there are not as many as arrays.
    pub fn with_penalized(self, penalized: Vec<bool>) -> Self {
        assert_eq!(self.layout.len(), penalized.len(), "optimizer: arrays and which of them are penalized");
        Self { penalized, ..self }
    }

    /// The rule.
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// One step with learning rate η, in one pass over the parameters (LAMB: two, Adafactor three, Muon more; clipping by norm
    /// reads the gradient once before). `l2` is λ of the penalty ½λ‖w‖² in the loss.
    ///
    /// # Panics
    /// If the lengths are not the number of parameters the optimizer was made for.
    pub fn step(&mut self, exec: Exec<'_>, learning_rate: f64, l2: f32, parameters: &mut [f32], gradient: &[f32]) {
        let n: usize = self.layout.iter().map(|(rows, cols)| rows * cols).sum();
        assert_eq!((n, n), (parameters.len(), gradient.len()), "optimizer: parameters and gradient of another model");
        self.steps += 1;
        let factor = self.step_transforms.clip_norm.map_or(1.0, |limit| clip_factor(exec, gradient, limit));
        let around = Around { step_transforms: self.step_transforms, learning_rate, l2, factor };
        self.rule.step(&mut Step {
            exec,
            t: self.steps,
            around,
            layout: &self.layout,
            penalized: &self.penalized,
            parameters,
            gradient,
            state: &mut self.state,
            accumulated: &mut self.accumulated,
            scratch: &mut self.scratch,
        });
    }

    /// The next step, to be taken by the backward pass; `None` for rules and step transforms that need the whole gradient or gain nothing
    /// by it.
    pub(crate) fn in_backward<'a>(
        &'a mut self,
        exec: Exec<'a>,
        (rate, l2): (f64, f32),
        batch: usize,
    ) -> Option<InBackward<'a>> {
        let (learning_rate, t) = (rate as f32, self.steps + 1);
        let rule = match self.rule {
            _ if self.step_transforms != StepTransforms::NONE => return None,
            Rule::Sgd => ElementWise::Sgd(Sgd { learning_rate }),
            Rule::Momentum { momentum } => ElementWise::Momentum(Momentum { learning_rate, momentum }),
            Rule::Nesterov { momentum } => ElementWise::Nesterov(Nesterov { learning_rate, momentum }),
            _ if batch > STRIPS_UP_TO => return None,
            Rule::Adam { beta1, beta2, epsilon } => ElementWise::Adam(Adam::at_step(t, rate, beta1, beta2, epsilon)),
            Rule::AdamW { beta1, beta2, epsilon, weight_decay } => {
                let rule = Adam::at_step(t, rate, beta1, beta2, epsilon);
                ElementWise::AdamW(DecoupledDecay { rate: (rate * weight_decay) as f32, rule })
            }
            _ => return None,
        };
        self.steps = t;
        let [first, second, _] = &mut self.state;
        let (layout, penalized) = (&self.layout, &self.penalized);
        Some(InBackward { exec, rule, l2, layout, penalized, state: [first, second] })
    }

    /// [`step`](Self::step), shown kernel by kernel as far as results are kept: the factor of clipping, then the parameters of each array.
    pub(crate) fn step_probed(
        &mut self,
        exec: Exec<'_>,
        (learning_rate, l2): (f64, f32),
        (parameters, gradient): (&mut [f32], &[f32]),
        probe: &mut dyn Probe,
    ) {
        if let Some(limit) = self.step_transforms.clip_norm {
            // The step computes it once more, with the same bits.
            let call = KernelCall::new(Phase::Optimizer, "clip_factor", "factor of the gradient");
            probe.called(call, &mut [clip_factor(exec, gradient, limit)]);
        }
        self.step(exec, learning_rate, l2, parameters, gradient);
        for (array, range) in arrays::ranges(&self.layout).enumerate() {
            let call = KernelCall::new(Phase::Optimizer, self.rule.kernels(), "parameters of an array");
            probe.called(call.of_layer(array), &mut parameters[range]);
        }
    }

    /// Shows the state vectors.
    pub(crate) fn show_state(&mut self, probe: &mut dyn Probe) {
        for (state, result) in self.state.iter_mut().zip(["first state", "second state", "third state"]) {
            probe.called(KernelCall::new(Phase::Optimizer, self.rule.kernels(), result), state);
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use simdescent_kernels::optimizer::{Lamb, LambOptions, lamb_step};

    /// Each array of the layout is a layer; step transforms that change nothing change nothing.
    #[test]
    fn lamb_takes_layers_apart() {
        let exec = Exec::default();
        let start = [1.0f32, -2.0, 3.0, 0.1, 0.2, 0.3, -0.4];
        let gradient = [0.5f32, 0.1, -0.2, 5.0, -4.0, 3.0, 2.0];
        let mut w = start;
        let mut optimizer = Optimizer::new(Rule::LAMB, StepTransforms::NONE, &[(1, 3), (2, 2)]);
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
        let step_transforms = StepTransforms { clip_norm: Some(norm / 2.0), l1: 0.5, ..StepTransforms::NONE };
        let mut clipped = start;
        Optimizer::new(Rule::LAMB, step_transforms, &[(1, 7)]).step(exec, 0.1, 0.0, &mut clipped, &gradient);
        let mut want = start;
        let half = gradient.map(|g| g / 2.0);
        lamb_step(exec, &lamb, &mut want, &half, [&mut [0.0; 7], &mut [0.0; 7]]);
        for (got, want) in clipped.iter().zip(want) {
            let thresholded = want - want.clamp(-0.05, 0.05);
            assert!((got - thresholded).abs() < 1e-6, "{got} and {thresholded}");
        }
    }
}
