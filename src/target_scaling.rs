//! Scaling the targets of a regression to mean 0 and standard deviation 1, with the numbers of the training set only.

use crate::dataset::{Dataset, RowStream, Targets, blurs, exact_targets, spread};
use crate::error::{ConfigError, DataError};
use crate::loss::Loss;
use serde::{Deserialize, Serialize};

/// How a model that predicts numbers of mean 0 and standard deviation 1 goes with targets y in their own unit:
///
/// ```text
/// trained on   t = f32((y − mean)/deviation)
/// predicts     ŷ = mean + deviation·z,   z the model's output
/// ```
///
/// y is as exact as its file has it, and ŷ is `f64`: what distinguishes targets of 16 777 216 and a little is kept, and a loss in the unit
/// of targets of 10²⁵ is finite.
///
/// The gradient of the squared loss grows with the targets, and so a good learning rate falls with their square: one for
/// targets near 1 diverges on prices. On t rates, penalties and clipping mean the same for any unit. scikit-learn's
/// `TransformedTargetRegressor(transformer=StandardScaler())` does the same; Keras and PyTorch leave it to the caller.
///
/// As [`Settings::target_scaling`](crate::Settings::target_scaling) it changes what [`Trainer`](crate::Trainer) minimizes, whose
/// recorded training losses are of t ([`loss_unit`](Self::loss_unit) converts them). Evaluation stays in the unit of y: [`Settings::evaluator`](crate::Settings::evaluator).
///
/// ```
/// use simdescent::{Dataset, Evaluator, Linear, Loss, Settings, TargetScaling, Targets, Trainer};
/// use simdescent_kernels::Exec;
///
/// let x: Vec<f32> = (0..100).map(|i| i as f32 / 50.0 - 1.0).collect();
/// let prices = x.iter().map(|x| 250_000.0 + 80_000.0 * x).collect();
/// let data = Dataset::new("houses", x, 1, Targets::Values(prices))?;
/// let target_scaling = Some(TargetScaling::fit(Loss::Squared, &data)?);
/// let settings = Settings { target_scaling, ..Settings::default() };
/// let mut trainer = Trainer::new(Exec::default(), Linear::new(1, true), &data, settings)?;
/// (0..1000).for_each(|_| _ = trainer.step());
/// let metrics = settings.evaluator(&data)?.metrics(Exec::default(), trainer.model_mut());
/// assert!(metrics.regression.unwrap().rmse < 100.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetScaling {
    /// Mean of the training targets, in their unit
    pub mean: f64,
    /// Their standard deviation (divided by n), in their unit; 1 if all are equal
    pub deviation: f64,
}

impl TargetScaling {
    /// Measures the targets of `training`; rows count by their [weights](Dataset::with_weights). Sums run over the rows in order, in
    /// `f64`.
    ///
    /// # Errors
    /// [`ConfigError`] if the loss is none of squared, absolute, Huber and quantile, or the targets do not go with it.
    pub fn fit(loss: Loss, training: &Dataset) -> Result<Self, ConfigError> {
        Self::check_loss(loss)?;
        let refused = |fault| ConfigError::Targets { name: training.name().to_owned(), fault };
        let Targets::Values(values) = loss.prepare_targets(training.targets()).map_err(refused)? else {
            unreachable!("these losses have numbers as targets")
        };
        let values = exact_targets(&values, training.target_remainders());
        let weight = |i: usize| training.weights().map_or(1.0, |w| f64::from(w[i]));
        let mut pass = |see: &mut dyn FnMut(f64, f64)| {
            values.iter().enumerate().for_each(|(i, &y)| see(y, weight(i)));
            Ok::<_, ConfigError>(())
        };
        Self::fit_passes(&mut pass)
    }

    /// Measures the targets of all rows that each call of `pass` shows with their weights.
    fn fit_passes<E>(mut pass: impl FnMut(&mut dyn FnMut(f64, f64)) -> Result<(), E>) -> Result<Self, E> {
        let (mut sum, mut total) = (0.0, 0.0);
        let (mut first, mut varies) = (None, false);
        pass(&mut |y, weight| {
            sum += weight * y;
            total += weight;
            if weight > 0.0 {
                varies |= y != *first.get_or_insert(y);
            }
        })?;
        let mean = match first {
            // The sum of equal targets may be rounded.
            Some(y) if !varies => y,
            _ if total > 0.0 => sum / total,
            _ => 0.0,
        };
        let mut squares = 0.0;
        pass(&mut |y, weight| squares += weight * ((y - mean) * (y - mean)))?;
        let deviation = if squares > 0.0 { (squares / total).sqrt() } else { 1.0 };
        Ok(Self { mean, deviation })
    }

    /// What is minimized on scaled targets, so that the loss in the unit of y is minimized: δ of Huber's loss is in that unit.
    pub(crate) fn loss(self, loss: Loss) -> Loss {
        match loss {
            Loss::Huber { delta } => Loss::Huber { delta: (f64::from(delta) / self.deviation) as f32 },
            other => other,
        }
    }

    /// What a loss of scaled targets is multiplied by to be one of targets in their unit.
    pub fn loss_unit(self, loss: Loss) -> f64 {
        match loss {
            Loss::Squared | Loss::Huber { .. } => self.deviation * self.deviation,
            _ => self.deviation,
        }
    }

    /// Scales targets, which leave these remainders.
    pub(crate) fn apply(self, targets: &mut Targets, remainders: Option<&[f32]>) {
        if let Targets::Values(values) = targets {
            let exact = exact_targets(values, remainders);
            values.iter_mut().zip(exact).for_each(|(to, y)| *to = self.scaled(y));
        }
    }

    fn scaled(self, y: f64) -> f32 {
        ((y - self.mean) / self.deviation) as f32
    }

    /// ŷ of an output.
    pub(crate) fn restore(self, output: f32) -> f64 {
        self.mean + self.deviation * f64::from(output)
    }

    /// How many different targets there are before and after they are scaled, if more than one in a hundred becomes equal to another;
    /// as [`Standardizer::blurred_features`](crate::dataset::Standardizer::blurred_features) of inputs.
    pub fn blurred_targets(&self, data: &Dataset) -> Option<[usize; 2]> {
        let Targets::Values(values) = data.targets() else { return None };
        let exact = exact_targets(values, data.target_remainders());
        let rows = spread(exact.len());
        blurs(rows.iter().map(|&i| exact[i]).collect(), |y| self.scaled(y))
    }

    pub(crate) fn validate(self, loss: Loss) -> Result<(), ConfigError> {
        Self::check_loss(loss)?;
        if !self.mean.is_finite() || !self.deviation.is_finite() || self.deviation <= 0.0 {
            let message =
                format!("mean {} and deviation {} have to be finite, the second positive", self.mean, self.deviation);
            return Err(ConfigError::TargetScaling(message));
        }
        Ok(())
    }

    fn check_loss(loss: Loss) -> Result<(), ConfigError> {
        if loss.scales_with_targets() {
            return Ok(());
        }
        let message = format!("is for the losses squared, absolute, huber and quantile, not for {}", loss.name());
        Err(ConfigError::TargetScaling(message))
    }
}

impl RowStream {
    /// [`TargetScaling::fit`] on these rows, to the same bits. Reads the file twice.
    ///
    /// # Errors
    /// As reading.
    pub fn target_scaling(&mut self) -> Result<TargetScaling, DataError> {
        let (rows, mut row) = (self.rows(), self.buffer());
        let scaling = TargetScaling::fit_passes(|see| {
            self.rewind()?;
            for _ in 0..rows {
                row.clear();
                self.next(&mut row)?;
                see(row.exact_target(0), row.weights.first().map_or(1.0, |&w| f64::from(w)));
            }
            Ok::<_, DataError>(())
        })?;
        self.rewind()?;
        Ok(scaling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(values: Vec<f32>) -> Dataset {
        Dataset::new("t", vec![0.0; values.len()], 1, Targets::Values(values)).unwrap()
    }

    #[test]
    fn targets_get_mean_0_and_deviation_1_and_come_back() {
        let scaling = TargetScaling::fit(Loss::Squared, &data(vec![1.0, 5.0, 1.0, 5.0])).unwrap();
        assert_eq!(scaling, TargetScaling { mean: 3.0, deviation: 2.0 });
        let mut targets = Targets::Values(vec![1.0, 3.0, 9.0]);
        scaling.apply(&mut targets, None);
        assert_eq!(targets, Targets::Values(vec![-1.0, 0.0, 3.0]));
        scaling.apply(&mut targets, Some(&[0.0, 2.0, 0.0]));
        assert_eq!(targets, Targets::Values(vec![-2.0, -0.5, 0.0]));
        assert_eq!([-1.0, 0.0, 3.0].map(|z| scaling.restore(z)), [1.0, 3.0, 9.0]);
        assert_eq!(scaling.loss(Loss::Huber { delta: 3.0 }), Loss::Huber { delta: 1.5 });
        let constant = TargetScaling::fit(Loss::Absolute, &data(vec![0.1; 7])).unwrap();
        assert_eq!(constant.deviation, 1.0);
    }

    #[test]
    fn rows_without_weight_say_nothing() {
        let weighted = data(vec![1.0, 5.0, 1e6]).with_weights(vec![1.0, 1.0, 0.0]).unwrap();
        let scaling = TargetScaling::fit(Loss::Squared, &weighted).unwrap();
        assert_eq!(scaling, TargetScaling { mean: 3.0, deviation: 2.0 });
    }

    #[test]
    fn other_losses_and_nonsense_are_refused() {
        for loss in [Loss::Poisson, Loss::Logistic, Loss::Hinge, Loss::SoftmaxCrossEntropy] {
            let message = TargetScaling::fit(loss, &data(vec![0.0, 1.0])).unwrap_err().to_string();
            assert!(message.contains(&format!("quantile, not for {}", loss.name())), "{message}");
        }
        for (mean, deviation) in [(f64::NAN, 1.0), (0.0, 0.0), (0.0, f64::INFINITY), (0.0, -1.0)] {
            assert!(TargetScaling { mean, deviation }.validate(Loss::Squared).is_err());
        }
    }
}
