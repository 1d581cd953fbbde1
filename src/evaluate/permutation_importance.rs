//! Permutation importance: how much worse a model is where a feature says nothing.

use super::{Evaluator, Metric};
use crate::dataset::Rows;
use crate::error::ConfigError;
use crate::model::Model;
use crate::random::{Purpose, Stream, StreamKey};
use serde::Serialize;
use simdescent_kernels::{Exec, MatRef};

/// Permutes one feature among the rows of the evaluation set and looks how much worse the model gets, for every feature
/// (Breiman 2001; Fisher, Rudin & Dominici 2019).
///
/// ```text
/// importance_j = metric(x_j permuted) − metric(as it is)      original − permuted where higher is better
/// ```
///
/// scikit-learn's `permutation_importance` is the same with 5 repeats, of its score.
///
/// It says what this model uses on these rows, not what the targets depend on: if two features say the same, the model may use
/// either or half of each. The levels of a category are permuted one by one. Of a linear model with weights w and the squared loss,
/// it is 2·wⱼ²·Var(xⱼ) − 2·wⱼ·Cov(ŷ − y, xⱼ) in expectation, with variance and covariance of these rows (divided by n); after least
/// squares the second term is about 0.
///
/// Permutation r of feature j is drawn from the stream keyed (permutation, trial r, seed), variant j: it depends on nothing else.
///
/// ```
/// use simdescent::{Dataset, Evaluator, Linear, Loss, Model, PermutationImportance, Targets};
/// let inputs = (0..200).map(|i| (i * 37 % 101) as f32 / 101.0).collect(); // two features
/// let data = Dataset::new("t", inputs, 2, Targets::Values(vec![0.0; 100]))?;
/// let mut model = Linear::new(2, true);
/// model.parameters_mut()[0] = 1.0; // the other one is not used
/// let importance = PermutationImportance::default();
/// let importances = importance.measure(Default::default(), &mut model, &Evaluator::new(Loss::Squared, &data)?)?;
/// assert_eq!((importances[1].mean, importances[1].deviation), (0.0, Some(0.0)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermutationImportance {
    /// What gets worse.
    pub metric: Metric,
    /// R: permutations of each feature, at least 1.
    pub repeats: u32,
    /// The seed.
    pub seed: u64,
}

impl Default for PermutationImportance {
    /// The loss, 10 permutations, seed 0.
    fn default() -> Self {
        Self { metric: Metric::Loss, repeats: 10, seed: 0 }
    }
}

/// How important one feature is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Importance {
    /// Mean over the permutations, in the unit of the metric; chance can make it negative. Not finite where the metric is not.
    pub mean: f64,
    /// Standard deviation (R − 1) over the permutations: that of one of them, not of their mean. `None` for a single one.
    pub deviation: Option<f64>,
}

impl PermutationImportance {
    /// The importance of each feature, `[features]`. Every feature that is not constant costs R evaluations.
    ///
    /// # Errors
    /// [`ConfigError::Importance`] if there is no repeat, the metric is not defined, or sparse inputs do not fit into memory with
    /// their zeros.
    ///
    /// # Panics
    /// If the model has not the inputs and outputs that data and loss need.
    pub fn measure(
        self,
        exec: Exec<'_>,
        model: &mut dyn Model,
        evaluator: &Evaluator<'_>,
    ) -> Result<Vec<Importance>, ConfigError> {
        if self.repeats == 0 {
            return Err(ConfigError::Importance("there has to be at least one permutation of each feature".into()));
        }
        let (rows, features) = (evaluator.data.rows(), evaluator.data.features());
        let inputs = evaluator.data.dense_inputs();
        let mut inputs = inputs.map_err(|error| ConfigError::Importance(error.to_string()))?;
        let original = self.value(exec, model, evaluator, &inputs)?;
        let mut column = vec![0.0; rows];
        (0..features)
            .map(|j| {
                let mut worse = vec![0.0; self.repeats as usize];
                column.iter_mut().zip(inputs.iter().skip(j).step_by(features)).for_each(|(to, from)| *to = *from);
                // Nothing to permute.
                let constant = column.iter().all(|x| *x == column[0]);
                for (repeat, worse) in worse.iter_mut().enumerate().filter(|_| !constant) {
                    let key = StreamKey { trial: repeat as u64, ..StreamKey::new(Purpose::Permutation, self.seed) };
                    let mut permuted = column.clone();
                    Stream::at(key, j as u64, 0).shuffle(&mut permuted);
                    write_column(&mut inputs, features, j, &permuted);
                    let value = self.value(exec, model, evaluator, &inputs)?;
                    *worse = if self.metric.higher_is_better() { original - value } else { value - original };
                }
                write_column(&mut inputs, features, j, &column);
                Ok(Importance::of(&worse))
            })
            .collect()
    }

    fn value(
        self,
        exec: Exec<'_>,
        model: &mut dyn Model,
        evaluator: &Evaluator<'_>,
        inputs: &[f32],
    ) -> Result<f64, ConfigError> {
        let inputs = Rows::Dense(MatRef::new(inputs, evaluator.data.rows(), evaluator.data.features()));
        if self.metric == Metric::Loss {
            return Ok(evaluator.evaluate_inputs(exec, model, inputs, |_, _| ()).loss);
        }
        let metrics = evaluator.metrics_of(exec, model, inputs);
        self.metric.of(&metrics).ok_or_else(|| {
            let (name, why) = (self.metric.name(), self.metric.why_undefined(&metrics));
            ConfigError::Importance(format!("{name} is not defined here: {why}"))
        })
    }
}

fn write_column(inputs: &mut [f32], features: usize, j: usize, column: &[f32]) {
    inputs.iter_mut().skip(j).step_by(features).zip(column).for_each(|(to, from)| *to = *from);
}

impl Importance {
    fn of(worse: &[f64]) -> Self {
        let n = worse.len() as f64;
        let mean = worse.iter().sum::<f64>() / n;
        let squares: f64 = worse.iter().map(|x| (x - mean) * (x - mean)).sum();
        Self { mean, deviation: (worse.len() > 1).then(|| (squares / (n - 1.0)).sqrt()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Dataset, Targets};
    use crate::initializer::Initializer;
    use crate::loss::Loss;
    use crate::model::{Linear, Mlp};
    use crate::synthetic;
    use simdescent_kernels::activation::Activation;
    use simdescent_kernels::{Par, Team, isa};

    fn stream(purpose: Purpose) -> Stream {
        Stream::new(StreamKey::new(purpose, 8))
    }

    /// y = 2·x₀ − x₁ + noise on features of unequal spread, a third that says nothing, a fourth that is constant.
    fn regression(rows: usize) -> Dataset {
        let mut stream = stream(Purpose::Data);
        let mut inputs = vec![];
        let mut targets = vec![];
        for _ in 0..rows {
            let [a, b, c] = [1.0, 3.0, 2.0].map(|spread| (spread * stream.normal() + spread) as f32);
            inputs.extend([a, b, c, 7.0]);
            targets.push(2.0 * a - b + stream.normal() as f32);
        }
        Dataset::new("t", inputs, 4, Targets::Values(targets)).unwrap()
    }

    /// The expectation over all permutations, for any weights: x' is any of the values, independent of r = ŷ − y and x, so that the mean
    /// of (r + w(x' − x))² − r² is w²·2·Var(x) − 2w·Cov(r, x).
    #[test]
    fn a_linear_model_has_the_closed_form() {
        let data = regression(300);
        let mut model = Linear::new(4, true);
        let weights = [1.5f32, -1.25, 0.5, 1.0];
        model.parameters_mut().copy_from_slice(&[weights[0], weights[1], weights[2], weights[3], -6.0]);
        let evaluator = Evaluator::new(Loss::Squared, &data).unwrap();
        let options = PermutationImportance { repeats: 200, seed: 5, ..PermutationImportance::default() };
        let found = options.measure(Exec::default(), &mut model, &evaluator).unwrap();

        let Targets::Values(y) = data.targets() else { panic!("values") };
        let residual = |i: usize| {
            let x = data.row(i);
            (0..4).map(|j| f64::from(weights[j]) * f64::from(x[j])).sum::<f64>() - 6.0 - f64::from(y[i])
        };
        let mean = |f: &dyn Fn(usize) -> f64| (0..300).map(f).sum::<f64>() / 300.0;
        for j in 0..4 {
            let (w, x) = (f64::from(weights[j]), |i: usize| f64::from(data.row(i)[j]));
            let center = mean(&x);
            let variance = mean(&|i| (x(i) - center) * (x(i) - center));
            let covariance = mean(&|i| residual(i) * (x(i) - center));
            let want = 2.0 * w * w * variance - 2.0 * w * covariance;
            let Importance { mean, deviation } = found[j];
            let error = 4.0 * deviation.unwrap() / 200f64.sqrt();
            assert!((mean - want).abs() <= error, "feature {j}: {mean} ± {error} instead of {want}");
            assert!(j > 1 || error < 0.2 * want, "feature {j}: {error} tells nothing of {want}");
        }
        // What the targets do not depend on is of no importance, although the model uses it.
        assert!(found[2].mean.abs() < 3.0 * found[2].deviation.unwrap(), "{found:?}");
        assert!((0..2).all(|j| found[j].mean > 10.0 * found[j].deviation.unwrap()), "{found:?}");
        assert_eq!(found[3], Importance { mean: 0.0, deviation: Some(0.0) }, "constant");
    }

    /// Of two equal features that share a weight, each has a quarter of the importance of one that has it alone.
    #[test]
    fn copies_share_their_importance() {
        let single = regression(400);
        let inputs = (0..400).flat_map(|i| [single.row(i)[0], single.row(i)[0]]).collect();
        let twice = Dataset::new("t", inputs, 2, single.targets().clone()).unwrap();
        let measure = |data: &Dataset, weights: &[f32]| {
            let mut model = Linear::new(weights.len(), true);
            model.parameters_mut()[..weights.len()].copy_from_slice(weights);
            // The best constant beside them, so that residuals and features are uncorrelated.
            model.parameters_mut()[weights.len()] = -1.0;
            let options = PermutationImportance { repeats: 200, ..PermutationImportance::default() };
            options.measure(Exec::default(), &mut model, &Evaluator::new(Loss::Squared, data).unwrap()).unwrap()
        };
        let alone = measure(&single, &[2.0, 0.0, 0.0, 0.0]);
        assert_eq!(alone[1].mean, 0.0, "an unused feature");
        for half in measure(&twice, &[1.0, 1.0]) {
            assert!((half.mean / alone[0].mean - 0.25).abs() < 0.05, "{half:?} and {alone:?}");
        }
    }

    #[test]
    fn the_bits_are_those_of_the_seed_alone() {
        let data = synthetic::gaussian_mixture(600, 5, 3, 2.0, &mut stream(Purpose::Data));
        let mut model =
            Mlp::new(&[5, 9, 3], Activation::Tanh, Initializer::XavierNormal, &mut stream(Purpose::Weights));
        let evaluator = Evaluator::new(Loss::SoftmaxCrossEntropy, &data).unwrap();
        let options = PermutationImportance { repeats: 3, seed: 1, ..PermutationImportance::default() };
        let want = options.measure(Exec::default(), &mut model, &evaluator).unwrap();
        let team = Team::new(2).unwrap();
        for &isa in isa::available() {
            for par in [Par::Seq, Par::Team(&team)] {
                assert_eq!(options.measure(Exec::new(isa, par), &mut model, &evaluator).unwrap(), want, "{isa}");
            }
        }
        let first: Vec<String> = want[..2].iter().map(|i| format!("{:016x}", i.mean.to_bits())).collect();
        assert_eq!(first.join(" "), "bf9a7b3107f6e5d5 3f9c79d9e26af380", "golden bits");
        let other = PermutationImportance { seed: 2, ..options };
        assert_ne!(other.measure(Exec::default(), &mut model, &evaluator).unwrap(), want);
        // A feature's permutations do not depend on how many features come before it, nor on the number of repeats.
        let one = PermutationImportance { repeats: 1, ..options };
        assert_eq!(one.measure(Exec::default(), &mut model, &evaluator).unwrap()[0].deviation, None);
    }

    /// Positive is important, whichever way the metric goes; what is not defined is an error.
    #[test]
    fn every_metric_can_get_worse() {
        let (numbers, classes) =
            (regression(200), synthetic::gaussian_mixture(200, 4, 2, 3.0, &mut stream(Purpose::Data)));
        let mut regressor = Linear::new(4, true);
        regressor.parameters_mut().copy_from_slice(&[2.0, -1.0, 0.0, 0.0, 0.0]);
        // Towards class 1: the difference of the class means.
        let mut classifier = Linear::new(4, true);
        let Targets::Labels { labels, .. } = classes.targets() else { panic!("classes") };
        for (i, &label) in labels.iter().enumerate() {
            let sign = if label == 1 { 1.0 } else { -1.0 };
            (0..4).for_each(|j| classifier.parameters_mut()[j] += 0.01 * sign * classes.row(i)[j]);
        }
        let of_numbers = Evaluator::new(Loss::Squared, &numbers).unwrap();
        let of_classes = Evaluator::new(Loss::Logistic, &classes).unwrap();
        let measure = |metric, model: &mut Linear, evaluator: &Evaluator<'_>| {
            let options = PermutationImportance { metric, repeats: 5, seed: 1 };
            options.measure(Exec::default(), model, evaluator)
        };
        for metric in [Metric::Loss, Metric::Rmse, Metric::Mae, Metric::R2] {
            let found = measure(metric, &mut regressor, &of_numbers).unwrap();
            assert!(found[0].mean > 3.0 * found[0].deviation.unwrap() && found[2].mean == 0.0, "{metric:?}: {found:?}");
        }
        for metric in [Metric::Loss, Metric::Accuracy, Metric::LogLoss, Metric::Auc, Metric::MacroF1] {
            let found = measure(metric, &mut classifier, &of_classes).unwrap();
            let most = found.iter().map(|i| i.mean).fold(0.0, f64::max);
            assert!(most > 0.05, "{metric:?}: {found:?}");
        }
        let refused = measure(Metric::Auc, &mut regressor, &of_numbers).unwrap_err().to_string();
        assert_eq!(
            refused,
            "permutation importance: auc is not defined here: it is of classes, and the loss is of numbers"
        );
        let none = PermutationImportance { repeats: 0, ..PermutationImportance::default() };
        assert!(none.measure(Exec::default(), &mut regressor, &of_numbers).is_err());
    }
}
