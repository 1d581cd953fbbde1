//! Linear warm-up.

use super::LearningRate;
use super::ranges::require;
use crate::error::ConfigError;
use serde::{Deserialize, Serialize};

/// A linear rise in front of a schedule: at step t < W the rate (f + (1 − f)·t/W)·η, with η the schedule's first
/// rate; from W on the schedule, as if it started then. Goyal et al. 2017; Keras' `warmup_steps`.
///
/// Step 0 has rate f·η: with f = 0 it changes nothing. PyTorch's `LinearLR` has f = ⅓.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Warmup {
    /// W; 0 for no warm-up
    pub steps: u64,
    /// f in [0, 1]: where it starts, as a share of the schedule's first rate
    pub from: f64,
}

impl Warmup {
    /// The rate of the step after `step` others, with this warm-up in front of `schedule`.
    pub fn before(self, schedule: LearningRate, step: u64, validation: &[f64]) -> f64 {
        if step >= self.steps {
            return schedule.at(step - self.steps, validation);
        }
        let done = step as f64 / self.steps as f64;
        schedule.at(0, validation) * (self.from + (1.0 - self.from) * done)
    }

    /// Checks the numbers of a warm-up in front of `schedule`.
    ///
    /// # Errors
    /// [`ConfigError::LearningRate`] if one is out of its range.
    pub fn validate(self, schedule: LearningRate) -> Result<(), ConfigError> {
        let start = ((0.0..=1.0).contains(&self.from), "the warm-up's start is a share of the rate, in [0, 1]");
        require([start]).map_err(|fault| ConfigError::LearningRate { schedule: schedule.name(), fault })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::learning_rate::tests::one_of_each;

    #[test]
    fn it_leads_to_the_first_rate_of_any_schedule_and_delays_it() {
        for schedule in one_of_each() {
            let warmup = Warmup { steps: 8, from: 0.25 };
            let first = schedule.at(0, &[]);
            for (t, share) in [(0, 0.25), (4, 0.625), (8, 1.0)] {
                assert!((warmup.before(schedule, t, &[]) - share * first).abs() < 1e-15, "{schedule:?} {t}");
            }
            for t in 0..200 {
                assert_eq!(warmup.before(schedule, t + 8, &[]), schedule.at(t, &[]), "{schedule:?}");
                assert_eq!(Warmup::default().before(schedule, t, &[]), schedule.at(t, &[]), "{schedule:?}");
            }
        }
        let constant = LearningRate::Constant { rate: 1.0 };
        assert!([-0.1, 1.1, f64::NAN].iter().all(|&from| Warmup { steps: 1, from }.validate(constant).is_err()));
    }
}
