//! Logistic loss (binary cross-entropy on logits).

use super::{LossOptions, Pointwise, pointwise_in_place};
use crate::lanes::Lanes;
use crate::math::{exp, log1p};
use crate::real::Real;
use crate::threads::Exec;

/// Mean logistic loss (1/n)·Σ log(1 + exp(z\[i\])) − y\[i\]·z\[i\]; replaces z by its gradient (1/n)·(σ(z) − y): [`Logistic`]
/// with default options.
///
/// - `outputs`: n logits z, on return the gradient
/// - `targets`: n labels y in \[0, 1\] (0 or 1, or probabilities)
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn logistic_in_place<T: Real>(exec: Exec<'_>, outputs: &mut [T], targets: &[T]) -> T {
    assert_eq!(outputs.len(), targets.len(), "logistic loss: outputs and targets differ in number");
    pointwise_in_place(exec, Logistic, outputs, targets, LossOptions::default())
}

/// log(1 + eᶻ) − y·z, derivative σ(z) − y.
///
/// With t = exp(−|z|): loss fma(−y, z, max(z, 0)) + log1p(t), and σ(z) = 1/(1 + t) for z ≥ 0, else t/(1 + t); nothing
/// overflows for any finite z.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Logistic;

impl<T: Real> Pointwise<T> for Logistic {
    #[inline(always)]
    fn evaluate<L: Lanes<T>>(self, l: L, z: L::Reg, y: L::Reg) -> (L::Reg, L::Reg) {
        let (zero, one) = (l.splat(T::ZERO), l.splat(T::ONE));
        let t = exp(l, l.neg(l.abs(z)));
        let sigmoid = l.div(l.select(l.lt(z, zero), t, one), l.add(one, t));
        let loss = l.add(l.fnma(y, z, l.max(z, zero)), log1p(l, t));
        (l.sub(sigmoid, y), loss)
    }
}
