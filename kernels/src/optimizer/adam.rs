//! Adam (Kingma & Ba 2015).

use super::UpdateRule;
use crate::lanes::Lanes;
use crate::real::Real;

/// m ← fma(β₁, m, (1−β₁)·g); v ← fma(β₂, v, ((1−β₂)·g)·g); w ← fma(−η̂, m/fma(√v, κ, ε), w),
/// with η̂ = η/(1−β₁ᵗ) and κ = 1/√(1−β₂ᵗ), which is η·m̂/(√v̂ + ε).
///
/// ε stands outside the root and is added after bias correction, as in algorithm 1 of the paper and in PyTorch.
/// Keras and the paper's "ε̂" form add it before, which makes it larger by 1/√(1−β₂ᵗ) in the first steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam<T> {
    beta1: T,
    beta2: T,
    epsilon: T,
    /// η̂
    step_size: T,
    /// κ
    unbias_root: T,
}

impl<T: Real> Adam<T> {
    /// The rule for step `t`, counted from 1.
    ///
    /// The constants of the step are computed in `f64`, powers by repeated squaring, so they are the same everywhere.
    ///
    /// # Panics
    /// If `t` is 0 or a β is not in [0, 1).
    #[track_caller]
    pub fn at_step(t: u64, learning_rate: f64, beta1: f64, beta2: f64, epsilon: f64) -> Self {
        check("Adam", t, [beta1, beta2]);
        Self {
            beta1: T::from_f64(beta1),
            beta2: T::from_f64(beta2),
            epsilon: T::from_f64(epsilon),
            step_size: T::from_f64(learning_rate / (1.0 - power(beta1, t))),
            unbias_root: T::from_f64(1.0 / (1.0 - power(beta2, t)).sqrt()),
        }
    }
    /// The new m and v.
    #[inline(always)]
    pub(super) fn moments<L: Lanes<T>>(&self, l: L, g: L::Reg, [m, v]: [L::Reg; 2]) -> [L::Reg; 2] {
        let m = l.fma(l.splat(self.beta1), m, l.mul(l.splat(T::ONE - self.beta1), g));
        let v = l.fma(l.splat(self.beta2), v, l.mul(l.mul(l.splat(T::ONE - self.beta2), g), g));
        [m, v]
    }
    /// √v̂ + ε
    #[inline(always)]
    pub(super) fn denominator<L: Lanes<T>>(&self, l: L, v: L::Reg) -> L::Reg {
        l.fma(l.sqrt(v), l.splat(self.unbias_root), l.splat(self.epsilon))
    }
    /// w − η·m̂/(√v̂ + ε)
    #[inline(always)]
    pub(super) fn descend<L: Lanes<T>>(&self, l: L, w: L::Reg, [m, v]: [L::Reg; 2]) -> L::Reg {
        l.fnma(l.splat(self.step_size), l.div(m, self.denominator(l, v)), w)
    }
}

impl<T: Real> UpdateRule<T, 2> for Adam<T> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, state: [L::Reg; 2]) -> (L::Reg, [L::Reg; 2]) {
        let state = self.moments(l, g, state);
        (self.descend(l, w, state), state)
    }
}

/// Panics unless `t` and the `betas` can be those of the rule `name`.
#[track_caller]
pub(super) fn check(name: &str, t: u64, betas: [f64; 2]) {
    assert!(t > 0, "{name}: steps are counted from 1");
    for beta in betas {
        assert!((0.0..1.0).contains(&beta), "{name}: beta has to be in [0, 1), got {beta}");
    }
}

/// xᵗ by repeated squaring: `f64::powi` may round differently from one platform to the next.
pub(super) fn power(x: f64, t: u64) -> f64 {
    let (mut result, mut square, mut t) = (1.0, x, t);
    while t > 0 {
        if t & 1 == 1 {
            result *= square;
        }
        square *= square;
        t >>= 1;
    }
    result
}
