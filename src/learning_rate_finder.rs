//! Which learning rate to train with: short and long trainings over a grid of rates.

mod result;
mod search;
#[cfg(test)]
mod tests;

pub use result::{RateSearch, RateSuggestion, RateTrials, UnknownRate};

use crate::dataset::Dataset;
use crate::error::ConfigError;
use crate::evaluate::Evaluator;
use crate::model::Model;
use crate::schedule::{BatchGrowth, LearningRate, Warmup};
use crate::settings::Settings;
use crate::trainer::Trainer;
use search::Search;
use serde::{Deserialize, Serialize};
use simdescent_kernels::Exec;

/// Seeks the constant learning rate whose training of so many steps ends with the lowest validation loss.
///
/// Rates are those of a geometric grid, four in each factor of 10, with four digits each. A trial is a training from fresh weights
/// with one of them; its loss is that of the validation rows after its last step, and infinite if a loss was not finite on the way.
///
/// 1. Every second rate of the grid is tried for n/64 steps.
/// 2. From the best of them on, for n/8 steps and then, two trials each, for n: every second rate up to two to either side of the
///    best so far, until no rate tried is better than the one in the middle. (Short trainings mostly want higher rates; they only say
///    where to begin.)
/// 3. With every rate of these whose loss is at most five percent above the lowest, two trials more.
/// 4. From the best of them on, for n steps with four trials: every rate of the grid up to two to either side, as in 2.
///
/// The trials of a rate are t, t + 1, … of the settings' trial t; the mean of their losses counts. Rates next to the best one are as
/// good if their loss is above the lowest by at most half a percent of it (and of what training gains). The rate suggested is the
/// middle of these on the logarithmic axis; there is none if the search does not know, see [`UnknownRate`].
///
/// Short trials over a geometric grid, of which the better are made longer, are those of successive halving (Jamieson & Talwalkar
/// 2016); what rates a grid should have says Bengio (2012). The exponential range test (Smith 2017), one training in which the rate
/// grows from step to step, is quicker, but sees the loss of single batches at single rates: on small batches it answers by chance.
///
/// `examples/learning_rate_table.rs` measures how far it is from the best rates: of 100 trainings (four problems, ten optimizers, batches
/// of 1 to 512, seeds that played no part in its making) 95 rates were within a factor of 3 of the best one.
///
/// What it cannot know: the rate that is best for a longer training (mostly lower), for a schedule that falls (its peak may be
/// higher, up to about three times), for another batch size, or for rows unlike those that validate.
///
/// ```
/// use simdescent::random::{Purpose, Stream, StreamKey};
/// use simdescent::{LearningRateFinder, Linear, Settings, synthetic};
/// use simdescent_kernels::Exec;
///
/// let data = synthetic::linear(500, 8, 0.1, &mut Stream::new(StreamKey::new(Purpose::Data, 1)));
/// let (training, validation) = data.split_at(400)?;
/// let settings = Settings::default();
/// let validation = settings.evaluator(&validation)?;
/// let finder = LearningRateFinder::new(125); // ten epochs of batches of 32
/// let found = finder.run(Exec::default(), |_| Linear::new(8, true), &training, &validation, settings)?;
/// let suggestion = found.suggestion.unwrap();
/// assert!(suggestion.rate > 0.01 && suggestion.rate < 0.1 && suggestion.loss < 0.012, "{suggestion:?}"); // the noise is 0.01
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearningRateFinder {
    /// The lowest rate
    pub from: f64,
    /// The highest rate
    pub to: f64,
    /// n, the steps of the training that the rate is for, at least 1
    pub steps: u64,
}

impl LearningRateFinder {
    /// Rates from 10⁻⁸ to 100 for a training of so many steps.
    pub fn new(steps: u64) -> Self {
        Self { from: 1e-8, to: 100.0, steps }
    }

    /// Trains `model(t)`, which has the untrained weights of trial t, on `data` again and again, as `settings` say but for their
    /// schedules: the rate and the batch are constant. A batch is at most the whole training set.
    ///
    /// # Errors
    /// [`ConfigError`] as [`Trainer::new`], and if the range is not one, the loss is not finite before the first step or the
    /// evaluator scales targets otherwise than the settings.
    ///
    /// # Panics
    /// If the model has not the inputs and outputs that the validation set needs.
    pub fn run<M: Model>(
        self,
        exec: Exec<'_>,
        mut model: impl FnMut(u64) -> M,
        data: &Dataset,
        validation: &Evaluator<'_>,
        settings: Settings,
    ) -> Result<RateSearch, ConfigError> {
        self.validate()?;
        if validation.target_scaling() != settings.target_scaling {
            let fault = "the evaluator scales targets otherwise than the training: take Settings::evaluator";
            return Err(ConfigError::Finder(fault));
        }
        let initial_loss = validation.evaluate(exec, &mut model(settings.trial)).loss;
        if !initial_loss.is_finite() {
            return Err(ConfigError::Finder("the loss is not finite before the first step"));
        }
        let batch_size = settings.batch_size.min(data.rows());
        let (warmup, batch_growth) = (Warmup::default(), BatchGrowth::Fixed);
        let trial = |rate: f64, steps: u64, number: u64| {
            let learning_rate = LearningRate::Constant { rate };
            let trial = settings.trial.wrapping_add(number);
            let settings = Settings { learning_rate, warmup, batch_size, batch_growth, trial, ..settings };
            let mut trainer = Trainer::new(exec, model(trial), data, settings)?;
            if !(0..steps).all(|_| trainer.step().is_finite()) {
                return Ok(f64::INFINITY);
            }
            let loss = trainer.at_average(|model| validation.evaluate(exec, model)).loss;
            Ok(if loss.is_finite() { loss } else { f64::INFINITY })
        };
        Search::new(self.rates(), initial_loss, trial).run(self.steps)
    }

    /// The grid, ascending: from·(to/from)^(k/m), m intervals, rounded to four digits.
    fn rates(self) -> Vec<f64> {
        let start = libm::log10(self.from);
        let decades = libm::log10(self.to) - start;
        let intervals = (4.0 * decades).round().max(1.0) as i32;
        let rate = |k: i32| {
            let exact = libm::pow(10.0, start + decades * f64::from(k) / f64::from(intervals));
            format!("{exact:.3e}").parse::<f64>().expect("a number that was formatted").min(f64::MAX)
        };
        let mut rates: Vec<f64> = (0..=intervals).map(rate).collect();
        rates.dedup();
        rates
    }

    fn validate(self) -> Result<(), ConfigError> {
        let range = self.from >= f64::MIN_POSITIVE && self.from < self.to && self.to.is_finite();
        match self {
            _ if !range => {
                Err(ConfigError::Finder("the rates have to be positive and finite, the lowest below the highest"))
            }
            Self { steps: 0, .. } => Err(ConfigError::Finder("a training needs at least one step")),
            _ => Ok(()),
        }
    }
}
