//! Probabilities and quantiles of the normal, Student's t and the binomial distribution, the same bits everywhere.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};
use std::f64::consts::{PI, SQRT_2};

/// Φ(z) = erfc(−z/√2)/2, the share of a standard normal variable below `z`. NaN gives NaN.
#[must_use]
pub fn normal_cdf(z: f64) -> f64 {
    libm::erfc(-z / SQRT_2) / 2.0
}

/// Φ⁻¹(p): the `z` with Φ(z) = `p`, to about 1e-15.
///
/// The start is formula 26.2.23 of Abramowitz and Stegun (1964); steps of Halley's method on Φ polish it. 0 gives −∞, 1 gives +∞,
/// anything outside [0, 1] and NaN give NaN.
#[must_use]
pub fn normal_quantile(p: f64) -> f64 {
    let tail = p.min(1.0 - p);
    if p.is_nan() || tail < 0.0 {
        return f64::NAN;
    }
    if tail == 0.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let t = (-2.0 * libm::log(tail)).sqrt();
    let mut z = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
    for _ in 0..3 {
        let density = libm::exp(-z * z / 2.0) / (2.0 * PI).sqrt();
        let newton = (normal_cdf(-z) - tail) / density;
        z += newton / (1.0 + newton * z / 2.0);
    }
    if p < 0.5 { -z } else { z }
}

/// The share of Student's t with `degrees` of freedom (they need not be whole) below `t`: 1 − I_x(ν/2, 1/2)/2 for t ≥ 0, x = ν/(ν + t²).
///
/// NaN, and `degrees` that are not positive, give NaN.
#[must_use]
pub fn student_t_cdf(t: f64, degrees: f64) -> f64 {
    if t.is_nan() || degrees.is_nan() || degrees <= 0.0 {
        return f64::NAN;
    }
    let tail =
        if t.is_infinite() { 0.0 } else { incomplete_beta(degrees / 2.0, 0.5, degrees / (degrees + t * t)) / 2.0 };
    if t < 0.0 { tail } else { 1.0 - tail }
}

/// The `t` below which the share `p` of Student's t with `degrees` of freedom lies, by bisection.
///
/// 0 gives −∞, 1 gives +∞; anything outside [0, 1], NaN, and `degrees` that are not positive give NaN.
#[must_use]
pub fn student_t_quantile(p: f64, degrees: f64) -> f64 {
    let tail = p.min(1.0 - p);
    if p.is_nan() || tail < 0.0 || degrees.is_nan() || degrees <= 0.0 {
        return f64::NAN;
    }
    if tail == 0.0 {
        return if p == 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    let above = |t: f64| student_t_cdf(-t, degrees) > tail;
    let (mut low, mut high) = (0.0, 1.0);
    while above(high) {
        (low, high) = (high, 2.0 * high);
    }
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return if p < 0.5 { -low } else { low };
        }
        *(if above(middle) { &mut low } else { &mut high }) = middle;
    }
}

/// The t of a two-sided interval, `confidence` being such as 0.95; without degrees of freedom it is infinite.
///
/// # Panics
///
/// If `confidence` is not between 0 and 1.
pub(super) fn two_sided_t(confidence: f64, degrees: usize) -> f64 {
    let p = upper(confidence);
    if degrees == 0 { f64::INFINITY } else { student_t_quantile(p, degrees as f64) }
}

/// The normal quantile of a two-sided interval. Panics like [`two_sided_t`].
pub(super) fn two_sided_z(confidence: f64) -> f64 {
    normal_quantile(upper(confidence))
}

/// (1 + confidence)/2.
pub(super) fn upper(confidence: f64) -> f64 {
    assert!(0.0 < confidence && confidence < 1.0, "a confidence is between 0 and 1, not {confidence}");
    f64::midpoint(1.0, confidence)
}

/// P(X ≤ k) for X the number of heads of `n` fair coins: I_½(n − k, k + 1).
#[must_use]
pub fn coin_cdf(k: usize, n: usize) -> f64 {
    if k >= n { 1.0 } else { incomplete_beta((n - k) as f64, k as f64 + 1.0, 0.5) }
}

/// I_x(a, b), the regularized incomplete beta function for 0 ≤ x ≤ 1 and positive a, b: the continued fraction 26.5.8 of Abramowitz and
/// Stegun (1964), computed by Lentz's method.
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return x.clamp(0.0, 1.0);
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(b, a, 1.0 - x); // the fraction converges fast only below the mean
    }
    let front = libm::exp(
        libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * libm::log(x) + b * libm::log1p(-x) - libm::log(a),
    );
    let away = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let (mut c, mut d) = (1.0, 1.0 / away(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for m in 1..10_000 {
        let m = f64::from(m);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = fraction;
        for term in [even, odd] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            fraction *= c * d;
        }
        if (fraction - before).abs() <= 1e-16 * fraction.abs() {
            break;
        }
    }
    front * fraction
}

/// Standard normal numbers (ChaCha8).
pub(super) fn normals(key: u64) -> impl FnMut() -> f64 {
    let mut random = ChaCha8Rng::seed_from_u64(key);
    move || normal_quantile((f64::from(random.next_u32()) + 0.5) / 4_294_967_296.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(a: f64, b: f64, relative: f64) {
        assert!((a - b).abs() <= relative * b.abs(), "{a} is not {b}");
    }

    /// `scipy.stats.norm.cdf(z)` and `.ppf(p)`.
    #[test]
    fn the_normal_distribution_is_that_of_scipy() {
        for (z, p) in [
            (-3.0, 0.0013498980316300933),
            (-1.0, 0.15865525393145707),
            (0.5, 0.6914624612740131),
            (2.0, 0.9772498680518208),
        ] {
            close(normal_cdf(z), p, 1e-14);
        }
        for (p, z) in [
            (1e-10, -6.361340902404056),
            (0.025, -1.9599639845400545),
            (0.3, -0.5244005127080409),
            (0.975, 1.959963984540054),
            (0.999, 3.090232306167813),
        ] {
            close(normal_quantile(p), z, 1e-14);
        }
        assert!(normal_quantile(0.5).abs() < 1e-15);
        assert_eq!([normal_quantile(0.0), normal_quantile(1.0)], [f64::NEG_INFINITY, f64::INFINITY]);
        assert!([-0.1, 1.1, f64::NAN].iter().all(|&p| normal_quantile(p).is_nan()));
    }

    /// `scipy.stats.t.cdf(t, df)` and `.ppf(p, df)`.
    #[test]
    fn students_distribution_is_that_of_scipy() {
        for (t, df, p) in [
            (-2.0, 3.0, 0.06966298427942152),
            (0.7, 1.0, 0.6944001122142147),
            (1.5, 4.5, 0.8998904571719233),
            (2.5, 30.0, 0.9909421754659666),
        ] {
            close(student_t_cdf(t, df), p, 1e-13);
        }
        for (p, df, t) in [
            (0.975, 1.0, 12.706204736174694),
            (0.975, 4.0, 2.7764451051977934),
            (0.05, 2.5, -2.5582186141359364),
            (0.995, 19.0, 2.8609346064649794),
            (0.9, 1000.0, 1.2823987214609247),
        ] {
            close(student_t_quantile(p, df), t, 1e-12);
        }
        assert_eq!(student_t_quantile(0.0, 3.0), f64::NEG_INFINITY);
        assert_eq!(student_t_quantile(1.0, 3.0), f64::INFINITY);
        assert_eq!([student_t_cdf(f64::INFINITY, 2.0), student_t_cdf(0.0, 2.0)], [1.0, 0.5]);
        assert!(student_t_quantile(0.5, 0.0).is_nan() && student_t_cdf(f64::NAN, 1.0).is_nan());
    }

    #[test]
    fn coins_are_those_of_scipy() {
        // scipy.stats.binom.cdf(k, n, 0.5)
        for (k, n, p) in [(2, 10, 0.0546875), (0, 5, 0.03125), (40, 100, 0.028443966820490444), (7, 13, 0.70947265625)]
        {
            close(coin_cdf(k, n), p, 1e-13);
        }
        assert_eq!(coin_cdf(3, 3), 1.0);
    }
}
