//! The best learning rate between those tried: the vertex of a parabola.

use super::distribution::two_sided_t;
use super::interval::{Estimate, Interval, fieller};
use super::least_squares::linear_fit;
use super::points::are_positive;

/// The best learning rate of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BestRate {
    /// The vertex η*, with its interval.
    pub rate: Estimate,
    /// S at the vertex.
    pub steps: f64,
    /// Whether the vertex lies between the smallest and the largest rate used: if not, it is a guess beyond what was tried.
    pub inside: bool,
}

/// The vertex of the parabola ln S = c₀ + c₁·ln η + c₂·(ln η)² through `points` (rate, steps) by least squares: ln η* = −c₁/2c₂,
/// with the interval of Fieller (1954) and Student's t for n − 3 degrees of freedom.
///
/// A parabola holds near the minimum: the caller passes the rates around the best, several seeds of a rate as several points. Rates
/// that missed (infinite steps) are left out; they are best cut off before, since their neighbors bend away from a parabola. With
/// three points the interval is all positive numbers. `None` with fewer than three different rates that reached the target, if the
/// parabola has no minimum, with a NaN, or with a number that is not positive.
///
/// # Panics
///
/// If `confidence` is not between 0 and 1.
#[must_use]
pub fn best_rate(points: &[(f64, f64)], confidence: f64) -> Option<BestRate> {
    if !are_positive(points) {
        return None;
    }
    let reached = points.iter().filter(|point| point.1.is_finite());
    let (x, y): (Vec<f64>, Vec<f64>) = reached.map(|&(rate, steps)| (libm::log(rate), libm::log(steps))).unzip();
    let degrees = x.len().checked_sub(3)?;
    let middle = x.iter().sum::<f64>() / x.len() as f64;
    let rows: Vec<[f64; 3]> = x.iter().map(|x| [1.0, x - middle, (x - middle) * (x - middle)]).collect();
    let fit = linear_fit(&rows, &y, &vec![1.0; y.len()])?;
    let [c0, c1, c2] = fit.coefficients;
    if c2.is_nan() || c2 <= 0.0 {
        return None;
    }
    let vertex = -c1 / (2.0 * c2);
    let interval = if degrees == 0 {
        Interval::ALL
    } else {
        let variance = fit.residuals.iter().map(|r| r * r).sum::<f64>() / degrees as f64;
        let covariance = [fit.inverse[1][1], -2.0 * fit.inverse[1][2], 4.0 * fit.inverse[2][2]].map(|v| v * variance);
        fieller(-c1, 2.0 * c2, covariance.into(), two_sided_t(confidence, degrees))
    };
    let interval = Interval { low: interval.low + middle, high: interval.high + middle };
    let tried = |limit: fn(f64, f64) -> f64| x.iter().copied().reduce(limit).unwrap_or(middle) - middle;
    Some(BestRate {
        rate: Estimate { value: libm::exp(vertex + middle), interval: interval.exponential() },
        steps: libm::exp(c0 + vertex * (c1 + vertex * c2)),
        inside: tried(f64::min) <= vertex && vertex <= tried(f64::max),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::distribution::normals;

    const POINTS: [(f64, f64); 6] =
        [(0.01, 900.0), (0.02, 500.0), (0.05, 300.0), (0.1, 260.0), (0.2, 310.0), (0.5, 700.0)];

    #[track_caller]
    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-11 * b.abs(), "{a} is not {b}");
    }

    /// f = statsmodels.api.OLS(log(S), numpy.vander(log(eta), 3, increasing=True)).fit(); the vertex of f.params, the quadratic equation
    /// of Fieller with f.cov_params() and scipy.stats.t.ppf(.975, 3).
    #[test]
    fn the_vertex_is_that_of_statsmodels() {
        let best = best_rate(&POINTS, 0.95).unwrap();
        close(best.rate.value, 0.0824446840377551);
        close(best.rate.interval.low, 0.07261941584661204);
        close(best.rate.interval.high, 0.09524656906476522);
        close(best.steps, 265.95067659027967);
        assert!(best.inside);
        let mut with_a_miss = POINTS.to_vec();
        with_a_miss.push((1.0, f64::INFINITY));
        assert_eq!(best_rate(&with_a_miss, 0.95), Some(best));
    }

    #[test]
    fn a_vertex_beyond_the_rates_is_said_to_be() {
        let best = best_rate(&POINTS[..3], 0.95).unwrap();
        assert!(!best.inside && best.rate.value > 0.05, "{best:?}");
        assert_eq!(best.rate.interval, Interval { low: 0.0, high: f64::INFINITY }, "three points have no residuals");
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        let upside_down = [(1.0, 1.0), (2.0, 2.0), (4.0, 1.0)];
        let two_rates = [(1.0, 1.0), (2.0, 2.0), (2.0, 3.0), (1.0, 2.0)];
        for points in [&[][..], &upside_down, &two_rates, &[(f64::NAN, 1.0)], &[(0.0, 1.0)], &[(1.0, 0.0)]] {
            assert_eq!(best_rate(points, 0.95), None, "{points:?}");
        }
    }

    /// Seven rates at a ratio of 1.25 around a minimum, with the noise of a median of steps.
    #[test]
    fn intervals_cover_the_best_rate() {
        let mut normal = normals(11);
        let covered = |_| {
            let mut point = |x: f64| (libm::exp(x), libm::exp(5.0 + 0.5 * x * x + 0.03 * normal()));
            let points: Vec<_> = (-3..=3).map(|i| point(f64::from(i) * 0.223)).collect();
            best_rate(&points, 0.9).is_some_and(|best| best.rate.interval.contains(1.0))
        };
        let covered = (0..1000).map(covered).filter(|&covered| covered).count();
        assert!((870..=930).contains(&covered), "{covered} of 1000, with a standard error of 9.5");
    }
}
