//! The best learning rate as a function of the batch size: three curves, fitted to logarithms and compared by AICc.

use super::distribution::{normal_quantile, two_sided_t, upper};
use super::interval::{Estimate, Interval};
use super::least_squares::linear_fit;
use super::log_curve::{self, Shape, softplus};
use super::points::{LogPoints, are_positive, log_points};
use std::f64::consts::LN_2;

/// One of the three curves η*(B) with its parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RateCurve {
    /// c·B^p: p = 1 is the linear, p = 1/2 the square-root rule.
    Power {
        /// The rate at batch size 1.
        rate: f64,
        /// p.
        exponent: f64,
    },
    /// η_max/(1 + B_n/B)^α: it grows up to the noise scale and is constant beyond (McCandlish et al. 2018).
    Saturating {
        /// η_max.
        max_rate: f64,
        /// B_n.
        noise_scale: f64,
        /// α: 1 for SGD, about 1/2 for Adam.
        exponent: f64,
    },
    /// 2η_max/(√(B_n/B) + √(B/B_n)): beyond the noise scale it falls again (Li et al. 2024, for Adam).
    Surge {
        /// η_max, at B = B_n.
        max_rate: f64,
        /// B_n.
        noise_scale: f64,
    },
}

impl RateCurve {
    /// η*(B).
    #[must_use]
    pub fn rate(&self, batch_size: f64) -> f64 {
        let b = libm::log(batch_size);
        match *self {
            Self::Power { rate, exponent } => rate * libm::exp(exponent * b),
            Self::Saturating { max_rate, noise_scale, exponent } => {
                max_rate * libm::exp(saturating(b, [libm::log(noise_scale), exponent]).0)
            }
            Self::Surge { max_rate, noise_scale } => max_rate * libm::exp(surge(b, [libm::log(noise_scale), 0.0]).0),
        }
    }
}

/// A curve with how well it fits.
#[derive(Clone, Debug, PartialEq)]
pub struct RateFit {
    /// The curve.
    pub curve: RateCurve,
    /// (B, ln η − ln η̂) of each point.
    pub residuals: Vec<(f64, f64)>,
    /// AICc, as of [`fit_batch_curves`](super::fit_batch_curves).
    pub aicc: f64,
    /// Whether the noise scale is at the end of what was searched, a 10⁴th of the smallest batch size or 10⁴ times the largest.
    pub noise_scale_unknown: bool,
}

/// The curves, lowest AICc first, fitted by least squares of ln η to `points` (batch size, best rate).
///
/// Batch sizes without a best rate, because nothing reached the target, are no points: the caller leaves them out. `None` with fewer
/// than two points at different batch sizes, or with a number that is not positive and finite.
#[must_use]
pub fn fit_rate_curves(points: &[(f64, f64)]) -> Option<Vec<RateFit>> {
    if !are_positive(points) || points.iter().any(|point| point.1.is_infinite()) {
        return None;
    }
    let LogPoints { logs, low, high } = log_points(points)?;
    let far = libm::log(1e4);
    let noise_scale = (low - far, high + far);
    let shapes = [
        Shape { parameters: 1, bounds: [(-4.0, 4.0), (0.0, 0.0)], curve: power },
        Shape { parameters: 2, bounds: [noise_scale, (0.05, 4.0)], curve: saturating },
        Shape { parameters: 1, bounds: [noise_scale, (0.0, 0.0)], curve: surge },
    ];
    let mut fits = vec![];
    for (model, shape) in shapes.iter().enumerate().filter(|(_, shape)| logs.len() > shape.parameters) {
        let fit = log_curve::fit(&logs, shape);
        let (scale, [first, exponent]) = (libm::exp(fit.ln_factor), fit.parameters);
        let curve = match model {
            0 => RateCurve::Power { rate: scale, exponent: first },
            1 => RateCurve::Saturating { max_rate: scale, noise_scale: libm::exp(first), exponent },
            _ => RateCurve::Surge { max_rate: scale, noise_scale: libm::exp(first) },
        };
        fits.push(RateFit {
            curve,
            aicc: fit.aicc(shape.parameters),
            residuals: points.iter().zip(&fit.residuals).map(|(point, r)| (point.0, *r)).collect(),
            noise_scale_unknown: model != 0 && fit.at_bound[0],
        });
    }
    fits.sort_by(|a, b| a.aicc.total_cmp(&b.aicc));
    Some(fits)
}

/// p of c·B^p through `points` (batch size, best rate), whichever curve fits best: 1 is the linear, 1/2 the square-root rule.
///
/// A line through the logarithms, with the interval of Student's t for n − 2 degrees of freedom: how well each rate was tuned is seen in how
/// far the rates are off the line, but ln η is known no better than the standard deviation `resolution` (0: as well as any): rates of a coarse
/// grid may be on the line, or equal, by chance. `None` with fewer than three points, at one batch size only, or with a number that is not positive and
/// finite.
///
/// # Panics
///
/// If `confidence` is not between 0 and 1.
#[must_use]
pub fn rate_exponent(points: &[(f64, f64)], resolution: f64, confidence: f64) -> Option<Estimate> {
    if points.len() < 3 || !are_positive(points) || points.iter().any(|point| point.1.is_infinite()) {
        return None;
    }
    let LogPoints { logs, .. } = log_points(points)?;
    let (rows, rates): (Vec<[f64; 2]>, Vec<f64>) = logs.iter().map(|&(b, rate)| ([1.0, b], rate)).unzip();
    let fit = linear_fit(&rows, &rates, &vec![1.0; rates.len()])?;
    let degrees = points.len() - 2;
    let variance = fit.residuals.iter().map(|r| r * r).sum::<f64>() / degrees as f64;
    // The quantile of a deviation that is known, not estimated.
    let least = resolution * normal_quantile(upper(confidence));
    let deviation = (two_sided_t(confidence, degrees) * variance.sqrt()).max(least);
    let (value, half) = (fit.coefficients[1], deviation * fit.inverse[1][1].sqrt());
    Some(Estimate { value, interval: Interval::around(value, half) })
}

/// p·b, b = ln B.
fn power(b: f64, [p, _]: [f64; 2]) -> (f64, [f64; 2]) {
    (p * b, [b, 0.0])
}

/// −α·ln(1 + e^(n − b)), n = ln B_n.
fn saturating(b: f64, [n, alpha]: [f64; 2]) -> (f64, [f64; 2]) {
    let (log, part) = softplus(n - b);
    (-alpha * log, [-alpha * part, -log])
}

/// −ln((e^((n − b)/2) + e^((b − n)/2))/2) = −ln cosh((n − b)/2).
fn surge(b: f64, [n, _]: [f64; 2]) -> (f64, [f64; 2]) {
    let (log, part) = softplus(n - b);
    (LN_2 + (n - b) / 2.0 - log, [0.5 - part, 0.0])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::distribution::normals;

    #[track_caller]
    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-6 * b.abs(), "{a} is not {b}");
    }

    fn points(first: i32, rates: [f64; 10]) -> Vec<(f64, f64)> {
        (0..10).map(|i| (f64::from(first << i), rates[i as usize])).collect()
    }

    /// `scipy.optimize.least_squares` of log(rate) − log(model).
    #[test]
    fn curves_are_those_of_scipy() {
        let fits =
            fit_rate_curves(&points(4, [0.011, 0.021, 0.043, 0.08, 0.14, 0.25, 0.36, 0.42, 0.45, 0.44])).unwrap();
        let RateCurve::Saturating { max_rate, noise_scale, exponent } = fits[0].curve else { panic!("{:?}", fits[0]) };
        close(max_rate, 0.5228390468490416);
        close(noise_scale, 139.11497642850355);
        close(exponent, 1.0929345013647624);
        let RateCurve::Power { rate, exponent } = fits[1].curve else { panic!("{:?}", fits[1]) };
        close(rate, 0.007497844949745253);
        close(exponent, 0.6220229044781462);
        close(fits[0].residuals[2].1, (0.043 / fits[0].curve.rate(16.0)).ln());

        let fits = fit_rate_curves(&points(1, [0.011, 0.016, 0.022, 0.030, 0.041, 0.050, 0.055, 0.052, 0.043, 0.033]))
            .unwrap();
        let RateCurve::Surge { max_rate, noise_scale } = fits[0].curve else { panic!("{:?}", fits[0]) };
        close(max_rate, 0.051976193137472496);
        close(noise_scale, 77.18929510037664);
        close(fits[0].curve.rate(noise_scale), max_rate);
        assert!(!fits[0].noise_scale_unknown);
    }

    /// By hand, in logarithms of base 2: (0, 1), (1, 2), (2, 2) have the slope 1/2 with the standard error √(1/6 · 1/2), and
    /// Student's quantile for one degree of freedom is 12.7062.
    #[test]
    fn the_exponent_has_the_interval_of_a_slope() {
        let Estimate { value, interval } = rate_exponent(&[(1.0, 2.0), (2.0, 4.0), (4.0, 4.0)], 0.0, 0.95).unwrap();
        let half = 12.706204736174698 / 12f64.sqrt();
        close(value, 0.5);
        close(interval.low, 0.5 - half);
        close(interval.high, 0.5 + half);
        let tied = rate_exponent(&[(1.0, 2.0), (2.0, 2.0), (4.0, 2.0)], 0.1, 0.95).unwrap();
        // The standard error is 0.1/√Σ(ln B − mean)² = 0.1/(ln 2·√2).
        close(tied.interval.high, 1.959963984540054 * 0.1 / (LN_2 * 2f64.sqrt()));
        let doubling = points(1, std::array::from_fn(|i| 0.1 * f64::from(1 << i)));
        let exact = rate_exponent(&doubling, 0.0, 0.95).unwrap();
        assert!((exact.value - 1.0).abs() < 1e-9 && exact.interval.high - exact.interval.low < 1e-9, "{exact:?}");
        for bad in
            [&[][..], &[(1.0, 1.0), (2.0, 2.0)], &[(1.0, 1.0); 3], &[(1.0, 1.0), (2.0, f64::INFINITY), (4.0, 3.0)]]
        {
            assert_eq!(rate_exponent(bad, 0.0, 0.95), None, "{bad:?}");
        }
    }

    /// Six batch sizes, rates off by 8 % as by a grid of rates with the ratio 1.25.
    #[test]
    fn intervals_of_the_exponent_cover_the_truth() {
        let mut normal = normals(5);
        let mut covers = || {
            let mut point = |i: i32| (f64::from(1 << i), libm::exp(0.5 * f64::from(i) * LN_2 + 0.08 * normal()));
            let points: Vec<(f64, f64)> = (3..9).map(&mut point).collect();
            rate_exponent(&points, 0.0, 0.95).unwrap().interval.contains(0.5)
        };
        let covered = (0..1000).filter(|_| covers()).count();
        assert!((930..=970).contains(&covered), "{covered} of 1000, with a standard error of 6.9");
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        for bad in
            [&[][..], &[(1.0, 2.0)], &[(1.0, 2.0), (1.0, 3.0)], &[(1.0, 2.0), (2.0, f64::INFINITY)], &[(1.0, f64::NAN)]]
        {
            assert_eq!(fit_rate_curves(bad), None, "{bad:?}");
        }
    }
}
