//! Learning curve: loss against the number of training rows.

use super::{Evaluation, Evaluator};
use crate::dataset::Dataset;
use crate::fit::FitOptions;
use crate::model::Model;
use crate::settings::{ConfigError, Settings};
use crate::trainer::Trainer;
use simdescent_kernels::Exec;

/// A model that was trained on the first rows of a training set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// How many rows.
    pub rows: usize,
    /// Its quality on these rows.
    pub training: Evaluation,
    /// Its quality on the validation set.
    pub validation: Evaluation,
}

/// Trains a new model on the first `rows[i]` rows for each i, as `settings` and `options` say: whether more data would help.
/// If it would, the validation loss still falls at the end of the curve; if the two losses have met, a larger model would.
///
/// The sets are nested. The rows should be in random order. Every model gets the same steps, not the same epochs; a batch
/// is at most all rows. Expected of least squares with noise σ² and Gaussian inputs in d dimensions (Hastie et al. 2022):
/// training σ²(1 − d/n), validation σ²(1 + d/(n − d − 1)).
///
/// # Errors
/// [`ConfigError`] if a setting is out of its range, model, data and loss do not go together, or a number of rows is 0 or above those there are.
///
/// # Panics
/// If the validation set has other features than the training set.
pub fn learning_curve<M: Model>(
    exec: Exec<'_>,
    mut model: impl FnMut() -> M,
    training: &Dataset,
    validation: &Evaluator<'_>,
    settings: Settings,
    options: FitOptions,
    rows: &[usize],
) -> Result<Vec<CurvePoint>, ConfigError> {
    let point = |&rows: &usize| {
        if rows == 0 || rows > training.rows() {
            return Err(ConfigError::Resampling(format!(
                "a learning curve needs 1 to {} rows, the training set's, got {rows}",
                training.rows()
            )));
        }
        let part = training.select(&(0..rows as u32).collect::<Vec<_>>());
        let settings = Settings { batch_size: settings.batch_size.min(rows), ..settings };
        let mut trainer = Trainer::new(exec, model(), &part, settings)?;
        trainer.fit(validation, options)?;
        let seen = Evaluator::new(settings.loss, &part)?;
        let (training, validation) =
            trainer.at_result(options, |model| (seen.evaluate(exec, model), validation.evaluate(exec, model)));
        Ok(CurvePoint { rows, training, validation })
    };
    rows.iter().map(point).collect()
}
