//! A whole training, and how good its model is on both sets.

use crate::dataset::Dataset;
use crate::error::ConfigError;
use crate::evaluate::{Evaluator, Metrics};
use crate::fit::{FitOptions, Stop};
use crate::model::Model;
use crate::settings::Settings;
use crate::trainer::Trainer;
use simdescent_kernels::Exec;

/// A training from start to end: what is minimized and how, and how far it goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainingSpec {
    /// Of every step
    pub settings: Settings,
    /// Of the fit
    pub options: FitOptions,
}

/// How good the model of a [`TrainingSpec`] is: the unit of [`cross_validate`](crate::cross_validate) and
/// [`learning_curve`](crate::learning_curve).
#[derive(Clone, Debug, PartialEq)]
pub struct Scores {
    /// On the rows that it was trained on.
    pub training: Metrics,
    /// On the others.
    pub validation: Metrics,
    /// Why it ended.
    pub stop: Stop,
    /// Steps it took.
    pub steps: u64,
}

impl Scores {
    /// Trains `model` and measures what a [`fit`](Trainer::fit) leaves: with early stopping the best weights, else the last. A
    /// batch is at most the whole training set.
    ///
    /// # Errors
    /// [`ConfigError`] as [`Trainer::new`] and [`Trainer::fit`].
    ///
    /// # Panics
    /// As [`Trainer::fit`].
    pub fn train<M: Model>(
        exec: Exec<'_>,
        model: M,
        training: &Dataset,
        validation: &Evaluator<'_>,
        spec: TrainingSpec,
    ) -> Result<Self, ConfigError> {
        let TrainingSpec { settings, options } = spec;
        let settings = Settings { batch_size: settings.batch_size.min(training.rows()), ..settings };
        let seen = settings.evaluator(training)?;
        let mut trainer = Trainer::new(exec, model, training, settings)?;
        let stop = trainer.fit(validation, options)?.stop;
        let steps = trainer.history().steps();
        let metrics = |model: &mut M| (seen.metrics(exec, model), validation.metrics(exec, model));
        let (training, validation) = trainer.at_result(options, metrics);
        Ok(Self { training, validation, stop, steps })
    }
}
