//! An epoch of mini-batch SGD.

use super::inputs::{Inputs, Pick, check};
use super::pass::{Between, ByLoss, Divided, Pass, total_lanes};
use crate::gemm::{Scratch, k_block};
use crate::lanes::{Kernel, Lanes};
use crate::loss::{LossOptions, Pointwise};
use crate::optimizer::{CoupledDecay, Sgd, UpdateRule, fused_step, step_lanes};
use crate::real::Real;
use crate::threads::Exec;

/// How [`sgd_epoch`] goes through the rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Epoch<'a, T> {
    /// The rows of X in the order to visit them, any number of times each; as they lie if `None`.
    pub order: Option<&'a [u32]>,
    /// Rows per step; the last batch may be shorter.
    pub batch_size: usize,
    /// One learning rate for all steps, or one for each.
    pub learning_rates: &'a [T],
    /// λ of the penalty ½λ‖parameters‖² (the intercept included, as in [`CoupledDecay`]).
    pub l2: T,
}

/// One pass of SGD over the rows: for each batch the mean loss and its gradient, then w ← w − η·(gradient + λ·w). Returns the mean of the
/// losses, each taken before its step, without the penalty.
///
/// - `x`: m × d; `targets`: m; `parameters`: d weights, and the intercept if there is one more
///
/// Bits are those of [`loss_and_gradient`](super::loss_and_gradient) on the rows of a batch, and
/// [`fused_step`] of [`Sgd`] (inside [`CoupledDecay`] unless λ = 0), called in turn; losses are added up in order and divided by
/// their number, and 0 where there are no rows. A step costs as much as there are parameters, also for a sparse X.
///
/// # Panics
/// If lengths do not fit the shape of X, `order` names a row that X does not have, the batch size is 0, there is neither one
/// learning rate nor one per step, or as [`Pointwise::check`] says.
#[track_caller]
#[inline(never)]
pub fn sgd_epoch<T: Real, X: Inputs<T>, P: Pointwise<T>>(
    exec: Exec<'_>,
    loss: P,
    x: X,
    targets: &[T],
    epoch: Epoch<'_, T>,
    parameters: &mut [T],
) -> T {
    let Epoch { order, batch_size, learning_rates, .. } = epoch;
    check(x, targets.len(), parameters.len());
    loss.check();
    let (rows, _) = x.shape();
    if let Some(row) = order.into_iter().flatten().find(|&&row| row as usize >= rows) {
        panic!("SGD epoch: the order names row {row}, X has {rows} rows");
    }
    assert!(batch_size > 0, "SGD epoch: the batch size has to be positive");
    let visits = order.map_or(rows, <[u32]>::len);
    let steps = visits.div_ceil(batch_size);
    let has = learning_rates.len();
    assert!(has == 1 || has == steps, "SGD epoch: {has} learning rates for {steps} steps; give one, or one per step");
    if steps == 0 {
        return T::ZERO;
    }
    let longest = batch_size.min(visits);
    let one_block = longest <= k_block(longest);
    let rows_at_once = if one_block { longest } else { 0 };
    let mut scratch = Scratch::borrow::<T>(parameters.len() + 2 * rows_at_once);
    let (gradient, rest) = scratch.elements().split_at_mut(parameters.len());
    let (derivatives, losses) = rest.split_at_mut(rows_at_once);
    let batches = Batches { loss, x, targets, epoch, visits, parameters, gradient, derivatives, losses };
    let sum = if one_block { exec.run(batches) } else { batches.with_threads(exec) };
    sum / T::from_f64(steps as f64)
}

/// The batches of an epoch, and where their results go.
struct Batches<'a, T, X, P> {
    loss: P,
    x: X,
    targets: &'a [T],
    epoch: Epoch<'a, T>,
    /// Rows visited in all.
    visits: usize,
    parameters: &'a mut [T],
    gradient: &'a mut [T],
    /// One per row of a batch, if it is one block.
    derivatives: &'a mut [T],
    losses: &'a mut [T],
}

/// A batch: its number of rows, which they are, and the step after it.
type Batch<'a, T> = (usize, Pick<'a>, Step<T>);

impl<'a, T: Real, X: Inputs<T>, P: Pointwise<T>> Batches<'a, T, X, P> {
    fn iter(&self) -> impl Iterator<Item = Batch<'a, T>> + use<'a, T, X, P> {
        let (Epoch { order, batch_size, learning_rates, l2 }, visits) = (self.epoch, self.visits);
        (0..visits).step_by(batch_size).enumerate().map(move |(step, first)| {
            let learning_rate = learning_rates[if learning_rates.len() == 1 { 0 } else { step }];
            (batch_size.min(visits - first), Pick { first, order }, Step { sgd: Sgd { learning_rate }, l2 })
        })
    }

    /// Takes all steps with the threads of `exec`; returns the sum of the losses.
    fn with_threads(self, exec: Exec<'_>) -> T {
        let mut sum = T::ZERO;
        for (n, rows, step) in self.iter() {
            let by_loss = ByLoss {
                loss: self.loss,
                targets: self.targets,
                options: LossOptions::default(),
                parameters: self.parameters,
            };
            sum = sum + by_loss.run(exec, self.x, rows, n, self.gradient);
            fused_step(exec, &step, self.parameters, self.gradient, []);
        }
        sum
    }
}

/// Batches of one block each: nothing is entered or borrowed in a step.
impl<T: Real, X: Inputs<T>, P: Pointwise<T>> Kernel<T> for Batches<'_, T, X, P> {
    type Output = T;
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) -> T {
        let mut sum = T::ZERO;
        for (n, rows, step) in self.iter() {
            let Self { loss, x, targets, .. } = self;
            let (derivatives, losses) = (&mut self.derivatives[..n], &mut self.losses[..n]);
            let divisor = T::from_f64(n as f64);
            let by_loss = ByLoss { loss, targets, options: LossOptions::default(), parameters: self.parameters };
            let between = Divided { by_loss, divisor };
            if n == 1 {
                between.derive(l, (x, rows, 0), derivatives, losses);
                let (w, intercept) = self.parameters.split_at_mut(x.shape().1);
                let (g, g_intercept) = self.gradient.split_at_mut(w.len());
                g_intercept.fill(total_lanes(l, derivatives));
                step_lanes(l, &step, intercept, g_intercept, []);
                x.step(l, (rows, derivatives[0]), &step, w, g);
            } else {
                Pass { x, rows, between }.block(l, derivatives, losses, self.gradient);
                step_lanes(l, &step, self.parameters, self.gradient, []);
            }
            sum = sum + total_lanes(l, losses) / divisor;
        }
        sum
    }
}

/// SGD, with the penalty if there is one.
#[derive(Clone, Copy)]
struct Step<T> {
    sgd: Sgd<T>,
    l2: T,
}
impl<T: Real> UpdateRule<T, 0> for Step<T> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, state: [L::Reg; 0]) -> (L::Reg, [L::Reg; 0]) {
        let Self { sgd, l2 } = *self;
        if l2 == T::ZERO {
            sgd.update(l, w, g, state)
        } else {
            CoupledDecay { lambda: l2, rule: sgd }.update(l, w, g, state)
        }
    }
}
