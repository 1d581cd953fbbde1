//! AdaGrad (Duchi, Hazan & Singer 2011).

use super::UpdateRule;
use crate::lanes::Lanes;
use crate::real::Real;

/// s ← fma(g, g, s); w ← fma(−η, g/(√s + ε), w).
///
/// ε stands outside the root (as in PyTorch; Keras has it inside). s starts at 0 here; some libraries start at 0.1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaGrad<T> {
    /// η
    pub learning_rate: T,
    /// ε, e.g. 1e-10
    pub epsilon: T,
}

impl<T: Real> UpdateRule<T, 1> for AdaGrad<T> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, [s]: [L::Reg; 1]) -> (L::Reg, [L::Reg; 1]) {
        let s = l.fma(g, g, s);
        let direction = l.div(g, l.add(l.sqrt(s), l.splat(self.epsilon)));
        (l.fnma(l.splat(self.learning_rate), direction, w), [s])
    }
}
