//! Training with validation: when to look, when to stop, which weights to keep.

use crate::evaluate::{Evaluation, Evaluator};
use crate::model::Model;
use crate::settings::ConfigError;
use crate::trainer::Trainer;
use serde::{Deserialize, Serialize};

/// How far [`Trainer::fit`] goes.
///
/// ```
/// use simdescent::random::{Purpose, Stream, StreamKey};
/// use simdescent::{Cosine, EarlyStopping, Evaluator, FitOptions, LearningRate, Linear, Loss, Settings, Trainer, synthetic};
/// use simdescent_kernels::Exec;
///
/// let data = synthetic::linear(1000, 8, 0.1, &mut Stream::new(StreamKey::new(Purpose::Data, 1)));
/// let (training, validation) = data.split_at(800)?;
/// let learning_rate = LearningRate::Cosine(Cosine { rate: 0.05, floor: 0.0, steps: 500 });
/// let settings = Settings { learning_rate, ..Settings::default() };
/// let mut trainer = Trainer::new(Exec::default(), Linear::new(8, true), &training, settings)?;
///
/// let early_stopping = Some(EarlyStopping { patience: 5, min_delta: 0.0 });
/// let options = FitOptions { steps: 500, samples: None, validate_every: 25, early_stopping };
/// let fit = trainer.fit(&Evaluator::new(Loss::Squared, &validation)?, options)?;
/// let best = fit.validations[fit.best.unwrap()];
/// assert!(best.evaluation.loss < 0.013, "{best:?}"); // the noise is 0.01
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FitOptions {
    /// Steps at most, on top of those already taken
    pub steps: u64,
    /// Samples after which to end, on top of those already seen: equal computation whatever the batch size
    pub samples: Option<u64>,
    /// Steps between two validations, at least 1
    pub validate_every: u64,
    /// Whether and when to stop before
    pub early_stopping: Option<EarlyStopping>,
}

/// Ends a training that no longer improves, and goes back to its best weights (Prechelt 1998).
///
/// It ends after `patience` validations in a row none of which is below best − `min_delta`, where best is the loss of the last
/// one that was: Keras' `EarlyStopping`. The weights restored are those of the lowest validation loss of all, however it
/// ended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EarlyStopping {
    /// Validations without improvement, at least 1
    pub patience: u64,
    /// The smallest difference that is an improvement, at least 0
    pub min_delta: f64,
}

/// Why a training ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// All steps were taken, or all samples seen.
    Steps,
    /// Validation no longer improved.
    Early,
    /// The loss of a batch or of a validation was not finite.
    Diverged,
}

/// One look at the validation set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Validation {
    /// Steps taken before
    pub step: u64,
    /// Samples seen before
    pub samples: u64,
    /// What it found
    pub evaluation: Evaluation,
}

/// How a training went.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// Why it ended
    pub stop: Stop,
    /// Every validation, the first of them before the first step
    pub validations: Vec<Validation>,
    /// Which of them has the lowest finite loss, the first of equals; `None` if none is finite
    pub best: Option<usize>,
}

impl<M: Model> Trainer<'_, M> {
    /// Steps and validates until the steps are taken or the samples seen, validation stops improving, or a loss is not
    /// finite. Schedules that adapt to the validation loss are told it.
    ///
    /// With early stopping the model has the best weights afterwards, which [`digest`](Self::digest) then sees.
    ///
    /// # Errors
    /// [`ConfigError`] if an option is out of its range, or a stream cannot be read, which ends the training where it is.
    ///
    /// # Panics
    /// If the model has not the inputs and outputs that the validation set needs.
    pub fn fit(&mut self, validation: &Evaluator<'_>, options: FitOptions) -> Result<Fit, ConfigError> {
        if let Some(fault) = options.fault() {
            return Err(ConfigError::Fit(fault));
        }
        let last_step = self.history().steps().saturating_add(options.steps);
        let last_sample = options.samples.map_or(u64::MAX, |n| self.history().samples().saturating_add(n));
        let mut best_weights = options.early_stopping.map(|_| self.model().parameters().to_vec());
        let mut fit = Fit { stop: Stop::Steps, validations: vec![], best: None };
        let (mut reference, mut waited) = (f64::INFINITY, 0);
        loop {
            let loss = self.validate(validation, &mut fit);
            if fit.best == Some(fit.validations.len() - 1)
                && let Some(weights) = &mut best_weights
            {
                self.at_average(|model| weights.copy_from_slice(model.parameters()));
            }
            if !loss.is_finite() || fit.stop == Stop::Diverged {
                fit.stop = Stop::Diverged;
                break;
            }
            if let Some(EarlyStopping { patience, min_delta }) = options.early_stopping {
                let improved = reference == f64::INFINITY || loss < reference - min_delta;
                (reference, waited) = if improved { (loss, 0) } else { (reference, waited + 1) };
                if waited >= patience {
                    fit.stop = Stop::Early;
                    break;
                }
            }
            let at_end =
                |trainer: &Self| trainer.history().steps() >= last_step || trainer.history().samples() >= last_sample;
            if at_end(self) {
                break;
            }
            for _ in 0..options.validate_every {
                if !self.try_step().map_err(|error| ConfigError::Data(error.to_string()))?.is_finite() {
                    fit.stop = Stop::Diverged;
                }
                if fit.stop == Stop::Diverged || at_end(self) {
                    break;
                }
            }
        }
        if let Some(weights) = best_weights {
            self.model_mut().parameters_mut().copy_from_slice(&weights);
        }
        Ok(fit)
    }

    /// [`at_average`](Self::at_average) after a [`fit`](Self::fit) with these options: early stopping has left the model as it is to be.
    pub fn at_result<R>(&mut self, options: FitOptions, f: impl FnOnce(&mut M) -> R) -> R {
        if options.early_stopping.is_some() { f(self.model_mut()) } else { self.at_average(f) }
    }

    /// Validates, tells the schedules, keeps the result. Returns the loss.
    fn validate(&mut self, validation: &Evaluator<'_>, fit: &mut Fit) -> f64 {
        let exec = self.exec();
        let evaluation = self.at_average(|model| validation.evaluate(exec, model));
        let loss = evaluation.loss;
        self.record_validation(loss);
        let (step, samples) = (self.history().steps(), self.history().samples());
        fit.validations.push(Validation { step, samples, evaluation });
        let lowest = fit.best.map_or(f64::INFINITY, |best| fit.validations[best].evaluation.loss);
        if loss.is_finite() && loss < lowest {
            fit.best = Some(fit.validations.len() - 1);
        }
        loss
    }
}

impl FitOptions {
    fn fault(self) -> Option<&'static str> {
        match self.early_stopping {
            _ if self.validate_every == 0 => Some("there has to be at least one step between validations"),
            Some(EarlyStopping { patience: 0, .. }) => Some("the patience has to be at least one validation"),
            Some(EarlyStopping { min_delta, .. }) if !(min_delta >= 0.0 && min_delta.is_finite()) => {
                Some("min_delta must not be negative and has to be finite")
            }
            _ => None,
        }
    }
}
