//! Which learning rate to start from: the exponential range test.

use crate::dataset::Dataset;
use crate::error::ConfigError;
use crate::model::Model;
use crate::schedule::{BatchGrowth, Exponential, LearningRate, Warmup};
use crate::settings::Settings;
use crate::trainer::Trainer;
use serde::{Deserialize, Serialize};
use simdescent_kernels::Exec;

/// Training in which the rate grows exponentially from step to step, until the loss explodes (Smith 2017).
///
/// Step i of n has rate from·(to/from)^(i/(n−1)). The loss is smoothed as fastai does: s ← β·s + (1−β)·loss, divided by
/// 1 − βⁱ⁺¹. The test ends early where the smoothed loss exceeds four times its lowest value, or is not finite.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearningRateFinder {
    /// The first rate
    pub from: f64,
    /// The last rate
    pub to: f64,
    /// n ≥ 2
    pub steps: u64,
    /// β in [0, 1)
    pub smoothing: f64,
}

/// 100 steps from 10⁻⁶ to 10, β = 0.9. (fastai's β = 0.98 lags by half the steps.)
impl Default for LearningRateFinder {
    fn default() -> Self {
        Self { from: 1e-6, to: 10.0, steps: 100, smoothing: 0.9 }
    }
}

/// A step of a [`RangeTest`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RangePoint {
    /// The rate of the step
    pub rate: f64,
    /// The loss of its batch, before the update
    pub loss: f64,
    /// The smoothed loss
    pub smoothed: f64,
}

/// What a [`LearningRateFinder`] found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RangeTest {
    /// Every step, in order; all numbers are finite.
    pub points: Vec<RangePoint>,
    /// Where the smoothed loss falls most steeply over log η, moved back by the β/(1−β) steps that smoothing lags behind: a
    /// rate to start from. `None` if the loss never falls.
    pub suggested: Option<f64>,
    /// Where the smoothed loss is lowest: usually too large a rate already.
    pub lowest: f64,
    /// The rate at which the test ended early, if it did.
    pub exploded: Option<f64>,
}

impl LearningRateFinder {
    /// Trains `model` on `data` as `settings` say, but for their schedules, which are replaced.
    ///
    /// # Errors
    /// [`ConfigError`] as [`Trainer::new`], and if the range is not one or the loss is not finite from the start.
    pub fn run(
        self,
        exec: Exec<'_>,
        model: impl Model,
        data: &Dataset,
        settings: Settings,
    ) -> Result<RangeTest, ConfigError> {
        self.validate()?;
        let growth = Exponential { rate: self.from, factor: self.to / self.from, steps: self.steps - 1 };
        let learning_rate = LearningRate::Exponential(growth);
        let settings =
            Settings { learning_rate, warmup: Warmup::default(), batch_growth: BatchGrowth::Fixed, ..settings };
        let mut trainer = Trainer::new(exec, model, data, settings)?;
        let mut points: Vec<RangePoint> = vec![];
        let (mut sum, mut weight, mut best, mut exploded) = (0.0, 1.0, f64::INFINITY, None);
        for _ in 0..self.steps {
            let rate = trainer.plan().learning_rate;
            let loss = f64::from(trainer.step());
            sum = self.smoothing * sum + (1.0 - self.smoothing) * loss;
            weight *= self.smoothing;
            let smoothed = sum / (1.0 - weight);
            if !smoothed.is_finite() || smoothed > 4.0 * best {
                exploded = Some(rate);
                break;
            }
            best = best.min(smoothed);
            points.push(RangePoint { rate, loss, smoothed });
        }
        let lowest = (0..points.len()).min_by(|&a, &b| points[a].smoothed.total_cmp(&points[b].smoothed));
        let lowest = lowest.ok_or(ConfigError::Finder("the loss is not finite before the first step"))?;
        let lag = (self.smoothing / (1.0 - self.smoothing)).round() as usize;
        let suggested = self.steepest(&points, lowest).map(|i| points[i.saturating_sub(lag)].rate);
        Ok(RangeTest { suggested, lowest: points[lowest].rate, exploded, points })
    }

    /// The point, up to the lowest, around which the smoothed loss falls most over a twentieth of the test to either side.
    fn steepest(self, points: &[RangePoint], lowest: usize) -> Option<usize> {
        let reach = (self.steps / 20).max(1) as usize;
        let fall = |i: usize| points[i.saturating_sub(reach)].smoothed - points[(i + reach).min(lowest)].smoothed;
        let best = (0..=lowest).max_by(|&a, &b| fall(a).total_cmp(&fall(b)).then(b.cmp(&a)))?;
        (fall(best) > 0.0).then_some(best)
    }

    fn validate(self) -> Result<(), ConfigError> {
        let range = self.from > 0.0 && self.from < self.to && (self.to / self.from).is_finite();
        let fault = match self {
            _ if !range => "the rates have to be positive and finite, the first below the last",
            Self { steps: 0 | 1, .. } => "the test needs at least two steps",
            _ if !(0.0..1.0).contains(&self.smoothing) => "the smoothing has to be in [0, 1)",
            _ => return Ok(()),
        };
        Err(ConfigError::Finder(fault))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Linear;
    use crate::random::{Purpose, Stream, StreamKey};
    use crate::{Sampling, synthetic};

    fn data() -> Dataset {
        synthetic::linear(400, 10, 0.1, &mut Stream::new(StreamKey::new(Purpose::Data, 3)))
    }

    fn full_batch() -> Settings {
        Settings { batch_size: 400, sampling: Sampling::FixedOrder, ..Settings::default() }
    }

    fn final_loss(rate: f64, steps: usize) -> f32 {
        let data = data();
        let settings = Settings { learning_rate: LearningRate::Constant { rate }, ..full_batch() };
        let mut trainer = Trainer::new(Exec::default(), Linear::new(10, true), &data, settings).unwrap();
        (0..steps).map(|_| trainer.step()).last().unwrap()
    }

    /// Gradient descent on ½xᵀHx diverges above 2/L: for the mean squared error and H ≈ I, L is about 2.
    #[test]
    fn the_suggested_rate_trains_well_and_lies_below_divergence() {
        let finder = LearningRateFinder::default();
        let found = finder.run(Exec::default(), Linear::new(10, true), &data(), full_batch()).unwrap();
        let rate = found.suggested.unwrap();
        assert!(rate < 0.9 && rate > 0.01, "{rate}");
        assert!(final_loss(rate, 50) < 0.2 * final_loss(rate / 30.0, 50));
        let exploded = found.exploded.unwrap();
        let loss = final_loss(exploded * 2.0, 200);
        assert!(exploded > 0.7 && (loss.is_nan() || loss > 1.0), "{exploded} {loss}");
        assert!(found.lowest >= rate && found.lowest < exploded);
    }

    #[test]
    fn rates_grow_evenly_and_losses_are_those_of_training() {
        let finder = LearningRateFinder { from: 1e-6, to: 1e-2, steps: 41, smoothing: 0.0 };
        let found = finder.run(Exec::default(), Linear::new(10, true), &data(), full_batch()).unwrap();
        assert_eq!((found.points.len(), found.exploded), (41, None));
        for (i, point) in found.points.iter().enumerate() {
            assert!((point.rate / (1e-6 * 10f64.powf(i as f64 / 10.0)) - 1.0).abs() < 1e-12);
            assert_eq!(point.loss, point.smoothed);
        }
        assert_eq!(found.lowest, found.points[40].rate);
    }

    #[test]
    fn a_loss_that_never_falls_gives_no_suggestion_and_nonsense_an_error() {
        let run =
            |finder: LearningRateFinder| finder.run(Exec::default(), Linear::new(10, true), &data(), full_batch());
        let finder = LearningRateFinder { from: 100.0, to: 1000.0, ..LearningRateFinder::default() };
        assert_eq!(run(finder).unwrap().suggested, None);
        for bad in [
            LearningRateFinder { from: 0.0, ..finder },
            LearningRateFinder { to: 100.0, ..finder },
            LearningRateFinder { to: f64::NAN, ..finder },
            LearningRateFinder { steps: 1, ..finder },
            LearningRateFinder { smoothing: 1.0, ..finder },
        ] {
            assert!(matches!(run(bad), Err(ConfigError::Finder(_))), "{bad:?}");
        }
    }
}
