//! Squared hinge loss.

use super::Pointwise;
use crate::lanes::Lanes;
use crate::real::Real;

/// max(0, 1 − y·z)² for labels y = ±1, as `LinearSVC` of scikit-learn has by default. Smooth: no kink.
///
/// With m = max(0, fma(−y, z, 1)): loss m·m, derivative −y·(m + m).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SquaredHinge;

impl<T: Real> Pointwise<T> for SquaredHinge {
    #[inline(always)]
    fn evaluate<L: Lanes<T>>(self, l: L, z: L::Reg, y: L::Reg) -> (L::Reg, L::Reg) {
        let m = l.max(l.splat(T::ZERO), l.fnma(y, z, l.splat(T::ONE)));
        (l.mul(l.neg(y), l.add(m, m)), l.mul(m, m))
    }
}
