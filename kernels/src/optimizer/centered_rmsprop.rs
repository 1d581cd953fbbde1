//! Centred RMSprop (Graves 2013): RMSprop that divides by the deviation of the gradient, not by its magnitude.

use super::{Averaging, UpdateRule};
use crate::lanes::Lanes;
use crate::real::Real;

/// v ← fma(ρ, v, ((1−ρ)·g)·g); a ← fma(ρ, a, (1−ρ)·g); w ← fma(−η, g/(√max(v − a·a, 0) + ε), w), with v − a·a rounded
/// once. State: v, a.
///
/// ε stands outside the root (as in PyTorch; the paper and TensorFlow 1 have it inside). v − a² is never negative, but its
/// rounded value may be: it counts as 0 here, where PyTorch gets NaN.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CenteredRmsProp<T> {
    /// η
    pub learning_rate: T,
    /// ρ, in [0, 1); e.g. 0.95 (Graves) or 0.99 (PyTorch)
    pub decay: Averaging<T>,
    /// ε, e.g. 1e-8; what limits the step where the gradient hardly changes
    pub epsilon: T,
}

impl<T: Real> UpdateRule<T, 2> for CenteredRmsProp<T> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, [v, a]: [L::Reg; 2]) -> (L::Reg, [L::Reg; 2]) {
        let (v, a) = (self.decay.add_square(l, v, g), self.decay.add(l, a, g));
        let (variance, zero) = (l.fnma(a, a, v), l.splat(T::ZERO));
        let variance = l.select(l.lt(variance, zero), zero, variance);
        let direction = l.div(g, l.add(l.sqrt(variance), l.splat(self.epsilon)));
        (l.fnma(l.splat(self.learning_rate), direction, w), [v, a])
    }
}
