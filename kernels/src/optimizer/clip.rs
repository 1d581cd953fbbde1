//! Gradient clipping around any rule (Pascanu, Mikolov & Bengio 2013): by value, and by norm.

use super::UpdateRule;
use crate::lanes::Lanes;
use crate::norm::Norm;
use crate::real::Real;
use crate::threads::Exec;

/// g ← α·g, then the inner rule. With the [`clip_factor`] of the whole gradient this clips by global norm: one pass for the
/// norm, and the step remains one pass.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scaled<T, R> {
    /// α
    pub factor: T,
    /// The rule that sees the scaled gradient.
    pub rule: R,
}

impl<T: Real, R: UpdateRule<T, S>, const S: usize> UpdateRule<T, S> for Scaled<T, R> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, state: [L::Reg; S]) -> (L::Reg, [L::Reg; S]) {
        self.rule.update(l, w, l.mul(l.splat(self.factor), g), state)
    }
}

/// g ← g limited to [−c, c], then the inner rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClipValue<T, R> {
    /// c ≥ 0
    pub limit: T,
    /// The rule that sees the clipped gradient.
    pub rule: R,
}

impl<T: Real, R: UpdateRule<T, S>, const S: usize> UpdateRule<T, S> for ClipValue<T, R> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, state: [L::Reg; S]) -> (L::Reg, [L::Reg; S]) {
        self.rule.update(l, w, clamp(l, g, self.limit), state)
    }
}

/// x limited to [−c, c]; NaN remains.
#[inline(always)]
pub(super) fn clamp<T: Real, L: Lanes<T>>(l: L, x: L::Reg, limit: T) -> L::Reg {
    let (low, high) = (l.splat(-limit), l.splat(limit));
    let x = l.select(l.lt(x, low), low, x);
    l.select(l.lt(high, x), high, x)
}

/// The factor that brings the Euclidean norm of `gradient` down to `limit`: limit/‖g‖ where ‖g‖ > limit, else 1.
///
/// The norm neither overflows nor underflows, even where it is beyond the largest number itself. PyTorch adds 1e-6 to it. A gradient with
/// an infinite element gets the factor 0, one with NaN 1: neither is hidden from the parameters.
///
/// ```
/// use simdescent_kernels::{Exec, optimizer::{Scaled, Sgd, clip_factor, fused_step}};
/// let (mut w, g) = ([0.0f32; 2], [3.0, 4.0]);
/// let factor = clip_factor(Exec::default(), &g, 1.0);
/// fused_step(Exec::default(), &Scaled { factor, rule: Sgd { learning_rate: 1.0 } }, &mut w, &g, []);
/// assert_eq!(w, [-0.6, -0.8]);
/// ```
#[inline(never)]
pub fn clip_factor<T: Real>(exec: Exec<'_>, gradient: &[T], limit: T) -> T {
    let norm = Norm::of(exec, gradient);
    if norm.value() > limit { norm.divide(limit) } else { T::ONE }
}
