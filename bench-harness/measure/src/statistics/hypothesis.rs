//! Exact tests of "neither of the two is better", on pairs (a, b) with the same seeds, and the correction for many of them.

use super::distribution::coin_cdf;

/// The p value of the two-sided sign test (Arbuthnott 1710): of the pairs that are no ties, the wins of either side are heads of a fair
/// coin. It assumes nothing of the differences; with 5 pairs it cannot be below 1/16.
///
/// A miss is +∞ and two misses are a tie. Ties are left out; with nothing but ties p is 1. `None` without pairs or with a NaN.
#[must_use]
pub fn sign_test(pairs: &[(f64, f64)]) -> Option<f64> {
    if pairs.is_empty() || pairs.iter().any(|(a, b)| a.is_nan() || b.is_nan()) {
        return None;
    }
    let wins = pairs.iter().filter(|(a, b)| a < b).count();
    let losses = pairs.iter().filter(|(a, b)| a > b).count();
    Some((2.0 * coin_cdf(wins.min(losses), wins + losses)).min(1.0))
}

/// The p value of the two-sided signed-rank test (Wilcoxon 1945) on the differences a − b: all 2ⁿ signs of the ranks are equally likely,
/// counted exactly. It assumes that differences are as likely positive as negative of the same size, and sees more than the sign test.
///
/// Equal sizes share their mean rank. A pair with one miss has the largest rank; equal values and two misses are left out, and with
/// nothing else p is 1. `None` without pairs or with a NaN. It takes n³ operations.
#[must_use]
pub fn signed_rank_test(pairs: &[(f64, f64)]) -> Option<f64> {
    if pairs.is_empty() || pairs.iter().any(|(a, b)| a.is_nan() || b.is_nan()) {
        return None;
    }
    let differ = pairs.iter().filter(|(a, b)| a != b);
    let mut differences: Vec<f64> = differ.map(|(a, b)| a - b).collect();
    differences.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    // Twice the rank is whole also where it is shared.
    let mut ranks: Vec<(usize, bool)> = vec![];
    for same in differences.chunk_by(|a, b| a.abs() == b.abs()) {
        let twice = 2 * ranks.len() + same.len() + 1;
        ranks.extend(same.iter().map(|&difference| (twice, difference > 0.0)));
    }
    let total: usize = ranks.iter().map(|(rank, _)| rank).sum();
    let positive: usize = ranks.iter().filter(|(_, positive)| *positive).map(|(rank, _)| rank).sum();
    // chance[s]: that the ranks so far with a positive sign sum to s.
    let mut chance = vec![0.0; total + 1];
    chance[0] = 1.0;
    for (rank, _) in ranks {
        for s in (0..=total).rev() {
            let with = if s >= rank { chance[s - rank] } else { 0.0 };
            chance[s] = f64::midpoint(chance[s], with);
        }
    }
    let tail: f64 = chance[..=positive.min(total - positive)].iter().sum();
    Some((2.0 * tail).min(1.0))
}

/// The p values of a family, corrected so that one below α is a false discovery with probability α at most, whatever depends on what
/// (Holm 1979): the i-th smallest of m becomes the largest of (m − j + 1)·p_(j) over j ≤ i, at most 1. In the order of `p_values`.
///
/// Empty stays empty. `None` with a NaN or a number outside [0, 1].
#[must_use]
pub fn holm(p_values: &[f64]) -> Option<Vec<f64>> {
    if !p_values.iter().all(|p| (0.0..=1.0).contains(p)) {
        return None;
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&i, &j| p_values[i].total_cmp(&p_values[j]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest = 0.0f64;
    for (rank, i) in order.into_iter().enumerate() {
        largest = largest.max((p_values.len() - rank) as f64 * p_values[i]).min(1.0);
        adjusted[i] = largest;
    }
    Some(adjusted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISS: f64 = f64::INFINITY;

    /// The depression scores of Hollander and Wolfe (1973), the example of R's `wilcox.test`, times 100.
    const SCORES: [(f64, f64); 9] = [
        (183.0, 87.8),
        (50.0, 64.7),
        (162.0, 59.8),
        (248.0, 205.0),
        (168.0, 106.0),
        (188.0, 129.0),
        (155.0, 106.0),
        (306.0, 314.0),
        (130.0, 129.0),
    ];

    #[track_caller]
    fn close(a: Option<f64>, b: f64) {
        assert!((a.unwrap() - b).abs() < 1e-14, "{a:?} is not {b}");
    }

    #[test]
    fn tests_are_those_of_scipy() {
        // scipy.stats.wilcoxon(d, method="exact").pvalue; scipy.stats.binomtest(7, 9).pvalue
        close(signed_rank_test(&SCORES), 0.0390625);
        close(sign_test(&SCORES), 0.1796875);
    }

    /// With r = scipy.stats.rankdata(abs(d)), the sums of r over all 2⁸ signs from itertools.product: twice the smaller tail.
    #[test]
    fn equal_differences_share_their_rank() {
        let differences = [1.0, -1.0, 2.0, 2.0, 3.0, -3.0, 4.0, 5.0];
        let pairs: Vec<_> = differences.iter().map(|d| (10.0 + d, 10.0)).chain([(4.0, 4.0), (MISS, MISS)]).collect();
        close(signed_rank_test(&pairs), 0.15625);
        // By hand: 6 wins of 8, 2·(1 + 8 + 28)/256.
        close(sign_test(&pairs), 74.0 / 256.0);
    }

    #[test]
    fn misses_rank_last_and_nothing_is_said_of_nothing() {
        // By hand: ranks 1, 2 and twice 3.5; the negative ones sum to 1, which 2 of 16 signs reach or fall below.
        close(signed_rank_test(&[(1.0, 2.0), (5.0, 3.0), (MISS, 1.0), (MISS, 2.0)]), 4.0 / 16.0);
        for test in [sign_test, signed_rank_test] {
            assert_eq!(test(&[]), None);
            assert_eq!(test(&[(1.0, f64::NAN)]), None);
            assert_eq!(test(&[(1.0, 1.0), (MISS, MISS)]), Some(1.0));
            assert_eq!(test(&[(1.0, 2.0)]), Some(1.0), "one pair says nothing");
        }
    }

    /// `statsmodels.stats.multitest.multipletests(p, method="holm")[1]`.
    #[test]
    fn holms_correction_is_that_of_statsmodels() {
        let adjusted = holm(&[0.01, 0.04, 0.03, 0.005, 0.5]).unwrap();
        for (a, b) in adjusted.iter().zip([0.04, 0.09, 0.09, 0.025, 0.5]) {
            assert!((a - b).abs() < 1e-15, "{adjusted:?}");
        }
        assert_eq!(holm(&[0.9, 0.8]), Some(vec![1.0, 1.0]));
        assert_eq!(holm(&[]), Some(vec![]));
        assert_eq!([holm(&[f64::NAN]), holm(&[1.1])], [None, None]);
    }
}
