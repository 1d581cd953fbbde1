//! Area under the receiver operating characteristic.

/// The probability that a positive row has a higher score than a negative one, ties counting half: the area under the ROC
/// curve (Hanley & McNeil 1982), which is Mann and Whitney's U over the number of pairs.
///
/// ```text
/// AUC = Σ_{i positive, j negative} ([s_i > s_j] + ½[s_i = s_j]) / (P·N)
/// ```
///
/// Pairs are counted in whole numbers; the only rounding is the division. `None` if there is no positive, no negative, or
/// a score is NaN.
///
/// ```
/// # use simdescent::roc_auc;
/// assert_eq!(roc_auc(&[0.1, 0.4, 0.35, 0.8], &[false, false, true, true]), Some(0.75));
/// assert_eq!(roc_auc(&[7.0; 3], &[true, false, true]), Some(0.5));
/// assert_eq!(roc_auc(&[1.0, 2.0], &[true, true]), None);
/// ```
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn roc_auc(scores: &[f64], positive: &[bool]) -> Option<f64> {
    assert_eq!(scores.len(), positive.len(), "one score per row");
    if scores.iter().any(|s| s.is_nan()) {
        return None;
    }
    // Adding 0 makes −0 a 0, so that equal scores are equal in the total order too.
    let mut rows: Vec<(f64, bool)> = scores.iter().map(|s| s + 0.0).zip(positive.iter().copied()).collect();
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut positives, mut negatives, mut half_wins) = (0u128, 0u128, 0u128);
    for tied in rows.chunk_by(|a, b| a.0 == b.0) {
        let p = tied.iter().filter(|row| row.1).count() as u128;
        let n = tied.len() as u128 - p;
        half_wins += p * (2 * negatives + n);
        positives += p;
        negatives += n;
    }
    let pairs = positives * negatives;
    (pairs > 0).then(|| half_wins as f64 / (2 * pairs) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream, StreamKey};

    /// The definition, pair by pair.
    fn by_pairs(scores: &[f64], positive: &[bool]) -> f64 {
        let (mut wins, mut pairs) = (0.0, 0.0);
        for (i, &p) in positive.iter().enumerate() {
            for (j, &q) in positive.iter().enumerate() {
                if p && !q {
                    pairs += 1.0;
                    wins += if scores[i] > scores[j] { 1.0 } else { 0.5 * f64::from(scores[i] == scores[j]) };
                }
            }
        }
        wins / pairs
    }

    #[test]
    fn ties_count_half_whatever_their_order() {
        let mut stream = Stream::new(StreamKey::new(Purpose::Data, 1));
        for levels in [1, 2, 3, 10, 1000] {
            let scores: Vec<f64> = (0..200).map(|_| f64::from(stream.below(levels)) - 1.0).collect();
            let positive: Vec<bool> = (0..200).map(|_| stream.below(3) == 0).collect();
            let auc = roc_auc(&scores, &positive).unwrap();
            assert_eq!(auc, by_pairs(&scores, &positive), "{levels}");
            // Any increasing function of the scores gives the same; the opposite scores the complement.
            let cubes: Vec<f64> = scores.iter().map(|s| s * s * s).collect();
            assert_eq!(roc_auc(&cubes, &positive), Some(auc));
            let opposite: Vec<f64> = scores.iter().map(|s| -s).collect();
            assert!((roc_auc(&opposite, &positive).unwrap() + auc - 1.0).abs() < 1e-15);
        }
        assert_eq!(roc_auc(&[0.0, -0.0], &[true, false]), Some(0.5));
        assert_eq!(roc_auc(&[f64::INFINITY, f64::NEG_INFINITY], &[true, false]), Some(1.0));
        assert_eq!(roc_auc(&[f64::NAN, 1.0], &[true, false]), None);
    }

    /// Two normal distributions at distance d: AUC = Φ(d/√2).
    #[test]
    fn two_gaussians_have_their_closed_form() {
        let mut stream = Stream::new(StreamKey::new(Purpose::Data, 2));
        let n = 20_000;
        let positive: Vec<bool> = (0..n).map(|i| i % 2 == 0).collect();
        let scores: Vec<f64> = positive.iter().map(|&p| stream.normal() + f64::from(p)).collect();
        let want = 0.760_249_938_906_523_3; // Φ(1/√2)
        let auc = roc_auc(&scores, &positive).unwrap();
        assert!((auc - want).abs() < 0.015, "{auc}"); // about four standard errors
    }
}
