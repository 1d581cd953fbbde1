//! AdaDelta (Zeiler 2012): steps in the unit of the parameters, without a learning rate to tune.

use super::{Averaging, UpdateRule};
use crate::lanes::Lanes;
use crate::real::Real;

/// s ← fma(ρ, s, ((1−ρ)·g)·g); Δ = √((u+ε)/(s+ε))·g; u ← fma(ρ, u, ((1−ρ)·Δ)·Δ); w ← fma(−η, Δ, w). State: s, u.
///
/// ε stands inside both roots, as in the paper; one root of the quotient instead of a quotient of roots. η = 1 is the
/// paper's method and PyTorch's default (Keras: 0.001).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdaDelta<T> {
    /// η, 1 in the paper
    pub learning_rate: T,
    /// ρ, in [0, 1); e.g. 0.9 (PyTorch) or 0.95 (paper, Keras)
    pub decay: Averaging<T>,
    /// ε, e.g. 1e-6; the first step is about √(ε/(1−ρ)) long
    pub epsilon: T,
}

impl<T: Real> UpdateRule<T, 2> for AdaDelta<T> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, [s, u]: [L::Reg; 2]) -> (L::Reg, [L::Reg; 2]) {
        let epsilon = l.splat(self.epsilon);
        let s = self.decay.add_square(l, s, g);
        let delta = l.mul(l.sqrt(l.div(l.add(u, epsilon), l.add(s, epsilon))), g);
        let u = self.decay.add_square(l, u, delta);
        (l.fnma(l.splat(self.learning_rate), delta, w), [s, u])
    }
}
