//! [`InBackward`]: an optimizer step as part of the backward pass.

use simdescent_kernels::gemm::{Update, gemm_fused};
use simdescent_kernels::optimizer::{CoupledDecay, Momentum, Nesterov, Sgd, UpdateRule, fused_step};
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
    /// As many as parameters, or none.
    pub(super) state: &'a mut [f32],
}

/// The rules for which it pays: at most one state vector.
#[derive(Clone, Copy, Debug)]
pub(super) enum ElementWise {
    Sgd(Sgd<f32>),
    Momentum(Momentum<f32>),
    Nesterov(Nesterov<f32>),
}

impl InBackward<'_> {
    /// Steps the weights, those at `range` of all parameters, m × n row-major, with the gradient A·B.
    ///
    /// # Panics
    /// If the shapes do not fit.
    pub fn product(&mut self, range: Range<usize>, a: MatRef<'_, f32>, b: MatRef<'_, f32>, weights: &mut [f32]) {
        let with = Product { exec: self.exec, a, b, weights };
        self.dispatch(range, with);
    }

    /// Steps the parameters at `range` with their gradient.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn vector(&mut self, range: Range<usize>, parameters: &mut [f32], gradient: &[f32]) {
        let with = Vector { exec: self.exec, parameters, gradient };
        self.dispatch(range, with);
    }

    fn dispatch(&mut self, range: Range<usize>, with: impl Step) {
        let lambda = self.l2;
        match self.rule {
            ElementWise::Sgd(rule) if lambda == 0.0 => with.step(rule, []),
            ElementWise::Sgd(rule) => with.step(CoupledDecay { lambda, rule }, []),
            ElementWise::Momentum(rule) if lambda == 0.0 => with.step(rule, [&mut self.state[range]]),
            ElementWise::Momentum(rule) => with.step(CoupledDecay { lambda, rule }, [&mut self.state[range]]),
            ElementWise::Nesterov(rule) if lambda == 0.0 => with.step(rule, [&mut self.state[range]]),
            ElementWise::Nesterov(rule) => with.step(CoupledDecay { lambda, rule }, [&mut self.state[range]]),
        }
    }
}

/// What a rule is applied to.
trait Step {
    fn step<R: UpdateRule<f32, S> + 'static, const S: usize>(self, rule: R, state: [&mut [f32]; S]);
}

struct Product<'a> {
    exec: Exec<'a>,
    a: MatRef<'a, f32>,
    b: MatRef<'a, f32>,
    weights: &'a mut [f32],
}
impl Step for Product<'_> {
    fn step<R: UpdateRule<f32, S> + 'static, const S: usize>(self, rule: R, state: [&mut [f32]; S]) {
        let shape = (self.a.rows(), self.b.cols());
        let weights = MatMut::new(self.weights, shape.0, shape.1);
        gemm_fused(self.exec, self.a, self.b, weights, Update::new(rule, shape, state));
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
}
