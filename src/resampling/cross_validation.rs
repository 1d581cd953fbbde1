//! k-fold cross-validation.

use super::{Fold, KFold, Scores, TrainingSpec};
use crate::dataset::{Dataset, Standardizer};
use crate::error::ConfigError;
use crate::evaluate::Metric;
use crate::model::Model;
use crate::settings::Settings;
use crate::target_scaling::TargetScaling;
use simdescent_kernels::Exec;

/// What k trainings on k − 1 folds each found, in the order of the folds.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossValidation {
    /// Each trained on the others, and validated on the fold that it had not seen.
    pub folds: Vec<Scores>,
}

impl CrossValidation {
    /// Mean of a validation metric over the folds; `None` if it is undefined in one.
    pub fn mean(&self, metric: Metric) -> Option<f64> {
        let values = self.values(metric)?;
        Some(values.iter().sum::<f64>() / values.len() as f64)
    }

    /// Standard deviation (k − 1) of a validation metric over the folds. Divided by √k it is no unbiased standard error of the
    /// mean, because the training sets overlap; there is none (Bengio & Grandvalet 2004).
    pub fn deviation(&self, metric: Metric) -> Option<f64> {
        let (values, mean) = (self.values(metric)?, self.mean(metric)?);
        let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
        Some((squares / (values.len() as f64 - 1.0)).sqrt())
    }

    fn values(&self, metric: Metric) -> Option<Vec<f64>> {
        self.folds.iter().map(|fold| metric.of(&fold.validation)).collect()
    }
}

/// Trains `model(k)` on all folds but k, for every k, as `training` says. With `standardize`, inputs are scaled by
/// the mean and deviation of each training set ([`Standardizer`]; sparse ones by the deviation only); where the settings scale
/// targets, so are these. Doing that before, on all rows, would let the validation rows be seen. With early stopping, the fold
/// decides when, and its loss is the lowest: too good by that.
///
/// What else is measured on rows, such as what fills gaps, has to be measured per fold too: [`KFold::split`] and
/// [`Scores::train`] are the parts of this function.
///
/// # Errors
/// [`ConfigError`] if a setting is out of its range, or folds, model, data and loss do not go together.
pub fn cross_validate<M: Model>(
    exec: Exec<'_>,
    mut model: impl FnMut(usize) -> M,
    data: &Dataset,
    training: TrainingSpec,
    folds: KFold,
    standardize: bool,
) -> Result<CrossValidation, ConfigError> {
    let train = |(k, fold): (usize, Fold)| {
        let (mut rows, mut validation) = (data.select(&fold.training), data.select(&fold.validation));
        if standardize {
            let fit = if rows.is_sparse() { Standardizer::fit_scale } else { Standardizer::fit };
            let standardizer = fit(&rows);
            for part in [&mut rows, &mut validation] {
                standardizer.apply(part).map_err(|error| ConfigError::Resampling(error.to_string()))?;
            }
        }
        let TrainingSpec { settings, options } = training;
        let target_scaling = settings.target_scaling.map(|_| TargetScaling::fit(settings.loss, &rows)).transpose()?;
        let settings = Settings { target_scaling, ..settings };
        Scores::train(exec, model(k), &rows, &settings.evaluator(&validation)?, TrainingSpec { settings, options })
    };
    let folds = folds.split(data.targets())?.into_iter().enumerate().map(train).collect::<Result<_, _>>()?;
    Ok(CrossValidation { folds })
}
