//! Quantile loss, also called pinball loss (Koenker & Bassett 1978).

use super::Pointwise;
use crate::lanes::Lanes;
use crate::real::Real;

/// With r = p − y rounded: loss (1 − τ)·r for r > 0, else τ·|r|; its minimum over p is the τ-quantile of y. τ = ½ is half the
/// absolute error. As `mean_pinball_loss` in scikit-learn.
///
/// Derivative 1 − τ for r > 0, −τ for r < 0, and r itself (0) at the kink r = ±0. (scikit-learn's boosting takes −τ there.)
///
/// Panics unless 0 < τ < 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantile<T> {
    /// τ: which quantile.
    pub tau: T,
}

impl<T: Real> Pointwise<T> for Quantile<T> {
    #[inline(always)]
    fn evaluate<L: Lanes<T>>(self, l: L, p: L::Reg, y: L::Reg) -> (L::Reg, L::Reg) {
        let (zero, r) = (l.splat(T::ZERO), l.sub(p, y));
        let (above, below) = (l.splat(T::ONE - self.tau), l.splat(self.tau));
        let is_above = l.lt(zero, r);
        let derivative = l.select(is_above, above, l.select(l.lt(r, zero), l.neg(below), r));
        (derivative, l.mul(l.select(is_above, above, below), l.abs(r)))
    }
    #[track_caller]
    fn check(self) {
        let inside = T::ZERO < self.tau && self.tau < T::ONE;
        assert!(inside, "quantile loss: tau has to be between 0 and 1, got {}", self.tau);
    }
}
