//! SGD with Nesterov momentum (Nesterov 1983, in the form of Sutskever et al. 2013).

use super::UpdateRule;
use crate::lanes::Lanes;
use crate::real::Real;

/// v ← fma(μ, v, g); w ← fma(−η, fma(μ, v, g), w).
///
/// The gradient is taken at w itself: the parameters held are the look-ahead ones, as in PyTorch. Like
/// [`Momentum`](super::Momentum), the current η scales the whole velocity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Nesterov<T> {
    /// η
    pub learning_rate: T,
    /// μ, in [0, 1)
    pub momentum: T,
}

impl<T: Real> UpdateRule<T, 1> for Nesterov<T> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, [v]: [L::Reg; 1]) -> (L::Reg, [L::Reg; 1]) {
        let momentum = l.splat(self.momentum);
        let v = l.fma(momentum, v, g);
        (l.fnma(l.splat(self.learning_rate), l.fma(momentum, v, g), w), [v])
    }
}
