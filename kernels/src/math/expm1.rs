//! eˣ − 1.

use super::{InPlace, horner, in_place};
use crate::lanes::Lanes;
use crate::real::Real;
use crate::threads::Exec;

/// eˣ − 1 on one register: −0 for −0, −1 for −∞, overflows to ∞; NaN in, NaN out.
///
/// With x = n·ln 2 + r and eʳ − 1 = r + c: 2ⁿ·c + (2ⁿ·r + (2ⁿ − 1)). For small |x|, n = 0 and that is r + c: nothing cancels.
/// All is scaled by 2^(n₁−n) until the end, because 2ⁿ may overflow where the result does not.
///
/// Largest error: 1.28 ULP in `f32` (near −0.359), 1.30 in `f64` (sampled).
#[inline(always)]
pub fn expm1<T: Real, L: Lanes<T>>(l: L, x: L::Reg) -> L::Reg {
    let y = l.max(l.splat(T::TANH_MIN), x); // the result is -1 long before
    let y = l.min(l.splat(T::EXP_MAX), y);
    // n = round(x / ln 2), n1 = round(x / (2 ln 2)), both biased, in the low bits
    let t = l.fma(y, l.splat(T::LOG2E), l.splat(T::ROUND2));
    let t1 = l.fma(y, l.splat(T::LOG2E_HALF), l.splat(T::ROUND1));
    let n = l.sub(t, l.splat(T::ROUND2));
    let d = l.sub_bits(t, t1); // n - n1, biased
    let s1 = l.shl_mantissa(t1); // 2^n1
    let s2 = l.shl_mantissa(d); // 2^(n - n1)
    let unit = l.shl_mantissa(l.sub_bits(l.splat(T::ROUND2), d)); // 2^(n1 - n)
    let r = l.fnma(n, l.splat(T::LN2_HI), y); // exact
    let c = l.mul(l.mul(r, r), horner(l, r, T::EXP_H)); // e^r - 1 - r
    let lo = l.mul(n, l.splat(T::LN2_LO));
    let c = l.sub(c, l.fma(lo, l.add(r, c), lo)); // e^(r - lo) - 1 - r
    let sum = l.fma(s1, c, l.fma(s1, r, l.sub(s1, unit)));
    l.select(l.eq(x, l.splat(T::ZERO)), x, l.mul(sum, s2))
}

/// Replaces every element x by [`expm1`](fn@expm1)(x).
pub fn expm1_in_place<T: Real>(exec: Exec<'_>, x: &mut [T]) {
    in_place(exec, Expm1, x);
}

#[derive(Clone, Copy)]
struct Expm1;
impl<T: Real> InPlace<T> for Expm1 {
    #[inline(always)]
    fn apply<L: Lanes<T>>(self, l: L, x: L::Reg) -> L::Reg {
        expm1(l, x)
    }
}
