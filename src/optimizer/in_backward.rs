//! [`InBackward`]: an optimizer step as part of the backward pass.

use super::arrays::ranges;
use simdescent_kernels::gemm::{Update, gemm_fused, step_by_strips};
use simdescent_kernels::optimizer::{
    Adam, CoupledDecay, DecoupledDecay, Momentum, Nesterov, Sgd, UpdateRule, fused_step,
};
use simdescent_kernels::{Exec, MatMut, MatRef};
use std::ops::Range;

/// One step of a rule, applied to weights while their gradient is computed, so that it never goes to memory. The bits are those of
/// [`Optimizer::step`](super::Optimizer::step) with the whole gradient.
///
/// A model that takes part in it hands over each of its parameters once: see [`Model::backward_and_step`](crate::Model::backward_and_step).
#[derive(Debug)]
pub struct InBackward<'a> {
    pub(super) exec: Exec<'a>,
    pub(super) rule: ElementWise,
    pub(super) l2: f32,
    pub(super) layout: &'a [(usize, usize)],
    /// Which arrays penalty and decay take in.
    pub(super) penalized: &'a [bool],
    /// As many as parameters, or none.
    pub(super) state: [&'a mut [f32]; 2],
}

/// The rules for which it pays.
#[derive(Clone, Copy, Debug)]
pub(super) enum ElementWise {
    Sgd(Sgd<f32>),
    Momentum(Momentum<f32>),
    Nesterov(Nesterov<f32>),
    Adam(Adam<f32>),
    AdamW(DecoupledDecay<f32, Adam<f32>>),
}

/// A gradient of more samples takes so long that what it saves on the way to memory and back no longer shows. Measured for Adam: 1.3
/// times as fast at 1 and 8 samples where L2 does not hold the state, the same at 128.
pub(super) const STRIPS_UP_TO: usize = 32;

impl<'a> InBackward<'a> {
    /// Steps the weights, those at `range` of all parameters and in one array, m × n row-major, with the gradient A·B.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn product(&mut self, range: Range<usize>, a: MatRef<'_, f32>, b: MatRef<'_, f32>, weights: &mut [f32]) {
        let with = Product { exec: self.exec, a, b, weights };
        let penalized = self.arrays().any(|(array, penalized)| penalized && array.contains(&range.start));
        self.dispatch(range, penalized, with);
    }

    /// Steps the parameters at `range` with their gradient.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn vector(&mut self, range: Range<usize>, parameters: &mut [f32], gradient: &[f32]) {
        assert_eq!(
            (range.len(), range.len()),
            (parameters.len(), gradient.len()),
            "optimizer: parameters and gradient"
        );
        for (array, penalized) in self.arrays() {
            let part = array.start.max(range.start)..array.end.min(range.end);
            if !part.is_empty() {
                let within = part.start - range.start..part.end - range.start;
                let (parameters, gradient) = (&mut parameters[within.clone()], &gradient[within]);
                self.dispatch(part, penalized, Vector { exec: self.exec, parameters, gradient });
            }
        }
    }

    /// The kernel that [`product`](Self::product) calls.
    pub(crate) fn product_kernel(&self) -> &'static str {
        match self.rule {
            ElementWise::Adam(_) | ElementWise::AdamW(_) => "step_by_strips",
            _ => "gemm_fused with Update",
        }
    }

    /// Where each parameter array lies, and whether it is penalized.
    fn arrays(&self) -> impl Iterator<Item = (Range<usize>, bool)> + use<'a> {
        ranges(self.layout).zip(self.penalized.iter().copied())
    }

    fn dispatch(&mut self, range: Range<usize>, penalized: bool, with: impl Step) {
        let [first, second] = &mut self.state;
        let l2 = if penalized { self.l2 } else { 0.0 };
        match self.rule {
            ElementWise::Sgd(rule) => with.with_penalty(l2, rule, []),
            ElementWise::Momentum(rule) => with.with_penalty(l2, rule, [&mut first[range]]),
            ElementWise::Nesterov(rule) => with.with_penalty(l2, rule, [&mut first[range]]),
            ElementWise::Adam(rule) => {
                with.strips_with_penalty(l2, rule, [&mut first[range.clone()], &mut second[range]]);
            }
            ElementWise::AdamW(mut rule) => {
                if !penalized {
                    rule.rate = 0.0;
                }
                with.strips_with_penalty(l2, rule, [&mut first[range.clone()], &mut second[range]]);
            }
        }
    }
}

/// What a rule is applied to.
trait Step: Sized {
    fn step<R: UpdateRule<f32, S> + 'static, const S: usize>(self, rule: R, state: [&mut [f32]; S]);
    /// The same for rules of more state, which gain by a gradient that comes strip by strip. A method of its own, because no rule is
    /// compiled for both.
    fn step_by_strips<R: UpdateRule<f32, 2>>(self, rule: R, state: [&mut [f32]; 2]);

    /// The rule, behind the gradient of the L2 penalty if there is one.
    fn with_penalty<R: UpdateRule<f32, S> + 'static, const S: usize>(
        self,
        lambda: f32,
        rule: R,
        state: [&mut [f32]; S],
    ) {
        if lambda == 0.0 {
            self.step(rule, state);
        } else {
            self.step(CoupledDecay { lambda, rule }, state);
        }
    }
    fn strips_with_penalty<R: UpdateRule<f32, 2>>(self, lambda: f32, rule: R, state: [&mut [f32]; 2]) {
        if lambda == 0.0 {
            self.step_by_strips(rule, state);
        } else {
            self.step_by_strips(CoupledDecay { lambda, rule }, state);
        }
    }
}

struct Product<'a> {
    exec: Exec<'a>,
    a: MatRef<'a, f32>,
    b: MatRef<'a, f32>,
    weights: &'a mut [f32],
}
impl Step for Product<'_> {
    fn step<R: UpdateRule<f32, S> + 'static, const S: usize>(self, rule: R, state: [&mut [f32]; S]) {
        let Self { exec, a, b, weights } = self;
        let shape = (a.rows(), b.cols());
        gemm_fused(exec, a, b, MatMut::new(weights, shape.0, shape.1), Update::new(rule, shape, state));
    }
    fn step_by_strips<R: UpdateRule<f32, 2>>(self, rule: R, state: [&mut [f32]; 2]) {
        let Self { exec, a, b, weights } = self;
        step_by_strips(exec, &rule, a, b, weights, state);
    }
}

struct Vector<'a> {
    exec: Exec<'a>,
    parameters: &'a mut [f32],
    gradient: &'a [f32],
}
impl Step for Vector<'_> {
    fn step<R: UpdateRule<f32, S> + 'static, const S: usize>(self, rule: R, state: [&mut [f32]; S]) {
        fused_step(self.exec, &rule, self.parameters, self.gradient, state);
    }
    fn step_by_strips<R: UpdateRule<f32, 2>>(self, rule: R, state: [&mut [f32]; 2]) {
        fused_step(self.exec, &rule, self.parameters, self.gradient, state);
    }
}

#[cfg(test)]
mod tests {
    use crate::random::{Purpose, Stream, StreamKey};
    use crate::{Initializer, Mlp, Model, Optimizer, Rule, StepTransforms};
    use simdescent_kernels::activation::Activation;
    use simdescent_kernels::{Exec, MatRef};

    /// Weights after three steps, each of the rules, with and without penalty, each batch size.
    #[test]
    fn stepping_in_the_backward_pass_gives_the_bits_of_stepping_after_it() {
        let exec = Exec::default();
        let rules = [Rule::Sgd, Rule::MOMENTUM, Rule::NESTEROV, Rule::ADAM, Rule::ADAMW];
        for (rule, l2, batch) in rules.into_iter().flat_map(|r| [(r, 0.0, 1), (r, 0.0, 9), (r, 0.01, 9)]) {
            let mut stream = Stream::new(StreamKey::new(Purpose::Weights, 5));
            let mut apart = Mlp::new(&[20, 33, 7], Activation::Tanh, Initializer::XavierNormal, &mut stream);
            let mut at_once = apart.clone();
            // With and without biases in the penalties, by turns.
            let penalized: Vec<bool> = apart.biases().iter().map(|bias| !bias || batch == 1).collect();
            let optimizer = Optimizer::new(rule, StepTransforms::NONE, &apart.layout()).with_penalized(penalized);
            let mut optimizers = [optimizer.clone(), optimizer];
            let x: Vec<f32> = (0..20 * batch).map(|_| stream.normal() as f32).collect();
            let inputs = crate::Rows::Dense(MatRef::new(&x, batch, 20));
            for _ in 0..3 {
                // The outputs stand for the gradient by them.
                apart.forward(exec, inputs);
                apart.backward(exec, inputs);
                let (parameters, gradient) = apart.parameters_and_gradient();
                optimizers[0].step(exec, 0.1, l2, parameters, gradient);
                at_once.forward(exec, inputs);
                at_once.backward_and_step(
                    exec,
                    inputs,
                    optimizers[1].in_backward(exec, (0.1, l2), batch).expect("such a rule"),
                );
            }
            let bits = |model: &Mlp| model.parameters().iter().map(|w| w.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&apart), bits(&at_once), "{}, l2 {l2}, batch {batch}", rule.name());
        }
        for rule in Rule::ALL.into_iter().filter(|rule| !rules.contains(rule)) {
            assert!(Optimizer::new(rule, StepTransforms::NONE, &[(1, 1)]).in_backward(exec, (0.1, 0.0), 1).is_none());
        }
        let clipped = StepTransforms { clip_norm: Some(1.0), ..StepTransforms::NONE };
        assert!(Optimizer::new(Rule::Sgd, clipped, &[(1, 1)]).in_backward(exec, (0.1, 0.0), 1).is_none());
    }
}
