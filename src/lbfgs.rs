//! L-BFGS (Nocedal 1980; Liu & Nocedal 1989) for full-batch problems: a quasi-Newton method that keeps the last few steps and
//! gradient changes in place of a matrix.

mod line_search;

use crate::dataset::Dataset;
use crate::error::ConfigError;
use crate::model::Model;
use crate::optimizer::arrays::ranges;
use crate::random::{Purpose, StreamKey};
use crate::sampling::{Batches, LastBatch, Sampling};
use crate::settings::Settings;
use crate::trainer::prepare_targets;
use line_search::{Point, strong_wolfe};
use simdescent_kernels::{Exec, Real, amax, axpy, dot, scale};
use std::collections::VecDeque;

/// When to stop, and how much to remember.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lbfgs {
    /// Steps and gradient changes that are kept, e.g. 10; 0 is steepest descent.
    pub memory: usize,
    /// Iterations at most; each takes one evaluation of the gradient or a few.
    pub max_iterations: usize,
    /// Stop where no element of the gradient is larger than this.
    pub tolerance: f64,
}

impl Default for Lbfgs {
    /// 10 pairs, 1000 iterations, 1e-6. (SciPy's L-BFGS-B: 10, 15 000, 1e-5.)
    fn default() -> Self {
        Self { memory: 10, max_iterations: 1000, tolerance: 1e-6 }
    }
}

/// Where [`Lbfgs`] ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Minimum {
    /// The objective there.
    pub value: f64,
    /// Largest magnitude in the gradient there.
    pub gradient: f64,
    /// Iterations done.
    pub iterations: usize,
    /// Evaluations of value and gradient.
    pub evaluations: usize,
    /// Why it ended.
    pub stop: Stop,
}

/// Why [`Lbfgs`] ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The gradient is below the tolerance.
    Converged,
    /// No step along the direction is better, or steps no longer make the value or the largest element of the gradient smaller: the
    /// rounding errors of the objective are reached (or its gradient is wrong).
    Precision,
    /// All iterations are used up.
    Iterations,
    /// The objective is not finite where it started.
    NotFinite,
}

impl Lbfgs {
    /// Minimizes `objective`, which returns the value at its first argument and writes the gradient to the second, from `x`
    /// on, where the minimum is put.
    ///
    /// Two-loop recursion, initial matrix s·y/y·y, steps by strong Wolfe conditions with c₁ = 1e-4, c₂ = 0.9. Vectors are in the
    /// precision of `x`; step lengths, slopes and values in `f64`. The bits do not depend on instruction set and threads if those
    /// of `objective` do not.
    pub fn minimize<T: Real>(
        &self,
        exec: Exec<'_>,
        x: &mut [T],
        mut objective: impl FnMut(&[T], &mut [T]) -> f64,
    ) -> Minimum {
        let n = x.len();
        let (mut gradient, mut direction) = (vec![T::ZERO; n], vec![T::ZERO; n]);
        let (mut trial, mut trial_gradient) = (vec![T::ZERO; n], vec![T::ZERO; n]);
        let mut history = CurvaturePairs { pairs: VecDeque::new(), limit: self.memory };
        let mut value = objective(x, &mut gradient);
        let (mut iterations, mut evaluations) = (0, 1);
        let mut progress = Progress { value, gradient: f64::INFINITY, at: 0 };
        let stop = loop {
            let largest = amax(exec, &gradient).to_f64();
            if !value.is_finite() || !largest.is_finite() {
                break Stop::NotFinite;
            }
            if largest <= self.tolerance {
                break Stop::Converged;
            }
            if iterations == self.max_iterations {
                break Stop::Iterations;
            }
            let noise = 4.0 * T::EPSILON.to_f64() * value.abs();
            if progress.has_stalled(iterations, (value, noise), largest) {
                break Stop::Precision;
            }
            direction.copy_from_slice(&gradient);
            history.multiply(exec, &mut direction);
            scale(exec, -T::ONE, &mut direction);
            let mut slope = inner(exec, &gradient, &direction);
            if slope >= 0.0 {
                // Rounding errors: the pairs are of no use any more.
                history.pairs.clear();
                direction.copy_from_slice(&gradient);
                scale(exec, -T::ONE, &mut direction);
                slope = inner(exec, &gradient, &direction);
            }
            // Without pairs, the direction has no length of its own.
            let first = if history.pairs.is_empty() { (1.0 / largest).min(1.0) } else { 1.0 };
            let found = strong_wolfe(Point { step: 0.0, value, slope }, first, noise, |step| {
                evaluations += 1;
                trial.copy_from_slice(x);
                axpy(exec, T::from_f64(step), &direction, &mut trial);
                let value = objective(&trial, &mut trial_gradient);
                (value, inner(exec, &trial_gradient, &direction))
            });
            match found {
                Some(at) => {
                    value = at.value;
                    history.push(exec, (x, &trial), (&gradient, &trial_gradient));
                    x.copy_from_slice(&trial);
                    gradient.copy_from_slice(&trial_gradient);
                    iterations += 1;
                }
                // Perhaps only the pairs mislead.
                None if !history.pairs.is_empty() => history.pairs.clear(),
                None => break Stop::Precision,
            }
        };
        let gradient = amax(exec, &gradient).to_f64();
        Minimum { value, gradient, iterations, evaluations, stop }
    }

    /// Trains `model` on all of `data`: minimizes loss + ½λ‖w‖² from the model's parameters on, of targets that are scaled if
    /// the settings say so. Of the settings it takes loss, [`target_scaling`](Settings::target_scaling) and λ = `l2`; what is about
    /// steps and samples does not matter.
    ///
    /// # Errors
    /// [`ConfigError`] if one of these is out of its range, or loss, model and data do not go together.
    pub fn train(
        &self,
        exec: Exec<'_>,
        model: &mut dyn Model,
        data: &Dataset,
        settings: &Settings,
    ) -> Result<Minimum, ConfigError> {
        let (loss, l2) = (settings.scaled_loss(), settings.l2);
        if !(l2 >= 0.0 && l2.is_finite()) {
            return Err(ConfigError::L2(l2));
        }
        settings.target_scaling.map_or(Ok(()), |scaling| scaling.validate(settings.loss))?;
        let targets = prepare_targets(settings, model, data)?;
        let key = StreamKey::new(Purpose::Sampling, 0); // not drawn from
        let mut batches = Batches::new(data.all(), targets, Sampling::FixedOrder, LastBatch::Short, key);
        let mut x = model.parameters().to_vec();
        let layout = model.layout();
        let penalized = ranges(&layout).zip(settings.penalized(model)).filter(|(_, penalized)| *penalized);
        let penalized: Vec<_> = penalized.map(|(range, _)| range).collect();
        let minimum = self.minimize(exec, &mut x, |x, gradient| {
            model.parameters_mut().copy_from_slice(x);
            let batch = batches.next(data.rows());
            let outputs = model.forward(exec, batch.inputs);
            let loss = loss.replace_by_weighted_gradient(exec, outputs, batch.targets, batch.weights);
            model.backward(exec, batch.inputs);
            gradient.copy_from_slice(model.parameters_and_gradient().1);
            let mut squares = 0.0;
            for range in &penalized {
                let weights = &x[range.clone()];
                axpy(exec, l2, weights, &mut gradient[range.clone()]);
                squares += inner(exec, weights, weights);
            }
            f64::from(loss) + 0.5 * f64::from(l2) * squares
        });
        model.parameters_mut().copy_from_slice(&x);
        Ok(minimum)
    }
}

/// Iterations without progress before it counts as stalled.
const PATIENCE: usize = 10;

/// The last iteration that made value or gradient smaller, and what they were then.
struct Progress {
    value: f64,
    gradient: f64,
    at: usize,
}
impl Progress {
    /// Of the value more than its rounding errors counts as progress, of the gradient a tenth.
    fn has_stalled(&mut self, iterations: usize, (value, noise): (f64, f64), gradient: f64) -> bool {
        if value + noise < self.value || gradient < 0.9 * self.gradient {
            *self = Self { value: value.min(self.value), gradient: gradient.min(self.gradient), at: iterations };
        }
        iterations - self.at >= PATIENCE
    }
}

/// a·b; where that overflows or underflows in the precision of the vectors, in `f64`, element by element.
fn inner<T: Real>(exec: Exec<'_>, a: &[T], b: &[T]) -> f64 {
    let product = dot(exec, a, b).to_f64();
    let reliable = (T::MIN_POSITIVE.to_f64() / T::EPSILON.to_f64().powi(2))..=f64::MAX;
    if reliable.contains(&product.abs()) {
        return product;
    }
    a.iter().zip(b).map(|(a, b)| a.to_f64() * b.to_f64()).sum()
}

/// The last steps and the changes of the gradient along them, oldest first.
struct CurvaturePairs<T> {
    pairs: VecDeque<Pair<T>>,
    limit: usize,
}

struct Pair<T> {
    /// s
    step: Vec<T>,
    /// y
    change: Vec<T>,
    /// s·y > 0
    curvature: f64,
    /// s·y/y·y
    scale: f64,
}

impl<T: Real> CurvaturePairs<T> {
    /// q ← H·q, where H approximates the inverse of the Hessian.
    fn multiply(&self, exec: Exec<'_>, q: &mut [T]) {
        let Some(newest) = self.pairs.back() else { return };
        let mut shares = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let share = inner(exec, &pair.step, q) / pair.curvature;
            axpy(exec, T::from_f64(-share), &pair.change, q);
            shares.push(share);
        }
        scale(exec, T::from_f64(newest.scale), q);
        for (pair, share) in self.pairs.iter().zip(shares.into_iter().rev()) {
            let rest = share - inner(exec, &pair.change, q) / pair.curvature;
            axpy(exec, T::from_f64(rest), &pair.step, q);
        }
    }

    /// Remembers a step and forgets the oldest.
    fn push(&mut self, exec: Exec<'_>, x: (&[T], &[T]), gradient: (&[T], &[T])) {
        let difference = |(before, after): (&[T], &[T])| {
            let mut difference = after.to_vec();
            axpy(exec, -T::ONE, before, &mut difference);
            difference
        };
        let (step, change) = (difference(x), difference(gradient));
        let (curvature, square) = (inner(exec, &step, &change), inner(exec, &change, &change));
        // The line search makes it positive, up to rounding errors.
        if curvature > 0.0 && square > 0.0 {
            self.pairs.push_back(Pair { step, change, curvature, scale: curvature / square });
            if self.pairs.len() > self.limit {
                self.pairs.pop_front();
            }
        }
    }
}
