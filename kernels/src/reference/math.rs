//! The functions of [`crate::math`] on one number, from the same formulas and constants.

use crate::real::Real;

fn shl<T: Real>(x: T) -> T {
    T::from_bits(x.bits() << T::MANTISSA_BITS)
}

fn is_nan<T: Real>(x: T) -> bool {
    x.abs().bits() > T::INFINITY.bits()
}

fn horner<T: Real>(x: T, coefficients: &[T]) -> T {
    coefficients.iter().copied().rev().reduce(|p, c| p.mul_add(x, c)).expect("coefficients")
}

/// Constant first, so that NaN passes.
fn at_least<T: Real>(bound: T, x: T) -> T {
    if bound > x { bound } else { x }
}

fn clamp<T: Real>(x: T) -> T {
    let x = at_least(T::EXP_MIN, x);
    if T::EXP_MAX < x { T::EXP_MAX } else { x }
}

/// [`crate::math::exp`].
pub fn exp<T: Real>(x: T) -> T {
    let x = clamp(x);
    // Biased integers in the low bits: n = round(x / ln 2) and about half of it.
    let t = x.mul_add(T::LOG2E, T::ROUND2);
    let t1 = x.mul_add(T::LOG2E_HALF, T::ROUND1);
    let n = t - T::ROUND2;
    let power1 = shl(t1);
    let power2 = shl(T::from_bits(t.bits().wrapping_sub(t1.bits())));
    let r = (-n).mul_add(T::LN2_LO, (-n).mul_add(T::LN2_HI, x));
    let q = r.mul_add(horner(r, T::EXP_H), T::ONE);
    q.mul_add(r * power1, power1) * power2
}

/// [`crate::math::sigmoid`].
pub fn sigmoid<T: Real>(x: T) -> T {
    let x = clamp(x);
    let t = x.mul_add(T::LOG2E, T::ROUND0);
    let t1 = x.mul_add(T::LOG2E_HALF, T::ROUND1);
    let n = t - T::ROUND0;
    let a = shl(t1);
    let b = shl(T::from_bits(t1.bits().wrapping_sub(t.bits())));
    let r = n.mul_add(T::LN2_LO, n.mul_add(T::LN2_HI, -x));
    let p = (r * r).mul_add(horner(r, T::EXP_H), r);
    let u = a + b;
    let lost = a - (u - b);
    a / (u + b.mul_add(p, lost))
}

/// [`crate::math::tanh`].
pub fn tanh<T: Real>(x: T) -> T {
    let y = at_least(T::TANH_MIN, x.abs() * -T::TWO);
    let t = y.mul_add(T::LOG2E, T::ROUND1);
    let n = t - T::ROUND1;
    let power = shl(t);
    let r = (-n).mul_add(T::LN2_HI, y);
    let p = r + (-n).mul_add(T::LN2_LO, r * r * horner(r, T::EXP_H));
    let magnitude = (-power).mul_add(p, T::ONE - power) / power.mul_add(p, T::ONE + power);
    if x.bits() & T::SIGN.bits() == 0 { magnitude } else { -magnitude }
}

/// (sign and exponent of `u`, in units that put the mantissa in [√½, √2)).
fn head<T: Real>(u: T) -> u64 {
    u.bits().wrapping_sub(T::SQRT_HALF.bits()) & T::HEAD.bits()
}

/// The shifted-down `head` as a number.
fn exponent<T: Real>(head: u64, offset: T) -> T {
    T::from_bits((T::from_bits(head).bits() >> T::MANTISSA_BITS) ^ T::EXPO.bits()) - offset
}

fn log_core<T: Real>(f: T, k: T) -> T {
    let s = f / (T::TWO + f);
    let z = s * s;
    let w = (-z).mul_add(horner(z, T::LOG_P), f);
    k.mul_add(T::LN2_HI, (-s).mul_add(w, f))
}

/// [`crate::math::log`].
pub fn log<T: Real>(x: T) -> T {
    if x == T::ZERO {
        return T::NEG_INF;
    }
    if x < T::ZERO || is_nan(x) {
        return T::NAN;
    }
    if x == T::INFINITY {
        return x;
    }
    let (u, offset) = if x < T::MIN_POSITIVE { (x * T::SUBNORMAL_SCALE, T::EXPO_SUBNORMAL) } else { (x, T::EXPO) };
    let m = T::from_bits(u.bits().wrapping_sub(head(u)));
    log_core(m - T::ONE, exponent(head(u), offset))
}

/// [`crate::math::log1p`].
pub fn log1p<T: Real>(x: T) -> T {
    if x == -T::ONE {
        return T::NEG_INF;
    }
    if x < -T::ONE || is_nan(x) {
        return T::NAN;
    }
    if x == T::ZERO || x == T::INFINITY {
        return x;
    }
    let head = head(T::ONE + x);
    let scaled = T::from_bits(x.bits().wrapping_sub(head));
    let two_scaled = T::from_bits(T::TWO.bits().wrapping_sub(head));
    log_core(scaled + two_scaled.mul_add(T::HALF, -T::ONE), exponent(head, T::EXPO))
}

/// eʸ for y ≤ 0 or small: (n·ln 2 rounded apart, power of two in two factors, r, eʳ − 1 − r).
struct Split<T> {
    n: T,
    power1: T,
    power2: T,
    r: T,
    c: T,
}

/// `down` is subtracted from the exponent of `power1`.
fn split<T: Real>(y: T, down: T) -> Split<T> {
    let t = y.mul_add(T::LOG2E, T::ROUND2 - down);
    let t1 = y.mul_add(T::LOG2E_HALF, T::ROUND1 - down);
    let n = t - (T::ROUND2 - down);
    let r = (-n).mul_add(T::LN2_HI, y);
    let power2 = shl(T::from_bits(t.bits().wrapping_sub(t1.bits())));
    Split { n, power1: shl(t1), power2, r, c: r * r * horner(r, T::EXP_H) }
}

/// [`crate::math::expm1`].
pub fn expm1<T: Real>(x: T) -> T {
    if x == T::ZERO {
        return x;
    }
    let y = at_least(T::TANH_MIN, x);
    let y = if T::EXP_MAX < y { T::EXP_MAX } else { y };
    let Split { n, power1, power2, r, c } = split(y, T::ZERO);
    let unit = T::ONE / power2;
    let lo = n * T::LN2_LO;
    let c = c - lo.mul_add(r + c, lo);
    power1.mul_add(c, power1.mul_add(r, power1 - unit)) * power2
}

/// [`crate::math::softplus`].
pub fn softplus<T: Real>(x: T) -> T {
    let Split { n, power1, power2, r, c } = split(at_least(T::EXP_MIN, -x.abs()), T::ZERO);
    let high = T::ONE + r;
    let c = (-(n * T::LN2_LO)).mul_add(high + c, c);
    let low = (r - (high - T::ONE)) + c;
    let m = high + low;
    let rest = ((high - m) + low) * power1 * power2;
    let t = m * power1 * power2;
    let far = T::SQRT2_MINUS_ONE < t;
    let (f, rest) = if far { (t.mul_add(T::HALF, -T::HALF), rest * T::HALF) } else { (t, rest) };
    let s = f / (T::TWO + f);
    let z = s * s;
    let w = (-z).mul_add(horner(z, T::LOG_P), f);
    let back = T::ONE - s;
    let y = f - (-(rest * back)).mul_add(back, s * w);
    let whole = (if x < T::ZERO { T::ZERO } else { x }) + if far { T::LN2_HI } else { T::ZERO };
    whole + y
}

/// (|x| up to the clamp, q, what was lost with q, δ, (e, its two powers of two) of e^(−x²/2)).
fn normal_tail<T: Real>(x: T) -> (T, T, T, T, (T, T, T)) {
    let a = if T::GELU_MAX < x.abs() { T::GELU_MAX } else { x.abs() };
    let d = a + T::TWO;
    let q = a / d;
    let d_rest = a - (d - T::TWO);
    let remainder = (-q).mul_add(d_rest, (-q).mul_add(d, a));
    let to_one = T::ONE - q;
    let q_rest = remainder * T::HALF * (to_one * to_one);
    let delta = horner(q - T::HALF, T::GELU_DELTA);
    let b = T::HALF * a;
    let square = a * b;
    let square_rest = a.mul_add(b, -square);
    let Split { n, power1, power2, r, c } = split(-square, T::ONE);
    let low = (-n).mul_add(T::LN2_LO, -square_rest);
    let e = r + (c + (r + c).mul_add(low, low));
    (a, q, q_rest, delta, (e, power1, power2))
}

/// [`crate::math::gelu`].
pub fn gelu<T: Real>(x: T) -> T {
    let (_, q, q_rest, delta, (e, power1, power2)) = normal_tail(x);
    let s = e.mul_add(T::ONE + delta, delta);
    let product = q + q.mul_add(s, q_rest.mul_add(s, q_rest));
    let positive = if x < T::ZERO { T::ZERO } else { x };
    (-(product * power1)).mul_add(power2, positive)
}

/// [`crate::math::gelu_derivative`].
pub fn gelu_derivative<T: Real>(x: T) -> T {
    let (a, q, _, delta, (e, power1, power2)) = normal_tail(x);
    let u = (-q).mul_add(T::HALF, T::HALF);
    let line = (-T::SQRT_2_OVER_PI).mul_add(a, u);
    let d = u.mul_add(delta, line);
    let d_rest = u.mul_add(delta, line - d);
    let d = (d + d.mul_add(e, d_rest)) * power1;
    if x < T::ZERO { d.mul_add(power2, T::ZERO) } else { d.mul_add(-power2, T::ONE) }
}
