//! Arithmetic on unevaluated sums of two `f64`, about 104 bits, and the functions of [`simdescent_kernels::math`] in it by
//! series, Newton steps and continued fractions: what `f64` results are measured against. Nothing here is shared with the kernels.

use core::ops::{Add, Div, Mul, Neg, Sub};

/// high + low, |low| at most half an ulp of high.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dd(pub(crate) f64, pub(crate) f64);

const LN_2: Dd = Dd(core::f64::consts::LN_2, 2.319_046_813_846_299_6e-17);
const ONE: Dd = Dd(1.0, 0.0);

/// For |a| ≥ |b| or a = 0.
fn renormalized(a: f64, b: f64) -> Dd {
    let sum = a + b;
    Dd(sum, b - (sum - a))
}
fn two_sum(a: f64, b: f64) -> Dd {
    let sum = a + b;
    let b_part = sum - a;
    Dd(sum, (a - (sum - b_part)) + (b - b_part))
}

impl Add for Dd {
    type Output = Dd;
    fn add(self, b: Dd) -> Dd {
        let (high, low) = (two_sum(self.0, b.0), two_sum(self.1, b.1));
        let sum = renormalized(high.0, high.1 + low.0);
        renormalized(sum.0, sum.1 + low.1)
    }
}
impl Neg for Dd {
    type Output = Dd;
    fn neg(self) -> Dd {
        Dd(-self.0, -self.1)
    }
}
impl Sub for Dd {
    type Output = Dd;
    fn sub(self, b: Dd) -> Dd {
        self + -b
    }
}
impl Mul for Dd {
    type Output = Dd;
    fn mul(self, b: Dd) -> Dd {
        let product = self.0 * b.0;
        let rest = self.0.mul_add(b.0, -product) + (self.0 * b.1 + self.1 * b.0);
        renormalized(product, rest)
    }
}
impl Div for Dd {
    type Output = Dd;
    fn div(self, b: Dd) -> Dd {
        let first = self.0 / b.0;
        let rest = self - b * from(first);
        let second = rest.0 / b.0;
        let rest = rest - b * from(second);
        renormalized(first, second) + from(rest.0 / b.0)
    }
}

pub(crate) fn from(x: f64) -> Dd {
    Dd(x, 0.0)
}

fn scaled(x: Dd, power: f64) -> Dd {
    Dd(x.0 * power, x.1 * power)
}

/// eˣ − 1 by its series at x/2⁶, doubled six times; |x| below about 2.
fn small_expm1(x: Dd) -> Dd {
    let x = scaled(x, 1.0 / 64.0);
    let mut sum = ONE;
    for i in (2..=18).rev() {
        sum = ONE + sum * x / from(f64::from(i));
    }
    let mut e = sum * x;
    for _ in 0..6 {
        e = e * (e + from(2.0)); // (1 + e)^2 - 1
    }
    e
}

/// (n, m) with eˣ = 2ⁿ·m and m in [0.7, 1.5].
fn exp_parts(x: Dd) -> (i32, Dd) {
    let n = (x.0 / LN_2.0).round();
    (n as i32, small_expm1(x - from(n) * LN_2) + ONE)
}

fn power_of_two(n: i32) -> f64 {
    f64::from_bits(((1023 + n.clamp(-1022, 1023)) as u64) << 52)
}

/// A positive number m·2ⁿ that may lie outside the range of `f64`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wide {
    pub(crate) m: Dd,
    pub(crate) n: i32,
}
impl From<Dd> for Wide {
    fn from(m: Dd) -> Wide {
        Wide { m, n: 0 }
    }
}

impl Wide {
    /// |got − self| in units of the last place of the `f64` nearest to `self`, but not below those of `at_least`.
    pub(crate) fn error_in_ulp(self, got: f64, at_least: f64) -> f64 {
        let exponent = |x: f64| (x.abs().to_bits() >> 52) as i32 - 1023;
        if self.m.0 == 0.0 || self.m.0.is_infinite() || self.m.0.is_nan() {
            let same = got == self.m.0 || got.is_nan() && self.m.0.is_nan();
            return if same { 0.0 } else { f64::INFINITY };
        }
        let e = (exponent(self.m.0) + self.n).max(exponent(at_least)).max(-1022);
        if got.is_infinite() {
            return if e >= 1024 { 0.0 } else { f64::INFINITY };
        }
        // Both in units of 2^(e - 52): |got| is below 2^55 of them, and its scaling exact.
        let up = 52 - e;
        let scale = |x: f64, by: i32| x * power_of_two(by / 2) * power_of_two(by - by / 2);
        let got = scale(got, up);
        ((from(got) - Dd(scale(self.m.0, up + self.n), scale(self.m.1, up + self.n))).0).abs()
    }
}

pub(crate) fn exp(x: f64) -> Wide {
    if x.is_nan() || x.abs() > 2000.0 {
        return from(x.exp()).into();
    }
    let (n, m) = exp_parts(from(x));
    Wide { m, n }
}

pub(crate) fn expm1(x: f64) -> Wide {
    if x.is_nan() || x.abs() > 2000.0 {
        return from(x.exp_m1()).into();
    }
    dd_expm1(from(x))
}
fn dd_expm1(x: Dd) -> Wide {
    if x.0.abs() < 1.0 {
        return if x.0.abs() < 1e-40 { x.into() } else { small_expm1(x).into() };
    }
    let (n, m) = exp_parts(x);
    if n > 300 { Wide { m, n } } else { (scaled(m, power_of_two(n)) - ONE).into() }
}

fn dd_exp(x: Dd) -> Dd {
    let (n, m) = exp_parts(x);
    scaled(m, power_of_two(n))
}

/// ln(1 + x) by one Newton step from `start`, good to 1e-15.
fn dd_log1p(x: Dd) -> Dd {
    let start = from(x.0.ln_1p());
    start + (x - dd_expm1(start).m) / (ONE + x)
}

pub(crate) fn log(x: f64) -> Wide {
    if x.is_nan() || x <= 0.0 || x == f64::INFINITY {
        return from(x.ln()).into();
    }
    let x = if x < 1e-290 { (x * power_of_two(200), 200.0) } else { (x, 0.0) };
    let exponent = ((x.0.to_bits() >> 52) as i32 - 1023).clamp(-1000, 1000);
    let exponent = if (0.5..2.0).contains(&x.0) { 0 } else { exponent };
    let m = x.0 * power_of_two(-exponent);
    (dd_log1p(from(m) - ONE) + LN_2 * from(f64::from(exponent) - x.1)).into()
}

pub(crate) fn log1p(x: f64) -> Wide {
    if x.is_nan() || x <= -1.0 || x == f64::INFINITY || x.abs() < 1e-290 {
        return from(x.ln_1p()).into();
    }
    if x > 1e30 { log(x) } else { dd_log1p(from(x)).into() }
}

pub(crate) fn tanh(x: f64) -> Wide {
    if x.is_nan() || x.abs() > 50.0 || x.abs() < 1e-40 {
        return from(x.tanh()).into();
    }
    let e = dd_expm1(from(2.0 * x)).m;
    (e / (e + from(2.0))).into()
}

pub(crate) fn sigmoid(x: f64) -> Wide {
    if x.is_nan() || x > 50.0 {
        return from(if x > 1.0 { 1.0 } else { x }).into();
    }
    if x < -80.0 { exp(x) } else { (ONE / (ONE + dd_exp(from(-x)))).into() }
}

pub(crate) fn softplus(x: f64) -> Wide {
    if x.is_nan() || x > 80.0 {
        return from(x).into();
    }
    if x < -80.0 { exp(x) } else { (from(x.max(0.0)) + dd_log1p(dd_exp(from(-x.abs())))).into() }
}

/// (Φ(−a), φ(a)) for a ≥ 0, both without the factor e^(−a²/2), which follows as m·2ⁿ.
fn normal_tail(a: f64) -> (Dd, Dd, Wide) {
    let (x, root) = (from(a), Dd(2.506_628_274_631_000_7, -1.832_857_998_045_916_7e-16) /* √(2π) */);
    let square = scaled(x * x, -0.5);
    let (n, m) = exp_parts(square);
    let density = ONE / root;
    let tail = if a < 2.5 {
        // 1/2 - φ(a)·(a + a³/3 + a⁵/15 + …)
        let (mut sum, mut term, mut k) = (from(0.0), x, 1.0);
        while term.0 > 1e-36 {
            sum = sum + term;
            k += 2.0;
            term = term * x * x / from(k);
        }
        scaled(ONE / dd_exp(square), 0.5) - density * sum
    } else {
        // φ(a)/(a + 1/(a + 2/(a + …)))
        let mut fraction = x;
        for k in (1..600).rev() {
            fraction = x + from(f64::from(k)) / fraction;
        }
        density / fraction
    };
    (tail, density, Wide { m, n })
}

pub(crate) fn gelu(x: f64) -> Wide {
    if x.is_nan() || x.abs() > 45.0 {
        return from(if x < 0.0 { -0.0 } else { x }).into();
    }
    let (tail, _, Wide { m, n }) = normal_tail(x.abs());
    if x < 0.0 {
        return Wide { m: from(x) * tail * m, n };
    }
    (from(x) * (ONE - scaled(tail * m, power_of_two(n)))).into()
}

pub(crate) fn gelu_derivative(x: f64) -> Wide {
    if x.is_nan() || x.abs() > 45.0 {
        return from(x.clamp(0.0, 1.0)).into();
    }
    let (tail, density, Wide { m, n }) = normal_tail(x.abs());
    let d = (tail - from(x.abs()) * density) * m;
    if x < 0.0 { Wide { m: d, n } } else { (ONE - scaled(d, power_of_two(n))).into() }
}
