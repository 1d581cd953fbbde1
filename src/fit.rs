//! Training with validation: when to look, when to stop, which weights to keep.

use crate::error::ConfigError;
use crate::evaluate::{Evaluation, Evaluator};
use crate::model::Model;
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

impl Default for FitOptions {
    /// 1000 steps, validated every 100, without early stopping.
    fn default() -> Self {
        Self { steps: 1000, samples: None, validate_every: 100, early_stopping: None }
    }
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

/// A fit under way: all that [`Trainer::fit_until`] needs to go on, besides the trainer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FitProgress {
    pub(crate) validations: Vec<Validation>,
    /// With early stopping, the weights of the lowest validation loss.
    pub(crate) best_weights: Option<Vec<f32>>,
}

impl FitProgress {
    /// Every validation so far.
    pub fn validations(&self) -> &[Validation] {
        &self.validations
    }

    /// Which of them has the lowest finite loss, the first of equals.
    pub fn best(&self) -> Option<usize> {
        let loss = |&i: &usize| self.validations[i].evaluation.loss;
        (0..self.validations.len())
            .filter(|i| loss(i).is_finite())
            .reduce(|a, b| if loss(&b) < loss(&a) { b } else { a })
    }
}

/// How long validation has not improved.
struct Waiting {
    options: Option<EarlyStopping>,
    reference: f64,
    waited: u64,
}

impl Waiting {
    fn see(&mut self, loss: f64) {
        if let Some(EarlyStopping { min_delta, .. }) = self.options {
            let improved = self.reference == f64::INFINITY || loss < self.reference - min_delta;
            (self.reference, self.waited) = if improved { (loss, 0) } else { (self.reference, self.waited + 1) };
        }
    }

    fn is_over(&self) -> bool {
        self.options.is_some_and(|early| self.waited >= early.patience)
    }
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
    #[inline(never)]
    pub fn fit(&mut self, validation: &Evaluator<'_>, options: FitOptions) -> Result<Fit, ConfigError> {
        let mut progress = FitProgress::default();
        let end = self.fit_until(validation, options, &mut progress, u64::MAX)?;
        Ok(self.end_fit(progress, end.unwrap_or(Stop::Steps)))
    }

    /// A [`fit`](Self::fit) that pauses once the trainer has taken `pause` steps: `None`, to be gone on with by another
    /// call; or why it ended, for [`end_fit`](Self::end_fit). In pieces it is the fit in one go, to the bit.
    ///
    /// `progress` is empty at the start; [`fit_checkpoint`](Self::fit_checkpoint) keeps it on disk. With more steps in `options`, a
    /// fit that ended goes on too, with one validation more than the longer fit where its end was none of that one's.
    ///
    /// # Errors
    /// [`ConfigError`] if an option is out of its range, or early stopping begins in the middle of a fit.
    ///
    /// # Panics
    /// If the model has not the inputs and outputs that the validation set needs.
    #[inline(never)]
    pub fn fit_until(
        &mut self,
        validation: &Evaluator<'_>,
        options: FitOptions,
        progress: &mut FitProgress,
        pause: u64,
    ) -> Result<Option<Stop>, ConfigError> {
        options.validate()?;
        if validation.target_scaling() != self.settings().target_scaling {
            return Err(ConfigError::Fit(
                "the evaluator scales targets otherwise than the training: take Settings::evaluator",
            ));
        }
        match (options.early_stopping, &progress.best_weights) {
            (None, _) => progress.best_weights = None,
            (Some(_), None) if progress.validations.is_empty() => {
                progress.best_weights = Some(self.model().parameters().to_vec());
            }
            (Some(_), None) => return Err(ConfigError::Fit("early stopping cannot begin in the middle of a fit")),
            (Some(_), Some(_)) => {}
        }
        let now = (self.history().steps(), self.history().samples());
        let (first_step, first_sample) = progress.validations.first().map_or(now, |v| (v.step, v.samples));
        let last_step = first_step.saturating_add(options.steps);
        let last_sample = options.samples.map_or(u64::MAX, |n| first_sample.saturating_add(n));
        let mut waiting = Waiting { options: options.early_stopping, reference: f64::INFINITY, waited: 0 };
        progress.validations.iter().for_each(|v| waiting.see(v.evaluation.loss));
        let mut lowest = progress.best().map_or(f64::INFINITY, |best| progress.validations[best].evaluation.loss);
        loop {
            let (step, samples) = (self.history().steps(), self.history().samples());
            let at_end = step >= last_step || samples >= last_sample;
            let mut diverged = step > first_step && self.history().losses().last().is_some_and(|x| !x.is_finite());
            let due = progress.validations.last().is_none_or(|last| {
                step > last.step && (at_end || diverged || step - last.step >= options.validate_every)
            });
            if due {
                let loss = self.validate(validation, progress);
                waiting.see(loss);
                if loss.is_finite() && loss < lowest {
                    lowest = loss;
                    if let Some(weights) = &mut progress.best_weights {
                        self.at_average(|model| weights.copy_from_slice(model.parameters()));
                    }
                }
            }
            diverged |= progress.validations.last().is_some_and(|v| !v.evaluation.loss.is_finite());
            if diverged {
                return Ok(Some(Stop::Diverged));
            }
            if waiting.is_over() {
                return Ok(Some(Stop::Early));
            }
            if at_end {
                return Ok(Some(Stop::Steps));
            }
            if step >= pause {
                return Ok(None);
            }
            self.try_step().map_err(|error| ConfigError::Data(error.to_string()))?;
        }
    }

    /// What a fit found that ended for this reason. With early stopping the model gets the best weights.
    #[inline(never)]
    pub fn end_fit(&mut self, progress: FitProgress, stop: Stop) -> Fit {
        let best = progress.best();
        if let Some(weights) = progress.best_weights {
            self.model_mut().parameters_mut().copy_from_slice(&weights);
        }
        Fit { stop, validations: progress.validations, best }
    }

    /// [`at_average`](Self::at_average) in the middle of a fit, with early stopping at the best weights so far.
    pub fn at_best<R>(&mut self, progress: &FitProgress, f: impl FnOnce(&mut M) -> R) -> R {
        let Some(best) = &progress.best_weights else { return self.at_average(f) };
        let training = self.model().parameters().to_vec();
        self.model_mut().parameters_mut().copy_from_slice(best);
        let result = f(self.model_mut());
        self.model_mut().parameters_mut().copy_from_slice(&training);
        result
    }

    /// [`at_average`](Self::at_average) after a [`fit`](Self::fit) with these options: early stopping has left the model as it is to be.
    pub fn at_result<R>(&mut self, options: FitOptions, f: impl FnOnce(&mut M) -> R) -> R {
        if options.early_stopping.is_some() { f(self.model_mut()) } else { self.at_average(f) }
    }

    /// Validates, tells the schedules, keeps the result. Returns the loss.
    fn validate(&mut self, validation: &Evaluator<'_>, progress: &mut FitProgress) -> f64 {
        let exec = self.exec();
        let evaluation = self.at_average(|model| validation.evaluate(exec, model));
        self.record_validation(evaluation.loss);
        let (step, samples) = (self.history().steps(), self.history().samples());
        progress.validations.push(Validation { step, samples, evaluation });
        evaluation.loss
    }
}

impl FitOptions {
    fn validate(self) -> Result<(), ConfigError> {
        let fault = match self.early_stopping {
            _ if self.validate_every == 0 => "there has to be at least one step between validations",
            Some(EarlyStopping { patience: 0, .. }) => "the patience has to be at least one validation",
            Some(EarlyStopping { min_delta, .. }) if !(min_delta >= 0.0 && min_delta.is_finite()) => {
                "min_delta must not be negative and has to be finite"
            }
            _ => return Ok(()),
        };
        Err(ConfigError::Fit(fault))
    }
}
