//! Logistic sigmoid 1/(1 + e⁻ˣ).

use super::{InPlace, horner, in_place};
use crate::lanes::Lanes;
use crate::real::Real;
use crate::threads::Exec;

/// σ(x) = 1/(1 + e⁻ˣ) on one register; NaN in, NaN out.
///
/// With x = n·ln 2 − r and n₁ about n/2: 2^n₁/(2^n₁ + 2^(n₁−n)·eʳ), so that subnormal results come out of the one division
/// and small values keep their relative accuracy.
///
/// Largest error: 1.70 ULP in `f32` (near −1.10), 1.69 in `f64` (sampled); no step backwards in `f32`.
#[inline(always)]
pub fn sigmoid<T: Real, L: Lanes<T>>(l: L, x: L::Reg) -> L::Reg {
    let x = l.max(l.splat(T::EXP_MIN), x);
    let x = l.min(l.splat(T::EXP_MAX), x);
    // n = round(x / ln 2), n1 = round(x / (2 ln 2))
    let t = l.fma(x, l.splat(T::LOG2E), l.splat(T::ROUND0));
    let t1 = l.fma(x, l.splat(T::LOG2E_HALF), l.splat(T::ROUND1));
    let n = l.sub(t, l.splat(T::ROUND0));
    let a = l.shl_mantissa(t1); // 2^n1
    let b = l.shl_mantissa(l.sub_bits(t1, t)); // 2^(n1 - n)
    // r = n ln 2 - x, so 2^n1 e^-x = b e^r
    let r = l.fma(n, l.splat(T::LN2_HI), l.neg(x));
    let r = l.fma(n, l.splat(T::LN2_LO), r);
    let h = horner(l, r, T::EXP_H);
    let p = l.fma(l.mul(r, r), h, r); // e^r - 1
    // a + b e^r; d is what a + b loses (1 and 2^n more than a mantissa apart)
    let u = l.add(a, b);
    let d = l.sub(a, l.sub(u, b));
    l.div(a, l.add(u, l.fma(b, p, d)))
}

/// Replaces every element x by [`sigmoid`](fn@sigmoid)(x).
pub fn sigmoid_in_place<T: Real>(exec: Exec<'_>, x: &mut [T]) {
    in_place(exec, Sigmoid, x);
}

#[derive(Clone, Copy)]
struct Sigmoid;
impl<T: Real> InPlace<T> for Sigmoid {
    #[inline(always)]
    fn apply<L: Lanes<T>>(self, l: L, x: L::Reg) -> L::Reg {
        sigmoid(l, x)
    }
}
