//! Hyperbolic tangent.

use super::{InPlace, horner, in_place};
use crate::lanes::Lanes;
use crate::real::Real;
use crate::threads::Exec;

/// tanh x on one register; −0 gives −0; NaN in, NaN out.
///
/// With y = −2|x| = n·ln 2 + r and p = eʳ − 1 (corrected for the rounding of ln 2 apart from the polynomial): (1 − 2ⁿ − 2ⁿ·p)/(1 + 2ⁿ + 2ⁿ·p), with the sign of x. For small |x|, n = 0 and
/// the numerator is −p itself: nothing cancels.
///
/// Largest error: 1.97 ULP in `f32` (near 0.111), 1.97 in `f64` (sampled); no step backwards in `f32`.
#[inline(always)]
pub fn tanh<T: Real, L: Lanes<T>>(l: L, x: L::Reg) -> L::Reg {
    let one = l.splat(T::ONE);
    let y = l.mul(l.abs(x), l.neg(l.splat(T::TWO)));
    let y = l.max(l.splat(T::TANH_MIN), y);
    let t = l.fma(y, l.splat(T::LOG2E), l.splat(T::ROUND1));
    let n = l.sub(t, l.splat(T::ROUND1));
    let s = l.shl_mantissa(t); // 2^n
    let r = l.fnma(n, l.splat(T::LN2_HI), y); // exact
    let h = horner(l, r, T::EXP_H);
    // e^(r - n LN2_LO) - 1; the product of the correction with (e^r - 1) is
    // below 0.1 ulp here because |n| is small where 2^n is not
    let c = l.fnma(n, l.splat(T::LN2_LO), l.mul(l.mul(r, r), h));
    let p = l.add(r, c);
    let num = l.fnma(s, p, l.sub(one, s)); // 1 - e^y
    let den = l.fma(s, p, l.add(one, s)); // 1 + e^y
    l.xor_bits(l.div(num, den), l.and_bits(x, l.splat(T::SIGN)))
}

/// Replaces every element x by [`tanh`](fn@tanh)(x).
pub fn tanh_in_place<T: Real>(exec: Exec<'_>, x: &mut [T]) {
    in_place(exec, Tanh, x);
}

#[derive(Clone, Copy)]
struct Tanh;
impl<T: Real> InPlace<T> for Tanh {
    #[inline(always)]
    fn apply<L: Lanes<T>>(self, l: L, x: L::Reg) -> L::Reg {
        tanh(l, x)
    }
}
