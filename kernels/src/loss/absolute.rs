//! Absolute error.

use super::Pointwise;
use crate::lanes::Lanes;
use crate::real::Real;

/// With r = p − y rounded: loss |r|, derivative 1, −1, or r itself (0) at the kink r = ±0, as in PyTorch's `L1Loss`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absolute;

impl<T: Real> Pointwise<T> for Absolute {
    #[inline(always)]
    fn evaluate<L: Lanes<T>>(self, l: L, p: L::Reg, y: L::Reg) -> (L::Reg, L::Reg) {
        let (zero, one, r) = (l.splat(T::ZERO), l.splat(T::ONE), l.sub(p, y));
        // r where it is neither above nor below 0, so that NaN passes
        let derivative = l.select(l.lt(zero, r), one, l.select(l.lt(r, zero), l.neg(one), r));
        (derivative, l.abs(r))
    }
}
