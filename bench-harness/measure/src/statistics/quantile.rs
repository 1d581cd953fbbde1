//! Medians, quartiles and other quantiles. A run that missed counts as +∞.

use super::distribution::{coin_cdf, upper};
use super::interval::{Estimate, Interval};

/// The median; the mean of the middle two of an even number, so +∞ if one of these missed. NaNs count as larger than +∞.
///
/// # Panics
///
/// Without values.
#[must_use]
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    (values[(n - 1) / 2] + values[n / 2]) / 2.0
}

/// Half the distance between the quartiles, the ⌊n/4⌋-th value from either end.
///
/// # Panics
///
/// Without values.
#[must_use]
pub fn interquartile_half_range(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let quarter = values.len() / 4;
    (values[values.len() - 1 - quarter] - values[quarter]) / 2.0
}

/// The `p`-quantile, linear between the order statistics: the value at place (n − 1)·p from 0 (type 7 of Hyndman and Fan 1996, the
/// default of R and NumPy). Between a finite value and +∞ it is +∞.
///
/// `None` without values, with a NaN among them, or if `p` is not in [0, 1].
#[must_use]
pub fn quantile(values: &[f64], p: f64) -> Option<f64> {
    if values.is_empty() || values.iter().any(|value| value.is_nan()) || !(0.0..=1.0).contains(&p) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    Some(quantile_of_sorted(&sorted, p))
}

/// (lower quartile, median, upper quartile), as [`quantile`] has them and with its `None`.
#[must_use]
pub fn quartiles(values: &[f64]) -> Option<(f64, f64, f64)> {
    Some((quantile(values, 0.25)?, quantile(values, 0.5)?, quantile(values, 0.75)?))
}

/// [`quantile`] of values in ascending order, of which there is one at least.
pub(super) fn quantile_of_sorted(sorted: &[f64], p: f64) -> f64 {
    let place = (sorted.len() - 1) as f64 * p;
    let below = place as usize;
    let (low, high) = (sorted[below], sorted[(below + 1).min(sorted.len() - 1)]);
    let part = place - below as f64;
    if part == 0.0 || low == high { low } else { low + part * (high - low) }
}

/// The median with its exact interval: the k-th value from either end, k being the largest number for which at least `confidence` of all
/// samples of this size have the true median between them, 1 − 2·P(X < k) with X the heads of n fair coins (Thompson 1936).
///
/// It assumes nothing of the distribution and takes misses (+∞). Where even the smallest and the largest value are not sure enough (fewer
/// than 6 for 0.95), the interval is all numbers. `None` without values or with a NaN.
///
/// # Panics
///
/// If `confidence` is not between 0 and 1.
#[must_use]
pub fn median_with_interval(values: &[f64], confidence: f64) -> Option<Estimate> {
    let value = quantile(values, 0.5)?;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let tail = 1.0 - upper(confidence);
    let k = (0..sorted.len()).take_while(|&k| coin_cdf(k, sorted.len()) <= tail).count();
    let ends = |k: usize| Interval { low: sorted[k - 1], high: sorted[sorted.len() - k] };
    Some(Estimate { value, interval: if k == 0 { Interval::ALL } else { ends(k) } })
}

/// The first of the values (value, weight) in ascending order up to which the share `p` of all weight lies.
pub(super) fn weighted_quantile(ascending: &[(f64, f64)], p: f64) -> Option<f64> {
    let all: f64 = ascending.iter().map(|value| value.1).sum();
    let mut sum = 0.0;
    let reached = ascending.iter().find(|value| {
        sum += value.1;
        sum >= p * all
    });
    reached.or(ascending.last()).map(|value| value.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(vec![7.0]), 7.0);
        assert_eq!(median(vec![f64::INFINITY, 1.0]), f64::INFINITY);
        assert_eq!(median(vec![f64::INFINITY, 1.0, 2.0]), 2.0);
    }

    #[test]
    fn outliers_do_not_widen_the_quartiles() {
        assert_eq!(interquartile_half_range(vec![5.0, 1.0, 2.0, 3.0, 4.0, 1e9, -1e9, 6.0]), 1.5);
        assert_eq!(interquartile_half_range(vec![7.0]), 0.0);
    }

    #[test]
    fn quartiles_are_those_of_numpy() {
        // numpy.quantile([3, 1, 4, 1, 5, 9, 2, 6], [.25, .5, .75]) = [1.75, 3.5, 5.25]
        assert_eq!(quartiles(&[3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]), Some((1.75, 3.5, 5.25)));
        assert_eq!(quantile(&[1.0, 2.0], 0.0), Some(1.0));
        assert_eq!(quantile(&[1.0, 2.0], 1.0), Some(2.0));
    }

    #[test]
    fn a_miss_is_infinite_and_nothing_is_said_of_nothing() {
        let miss = f64::INFINITY;
        assert_eq!(quartiles(&[1.0, 2.0, 3.0, miss, miss]), Some((2.0, 3.0, miss)));
        assert_eq!(quantile(&[1.0, 2.0, miss], 0.5), Some(2.0), "not 0·∞");
        assert_eq!(quantile(&[miss, miss], 0.3), Some(miss), "not ∞ − ∞");
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[1.0, f64::NAN], 0.5), None);
        assert_eq!(quantile(&[1.0], 1.1), None);
    }

    #[test]
    fn a_median_lies_between_two_order_statistics() {
        // By hand, 10 coins: P(X ≤ 1) = 11/1024 = 0.0107 ≤ 0.025 < P(X ≤ 2) = 56/1024, so k = 2. 5 coins: P(X ≤ 0) = 1/32 > 0.025.
        let ten: Vec<f64> = (1..=10).map(f64::from).collect();
        let of = |values: &[f64]| median_with_interval(values, 0.95).unwrap();
        assert_eq!(of(&ten), Estimate { value: 5.5, interval: Interval { low: 2.0, high: 9.0 } });
        assert_eq!(of(&ten[..6]).interval, Interval { low: 1.0, high: 6.0 });
        assert_eq!(of(&ten[..5]).interval, Interval::ALL);
        assert_eq!(median_with_interval(&[], 0.95), None);
    }

    #[test]
    fn quantiles_know_of_weights() {
        let values = [(1.0, 0.5), (2.0, 0.25), (5.0, 0.25)];
        let of = |p| weighted_quantile(&values, p).unwrap();
        assert_eq!([0.0, 0.5, 0.51, 0.75, 0.76, 1.0].map(of), [1.0, 1.0, 2.0, 2.0, 5.0, 5.0]);
        assert_eq!(weighted_quantile(&[], 0.5), None);
    }
}
