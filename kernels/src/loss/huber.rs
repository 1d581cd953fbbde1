//! Huber's loss (Huber 1964).

use super::Pointwise;
use crate::lanes::Lanes;
use crate::real::Real;

/// ½·r² for |r| ≤ δ, else δ·(|r| − ½·δ), as PyTorch's `HuberLoss`. (`SmoothL1Loss` is this divided by δ; scikit-learn's
/// `HuberRegressor` takes twice this.)
///
/// With r = p − y rounded and c = min(δ, |r|): loss c·fma(−½, c, |r|), derivative c with the sign of r.
///
/// Panics unless δ > 0 (∞ is half the squared error).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Huber<T> {
    /// δ, where the square goes over into a line.
    pub delta: T,
}

impl<T: Real> Pointwise<T> for Huber<T> {
    #[inline(always)]
    fn evaluate<L: Lanes<T>>(self, l: L, p: L::Reg, y: L::Reg) -> (L::Reg, L::Reg) {
        let r = l.sub(p, y);
        let size = l.abs(r);
        let c = l.min(l.splat(self.delta), size);
        let derivative = l.xor_bits(c, l.and_bits(r, l.splat(T::SIGN)));
        (derivative, l.mul(c, l.fnma(l.splat(T::HALF), c, size)))
    }
    #[track_caller]
    fn check(self) {
        assert!(self.delta > T::ZERO, "Huber loss: delta has to be positive, got {}", self.delta);
    }
}
