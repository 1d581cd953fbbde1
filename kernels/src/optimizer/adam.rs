//! Adam (Kingma & Ba 2015).

use super::{Averaging, UpdateRule};
use crate::lanes::Lanes;
use crate::real::Real;

/// m ← fma(β₁, m, (1−β₁)·g); v ← fma(β₂, v, ((1−β₂)·g)·g); w ← fma(−η̂, m/fma(√v, κ, ε), w),
/// with η̂ = η/(1−β₁ᵗ) and κ = 1/√(1−β₂ᵗ), which is η·m̂/(√v̂ + ε).
///
/// ε stands outside the root and is added after bias correction, as in algorithm 1 of the paper and in PyTorch.
/// Keras and the paper's "ε̂" form add it before, which makes it larger by 1/√(1−β₂ᵗ) in the first steps.
///
/// v holds squares. Gradients beyond the root of the largest number, 1.8·10¹⁹ in `f32`, make it infinite sooner or later, and their
/// parameter does not move any more; below 10⁻²³ squares are 0. [`Adamax`](super::Adamax) has no squares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adam<T> {
    beta1: Averaging<T>,
    beta2: Averaging<T>,
    epsilon: T,
    /// η̂
    step_size: T,
    /// κ
    unbias_root: T,
}

impl<T: Real> Adam<T> {
    /// The rule for step `t`, counted from 1.
    ///
    /// The constants of the step are computed in `f64`, 1 − β among them, powers by repeated squaring, so they are the same everywhere.
    ///
    /// # Panics
    /// If `t` is 0, or a β is not in [0, 1) or rounds to 1.
    #[track_caller]
    pub fn at_step(t: u64, learning_rate: f64, beta1: f64, beta2: f64, epsilon: f64) -> Self {
        check("Adam", t);
        Self {
            beta1: Averaging::new(beta1),
            beta2: Averaging::new(beta2),
            epsilon: T::from_f64(epsilon),
            step_size: T::from_f64(learning_rate / (1.0 - power(beta1, t))),
            unbias_root: T::from_f64(1.0 / (1.0 - power(beta2, t)).sqrt()),
        }
    }
    /// The new m and v.
    #[inline(always)]
    pub(super) fn moments<L: Lanes<T>>(&self, l: L, g: L::Reg, [m, v]: [L::Reg; 2]) -> [L::Reg; 2] {
        [self.beta1.add(l, m, g), self.beta2.add_square(l, v, g)]
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

/// Panics unless `t` can be a step of the rule `name`.
#[track_caller]
pub(super) fn check(name: &str, t: u64) {
    assert!(t > 0, "{name}: steps are counted from 1");
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
