//! What other seeds and other rounds would have given, on the logarithmic scale, to be added and compared.

use super::bootstrap::{Bootstrap, Draw, draws};
use super::interval::Interval;
use super::quantile::{median, quantile_of_sorted};

/// ln x of resamples. Two with the same number of units and the same seed have drawn the same units, so their difference is paired.
/// +∞ stands for a miss.
#[derive(Clone, Debug, PartialEq)]
pub struct Replicates {
    logs: Vec<f64>,
    /// What was drawn: seeds or rounds. The smallest of what was combined.
    units: usize,
}

impl Replicates {
    /// The median of values that are drawn with replacement, as many as there are. `None` without values, with a NaN or a value that is
    /// not positive.
    #[must_use]
    pub fn of_median(values: &[f64], resamples: usize, seed: u64) -> Option<Self> {
        if values.is_empty() || !values.iter().all(|value| *value > 0.0) {
            return None;
        }
        let logs = resampled(&[values.len()], resamples, seed, |draws| {
            median(draws[0].seeds.iter().map(|&i| values[i]).collect())
        });
        Some(Self { logs, units: values.len() })
    }

    /// That of the product.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        self.with(other, |a, b| a + b)
    }

    /// That of the quotient. Of two misses it is 1: neither is better.
    #[must_use]
    pub fn over(&self, other: &Self) -> Self {
        self.with(other, |a, b| if a == b { 0.0 } else { a - b })
    }

    /// That of x over `constant`, which is positive.
    #[must_use]
    pub fn over_constant(&self, constant: f64) -> Self {
        let log = libm::log(constant);
        Self { logs: self.logs.iter().map(|value| value - log).collect(), units: self.units }
    }

    fn with(&self, other: &Self, f: fn(f64, f64) -> f64) -> Self {
        let pairs = self.logs.iter().zip(&other.logs);
        Self { logs: pairs.map(|(a, b)| f(*a, *b)).collect(), units: self.units.min(other.units) }
    }

    /// The interval of the value, by [`Bootstrap::expanded_percentile`] for the number of seeds or rounds; all positive numbers where
    /// these are too few. Resamples whose value does not exist are left out.
    ///
    /// # Panics
    ///
    /// If `confidence` is not between 0 and 1.
    #[must_use]
    pub fn interval(&self, confidence: f64) -> Interval {
        let all = Interval { low: 0.0, high: f64::INFINITY };
        let mut replicates = self.logs.clone();
        replicates.retain(|value| !value.is_nan());
        replicates.sort_by(f64::total_cmp);
        let undefined = self.logs.len() - replicates.len();
        // Of one seed nothing is promised.
        if replicates.is_empty() || self.units < 2 {
            return all;
        }
        let resampled = Bootstrap { estimate: 0.0, replicates, undefined, jackknife: vec![0.0; self.units] };
        resampled.expanded_percentile(confidence).map_or(all, Interval::exponential)
    }
}

/// How many times what the best of tuning trials needs the one that is chosen may need, with this one-sided confidence: trials are drawn
/// with replacement, then the seeds of each, as in [`nested_bootstrap`](super::nested_bootstrap); the trial whose median is then smallest is judged by the median
/// of all its seeds. Choices that miss are left out: repeats would have shown them.
///
/// `trials[i]` has what the seeds of a trial needed. `None` without trials, if a trial has no seeds, or if all of them missed.
///
/// # Panics
///
/// If `confidence` is not between 0 and 1.
#[must_use]
pub fn regret_of_choice(trials: &[Vec<f64>], resamples: usize, seed: u64, confidence: f64) -> Option<f64> {
    let seeds: Vec<usize> = trials.iter().map(Vec::len).collect();
    if seeds.contains(&0) {
        return None;
    }
    let medians: Vec<f64> = trials.iter().map(|trial| median(trial.clone())).collect();
    let best = medians.iter().copied().fold(f64::INFINITY, f64::min);
    if !(best > 0.0 && best.is_finite()) {
        return None;
    }
    let of = |draw: &Draw| median(draw.seeds.iter().map(|&i| trials[draw.trial][i]).collect());
    let mut regrets = resampled(&seeds, resamples, seed, |draws| {
        let scores = draws.iter().map(|draw| (of(draw), medians[draw.trial]));
        let chosen = scores.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        chosen.map_or(f64::INFINITY, |score| score.1) / best
    });
    regrets.retain(|regret| regret.is_finite());
    regrets.sort_by(f64::total_cmp);
    (!regrets.is_empty()).then(|| libm::exp(quantile_of_sorted(&regrets, confidence)))
}

/// ln of the statistic of each resample, in the order in which they were drawn; all units are there.
fn resampled(units: &[usize], resamples: usize, seed: u64, statistic: impl Fn(&[Draw]) -> f64) -> Vec<f64> {
    draws(units, resamples, seed).map(|draws| libm::log(statistic(&draws))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::{distribution::normals, geometric_mean_ratio, nested_bootstrap};

    #[test]
    fn the_interval_of_a_median_is_that_of_the_bootstrap() {
        let values = [120.0, 95.0, 180.0, 150.0, 110.0, 240.0, 99.0];
        let of = |draws: &[Draw]| median(draws[0].seeds.iter().map(|&i| values[i]).collect());
        let direct = nested_bootstrap(&[7], 2000, 5, of).unwrap().expanded_percentile(0.95).unwrap();
        let interval = Replicates::of_median(&values, 2000, 5).unwrap().interval(0.95);
        assert!((interval.low / direct.low - 1.0).abs() < 1e-12, "{interval:?} {direct:?}");
        assert!((interval.high / direct.high - 1.0).abs() < 1e-12, "{interval:?} {direct:?}");
    }

    /// What two competitors share is gone from their ratio.
    #[test]
    fn ratios_are_paired() {
        let a = [120.0, 95.0, 180.0, 150.0, 110.0, 240.0, 99.0, 170.0];
        let twice = a.map(|x| 2.0 * x);
        let [a, b] = [a, twice].map(|values| Replicates::of_median(&values, 1000, 1).unwrap());
        let Interval { low, high } = b.over(&a).interval(0.95);
        assert!((low - 2.0).abs() < 1e-12 && (high - 2.0).abs() < 1e-12);
        let square = a.times(&a).interval(0.95);
        assert!((square.low / a.interval(0.95).low.powi(2) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn misses_and_single_values_say_little() {
        let miss = f64::INFINITY;
        let some = Replicates::of_median(&[10.0, 12.0, miss, miss, 11.0], 2000, 1).unwrap().interval(0.95);
        assert!(some.low == 10.0f64.ln().exp() && some.high == miss, "{some:?}");
        let one = Replicates::of_median(&[3.0], 100, 1).unwrap();
        assert_eq!(one.interval(0.95), Interval { low: 0.0, high: miss });
        let never = Replicates::of_median(&[miss; 4], 100, 1).unwrap();
        assert_eq!(never.interval(0.95), Interval { low: miss, high: miss });
        assert_eq!(never.over(&never).interval(0.95), Interval { low: 1.0, high: 1.0 });
        for bad in [&[][..], &[0.0], &[f64::NAN, 1.0], &[-1.0]] {
            assert_eq!(Replicates::of_median(bad, 100, 1), None, "{bad:?}");
        }
    }

    /// Of three trials the best is not drawn with chance (2/3)³ = 0.30, nor the next one with (1/3)³ = 0.04; with one seed each.
    #[test]
    fn another_rate_may_have_been_chosen() {
        let regret = |trials: &[Vec<f64>], confidence| regret_of_choice(trials, 4000, 1, confidence);
        let trials = [vec![100.0], vec![110.0], vec![200.0]];
        for (confidence, wanted) in [(0.65, 1.0), (0.75, 1.1), (0.95, 1.1), (0.98, 2.0)] {
            assert!((regret(&trials, confidence).unwrap() - wanted).abs() < 1e-12, "{confidence}");
        }
        assert_eq!(regret(&[vec![90.0, 130.0]], 0.95), Some(1.0), "the luck of seeds is that of the repeats");
        let miss = f64::INFINITY;
        assert_eq!(regret(&[vec![100.0], vec![miss]], 0.95), Some(1.0), "a rate that missed would not have been kept");
        assert_eq!([regret(&[vec![miss]], 0.95), regret(&[], 0.95), regret(&[vec![]], 0.95)], [None; 3]);
    }

    /// Ten paired seeds, log-normal, a true ratio of 1.1.
    #[test]
    fn intervals_of_ratios_cover_the_truth() {
        let mut normal = normals(4);
        let (mut covered, mut by_t) = (0, 0);
        for round in 0..200 {
            let common: Vec<f64> = (0..10).map(|_| 0.3 * normal()).collect();
            let mut runs = |middle: f64| -> Vec<f64> {
                common.iter().map(|common| middle * libm::exp(common + 0.1 * normal())).collect()
            };
            let (a, b) = (runs(110.0), runs(100.0));
            let of = |values: &[f64]| Replicates::of_median(values, 500, round).unwrap();
            covered += usize::from(of(&a).over(&of(&b)).interval(0.9).contains(1.1));
            let pairs: Vec<_> = a.into_iter().zip(b).collect();
            by_t += usize::from(geometric_mean_ratio(&pairs, 0.9).unwrap().interval.contains(1.1));
        }
        assert!((170..=198).contains(&covered), "{covered} of 200, by t {by_t}");
    }
}
