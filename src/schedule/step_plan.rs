//! Batch size and learning rate of one step.

use super::{BatchGrowth, RateScaling};
use crate::settings::Settings;

/// What a step is to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepPlan {
    /// Samples of the batch
    pub batch_size: usize,
    /// η
    pub learning_rate: f64,
}

impl Settings {
    /// Batch size and learning rate of the step after `steps` others that saw `samples` samples, given the validation losses
    /// so far.
    pub fn plan(&self, steps: u64, samples: u64, validation: &[f64]) -> StepPlan {
        let rate_at = |step| self.warmup.before(self.learning_rate, step, validation);
        match self.batch_growth {
            BatchGrowth::Fixed => StepPlan { batch_size: self.batch_size, learning_rate: rate_at(steps) },
            BatchGrowth::Scheduled { shape, rate, largest } => {
                self.grown(shape.at(steps, samples, validation), largest, rate_at(steps), rate)
            }
            BatchGrowth::InsteadOfDecay { largest } => self.coupled(samples, validation, largest, RateScaling::Linear),
            BatchGrowth::Seesaw { largest } => self.coupled(samples, validation, largest, RateScaling::SquareRoot),
        }
    }

    fn coupled(&self, samples: u64, validation: &[f64], largest: usize, scaling: RateScaling) -> StepPlan {
        let step = samples / self.batch_size as u64;
        let rate = self.warmup.before(self.learning_rate, step, validation);
        if step < self.warmup.steps {
            return StepPlan { batch_size: self.batch_size, learning_rate: rate };
        }
        self.grown(self.learning_rate.at(0, &[]) / rate, largest, rate, scaling)
    }

    fn grown(&self, growth: f64, largest: usize, rate: f64, scaling: RateScaling) -> StepPlan {
        // The cast saturates: where the rate is 0 the growth is infinite.
        let batch_size = ((self.batch_size as f64 * growth).round() as usize).clamp(1, largest);
        let growth = batch_size as f64 / self.batch_size as f64;
        StepPlan { batch_size, learning_rate: rate * scaling.factor(growth) }
    }
}

#[cfg(test)]
mod tests;
