//! How many runs reached their target, and what a success costs.

use super::distribution::two_sided_z;
use super::interval::{Estimate, Interval};

/// What came of a run, with the steps (or samples, or seconds) that it took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ToTarget {
    /// The target was reached after so many.
    Reached(f64),
    /// The budget ended first: the target may have been reached later.
    Censored(f64),
    /// The run diverged after so many: it would never have reached the target.
    Diverged(f64),
}

impl ToTarget {
    /// What the run took, whatever came of it.
    #[must_use]
    pub fn spent(self) -> f64 {
        let (Self::Reached(spent) | Self::Censored(spent) | Self::Diverged(spent)) = self;
        spent
    }

    /// What it took to reach the target, +∞ if it was not: what medians are of.
    #[must_use]
    pub fn or_infinite(self) -> f64 {
        if let Self::Reached(spent) = self { spent } else { f64::INFINITY }
    }
}

/// The share k/n with the interval of Wilson (1927),
///
/// ```text
/// (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n)
/// ```
///
/// which holds on average what it promises even for few runs and shares near 0 and 1. `successes` may be fractional, such as a tie that
/// counts as half. `None` without runs, or if `successes` is NaN, negative or more than `runs`.
///
/// # Panics
///
/// If `confidence` is not between 0 and 1.
#[must_use]
pub fn wilson(successes: f64, runs: usize, confidence: f64) -> Option<Estimate> {
    let (z, n) = (two_sided_z(confidence), runs as f64);
    if runs == 0 || !(0.0..=n).contains(&successes) {
        return None;
    }
    let p = successes / n;
    let middle = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt() / (1.0 + z * z / n);
    // At the ends the formula gives 0 and 1 but for rounding.
    let low = if p == 0.0 { 0.0 } else { middle - half };
    let high = if p == 1.0 { 1.0 } else { middle + half };
    Some(Estimate { value: p, interval: Interval { low, high } })
}

/// The share of the runs that reached their target, by [`wilson`] and with its `None`. Censored and diverged runs are both misses.
///
/// # Panics
///
/// If `confidence` is not between 0 and 1.
#[must_use]
pub fn success_rate(runs: &[ToTarget], confidence: f64) -> Option<Estimate> {
    let reached = runs.iter().filter(|run| matches!(run, ToTarget::Reached(_))).count();
    wilson(reached as f64, runs.len(), confidence)
}

/// The expected running time (Hansen et al. 2009, COCO): what *all* runs spent over the number of successes, what one who starts again
/// after each failure pays for a success. Censored and diverged runs count with what they spent.
///
/// +∞ if none succeeded; `None` without runs, or if a run spent NaN.
#[must_use]
pub fn expected_running_time(runs: &[ToTarget]) -> Option<f64> {
    let reached = runs.iter().filter(|run| matches!(run, ToTarget::Reached(_))).count();
    let spent: f64 = runs.iter().map(|run| run.spent()).sum();
    match (runs.is_empty() || spent.is_nan(), reached) {
        (true, _) => None,
        (false, 0) => Some(f64::INFINITY),
        (false, reached) => Some(spent / reached as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::ToTarget::{Censored, Diverged, Reached};
    use super::*;

    #[test]
    fn intervals_of_wilson_are_those_of_statsmodels() {
        // statsmodels.stats.proportion.proportion_confint(k, n, alpha, "wilson")
        for (k, n, confidence, low, high) in [
            (7.0, 10, 0.95, 0.39677814746114537, 0.8922087325936989),
            (0.0, 5, 0.95, 0.0, 0.43448246478317487),
            (20.0, 20, 0.95, 0.8388748419471804, 1.0),
            (3.0, 50, 0.95, 0.020614970348973943, 0.16217091688838173),
            (7.0, 10, 0.9, 0.44169979586983493, 0.873123416096802),
        ] {
            let rate = wilson(k, n, confidence).unwrap();
            assert_eq!(rate.value, k / n as f64);
            let interval = rate.interval;
            assert!(
                (interval.low - low).abs() < 1e-14 && (interval.high - high).abs() < 1e-14,
                "{k}/{n}: {interval:?}"
            );
        }
        assert_eq!([wilson(0.0, 0, 0.95), wilson(3.0, 2, 0.95), wilson(f64::NAN, 2, 0.95)], [None; 3]);
    }

    /// The chance that the interval holds the true share, summed over all outcomes: no luck involved.
    #[test]
    fn intervals_of_wilson_cover_the_true_share() {
        for n in [5, 10, 20] {
            let intervals: Vec<_> = (0..=n).map(|k| wilson(k as f64, n, 0.95).unwrap().interval).collect();
            let covered = |p: f64| {
                let mut chance = (1.0 - p).powi(n as i32);
                let mut sum = 0.0;
                for (k, interval) in intervals.iter().enumerate() {
                    sum += if interval.contains(p) { chance } else { 0.0 };
                    chance *= (n - k) as f64 / (k + 1) as f64 * p / (1.0 - p);
                }
                sum
            };
            let shares = (1..200).map(|i| f64::from(i) / 200.0);
            let mean = shares.clone().map(covered).sum::<f64>() / 199.0;
            assert!((0.945..0.97).contains(&mean), "{n} runs: {mean}");
            let least = shares.map(covered).fold(1.0, f64::min);
            assert!(least > 0.82, "{n} runs: {least}");
        }
    }

    #[test]
    fn what_a_success_costs() {
        // By hand: (100 + 300 + 500 + 50)/2.
        let runs = [Reached(100.0), Reached(300.0), Censored(500.0), Diverged(50.0)];
        assert_eq!(expected_running_time(&runs), Some(475.0));
        assert_eq!(success_rate(&runs, 0.95), wilson(2.0, 4, 0.95));
        assert_eq!(runs.map(ToTarget::or_infinite), [100.0, 300.0, f64::INFINITY, f64::INFINITY]);
        assert_eq!(expected_running_time(&runs[2..]), Some(f64::INFINITY));
        assert_eq!(expected_running_time(&[]), None);
        assert_eq!(expected_running_time(&[Reached(1.0), Censored(f64::NAN)]), None);
    }
}
