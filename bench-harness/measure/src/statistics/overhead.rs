//! The largest batch size that wastes little, without a model.

use super::points::{are_positive, crossing, sorted};

/// A batch size up to which the samples to the target are few.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BatchLimit {
    /// The batch size.
    pub batch_size: f64,
    /// Whether the largest batch size measured is still within the limit, so that the true one is larger.
    pub open: bool,
}

/// The largest B with S(B)·B ≤ `factor`·min S·B, for `points` (batch size, steps); with factor 1.2 it is B₂₀, which is 0.2·B_crit on the
/// curve S_min + E_min/B of Shallue et al. (2019).
///
/// The smallest of several noisy S·B is too small, so the limit is too low, and B₂₀ rather too small than too large: the price of having
/// no model (`examples/statistics_coverage.rs` shows it).
///
/// Past the largest batch size within the limit, S·B is taken as a line between logarithms to the next one; if that missed (+∞), the limit is
/// the batch size itself. `None` if nothing reached the target, with a NaN, with a batch size that is not positive and finite, with steps
/// that are not positive, or if `factor` is not at least 1.
#[must_use]
pub fn largest_batch_within(points: &[(f64, f64)], factor: f64) -> Option<BatchLimit> {
    if !are_positive(points) || factor.is_nan() || factor < 1.0 {
        return None;
    }
    let samples: Vec<(f64, f64)> = sorted(points).into_iter().map(|(batch, steps)| (batch, batch * steps)).collect();
    let limit = factor * samples.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
    let last = samples.iter().rposition(|point| point.1 <= limit && point.1.is_finite())?;
    Some(match samples.get(last + 1) {
        None => BatchLimit { batch_size: samples[last].0, open: true },
        Some(&next) => BatchLimit { batch_size: crossing(samples[last], next, limit), open: false },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_interpolated_between_logarithms() {
        // By hand: S·B is 1000, 1100, 1440; 1.2·1000 is reached after ln(12/11)/ln(14.4/11) of the octave from 20 to 40.
        let limit = largest_batch_within(&[(40.0, 36.0), (10.0, 100.0), (20.0, 55.0)], 1.2).unwrap();
        let by_hand = 20.0 * 2f64.powf((12f64 / 11.0).ln() / (14.4f64 / 11.0).ln());
        assert!((limit.batch_size - by_hand).abs() < 1e-12 && !limit.open, "{limit:?}");
    }

    #[test]
    fn on_the_hyperbola_it_is_a_fifth_of_the_critical_batch_size() {
        let curve = |i: i32| (2f64.powf(f64::from(i) / 8.0), 100.0 + 51_200.0 / 2f64.powf(f64::from(i) / 8.0));
        let points: Vec<_> = (0..100).map(curve).collect();
        let limit = largest_batch_within(&points, 1.2).unwrap();
        assert!((limit.batch_size / (0.2 * 512.0) - 1.0).abs() < 0.02, "{limit:?}: the smallest batch has 1/512 more");
    }

    #[test]
    fn borders_are_open_and_misses_end_it() {
        let miss = f64::INFINITY;
        assert_eq!(
            largest_batch_within(&[(1.0, 8.0), (2.0, 4.0)], 1.2),
            Some(BatchLimit { batch_size: 2.0, open: true })
        );
        let missed = largest_batch_within(&[(1.0, 8.0), (2.0, 4.0), (4.0, miss)], 1.2);
        assert_eq!(missed, Some(BatchLimit { batch_size: 2.0, open: false }));
        assert_eq!(largest_batch_within(&[(1.0, miss)], 1.2), None);
        assert_eq!(largest_batch_within(&[], 1.2), None);
        assert_eq!(largest_batch_within(&[(1.0, f64::NAN)], 1.2), None);
    }
}
