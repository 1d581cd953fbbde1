//! AMSGrad (Reddi, Kale & Kumar 2018): Adam whose step sizes never grow.

use super::{Adam, UpdateRule};
use crate::lanes::Lanes;
use crate::real::Real;

/// m and v as in [`Adam`]; u ← max(u, v); w ← fma(−η̂, m/fma(√u, κ, ε), w). State: m, v, u.
///
/// The maximum is taken before bias correction and then corrected like Adam's v, as in PyTorch; the paper has no bias
/// correction, and Keras the ε of its Adam. While v does not shrink, the bits are Adam's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AmsGrad<T>(Adam<T>);

impl<T: Real> AmsGrad<T> {
    /// The rule for step `t`, counted from 1; as [`Adam::at_step`].
    ///
    /// # Panics
    /// If `t` is 0, or a β is not in [0, 1) or rounds to 1.
    #[track_caller]
    pub fn at_step(t: u64, learning_rate: f64, beta1: f64, beta2: f64, epsilon: f64) -> Self {
        Self(Adam::at_step(t, learning_rate, beta1, beta2, epsilon))
    }
}

impl<T: Real> UpdateRule<T, 3> for AmsGrad<T> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, [m, v, u]: [L::Reg; 3]) -> (L::Reg, [L::Reg; 3]) {
        let [m, v] = self.0.moments(l, g, [m, v]);
        let u = l.max(u, v);
        (self.0.descend(l, w, [m, u]), [m, v, u])
    }
}
