//! SGD with heavy-ball momentum (Polyak 1964).

use super::UpdateRule;
use crate::lanes::Lanes;
use crate::real::Real;

/// v ← fma(μ, v, g); w ← fma(−η, v, w).
///
/// The velocity is a sum of gradients and the *current* η scales all of it, as in PyTorch (without dampening). Keras
/// and Sutskever et al. 2013 keep v ← μ·v − η·g instead: the same path for constant η, another after η changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Momentum<T> {
    /// η
    pub learning_rate: T,
    /// μ, in [0, 1)
    pub momentum: T,
}

impl<T: Real> UpdateRule<T, 1> for Momentum<T> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, [v]: [L::Reg; 1]) -> (L::Reg, [L::Reg; 1]) {
        let v = l.fma(l.splat(self.momentum), v, g);
        (l.fnma(l.splat(self.learning_rate), v, w), [v])
    }
}
