//! NAdam (Dozat 2016): Adam with Nesterov momentum.

use super::UpdateRule;
use super::adam::{Adam, power};
use crate::lanes::Lanes;
use crate::real::Real;

/// m and v as in [`Adam`]; w ← w − fma(a, m, b·g)/fma(√v, κ, ε), with momentum μₜ = β₁·(1 − ½·0.96^(0.004·t)),
/// a = η·μₜ₊₁/(1 − Πₜ₊₁), b = η·(1−μₜ)/(1 − Πₜ), Πₜ = μ₁·…·μₜ.
///
/// The schedule of μ is that of PyTorch, and of Dozat's paper; Keras has 0.96^t in place of 0.96^(0.004·t). m is averaged with the
/// constant β₁, as there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NAdam<T> {
    adam: Adam<T>,
    /// a
    momentum_share: T,
    /// b
    gradient_share: T,
}

impl<T: Real> NAdam<T> {
    /// The rule for step `t`, counted from 1. `product` is Πₜ₋₁, hence 1 before the first step, and becomes Πₜ.
    ///
    /// # Panics
    /// If `t` is 0, or a β is not in [0, 1) or rounds to 1.
    #[track_caller]
    pub fn at_step(t: u64, product: &mut f64, learning_rate: f64, beta1: f64, beta2: f64, epsilon: f64) -> Self {
        let adam = Adam::at_step(t, learning_rate, beta1, beta2, epsilon);
        let (now, next) = (momentum(beta1, t), momentum(beta1, t.saturating_add(1)));
        *product *= now;
        Self {
            adam,
            momentum_share: T::from_f64(learning_rate * next / (1.0 - *product * next)),
            gradient_share: T::from_f64(learning_rate * (1.0 - now) / (1.0 - *product)),
        }
    }
}

/// μₜ
fn momentum(beta1: f64, t: u64) -> f64 {
    /// 0.96^0.004, nearest: a number, because no libm may decide bits.
    const BASE: f64 = 0.999_836_725_352_675_3;
    beta1 * (1.0 - 0.5 * power(BASE, t))
}

impl<T: Real> UpdateRule<T, 2> for NAdam<T> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, state: [L::Reg; 2]) -> (L::Reg, [L::Reg; 2]) {
        let [m, v] = self.adam.moments(l, g, state);
        let direction = l.fma(l.splat(self.momentum_share), m, l.mul(l.splat(self.gradient_share), g));
        (l.sub(w, l.div(direction, self.adam.denominator(l, v))), [m, v])
    }
}
