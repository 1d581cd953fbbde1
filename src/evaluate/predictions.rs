//! What a model says of rows: numbers in the unit of the targets, or classes and how probable they are.

use super::largest;
use crate::dataset::Rows;
use crate::loss::Loss;
use crate::model::Model;
use crate::settings::Settings;
use crate::target_scaling::TargetScaling;
use simdescent_kernels::{Exec, MatRef};

/// What a model says of some rows, in their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Predictions {
    /// Where outputs are numbers: `[rows]`, in the unit of the targets; of the Poisson loss the mean, exp of the output.
    Numbers(Vec<f64>),
    /// Where outputs decide between classes.
    Classes(ClassPredictions),
}

/// Which class each row is of.
#[derive(Clone, Debug, PartialEq)]
pub struct ClassPredictions {
    /// `[rows]`, as [`Evaluation::accuracy`](super::Evaluation::accuracy) takes them; `None` where an output is NaN.
    pub labels: Vec<Option<u32>>,
    /// `[rows, classes]` row-major: the softmax of the outputs, of the logistic loss that of (0, output). `None` for a hinge loss,
    /// whose output is a margin.
    pub probabilities: Option<Vec<f64>>,
    /// How many classes there are.
    pub classes: usize,
}

impl Settings {
    /// What a model that was trained with these settings says of rows, which are scaled as the training data was.
    ///
    /// Exponentials are those of the crate `libm`: the bits are the same everywhere.
    ///
    /// ```
    /// use simdescent::{Linear, Predictions, Settings, TargetScaling, Targets, Trainer, Dataset, Loss};
    /// use simdescent_kernels::Exec;
    ///
    /// let x: Vec<f32> = (0..100).map(|i| i as f32 / 50.0 - 1.0).collect();
    /// let prices = x.iter().map(|x| 250_000.0 + 80_000.0 * x).collect();
    /// let data = Dataset::new("houses", x, 1, Targets::Values(prices))?;
    /// let target_scaling = Some(TargetScaling::fit(Loss::Squared, &data)?);
    /// let settings = Settings { target_scaling, ..Settings::default() };
    /// let exec = Exec::default();
    /// let mut trainer = Trainer::new(exec, Linear::new(1, true), &data, settings)?;
    /// (0..1000).for_each(|_| _ = trainer.step());
    /// let Predictions::Numbers(prices) = settings.predict(exec, trainer.model_mut(), data.all()) else { unreachable!() };
    /// assert!((prices[0] - 170_000.0).abs() < 100.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Panics
    /// As [`Model::predict`].
    pub fn predict(&self, exec: Exec<'_>, model: &mut impl Model, inputs: Rows<'_>) -> Predictions {
        let outputs = model.predict(exec, inputs);
        match self.loss {
            Loss::SoftmaxCrossEntropy | Loss::SmoothedSoftmaxCrossEntropy { .. } => {
                Predictions::Classes(ClassPredictions::of_logits(&outputs, model.outputs()))
            }
            Loss::Logistic => Predictions::Classes(ClassPredictions::of_two(&outputs, true)),
            Loss::Hinge | Loss::SquaredHinge => Predictions::Classes(ClassPredictions::of_two(&outputs, false)),
            Loss::Squared | Loss::Absolute | Loss::Huber { .. } | Loss::Quantile { .. } | Loss::Poisson => {
                let number = |&z: &f32| in_target_unit(self.loss, self.target_scaling, z);
                Predictions::Numbers(outputs.iter().map(number).collect())
            }
        }
    }
}

impl ClassPredictions {
    /// Of one logit per class.
    fn of_logits(logits: &[f32], classes: usize) -> Self {
        let rows = logits.len() / classes;
        let matrix = MatRef::new(logits, rows, classes);
        let labels: Vec<Option<u32>> = (0..rows).map(|i| largest(matrix, i)).collect();
        let mut probabilities = Vec::with_capacity(logits.len());
        for (row, label) in logits.chunks_exact(classes).zip(&labels) {
            let top = label.map_or(f64::NAN, |k| f64::from(row[k as usize]));
            let log_sum = log_sum(row, top);
            probabilities.extend(row.iter().map(|&z| libm::exp(f64::from(z) - top - log_sum)));
        }
        Self { labels, probabilities: Some(probabilities), classes }
    }

    /// Of one output, which is above 0 for the second class.
    fn of_two(outputs: &[f32], is_logit: bool) -> Self {
        let pair = |&z: &f32| {
            // exp(−|z|) cannot overflow.
            let e = libm::exp(-f64::from(z).abs());
            let (likely, other) = (1.0 / (1.0 + e), e / (1.0 + e));
            if z > 0.0 { [other, likely] } else { [likely, other] }
        };
        Self {
            labels: outputs.iter().map(|&z| (!z.is_nan()).then_some(u32::from(z > 0.0))).collect(),
            probabilities: is_logit.then(|| outputs.iter().flat_map(pair).collect()),
            classes: 2,
        }
    }
}

/// What an output says of the target.
pub(super) fn in_target_unit(loss: Loss, target_scaling: Option<TargetScaling>, output: f32) -> f64 {
    match target_scaling {
        Some(scaling) => scaling.restore(output),
        None if loss == Loss::Poisson => libm::exp(f64::from(output)),
        None => f64::from(output),
    }
}

/// ln Σ exp(z − top) of a row; `top` is its largest element, so that nothing overflows.
pub(super) fn log_sum(row: &[f32], top: f64) -> f64 {
    libm::log(row.iter().map(|&z| libm::exp(f64::from(z) - top)).sum())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Mlp;
    use crate::random::{Purpose, Stream, StreamKey};
    use crate::{Activation, Evaluator, Initializer, Linear, Targets, synthetic};

    #[test]
    fn classes_and_probabilities_are_those_that_metrics_count() {
        let data = synthetic::gaussian_mixture(700, 5, 3, 1.0, &mut Stream::new(StreamKey::new(Purpose::Data, 1)));
        let mut model = Mlp::from_seed(&[5, 8, 3], Activation::Relu, Initializer::HeNormal, 7);
        let exec = Exec::default();
        let settings = Settings { loss: Loss::SoftmaxCrossEntropy, ..Settings::default() };
        let Predictions::Classes(found) = settings.predict(exec, &mut model, data.all()) else { panic!("classes") };
        let Targets::Labels { labels, .. } = data.targets() else { panic!("labels") };
        let right = labels.iter().zip(&found.labels).filter(|(label, found)| Some(**label) == **found).count();
        let metrics = Evaluator::new(settings.loss, &data).unwrap().metrics(exec, &mut model);
        let c = metrics.classification.unwrap();
        assert_eq!(right as f64 / 700.0, c.accuracy);
        let probabilities = found.probabilities.unwrap();
        let rows = probabilities.chunks_exact(3);
        let log_loss = rows.clone().zip(labels).map(|(p, &k)| -p[k as usize].ln()).sum::<f64>() / 700.0;
        assert!((log_loss / c.log_loss.unwrap() - 1.0).abs() < 1e-12);
        assert!(rows.clone().all(|p| (p.iter().sum::<f64>() - 1.0).abs() < 1e-12));
    }

    #[test]
    fn outputs_become_what_the_loss_is_of() {
        let predict = |loss, z: f32| {
            let mut model = Linear::new(1, true);
            model.parameters_mut()[1] = z;
            let settings = Settings { loss, ..Settings::default() };
            settings.predict(Exec::default(), &mut model, MatRef::new(&[0.5; 600], 600, 1).into())
        };
        assert_eq!(predict(Loss::Squared, 2.0), Predictions::Numbers(vec![2.0; 600]));
        let Predictions::Numbers(means) = predict(Loss::Poisson, 2.0) else { panic!("numbers") };
        assert!((means[599] - 2f64.exp()).abs() < 1e-12);
        let two = |loss, z| match predict(loss, z) {
            Predictions::Classes(ClassPredictions { labels, probabilities, classes: 2 }) => {
                (labels[599], probabilities.map(|p| [p[1198], p[1199]]))
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(two(Loss::Hinge, -0.5), (Some(0), None));
        assert_eq!(two(Loss::Logistic, 0.0), (Some(0), Some([0.5, 0.5])));
        let (label, p) = two(Loss::Logistic, 100.0);
        assert!(label == Some(1) && p.is_some_and(|[a, b]| b == 1.0 && (a / (-100f64).exp() - 1.0).abs() < 1e-12));
        assert_eq!(two(Loss::Logistic, f32::NAN).0, None);
    }
}
