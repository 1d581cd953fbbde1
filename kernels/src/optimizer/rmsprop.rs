//! RMSprop (Tieleman & Hinton, lecture 6.5, 2012).

use super::{Averaging, UpdateRule};
use crate::lanes::Lanes;
use crate::real::Real;

/// v ← fma(ρ, v, ((1−ρ)·g)·g); w ← fma(−η, g/(√v + ε), w).
///
/// ε stands outside the root (as in PyTorch; TensorFlow 1 had it inside). No bias correction: v starts at 0, so the
/// first steps are up to 1/√(1−ρ) times longer than later ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RmsProp<T> {
    /// η
    pub learning_rate: T,
    /// ρ, in [0, 1); e.g. 0.9 (Hinton) or 0.99 (PyTorch)
    pub decay: Averaging<T>,
    /// ε, e.g. 1e-8
    pub epsilon: T,
}

impl<T: Real> UpdateRule<T, 1> for RmsProp<T> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, [v]: [L::Reg; 1]) -> (L::Reg, [L::Reg; 1]) {
        let v = self.decay.add_square(l, v, g);
        let direction = l.div(g, l.add(l.sqrt(v), l.splat(self.epsilon)));
        (l.fnma(l.splat(self.learning_rate), direction, w), [v])
    }
}
