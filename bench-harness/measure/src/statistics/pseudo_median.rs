//! The center of a few values, better known than their median.

use super::quantile::median;

/// The median of √(x·y) over all pairs of positive values, each with itself too: the estimator of Hodges and Lehmann (1963), of logarithms.
///
/// Of many log-normal values it is an estimate of their median whose variance is 1.05 times that of their geometric mean, that of the median itself
/// 1.57 times (of seven 1.47). Up to 29 % of outliers on one side do not move it beyond the others. It is also smoother: resamples of few values
/// have only as many medians as there are values.
///
/// A miss is +∞, and so is a pair with one. Where so many miss that it would be +∞, and of less than four values, it is the [`median`], which fewer
/// misses than half leave finite. There, one miss more makes it smaller: the median is robust, and lower.
///
/// # Panics
///
/// Without values.
#[must_use]
pub fn pseudo_median(values: &[f64]) -> f64 {
    if values.len() >= FEWEST {
        let pairs = values.iter().enumerate().flat_map(|(i, x)| values[i..].iter().map(move |y| (x * y).sqrt()));
        let center = median(pairs.collect());
        if center < f64::INFINITY {
            return center;
        }
    }
    median(values.to_vec())
}

/// Of less values an outlier would move it as it moves the mean.
const FEWEST: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::distribution::normals;

    /// By hand: the geometric means of pairs of 1, 4, 16, 64 are 1, 2, 4, 8, 4, 8, 16, 16, 32, 64.
    #[test]
    fn it_is_the_median_of_pairs() {
        assert_eq!(pseudo_median(&[1.0, 64.0, 4.0, 16.0]), 8.0);
        assert_eq!(pseudo_median(&[8.0; 5]), 8.0);
    }

    #[test]
    fn of_three_values_it_is_the_median() {
        assert_eq!(pseudo_median(&[1.0, 1e6, 4.0]), 4.0);
        assert_eq!(pseudo_median(&[9.0, 4.0]), 6.5);
        assert_eq!(pseudo_median(&[8.0]), 8.0);
    }

    #[test]
    fn few_misses_make_it_larger_and_many_make_it_the_median() {
        let miss = f64::INFINITY;
        let mut values = [90.0, 95.0, 100.0, 104.0, 111.0, 119.0, 130.0];
        let mut before = pseudo_median(&values);
        for last in [6, 5] {
            values[last] = miss;
            let now = pseudo_median(&values);
            assert!(before <= now && now <= 111.0, "{before}, then {now}");
            before = now;
        }
        values[4] = miss;
        assert_eq!(pseudo_median(&values), 104.0);
        values[3] = miss;
        assert_eq!(pseudo_median(&values), miss);
    }

    /// Of seven normal logarithms the variance of the mean is 1/7, that of the median 0.210 (Hojo 1931), so 1.47 times as large.
    #[test]
    fn it_varies_less_than_the_median_and_outliers_do_not_move_it() {
        let mut normal = normals(1);
        let mut squares = [0.0, 0.0];
        for _ in 0..4000 {
            let values: Vec<f64> = (0..7).map(|_| libm::exp(normal())).collect();
            let of = |value: f64| libm::log(value).powi(2) / 4000.0;
            squares[0] += of(pseudo_median(&values));
            squares[1] += of(median(values));
        }
        assert!(squares[0] < 1.12 / 7.0 && squares[1] > 1.35 / 7.0, "{squares:?}");
        let values = |last: f64| pseudo_median(&[90.0, 95.0, 100.0, 104.0, 111.0, 119.0, last]);
        assert_eq!(values(1e3), values(1e9));
        assert!(values(1e9) < 111.0);
    }
}
