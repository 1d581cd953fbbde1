//! L1 regularization as a proximal step (Daubechies, Defrise & De Mol 2004; Beck & Teboulle 2009): exact zeros.

use super::UpdateRule;
use super::clip::clamp;
use crate::lanes::Lanes;
use crate::real::Real;

/// The inner rule, then soft thresholding w ← sign(w)·max(|w| − τ, 0), computed as w − (w limited to [−τ, τ]).
///
/// With τ = η·λ and [`Sgd`](super::Sgd) this is proximal gradient descent (ISTA) on loss + λ‖w‖₁. Around an adaptive rule the
/// threshold does not adapt: it is the prox in the Euclidean norm, not in that of the rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SoftThreshold<T, R> {
    /// τ = η·λ ≥ 0
    pub threshold: T,
    /// The rule whose result is thresholded.
    pub rule: R,
}

impl<T: Real, R: UpdateRule<T, S>, const S: usize> UpdateRule<T, S> for SoftThreshold<T, R> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, state: [L::Reg; S]) -> (L::Reg, [L::Reg; S]) {
        let (w, state) = self.rule.update(l, w, g, state);
        (l.sub(w, clamp(l, w, self.threshold)), state)
    }
}
