//! [`Accum`]: whether a product replaces its destination or is added to it.

use crate::real::Real;

/// What a product does to its destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Accum {
    /// c ← α·p. Never reads c, which may hold anything, NaN included.
    Replace,
    /// c ← c + α·p, as fma(α, p, c).
    Add,
}

impl Accum {
    /// The new value of `c` for the product `p`.
    #[inline(always)]
    pub(crate) fn apply<T: Real>(self, alpha: T, p: T, c: &T) -> T {
        match self {
            Self::Replace => alpha * p,
            Self::Add => alpha.mul_add(p, *c),
        }
    }
}
