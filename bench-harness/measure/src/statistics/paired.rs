//! Two competitors on the same seeds: pairs (a, b) of what each needed, lower being better and +∞ a miss.

use super::distribution::two_sided_t;
use super::interval::{Estimate, Interval};
use super::success::wilson;

/// P(a beats b): the share of the pairs in which a needed less, ties counting half, with the interval of Wilson for that share.
///
/// Two misses are a tie. A tie varies less than the coin that the interval assumes, so with ties it is too wide rather than too narrow.
/// `None` without pairs or with a NaN.
///
/// # Panics
///
/// If `confidence` is not between 0 and 1.
#[must_use]
pub fn probability_of_beating(pairs: &[(f64, f64)], confidence: f64) -> Option<Estimate> {
    let score = |&(a, b): &(f64, f64)| a.partial_cmp(&b).map(|order| [1.0, 0.5, 0.0][(order as i8 + 1) as usize]);
    let scores: Option<Vec<f64>> = pairs.iter().map(score).collect();
    wilson(scores?.iter().sum(), pairs.len(), confidence)
}

/// How much of the variance of a difference goes away because the seeds are shared: 1 − Var(a − b)/(Var a + Var b), which is the
/// correlation if both vary equally. 0 says that pairing does nothing, less than 0 that it does harm.
///
/// Steps are better compared by their logarithms, which the caller takes. `None` with fewer than two pairs, with a value that is not
/// finite (a miss has no variance), and if nothing varies.
#[must_use]
pub fn variance_removed_by_pairing(pairs: &[(f64, f64)]) -> Option<f64> {
    let variance = |of: fn(&(f64, f64)) -> f64| mean_and_variance(&pairs.iter().map(of).collect::<Vec<_>>());
    let apart = variance(|pair| pair.0)?.1 + variance(|pair| pair.1)?.1;
    let together = variance(|pair| pair.0 - pair.1)?.1;
    (apart > 0.0).then(|| 1.0 - together / apart)
}

/// The geometric mean exp(mean ln x), the mean for ratios such as speed-ups (Fleming and Wallace 1986).
///
/// `None` without values and with one that is not positive and finite: a miss has no place in it.
#[must_use]
pub fn geometric_mean(values: &[f64]) -> Option<f64> {
    let logs = logarithms(values.iter().copied())?;
    Some(libm::exp(logs.iter().sum::<f64>() / logs.len() as f64))
}

/// The geometric mean of the ratios a/b with the t interval of their logarithms; all positive numbers with one pair.
///
/// `None` without pairs and with a ratio that is not positive and finite: of pairs with a miss, say who beats whom instead.
///
/// # Panics
///
/// If `confidence` is not between 0 and 1.
#[must_use]
pub fn geometric_mean_ratio(pairs: &[(f64, f64)], confidence: f64) -> Option<Estimate> {
    let t = two_sided_t(confidence, pairs.len().saturating_sub(1));
    let logs = logarithms(pairs.iter().map(|(a, b)| a / b))?;
    let Some((mean, variance)) = mean_and_variance(&logs) else {
        return Some(Estimate { value: libm::exp(logs[0]), interval: Interval::ALL.exponential() });
    };
    let half = t * (variance / logs.len() as f64).sqrt();
    Some(Estimate { value: libm::exp(mean), interval: Interval::around(mean, half).exponential() })
}

/// The natural logarithms, if there are any and all are finite.
fn logarithms(values: impl Iterator<Item = f64>) -> Option<Vec<f64>> {
    let logs: Vec<f64> = values.map(libm::log).collect();
    (!logs.is_empty() && logs.iter().all(|log| log.is_finite())).then_some(logs)
}

/// The mean and the variance with n − 1, of two finite values at least.
pub(super) fn mean_and_variance(values: &[f64]) -> Option<(f64, f64)> {
    if values.len() < 2 || !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    Some((mean, values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (n - 1.0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISS: f64 = f64::INFINITY;
    const PAIRS: [(f64, f64); 5] = [(120.0, 100.0), (95.0, 90.0), (180.0, 160.0), (150.0, 140.0), (110.0, 95.0)];

    #[test]
    fn ties_count_half_and_two_misses_are_a_tie() {
        // By hand: a wins 1 and 2, ties 3 and 4, loses 5: 3/5.
        let pairs = [(1.0, 2.0), (5.0, MISS), (MISS, MISS), (2.0, 2.0), (MISS, 1e9)];
        let p = probability_of_beating(&pairs, 0.95).unwrap();
        assert_eq!(Some(p), wilson(3.0, 5, 0.95));
        assert_eq!(p.value, 0.6);
        assert_eq!(probability_of_beating(&[], 0.95), None);
        assert_eq!(probability_of_beating(&[(1.0, 2.0), (f64::NAN, 1.0)], 0.95), None);
    }

    #[test]
    fn shared_seeds_remove_variance() {
        // numpy: 1 - var(a - b, ddof=1) / (var(a, ddof=1) + var(b, ddof=1)) = 0.98
        assert!((variance_removed_by_pairing(&PAIRS).unwrap() - 0.98).abs() < 1e-14);
        let opposed = variance_removed_by_pairing(&[(1.0, 2.0), (2.0, 1.0)]).unwrap();
        assert!((opposed + 1.0).abs() < 1e-15, "{opposed}");
        for pairs in [&[][..], &[(1.0, 2.0)], &[(1.0, 2.0), (MISS, 1.0)], &[(1.0, 2.0); 2], &[(1.0, f64::NAN); 2]] {
            assert_eq!(variance_removed_by_pairing(pairs), None, "{pairs:?}");
        }
    }

    /// `scipy.stats.gmean(a / b)`, and with l = numpy.log(a / b): `exp(mean(l) ± t.ppf(.975, 4) * std(l, ddof=1) / sqrt(5))`.
    #[test]
    fn ratios_have_a_geometric_mean() {
        let Estimate { value, interval } = geometric_mean_ratio(&PAIRS, 0.95).unwrap();
        for (a, b) in
            [(value, 1.120700158919802), (interval.low, 1.0489350797479868), (interval.high, 1.1973751955217515)]
        {
            assert!((a - b).abs() < 1e-13, "{a} is not {b}");
        }
        assert!((geometric_mean(&[2.0, 8.0]).unwrap() - 4.0).abs() < 1e-15);
        let one = geometric_mean_ratio(&[(2.0, 1.0)], 0.95).unwrap();
        assert!((one.value - 2.0).abs() < 1e-15);
        assert_eq!(one.interval, Interval { low: 0.0, high: MISS });
        for values in [&[][..], &[1.0, 0.0], &[1.0, MISS], &[-1.0], &[f64::NAN]] {
            assert_eq!(geometric_mean(values), None, "{values:?}");
        }
        assert_eq!([geometric_mean_ratio(&[], 0.95), geometric_mean_ratio(&[(MISS, MISS)], 0.95)], [None; 2]);
    }
}
