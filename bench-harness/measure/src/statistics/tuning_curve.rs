//! What a smaller budget of tuning trials would have found.

/// E[best of k of the N trials] for k = 1..=N, lower being better: with x ascending,
///
/// ```text
/// Σ_i x_(i)·C(N − i, k − 1)/C(N, k)
/// ```
///
/// the mean of the smallest over all choices of k trials (Dodge et al. 2019 in the form without replacement of Tang et al. 2020, which
/// has no bias). A trial that missed is +∞, and so is the mean as long as all k may have missed. Empty without trials; `None` with a NaN.
#[must_use]
pub fn tuning_curve(trials: &[f64]) -> Option<Vec<f64>> {
    if trials.iter().any(|trial| trial.is_nan()) {
        return None;
    }
    let mut sorted = trials.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    let expected = |k: usize| {
        let mut weight = k as f64 / n as f64;
        let mut sum = 0.0;
        for (i, value) in sorted.iter().take(n - k + 1).enumerate() {
            sum += weight * value;
            weight *= (n - i - k) as f64 / (n - i - 1).max(1) as f64;
        }
        sum
    };
    Some((1..=n).map(expected).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_the_best_over_all_choices() {
        // By hand: k = 2 of 1, 2, 4, 8 are 1, 1, 1, 2, 2, 4: 11/6; k = 3: 1, 1, 1, 2: 5/4.
        let curve = tuning_curve(&[4.0, 1.0, 8.0, 2.0]).unwrap();
        for (k, expected) in [15.0 / 4.0, 11.0 / 6.0, 5.0 / 4.0, 1.0].into_iter().enumerate() {
            assert!((curve[k] - expected).abs() < 1e-15, "{curve:?}");
        }
    }

    #[test]
    fn misses_are_infinite_until_one_of_k_must_have_reached_the_target() {
        let curve = tuning_curve(&[f64::INFINITY, 3.0, f64::INFINITY, 6.0]).unwrap();
        assert_eq!(curve[..2], [f64::INFINITY; 2]);
        assert!((curve[2] - 3.75).abs() < 1e-15 && curve[3] == 3.0, "{curve:?}");
        assert_eq!(tuning_curve(&[]), Some(vec![]));
        assert_eq!(tuning_curve(&[1.0, f64::NAN]), None);
    }
}
