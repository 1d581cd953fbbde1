//! A training by steps, with its state saved on the way.

use super::divergence::{diverged, is_finite, weights_not_finite, with_file};
use super::metrics_report::MetricsReport;
use super::result::{ExampleReport, SCHEMA_VERSION, TrainingReport, ValidationReport, thinned};
use super::saved_model::{self, RowDigests};
use crate::options::RunOptions;
use crate::problem::Problem;
use anyhow::{Context, Result};
use simdescent::kernels::Exec;
use simdescent::{Dataset, FitOptions, FitProgress, Model, Stop, Trainer};
use std::num::NonZeroU64;
use std::path::Path;

/// Where the state of a training goes.
#[derive(Clone, Copy)]
pub(crate) struct Saving<'a> {
    pub(crate) path: Option<&'a Path>,
    /// Not only at the end, also every so many steps.
    pub(crate) every: Option<NonZeroU64>,
}

/// What is trained.
pub(crate) struct Job<'a, R> {
    pub(crate) exec: Exec<'a>,
    pub(crate) run: &'a RunOptions,
    pub(crate) problem: &'a Problem<R>,
    /// How many rows it trains on.
    pub(crate) rows: usize,
    /// These rows, if they are in memory.
    pub(crate) training: Option<&'a Dataset>,
    pub(crate) length: FitOptions,
    pub(crate) saving: Saving<'a>,
}

impl<R> Job<'_, R> {
    /// Trains to the end, from where the trainer is.
    pub(crate) fn finish(
        &self,
        mut trainer: Trainer<'_, Box<dyn Model>>,
        mut progress: FitProgress,
    ) -> Result<TrainingReport> {
        let Self { exec, problem, length, .. } = *self;
        let settings = *trainer.settings();
        let validation = settings.evaluator(&problem.validation)?;
        let mut saved = false;
        let digests = self.saving.path.map(|_| RowDigests::of(self.training, &problem.validation));
        let stop = loop {
            let steps = trainer.history().steps();
            let pause = self.saving.every.map_or(u64::MAX, |n| (steps / n + 1).saturating_mul(n.get()));
            let end = trainer.fit_until(&validation, length, &mut progress, pause)?;
            if let (Some(path), Some(digests)) = (self.saving.path, &digests) {
                // What diverged is not worth a file, except for the weights that early stopping keeps.
                let worth = match end {
                    Some(Stop::Diverged) => length.early_stopping.is_some() && progress.best().is_some(),
                    _ => is_finite(trainer.model().parameters()),
                };
                if worth {
                    let mut checkpoint = trainer.fit_checkpoint(&progress)?;
                    saved_model::note(&mut checkpoint, problem, digests, self.run)?;
                    checkpoint.write(path)?;
                }
                saved = worth;
            }
            if let Some(stop) = end {
                break stop;
            }
        };
        let fit = trainer.end_fit(progress, stop);
        let steps = trainer.history().steps();
        let failure = match stop {
            Stop::Diverged => Some(diverged(steps)),
            _ if !is_finite(trainer.model().parameters()) => Some(weights_not_finite(steps)),
            _ => None,
        };
        let last = fit.validations.last().context("a run has at least one validation")?;
        let best = fit.best.map(|best| &fit.validations[best]);
        // With early stopping the weights are the best ones.
        let kept = best.filter(|_| length.early_stopping.is_some()).unwrap_or(last);
        let lowest = best.map(|best| best.evaluation.loss);
        // Losses of batches are of scaled targets, those of validations are not.
        let unit = settings.target_scaling.map_or(1.0, |scaling| scaling.loss_unit(settings.loss));
        let metrics = trainer.at_result(length, |model| match self.training {
            Some(training) => MetricsReport::of_both(exec, model, &settings, [training, &problem.validation], lowest),
            None => MetricsReport::of_validation(exec, model, &settings, &problem.validation),
        })?;
        let example = match self.training.filter(|_| self.run.problem.example.is_some()) {
            Some(training) => Some(ExampleReport::new(trainer.model().parameters()[0], training)?),
            None => None,
        };
        Ok(TrainingReport {
            schema_version: SCHEMA_VERSION,
            workload: problem.name.clone(),
            model: problem.model.describe(),
            isa: exec.isa().kernel_name(),
            optimizer: settings.rule.name(),
            settings,
            stop: fit.stop,
            steps,
            samples: trainer.history().samples(),
            loss: kept.evaluation.loss,
            accuracy: kept.evaluation.accuracy,
            best: best.map(ValidationReport::from),
            metrics,
            validations: fit.validations.iter().map(ValidationReport::from).collect(),
            digest: trainer.digest(),
            curve: thinned(trainer.history().losses(), unit),
            example,
            training_rows: self.rows,
            kept_step: kept.step,
            failure: failure.map(|what| with_file(what, self.saving.path, saved)),
        })
    }
}
