//! Medians and quartiles.

/// The median; the mean of the middle two of an even number.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(vec![7.0]), 7.0);
    }

    #[test]
    fn outliers_do_not_widen_the_quartiles() {
        assert_eq!(interquartile_half_range(vec![5.0, 1.0, 2.0, 3.0, 4.0, 1e9, -1e9, 6.0]), 1.5);
        assert_eq!(interquartile_half_range(vec![7.0]), 0.0);
    }
}
