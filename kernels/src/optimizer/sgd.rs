//! Stochastic gradient descent (Robbins & Monro 1951).

use super::UpdateRule;
use crate::lanes::Lanes;
use crate::real::Real;

/// w ← fma(−η, g, w).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sgd<T> {
    /// η
    pub learning_rate: T,
}

impl<T: Real> UpdateRule<T, 0> for Sgd<T> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, []: [L::Reg; 0]) -> (L::Reg, [L::Reg; 0]) {
        (l.fnma(l.splat(self.learning_rate), g, w), [])
    }
}
