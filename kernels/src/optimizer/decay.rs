//! Weight decay around any rule, in its two forms. They agree for SGD and differ for everything adaptive
//! (Loshchilov & Hutter 2019).

use super::UpdateRule;
use crate::lanes::Lanes;
use crate::real::Real;

/// L2 regularization in the loss, ½λ‖w‖²: g ← fma(λ, w, g), then the inner rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CoupledDecay<T, R> {
    /// λ
    pub lambda: T,
    /// The rule that sees the decayed gradient.
    pub rule: R,
}

impl<T: Real, R: UpdateRule<T, S>, const S: usize> UpdateRule<T, S> for CoupledDecay<T, R> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, state: [L::Reg; S]) -> (L::Reg, [L::Reg; S]) {
        self.rule.update(l, w, l.fma(l.splat(self.lambda), w, g), state)
    }
}

/// Decoupled weight decay: w ← fma(−ηλ, w, w), then the inner rule. Around [`Adam`](super::Adam) this is AdamW.
///
/// The factor is the product of learning rate and λ, as in PyTorch; the paper's λ is already multiplied by
/// the schedule only.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DecoupledDecay<T, R> {
    /// η·λ
    pub rate: T,
    /// The rule that sees the decayed parameters.
    pub rule: R,
}

impl<T: Real, R: UpdateRule<T, S>, const S: usize> UpdateRule<T, S> for DecoupledDecay<T, R> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, state: [L::Reg; S]) -> (L::Reg, [L::Reg; S]) {
        self.rule.update(l, l.fnma(l.splat(self.rate), w, w), g, state)
    }
}
