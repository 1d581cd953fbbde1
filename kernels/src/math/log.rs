//! Natural logarithm.

use super::{InPlace, horner, in_place};
use crate::lanes::Lanes;
use crate::real::Real;
use crate::threads::Exec;

/// ln x on one register: −∞ for ±0, NaN for x < 0, ∞ for ∞; NaN in, NaN out.
///
/// x = 2ᵏ·(1 + f) with 1 + f in [√½, √2); subnormals are scaled up first.
///
/// Largest error: 0.96 ULP in `f32` (near 0.641), 1.30 in `f64` (sampled); no step backwards in `f32`.
#[inline(always)]
pub fn log<T: Real, L: Lanes<T>>(l: L, x: L::Reg) -> L::Reg {
    let zero = l.splat(T::ZERO);
    // subnormals: scale by 2^(mant + 1)
    let tiny = l.lt(x, l.splat(T::MIN_POSITIVE));
    let u = l.select(tiny, l.mul(x, l.splat(T::SUBNORMAL_SCALE)), x);
    let off = l.select(tiny, l.splat(T::EXPO_SUBNORMAL), l.splat(T::EXPO));
    // u = 2^k m, m in [sqrt(1/2), sqrt 2)
    let e = l.and_bits(l.sub_bits(u, l.splat(T::SQRT_HALF)), l.splat(T::HEAD));
    let m = l.sub_bits(u, e);
    let k = l.sub(l.xor_bits(l.shr_mantissa(e), l.splat(T::EXPO)), off);
    let f = l.sub(m, l.splat(T::ONE));
    let r = log_core(l, f, k);
    // +Inf; then 0, negative, NaN
    let r = l.select(l.eq(x, l.splat(T::INFINITY)), x, r);
    let bad = l.select(l.eq(x, zero), l.splat(T::NEG_INF), l.splat(T::NAN));
    l.select(l.lt(zero, x), r, bad)
}

/// ln(1 + f) + k·ln 2 for f in [√½ − 1, √2 − 1] and integral k: with s = f/(2 + f), ln(1 + f) = 2·atanh(s).
#[inline(always)]
pub(super) fn log_core<T: Real, L: Lanes<T>>(l: L, f: L::Reg, k: L::Reg) -> L::Reg {
    let s = l.div(f, l.add(l.splat(T::TWO), f));
    let z = l.mul(s, s);
    let w = l.fnma(z, horner(l, z, T::LOG_P), f);
    let y = l.fnma(s, w, f);
    l.fma(k, l.splat(T::LN2_HI), y)
}

/// Replaces every element x by [`log`](fn@log)(x).
pub fn log_in_place<T: Real>(exec: Exec<'_>, x: &mut [T]) {
    in_place(exec, Log, x);
}

#[derive(Clone, Copy)]
struct Log;
impl<T: Real> InPlace<T> for Log {
    #[inline(always)]
    fn apply<L: Lanes<T>>(self, l: L, x: L::Reg) -> L::Reg {
        log(l, x)
    }
}
