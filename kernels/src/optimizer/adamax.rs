//! Adamax (Kingma & Ba 2015, section 7.1): Adam with the infinity norm.

use super::adam::{check, power};
use super::{Averaging, UpdateRule};
use crate::lanes::Lanes;
use crate::real::Real;

/// m ← fma(β₁, m, (1−β₁)·g); u ← max(β₂·u, |g| + ε); w ← fma(−η̂, m/u, w) with η̂ = η/(1−β₁ᵗ).
///
/// ε keeps u from 0, where it stands in PyTorch; the paper has none, Keras adds it to the denominator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adamax<T> {
    beta1: Averaging<T>,
    beta2: Averaging<T>,
    epsilon: T,
    /// η̂
    step_size: T,
}

impl<T: Real> Adamax<T> {
    /// The rule for step `t`, counted from 1.
    ///
    /// # Panics
    /// If `t` is 0, or a β is not in [0, 1) or rounds to 1.
    #[track_caller]
    pub fn at_step(t: u64, learning_rate: f64, beta1: f64, beta2: f64, epsilon: f64) -> Self {
        check("Adamax", t);
        Self {
            beta1: Averaging::new(beta1),
            beta2: Averaging::new(beta2),
            epsilon: T::from_f64(epsilon),
            step_size: T::from_f64(learning_rate / (1.0 - power(beta1, t))),
        }
    }
}

impl<T: Real> UpdateRule<T, 2> for Adamax<T> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, [m, u]: [L::Reg; 2]) -> (L::Reg, [L::Reg; 2]) {
        let m = self.beta1.add(l, m, g);
        let u = l.max(l.mul(self.beta2.beta(l), u), l.add(l.abs(g), l.splat(self.epsilon)));
        (l.fnma(l.splat(self.step_size), l.div(m, u), w), [m, u])
    }
}
