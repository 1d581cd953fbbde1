//! Tiny state to zero: arithmetic on subnormal numbers is slower on most CPUs, 30 to 160 times on Intel's (an instruction of each is done in
//! microcode), Adam's step three times on AMD's Zen 5.

use super::UpdateRule;
use crate::lanes::Lanes;
use crate::real::Real;

/// The inner rule, then s ← 0 for each element of the state with |s| < `below`.
///
/// State that is no longer fed (a weight whose input is always 0, a dead ReLU) decays into the subnormal numbers and stays
/// there for good: 0.9 times the smallest of them rounds to itself. With `below` the smallest normal number
/// ([`Real::MIN_POSITIVE`]) the state skips them. This is a compare and a select, so the same bits everywhere, unlike the CPU's own
/// flush-to-zero mode.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FlushState<T, R> {
    /// Smallest magnitude that is kept.
    pub below: T,
    /// The rule whose state is flushed.
    pub rule: R,
}

impl<T: Real, R: UpdateRule<T, S>, const S: usize> UpdateRule<T, S> for FlushState<T, R> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, state: [L::Reg; S]) -> (L::Reg, [L::Reg; S]) {
        let (w, mut state) = self.rule.update(l, w, g, state);
        let (below, zero) = (l.splat(self.below), l.splat(T::ZERO));
        for s in &mut state {
            *s = l.select(l.lt(l.abs(*s), below), zero, *s);
        }
        (w, state)
    }
}
