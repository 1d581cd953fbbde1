//! Learning curve: loss against the number of training rows.

use super::Scores;
use crate::dataset::Dataset;
use crate::error::ConfigError;

/// A model that was trained on the first rows of a training set.
#[derive(Clone, Debug, PartialEq)]
pub struct CurvePoint {
    /// How many rows.
    pub rows: usize,
    /// How good it is.
    pub scores: Scores,
}

/// Trains a new model on the first `rows[i]` rows of `all` for each i: whether more data would help. If it would, the validation
/// loss still falls at the end of the curve; if the two losses have met, a larger model would.
///
/// `train` does one training, e.g. by [`Scores::train`]. The sets are nested. The rows should be in random order. Every model
/// should get the same steps, not the same epochs. Expected of least squares with noise σ² and Gaussian inputs in d dimensions
/// (Hastie et al. 2022): training σ²(1 − d/n), validation σ²(1 + d/(n − d − 1)).
///
/// # Errors
/// [`ConfigError`] if a number of rows is 0 or above those there are; and as `train`.
pub fn learning_curve<E: From<ConfigError>>(
    all: &Dataset,
    rows: &[usize],
    mut train: impl FnMut(&Dataset) -> Result<Scores, E>,
) -> Result<Vec<CurvePoint>, E> {
    let point = |&rows: &usize| {
        if rows == 0 || rows > all.rows() {
            let message = format!("a learning curve needs 1 to {} rows, the training set's, got {rows}", all.rows());
            return Err(ConfigError::Resampling(message).into());
        }
        let scores = train(&all.select(&(0..rows as u32).collect::<Vec<_>>()))?;
        Ok(CurvePoint { rows, scores })
    };
    rows.iter().map(point).collect()
}
