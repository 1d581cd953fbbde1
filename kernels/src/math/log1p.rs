//! ln(1 + x).

use super::log::log_core;
use super::{InPlace, in_place};
use crate::lanes::Lanes;
use crate::real::Real;
use crate::threads::Exec;

/// ln(1 + x) on one register: −0 for −0, −∞ for −1, NaN for x < −1, ∞ for ∞; NaN in, NaN out.
///
/// 1 + x = 2ᵏ·(1 + f): k from the rounded sum, f from x itself, so that small x keep their relative accuracy.
///
/// Largest error: 1.50 ULP in `f32` (near 0.417), 1.85 in `f64` (sampled); no step backwards in `f32`.
#[inline(always)]
pub fn log1p<T: Real, L: Lanes<T>>(l: L, x: L::Reg) -> L::Reg {
    let one = l.splat(T::ONE);
    let minus_one = l.neg(one);
    // 1 + x = 2^k (1 + f); k from the rounded sum, f from x itself
    let u = l.add(one, x);
    let e = l.and_bits(l.sub_bits(u, l.splat(T::SQRT_HALF)), l.splat(T::HEAD));
    let k = l.sub(l.xor_bits(l.shr_mantissa(e), l.splat(T::EXPO)), l.splat(T::EXPO));
    let xs = l.sub_bits(x, e); // 2^-k x (k is 0 for zero and subnormal x)
    let s2 = l.sub_bits(l.splat(T::TWO), e); // 2^(1-k), 0 for the largest k
    let f = l.add(xs, l.fma(s2, l.splat(T::HALF), minus_one));
    let r = log_core(l, f, k);
    // x = +-0 and x = +Inf: x itself
    let r = l.select(l.eq(l.add(x, x), x), x, r);
    let bad = l.select(l.eq(x, minus_one), l.splat(T::NEG_INF), l.splat(T::NAN));
    l.select(l.lt(minus_one, x), r, bad)
}

/// Replaces every element x by [`log1p`](fn@log1p)(x).
pub fn log1p_in_place<T: Real>(exec: Exec<'_>, x: &mut [T]) {
    in_place(exec, Log1p, x);
}

#[derive(Clone, Copy)]
struct Log1p;
impl<T: Real> InPlace<T> for Log1p {
    #[inline(always)]
    fn apply<L: Lanes<T>>(self, l: L, x: L::Reg) -> L::Reg {
        log1p(l, x)
    }
}
