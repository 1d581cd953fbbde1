//! Lion (Chen et al. 2023): the sign of a momentum, found by symbolic search.

use super::{Averaging, UpdateRule};
use crate::lanes::Lanes;
use crate::real::Real;

/// w ← fma(−η, sign(fma(β₁, m, (1−β₁)·g)), w) with sign(±0) = ±0; m ← fma(β₂, m, (1−β₂)·g).
///
/// The paper decays weights decoupled, which is [`DecoupledDecay`](super::DecoupledDecay) around this rule. Every
/// parameter moves by η or not at all: rates a tenth of Adam's are usual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lion<T> {
    /// η
    pub learning_rate: T,
    /// β₁, in [0, 1): the share of the momentum in the direction, e.g. 0.9
    pub beta1: Averaging<T>,
    /// β₂, in [0, 1): how long the momentum lasts, e.g. 0.99
    pub beta2: Averaging<T>,
}

impl<T: Real> UpdateRule<T, 1> for Lion<T> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, [m]: [L::Reg; 1]) -> (L::Reg, [L::Reg; 1]) {
        let direction = self.beta1.add(l, m, g);
        let (zero, one) = (l.splat(T::ZERO), l.splat(T::ONE));
        // Zeros and NaN are their own sign.
        let sign = l.select(l.lt(direction, zero), l.splat(-T::ONE), direction);
        let sign = l.select(l.lt(zero, direction), one, sign);
        let m = self.beta2.add(l, m, g);
        (l.fnma(l.splat(self.learning_rate), sign, w), [m])
    }
}
