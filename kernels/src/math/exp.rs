//! eˣ.

use super::{InPlace, horner, in_place};
use crate::lanes::Lanes;
use crate::real::Real;
use crate::threads::Exec;

/// eˣ on one register. Overflows to ∞, underflows through subnormals to +0; NaN in, NaN out.
///
/// x = n·ln 2 + r with |r| ≤ ½ ln 2; eʳ = 1 + r + r²·h(r); the result is (eʳ·2^n₁)·2^(n−n₁), in two factors because 2ⁿ
/// itself may overflow or be subnormal where the result is not.
///
/// Largest error: 0.93 ULP in `f32` (near −60.0), 0.90 in `f64` (sampled).
#[inline(always)]
pub fn exp<T: Real, L: Lanes<T>>(l: L, x: L::Reg) -> L::Reg {
    let x = l.max(l.splat(T::EXP_MIN), x);
    let x = l.min(l.splat(T::EXP_MAX), x);
    exp_clamped(l, x)
}

/// [`exp`] of an argument within [`EXP_MIN`, `EXP_MAX`](super::Coefficients), or NaN.
#[inline(always)]
fn exp_clamped<T: Real, L: Lanes<T>>(l: L, x: L::Reg) -> L::Reg {
    // n = round(x / ln 2), n1 = round(x / (2 ln 2)), both biased, in the low bits
    let t = l.fma(x, l.splat(T::LOG2E), l.splat(T::ROUND2));
    let t1 = l.fma(x, l.splat(T::LOG2E_HALF), l.splat(T::ROUND1));
    let n = l.sub(t, l.splat(T::ROUND2));
    let s1 = l.shl_mantissa(t1); // 2^n1
    let s2 = l.shl_mantissa(l.sub_bits(t, t1)); // 2^(n - n1)
    let r = l.fnma(n, l.splat(T::LN2_HI), x);
    let r = l.fnma(n, l.splat(T::LN2_LO), r);
    let h = horner(l, r, T::EXP_H);
    let q = l.fma(r, h, l.splat(T::ONE)); // (e^r - 1) / r
    let p = l.fma(q, l.mul(r, s1), s1); // e^r 2^n1, one rounding
    l.mul(p, s2)
}

/// Replaces every element x by [`exp`](fn@exp)(x).
pub fn exp_in_place<T: Real>(exec: Exec<'_>, x: &mut [T]) {
    in_place(exec, Exp, x);
}

#[derive(Clone, Copy)]
struct Exp;
impl<T: Real> InPlace<T> for Exp {
    #[inline(always)]
    fn apply<L: Lanes<T>>(self, l: L, x: L::Reg) -> L::Reg {
        exp(l, x)
    }
}
