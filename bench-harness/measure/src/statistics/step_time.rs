//! The time of a step as a function of the batch size, τ(B) = a + b·B, and the batch size that follows from it.

use super::distribution::two_sided_t;
use super::interval::{Estimate, Interval, fieller};
use super::least_squares::{LinearFit, linear_fit};
use super::points::{are_positive, sorted};
use super::quantile::median;

/// τ(B) = a + b·B.
#[derive(Clone, Debug, PartialEq)]
pub struct StepTime {
    /// a: what a step takes however few its samples are, in the unit of the times.
    pub per_step: Estimate,
    /// b: what each sample takes.
    pub per_sample: Estimate,
    /// a/b: the batch size at which samples take as long as the rest.
    pub hardware_batch_size: Estimate,
    /// (B, (τ − τ̂)/τ) for the median τ of each batch size, in ascending order.
    pub residuals: Vec<(f64, f64)>,
}

/// Where the weight of a residual begins to fall, in robust standard deviations: 95 % efficient on normal residuals (Huber 1981).
const HUBER: f64 = 1.345;
/// The median of |z| of a standard normal z.
const NORMAL_DEVIATION: f64 = 0.674_489_750_196_081_7;

/// The line through `points` (batch size, time of a step); there may be many times for a batch size, of which the median counts.
///
/// Relative residuals are what varies equally, so 1 = a/τ + b·B/τ is fitted, by Huber's M-estimator (Huber 1964) with iterated weights
/// and the scale median|r|/0.6745 of all residuals but the two smallest, anew in each iteration: a batch size at which the machine was
/// disturbed, or that falls out of a cache, does not bend the line. (Two parameters make two residuals small. Intervals of 90 % hold
/// the line in 89 to 90 % with four to ten batch sizes, and in 94 % if one of ten was disturbed: `examples/statistics_coverage.rs`.)
///
/// Intervals are Student's t with n − 2 degrees of freedom for n batch sizes and the covariance
///
/// ```text
/// K²·(Σψ²·s²/(n − 2))/(Σψ'/n)² · (XᵀX)⁻¹    K = 1 + (2/n)·(1 − ψ̄')/ψ̄'
/// ```
///
/// (Huber 1981, section 7.6), of a/b that of Fieller; with two batch sizes they are all numbers. Since residuals include how far the
/// machine is from a line, so do the intervals. `None` with fewer than two batch sizes, or with a number that is not positive and finite.
///
/// # Panics
///
/// If `confidence` is not between 0 and 1.
#[must_use]
pub fn fit_step_time(points: &[(f64, f64)], confidence: f64) -> Option<StepTime> {
    if !are_positive(points) || points.iter().any(|point| point.1.is_infinite()) {
        return None;
    }
    let sorted = sorted(points);
    let same = sorted.chunk_by(|a, b| a.0 == b.0);
    let medians: Vec<(f64, f64)> = same.map(|s| (s[0].0, median(s.iter().map(|point| point.1).collect()))).collect();
    let rows: Vec<[f64; 2]> = medians.iter().map(|(batch, time)| [1.0 / time, batch / time]).collect();
    let degrees = rows.len().checked_sub(2)?;
    let (fit, scale) = huber(&rows)?;
    let [a, b] = fit.coefficients;
    let residuals = medians.iter().zip(&fit.residuals).map(|(point, r)| (point.0, *r)).collect();
    let every = |value| Estimate { value, interval: Interval::ALL };
    let (per_step, per_sample, hardware_batch_size) = if degrees == 0 {
        (every(a), every(b), every(a / b))
    } else {
        let t = two_sided_t(confidence, degrees);
        let variance = variance(&fit.residuals, scale);
        let [xx, xy, yy] = [fit.inverse[0][0], fit.inverse[0][1], fit.inverse[1][1]].map(|v| v * variance);
        let estimate = |value: f64, v: f64| Estimate { value, interval: Interval::around(value, t * v.sqrt()) };
        let ratio = Estimate { value: a / b, interval: fieller(a, b, (xx, xy, yy), t) };
        (estimate(a, xx), estimate(b, yy), ratio)
    };
    Some(StepTime { per_step, per_sample, hardware_batch_size, residuals })
}

/// The fit of 1 on `rows`, with the scale of its residuals.
fn huber(rows: &[[f64; 2]]) -> Option<(LinearFit<2>, f64)> {
    let ones = vec![1.0; rows.len()];
    let mut fit = linear_fit(rows, &ones, &ones)?;
    for _ in 0..200 {
        let scale = scale(&fit.residuals);
        let weight = |r: &f64| if r.abs() <= HUBER * scale { 1.0 } else { HUBER * scale / r.abs() };
        let weights: Vec<f64> = fit.residuals.iter().map(weight).collect();
        let next = linear_fit(rows, &ones, &weights)?;
        let moved = next.residuals.iter().zip(&fit.residuals).map(|(new, old)| (new - old).abs()).fold(0.0, f64::max);
        fit = next;
        if moved <= 1e-12 {
            break;
        }
    }
    let scale = scale(&fit.residuals);
    Some((fit, scale))
}

/// median|r|/0.6745 without the two smallest |r|, but not so small that rounding errors are outliers.
fn scale(residuals: &[f64]) -> f64 {
    let mut sizes: Vec<f64> = residuals.iter().map(|r| r.abs()).collect();
    sizes.sort_by(f64::total_cmp);
    sizes.drain(..2.min(sizes.len() - 1));
    (median(sizes) / NORMAL_DEVIATION).max(1e-12)
}

/// The variance that belongs to (XᵀX)⁻¹.
fn variance(residuals: &[f64], scale: f64) -> f64 {
    let n = residuals.len() as f64;
    let clipped = residuals.iter().map(|r| r.clamp(-HUBER * scale, HUBER * scale));
    let inside = residuals.iter().filter(|r| r.abs() <= HUBER * scale).count() as f64 / n;
    let k = 1.0 + 2.0 / n * (1.0 - inside) / inside;
    k * k * clipped.map(|r| r * r).sum::<f64>() / (n - 2.0) / (inside * inside)
}

/// B* = √(B_crit·a/b), where (S_min + E_min/B)(a + b·B), the time to the target, is smallest.
///
/// `None` if one of the three is not positive and finite: the line then says that there is no such batch size, or the fit failed.
#[must_use]
pub fn fastest_batch_size(critical: f64, per_step: f64, per_sample: f64) -> Option<f64> {
    let fine = [critical, per_step, per_sample].iter().all(|&value| value > 0.0 && value.is_finite());
    fine.then(|| (critical * per_step / per_sample).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::distribution::normals;

    #[track_caller]
    fn close(a: f64, b: f64, relative: f64) {
        assert!((a - b).abs() <= relative * b.abs(), "{a} is not {b}");
    }

    /// 10 + B/2 with noise, and a disturbance at B = 16.
    const TIMES: [f64; 8] = [10.4, 11.1, 12.2, 13.8, 27.0, 25.9, 42.5, 73.4];

    fn points() -> Vec<(f64, f64)> {
        TIMES.iter().enumerate().map(|(i, time)| (f64::from(1 << i), *time)).collect()
    }

    /// By a program in Python of these formulas, which with the median of all residuals as the scale gives what `statsmodels` gives: RLM(ones(8),
    /// column_stack([1/tau, B/tau]), M=HuberT(1.345)).fit(scale_est="mad", cov="H1"); params ± scipy.stats.t.ppf(.975, 6) * bse; the quadratic
    /// equation of Fieller.
    #[test]
    fn the_line_is_that_of_another_program() {
        let fit = fit_step_time(&points(), 0.95).unwrap();
        for (estimate, value, low, high) in [
            (fit.per_step, 10.032306159242504, 9.741509734684435, 10.323102583800573),
            (fit.per_sample, 0.5007373869948557, 0.4816845603206171, 0.5197902136690943),
            (fit.hardware_batch_size, 20.035065125555665, 18.927212921928007, 21.22066648016856),
        ] {
            close(estimate.value, value, 1e-10);
            close(estimate.interval.low, low, 1e-8);
            close(estimate.interval.high, high, 1e-8);
        }
        close(fit.residuals[4].1, 1.0 - (10.032306159242504 + 16.0 * 0.5007373869948557) / 27.0, 1e-9);
    }

    #[test]
    fn the_median_of_a_batch_size_counts() {
        let mut shuffled = points();
        shuffled.extend(points().iter().map(|&(batch, time)| (batch, time * 0.9)));
        shuffled.extend(points().iter().map(|&(batch, time)| (batch, time * 5.0)));
        shuffled.reverse();
        assert_eq!(fit_step_time(&shuffled, 0.95), fit_step_time(&points(), 0.95));
    }

    #[test]
    fn an_exact_line_and_two_points_and_nothing() {
        let exact: Vec<_> = (0..6).map(|i| f64::from(1 << i)).map(|b| (b, 3.0 + 0.25 * b)).collect();
        let fit = fit_step_time(&exact, 0.95).unwrap();
        close(fit.per_step.value, 3.0, 1e-12);
        close(fit.per_sample.value, 0.25, 1e-12);
        close(fit.hardware_batch_size.interval.low, 12.0, 1e-9);
        let two = fit_step_time(&exact[..2], 0.95).unwrap();
        close(two.per_step.value, 3.0, 1e-12);
        assert_eq!(two.per_step.interval, Interval::ALL);
        for bad in [
            &[][..],
            &[(1.0, 2.0)],
            &[(1.0, 2.0), (1.0, 2.5)],
            &[(1.0, f64::NAN); 2],
            &[(1.0, f64::INFINITY), (2.0, 1.0)],
        ] {
            assert_eq!(fit_step_time(bad, 0.95), None, "{bad:?}");
        }
    }

    /// Batch sizes whose times vary by 3 %; of ten, one of them by a disturbance too in every other round.
    #[test]
    fn intervals_cover_the_line() {
        let mut normal = normals(3);
        for (sizes, step, disturbed) in [(4, 2, false), (5, 1, false), (6, 1, false), (10, 1, true)] {
            let mut covered = [0; 3];
            for round in 0..1000 {
                let mut point = |i: i32| {
                    let batch = f64::from(8 << (step * i));
                    let disturbance = if disturbed && i == round % 20 { 2.0 } else { 1.0 };
                    (batch, disturbance * (50.0 + batch / 2.0) * libm::exp(0.03 * normal()))
                };
                let points: Vec<_> = (0..sizes).map(&mut point).collect();
                let fit = fit_step_time(&points, 0.95).unwrap();
                for (i, (estimate, truth)) in
                    [(fit.per_step, 50.0), (fit.per_sample, 0.5), (fit.hardware_batch_size, 100.0)]
                        .into_iter()
                        .enumerate()
                {
                    covered[i] += usize::from(estimate.interval.contains(truth));
                }
            }
            let held = covered.iter().all(|covered| (925..=975).contains(covered));
            assert!(held, "{covered:?} of 1000 with {sizes} sizes, 950 ± 7 promised");
        }
    }

    #[test]
    fn the_fastest_batch_size_is_where_the_time_is_smallest() {
        // By hand: t(B) = (100 + 51200/B)(10 + B/2): √(512·20) = 101.19, t is larger on both sides.
        let fastest = fastest_batch_size(512.0, 10.0, 0.5).unwrap();
        close(fastest, 10240f64.sqrt(), 1e-15);
        let time = |b: f64| (100.0 + 51200.0 / b) * (10.0 + b / 2.0);
        assert!(time(fastest) < time(fastest * 1.01) && time(fastest) < time(fastest / 1.01));
        for (c, a, b) in [(512.0, -1.0, 0.5), (512.0, 1.0, 0.0), (f64::INFINITY, 1.0, 1.0), (f64::NAN, 1.0, 1.0)] {
            assert_eq!(fastest_batch_size(c, a, b), None);
        }
    }
}
