//! The gradient that wrappers hand on, for optimizers that need it more than once.

use super::UpdateRule;
use crate::lanes::Lanes;
use crate::real::Real;

/// Puts the gradient in place of the state and leaves the parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KeepGradient;

impl<T: Real> UpdateRule<T, 1> for KeepGradient {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, _: L, w: L::Reg, g: L::Reg, _: [L::Reg; 1]) -> (L::Reg, [L::Reg; 1]) {
        (w, [g])
    }
}
