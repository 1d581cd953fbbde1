//! How wide the range of learning rates is that do almost as well as the best.

use super::points::{are_positive, crossing, sorted};

/// The rates around the best whose steps are within a factor of its.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GoodRates {
    /// The smallest good rate.
    pub low: f64,
    /// The largest good rate.
    pub high: f64,
    /// Whether the smallest rate tried is still good, so that the range may go on below.
    pub open_below: bool,
    /// Whether the largest rate tried is still good, so that the range may go on above.
    pub open_above: bool,
}

impl GoodRates {
    /// log₁₀(high/low).
    #[must_use]
    pub fn decades(&self) -> f64 {
        libm::log10(self.high / self.low)
    }
}

/// The range of rates around the best in which steps are at most `factor` times the fewest; `points` are pairs (rate, steps), one for
/// each rate.
///
/// Where the first rate that is not good has finite steps, the end is where the line between it and its good neighbor, log–log, reaches
/// the limit. Where it missed (+∞) the end is the good neighbor: the least that is certain. Good rates beyond a bad one do not count.
/// `None` if no rate reached the target, with a NaN, with a rate that is not positive and finite, with steps that are not positive,
/// or if `factor` is not at least 1.
#[must_use]
pub fn good_rates(points: &[(f64, f64)], factor: f64) -> Option<GoodRates> {
    if !are_positive(points) || factor.is_nan() || factor < 1.0 {
        return None;
    }
    let sorted = sorted(points);
    let best = (0..sorted.len()).min_by(|&i, &j| sorted[i].1.total_cmp(&sorted[j].1))?;
    let limit = factor * sorted[best].1;
    if limit.is_infinite() {
        return None;
    }
    let end = |outwards: &mut dyn Iterator<Item = (f64, f64)>| {
        let mut good = sorted[best];
        for next in outwards {
            if next.1 > limit {
                return (crossing(good, next, limit), false);
            }
            good = next;
        }
        (good.0, true)
    };
    let (low, open_below) = end(&mut sorted[..best].iter().rev().copied());
    let (high, open_above) = end(&mut sorted[best + 1..].iter().copied());
    Some(GoodRates { low, high, open_below, open_above })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_interpolated_between_logarithms() {
        // By hand, limit 200: from (0.1, 100) to (0.01, 400) it is reached half way, at 0.1/√10; from (1, 100) to (10, 800) after a third.
        let range =
            good_rates(&[(1.0, 100.0), (0.01, 400.0), (10.0, 800.0), (0.1, 100.0), (100.0, 100.0)], 2.0).unwrap();
        assert!((range.low - 0.1 / 10f64.sqrt()).abs() < 1e-15, "{range:?}");
        assert!((range.high - 10f64.cbrt()).abs() < 1e-14, "{range:?}");
        assert!((range.decades() - (1.0 + 0.5 + 1.0 / 3.0)).abs() < 1e-14);
        assert!(!range.open_below && !range.open_above, "the good rate 100 is beyond a bad one");
    }

    #[test]
    fn borders_are_open_and_misses_end_the_range() {
        let miss = f64::INFINITY;
        let range = good_rates(&[(1.0, 120.0), (2.0, 100.0), (4.0, miss)], 1.5).unwrap();
        assert_eq!(range, GoodRates { low: 1.0, high: 2.0, open_below: true, open_above: false });
        assert_eq!(good_rates(&[(1.0, miss)], 1.5), None);
        assert_eq!(good_rates(&[], 1.5), None);
        assert_eq!(good_rates(&[(1.0, f64::NAN)], 1.5), None);
        assert_eq!(good_rates(&[(0.0, 1.0)], 1.5), None);
    }
}
