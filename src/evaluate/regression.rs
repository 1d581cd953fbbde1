//! Errors of numbers: RMSE, MAE, R².

use serde::Serialize;

/// How far predictions ŷ are from values y; sums in `f64`, row by row.
///
/// ```
/// # use simdescent::Regression;
/// let r = Regression::new(&[2.5, 0.0, 2.0, 8.0], &[3.0, -0.5, 2.0, 7.0]);
/// assert_eq!((r.mae, r.rmse), (0.5, 0.375f64.sqrt()));
/// assert!((r.r2.unwrap() - 0.9486081370449679).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Regression {
    /// Root mean squared error √(Σ(ŷ−y)²/n), in the unit of the targets.
    pub rmse: f64,
    /// Mean absolute error Σ|ŷ−y|/n, in the unit of the targets.
    pub mae: f64,
    /// Coefficient of determination 1 − Σ(ŷ−y)²/Σ(y−ȳ)² (Draper & Smith 1998, §1.3): 1 is perfect, 0 as good as the mean of these
    /// targets, below 0 worse. `None` if all targets are equal, where scikit-learn says 0 or 1.
    pub r2: Option<f64>,
}

impl Regression {
    /// Compares `predicted` with `targets`.
    ///
    /// # Panics
    /// If the lengths differ or are 0.
    #[track_caller]
    pub fn new(predicted: &[f64], targets: &[f64]) -> Self {
        assert_eq!(predicted.len(), targets.len(), "one prediction per target");
        assert!(!targets.is_empty(), "there has to be a target");
        let n = targets.len() as f64;
        let mean = targets.iter().sum::<f64>() / n;
        let (mut squares, mut absolute, mut spread) = (0.0, 0.0, 0.0);
        for (&z, &y) in predicted.iter().zip(targets) {
            let error = z - y;
            let deviation = y - mean;
            squares += error * error;
            absolute += error.abs();
            spread += deviation * deviation;
        }
        // Not `spread > 0`: the mean of equal numbers may be rounded.
        let varies = targets.iter().any(|&y| y != targets[0]);
        Self { rmse: (squares / n).sqrt(), mae: absolute / n, r2: varies.then(|| 1.0 - squares / spread) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_has_r2_zero_and_equal_targets_have_none() {
        let targets = [1.0, 2.0, 6.0];
        let mean = Regression::new(&[3.0; 3], &targets);
        // Σ(y−3)² = 4 + 1 + 9.
        assert_eq!(mean, Regression { rmse: (14.0f64 / 3.0).sqrt(), mae: 2.0, r2: Some(0.0) });
        assert_eq!(Regression::new(&targets, &targets), Regression { rmse: 0.0, mae: 0.0, r2: Some(1.0) });
        assert_eq!(Regression::new(&[0.0; 3], &[0.1; 3]).r2, None);
        assert!(Regression::new(&[f64::NAN, 0.0], &[0.0, 1.0]).rmse.is_nan());
        // Least squares through the origin.
        let (x, y) = ([1.0, 2.0, 3.0], [3.0, 2.0, 7.0]);
        // w* = (3 + 4 + 21)/14 = 2; residuals −1, 2, −1; ȳ = 4, spread 1 + 4 + 9.
        let fit = Regression::new(&x.map(|x| 2.0 * x), &y);
        assert_eq!(fit, Regression { rmse: 2f64.sqrt(), mae: 4.0 / 3.0, r2: Some(1.0 - 6.0 / 14.0) });
    }
}
