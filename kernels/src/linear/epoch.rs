//! An epoch of mini-batch SGD.

use super::pass::ByLoss;
use super::{Inputs, Pick, check};
use crate::gemm::Scratch;
use crate::loss::{LossOptions, Pointwise};
use crate::optimizer::{CoupledDecay, Sgd, fused_step};
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
pub fn sgd_epoch<T: Real, X: Inputs<T>, P: Pointwise<T>>(
    exec: Exec<'_>,
    loss: P,
    x: X,
    targets: &[T],
    epoch: Epoch<'_, T>,
    parameters: &mut [T],
) -> T {
    let Epoch { order, batch_size, learning_rates, l2 } = epoch;
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
    let mut scratch = Scratch::borrow::<T>(parameters.len());
    let gradient = &mut scratch.elements()[..parameters.len()];
    let mut sum = T::ZERO;
    for (step, first) in (0..visits).step_by(batch_size).enumerate() {
        let rows = Pick { first, order };
        let by_loss = ByLoss { loss, targets, options: LossOptions::default(), parameters };
        sum = sum + by_loss.run(exec, x, rows, batch_size.min(visits - first), gradient);
        let sgd = Sgd { learning_rate: learning_rates[if has == 1 { 0 } else { step }] };
        if l2 == T::ZERO {
            fused_step(exec, &sgd, parameters, gradient, []);
        } else {
            fused_step(exec, &CoupledDecay { lambda: l2, rule: sgd }, parameters, gradient, []);
        }
    }
    if steps == 0 { T::ZERO } else { sum / T::from_f64(steps as f64) }
}
