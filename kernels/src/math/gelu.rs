//! GELU (Hendrycks & Gimpel 2016) in its exact form x·Φ(x) = ½·x·(1 + erf(x/√2)), and its derivative. The "tanh form" is an
//! approximation of it, off by up to 5e-4, and not here.

use super::{InPlace, horner, in_place};
use crate::lanes::Lanes;
use crate::real::Real;
use crate::threads::Exec;

/// What both functions are made of, for a = min(|x|, [`GELU_MAX`](super::Coefficients)):
/// 1 − Φ(a) = e^(−a²/2)·(1 + δ)/(2·(a + 2)), where δ is a polynomial in q − ½ for q = a/(a + 2).
struct Tail<R> {
    a: R,
    q: R,
    /// What q·(1 + δ(q)) lost with q, over 1 + δ: (a/(a + 2) − q)·(1 − q), because the logarithmic derivative of δ is about −1.
    q_rest: R,
    /// δ
    delta: R,
    /// e^(−a²/2) = s1·s2·2·(1 + e)
    e: R,
    s1: R,
    s2: R,
}

#[inline(always)]
fn tail<T: Real, L: Lanes<T>>(l: L, x: L::Reg) -> Tail<L::Reg> {
    let (half, two) = (l.splat(T::HALF), l.splat(T::TWO));
    let a = l.min(l.splat(T::GELU_MAX), l.abs(x));
    let d = l.add(a, two);
    let q = l.div(a, d);
    let d_rest = l.sub(a, l.sub(d, two)); // exact
    let remainder = l.fnma(q, d_rest, l.fnma(q, d, a));
    let to_one = l.sub(l.splat(T::ONE), q); // 2 / (a + 2)
    let q_rest = l.mul(l.mul(remainder, half), l.mul(to_one, to_one));
    let delta = horner(l, l.sub(q, half), T::GELU_DELTA);

    // -a^2/2 = -square - square_rest = n ln 2 + r + low
    let b = l.mul(half, a);
    let square = l.mul(a, b);
    let square_rest = l.fma(a, b, l.neg(square));
    let (round1, round2) = (l.splat(T::ROUND1 - T::ONE), l.splat(T::ROUND2 - T::ONE));
    let t = l.fnma(square, l.splat(T::LOG2E), round2);
    let t1 = l.fnma(square, l.splat(T::LOG2E_HALF), round1);
    let n = l.sub(t, round2);
    let r = l.fnma(n, l.splat(T::LN2_HI), l.neg(square)); // exact
    let low = l.fnma(n, l.splat(T::LN2_LO), l.neg(square_rest));
    let c = l.mul(l.mul(r, r), horner(l, r, T::EXP_H));
    let e = l.add(r, l.add(c, l.fma(l.add(r, c), low, low))); // (1 + r + c) (1 + low) - 1
    Tail { a, q, q_rest, delta, e, s1: l.shl_mantissa(t1), s2: l.shl_mantissa(l.sub_bits(t, t1)) }
}

/// x·Φ(x) on one register, Φ the distribution function of the standard normal: ±0 for ±0, −0 for −∞, ∞ for ∞; NaN in, NaN out.
///
/// max(x, 0) − a·(1 − Φ(a)) with a = |x|: one formula for both signs, which keeps its relative accuracy down to the
/// subnormal results near x = −14 (`f32`) or −38 (`f64`). a·(1 − Φ(a)) = ½·e^(−a²/2)·q·(1 + δ(q)), q = a/(a + 2), with
/// what q and a²/2 lose in rounding carried along.
///
/// Largest error: 1.65 ULP in `f32` (near −0.322), 1.65 in `f64` (sampled).
#[inline(always)]
pub fn gelu<T: Real, L: Lanes<T>>(l: L, x: L::Reg) -> L::Reg {
    let zero = l.splat(T::ZERO);
    let Tail { q, q_rest, delta, e, s1, s2, .. } = tail(l, x);
    let s = l.fma(e, l.add(l.splat(T::ONE), delta), delta); // (1 + e) (1 + delta) - 1
    let rest = l.fma(q_rest, s, q_rest);
    let product = l.add(q, l.fma(q, s, rest));
    l.fnma(l.mul(product, s1), s2, l.select(l.lt(x, zero), zero, x))
}

/// The derivative of [`gelu`](fn@gelu) on one register, Φ(x) + x·φ(x): −0 for −∞, 1 for ∞; NaN in, NaN out.
///
/// D for x < 0, else 1 − D, with D = e^(−a²/2)·((1 + δ)/(2·(a + 2)) − a/√(2π)), a = |x|.
///
/// Largest error: 1.97 ULP in `f32` (near −0.301), 1.60 in `f64` (sampled), in units of the last place of the result, but of ¼
/// where it is smaller than that: at x = −0.7518 it crosses zero, and no relative accuracy is left.
#[inline(always)]
pub fn gelu_derivative<T: Real, L: Lanes<T>>(l: L, x: L::Reg) -> L::Reg {
    let (zero, one, half) = (l.splat(T::ZERO), l.splat(T::ONE), l.splat(T::HALF));
    let Tail { a, q, delta, e, s1, s2, .. } = tail(l, x);
    let u = l.fnma(q, half, half); // 1 / (a + 2)
    // twice D without the exponential, and what it lost
    let line = l.fnma(l.splat(T::SQRT_2_OVER_PI), a, u);
    let d = l.fma(u, delta, line);
    let d_rest = l.fma(u, delta, l.sub(line, d));
    let d = l.mul(l.add(d, l.fma(d, e, d_rest)), s1);
    let negative = l.lt(x, zero);
    l.fma(d, l.select(negative, s2, l.neg(s2)), l.select(negative, zero, one))
}

/// Replaces every element x by [`gelu`](fn@gelu)(x).
pub fn gelu_in_place<T: Real>(exec: Exec<'_>, x: &mut [T]) {
    in_place(exec, Gelu, x);
}

/// Replaces every element x by [`gelu_derivative`](fn@gelu_derivative)(x).
pub fn gelu_derivative_in_place<T: Real>(exec: Exec<'_>, x: &mut [T]) {
    in_place(exec, GeluDerivative, x);
}

#[derive(Clone, Copy)]
struct Gelu;
impl<T: Real> InPlace<T> for Gelu {
    #[inline(always)]
    fn apply<L: Lanes<T>>(self, l: L, x: L::Reg) -> L::Reg {
        gelu(l, x)
    }
}

#[derive(Clone, Copy)]
struct GeluDerivative;
impl<T: Real> InPlace<T> for GeluDerivative {
    #[inline(always)]
    fn apply<L: Lanes<T>>(self, l: L, x: L::Reg) -> L::Reg {
        gelu_derivative(l, x)
    }
}
