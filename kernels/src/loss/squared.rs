//! Squared error.

use super::{Pointwise, mean_in_place};
use crate::lanes::Lanes;
use crate::real::Real;
use crate::threads::Exec;

/// Mean squared error (1/n)·Σ (p\[i\] − y\[i\])²; replaces p by its gradient (2/n)·(p − y).
///
/// - `outputs`: n predictions p, on return the gradient
/// - `targets`: n values y
///
/// There is no factor ½ (as in PyTorch's `MSELoss` and Keras; texts that have one halve loss and gradient).
/// With r = p − y rounded: loss r·r, gradient (1/n)·(r + r).
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn squared_in_place<T: Real>(exec: Exec<'_>, outputs: &mut [T], targets: &[T]) -> T {
    assert_eq!(outputs.len(), targets.len(), "squared loss: outputs and targets differ in number");
    mean_in_place(exec, Squared, outputs, targets)
}

#[derive(Clone, Copy)]
struct Squared;
impl<T: Real> Pointwise<T> for Squared {
    #[inline(always)]
    fn evaluate<L: Lanes<T>>(self, l: L, p: L::Reg, y: L::Reg) -> (L::Reg, L::Reg) {
        let r = l.sub(p, y);
        (l.add(r, r), l.mul(r, r))
    }
}
