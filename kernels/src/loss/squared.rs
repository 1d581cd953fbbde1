//! Squared error.

use super::{LossOptions, Pointwise, pointwise_in_place};
use crate::lanes::Lanes;
use crate::real::Real;
use crate::threads::Exec;

/// Mean squared error (1/n)·Σ (p\[i\] − y\[i\])²; replaces p by its gradient (2/n)·(p − y): [`Squared`] with default options.
///
/// - `outputs`: n predictions p, on return the gradient
/// - `targets`: n values y
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn squared_in_place<T: Real>(exec: Exec<'_>, outputs: &mut [T], targets: &[T]) -> T {
    assert_eq!(outputs.len(), targets.len(), "squared loss: outputs and targets differ in number");
    pointwise_in_place(exec, Squared, outputs, targets, LossOptions::default())
}

/// With r = p − y rounded: loss r·r, derivative r + r.
///
/// There is no factor ½ (as in PyTorch's `MSELoss` and Keras; texts that have one halve loss and gradient).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Squared;

impl<T: Real> Pointwise<T> for Squared {
    #[inline(always)]
    fn evaluate<L: Lanes<T>>(self, l: L, p: L::Reg, y: L::Reg) -> (L::Reg, L::Reg) {
        let r = l.sub(p, y);
        (l.add(r, r), l.mul(r, r))
    }
}
