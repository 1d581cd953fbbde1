//! The weights of a running average.

use crate::lanes::Lanes;
use crate::real::Real;

/// β and 1 − β of a ← β·a + (1 − β)·x.
///
/// The difference is taken in `f64` before both are rounded. Of a rounded β it would be off by up to half the distance of numbers below
/// one: with 0.999999 in `f32` by 1.3 %, which bias correction, another function of β, would not make up for.
/// What a rounded β leaves is seen late: a step of Adam at that β₂ is 3·10⁻⁶ off after 1000 steps, 0.3 % after a million.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Averaging<T> {
    beta: T,
    rest: T,
}

impl<T: Real> Averaging<T> {
    /// The weights for β in [0, 1).
    ///
    /// # Panics
    /// If β is not in [0, 1), or rounds to 1: such an average would never forget.
    #[track_caller]
    pub fn new(beta: f64) -> Self {
        let rounded = T::from_f64(beta);
        assert!((0.0..1.0).contains(&beta), "optimizer: beta has to be in [0, 1), got {beta}");
        assert!(rounded < T::ONE, "optimizer: beta has to be in [0, 1), {beta} rounds to 1");
        Self { beta: rounded, rest: T::from_f64(1.0 - beta) }
    }

    /// The weights for 1 − β in [0, 1], where β comes near to 1 as in [`Adafactor`](super::Adafactor): it may round to it.
    ///
    /// # Panics
    /// If 1 − β is not in [0, 1].
    #[track_caller]
    pub fn with_rest(rest: f64) -> Self {
        assert!((0.0..=1.0).contains(&rest), "optimizer: 1 - beta has to be in [0, 1], got {rest}");
        Self { beta: T::from_f64(1.0 - rest), rest: T::from_f64(rest) }
    }

    /// β
    #[inline(always)]
    pub(super) fn beta<L: Lanes<T>>(&self, l: L) -> L::Reg {
        l.splat(self.beta)
    }

    /// fma(β, a, (1−β)·x)
    #[inline(always)]
    pub(super) fn add<L: Lanes<T>>(&self, l: L, a: L::Reg, x: L::Reg) -> L::Reg {
        l.fma(l.splat(self.beta), a, l.mul(l.splat(self.rest), x))
    }

    /// fma(β, a, ((1−β)·x)·x)
    #[inline(always)]
    pub(super) fn add_square<L: Lanes<T>>(&self, l: L, a: L::Reg, x: L::Reg) -> L::Reg {
        l.fma(l.splat(self.beta), a, l.mul(l.mul(l.splat(self.rest), x), x))
    }
}
