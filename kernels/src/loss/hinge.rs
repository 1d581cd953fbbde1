//! Hinge loss of a support vector machine.

use super::Pointwise;
use crate::lanes::Lanes;
use crate::real::Real;

/// max(0, 1 − y·z) for labels y = ±1.
///
/// With m = fma(−y, z, 1): loss m and derivative −y where m > 0, else 0 and 0, also at the kink m = 0 (as in scikit-learn's
/// `SGDClassifier` below the margin; texts differ at the kink).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hinge;

impl<T: Real> Pointwise<T> for Hinge {
    #[inline(always)]
    fn evaluate<L: Lanes<T>>(self, l: L, z: L::Reg, y: L::Reg) -> (L::Reg, L::Reg) {
        let zero = l.splat(T::ZERO);
        let m = l.fnma(y, z, l.splat(T::ONE));
        let loss = l.max(zero, m); // constant first: NaN passes
        // A NaN margin is its own derivative.
        let derivative = l.select(l.lt(zero, m), l.neg(y), l.sub(loss, loss));
        (derivative, loss)
    }
}
