//! Problems that need no files.

use super::Problem;
use super::model_spec::ModelSpec;
use anyhow::Result;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{Activation, Dataset, Initializer, Loss, Targets, synthetic};

/// Data that needs no files, with its model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Embedded {
    /// Linear regression, 64 features, noise ½
    Linear,
    /// Softmax regression, 32 features, 10 classes
    Softmax,
    /// A network 16-64-4 that learns from a smaller one
    Mlp,
    /// ½ Σ x²/i in 100 dimensions, seen through noise; its loss is that without noise
    NoisyQuadratic,
    /// Least squares, 100 features whose spectrum is 1/i, noise 1
    LeastSquares,
    /// Logistic regression, 50 features whose spectrum is 4/i, 10 % of the labels turned over
    Logistic,
    /// Softmax regression, 4 classes in 16 features, scaled by 4/√i
    Mixture,
    /// A network 8-32-1 with tanh that learns the outputs of a smaller one
    TeacherStudent,
}

/// Training rows of the first three; for validation there are a quarter as many.
const ROWS: usize = 4000;
/// Of the others, which are those of the profiles of a sweep: the largest batch is a half, and evaluations cost little.
const SWEPT_ROWS: usize = 2048;
/// Dimensions of the noisy quadratic, which are its condition number.
const DIMENSIONS: usize = 100;
/// Of its noise: gradients of a batch of B have the variance hᵢ/(4B).
const DEVIATION: f64 = 0.5;
/// Between two classes of the mixture: the centers are √2 times as far from each other.
const SEPARATION: f64 = 2.0;

impl Embedded {
    /// Draws the data.
    pub(crate) fn problem(self, seed: u64) -> Result<Problem> {
        let mut stream = Stream::new(StreamKey::new(Purpose::Data, seed));
        if self == Self::NoisyQuadratic {
            return noisy_quadratic(DIMENSIONS, DEVIATION, &mut stream);
        }
        let training = if matches!(self, Self::Linear | Self::Softmax | Self::Mlp) { ROWS } else { SWEPT_ROWS };
        let (rows, stream) = (training + training / 4, &mut stream);
        let linear = |features, bias| ModelSpec::Linear { features, bias };
        let (name, data, loss, model) = match self {
            Self::Linear => {
                let data = synthetic::linear(rows, 64, 0.5, stream);
                ("linear regression", data, Loss::Squared, linear(64, true))
            }
            Self::Softmax => {
                let data = synthetic::gaussian_mixture(rows, 32, 10, 3.0, stream);
                ("softmax regression", data, Loss::SoftmaxCrossEntropy, ModelSpec::mlp(vec![32, 10]))
            }
            Self::Mlp => {
                let data = synthetic::teacher(rows, &[16, 16, 4], stream);
                ("mlp", data, Loss::SoftmaxCrossEntropy, ModelSpec::mlp(vec![16, 64, 4]))
            }
            Self::NoisyQuadratic => unreachable!("it has rows of its own"),
            Self::LeastSquares => {
                let data = synthetic::power_law_regression(rows, 100, 1.0, stream);
                ("least squares", synthetic::rotated(&data, stream), Loss::Squared, linear(100, false))
            }
            Self::Logistic => {
                let data = synthetic::noisy_halfspaces(rows, 50, 0.1, 2.0, stream);
                ("logistic regression", synthetic::rotated(&data, stream), Loss::Logistic, linear(50, true))
            }
            Self::Mixture => {
                let data = synthetic::power_law_mixture((rows, 16, 4), SEPARATION, 4.0, stream);
                ("gaussian mixture", data, Loss::SoftmaxCrossEntropy, ModelSpec::mlp(vec![16, 4]))
            }
            Self::TeacherStudent => {
                let data = synthetic::teacher_regression(rows, &[8, 4, 1], 0.0, stream);
                let (activation, initializer) = (Activation::Tanh, Initializer::LecunNormal);
                let student = ModelSpec::Mlp { widths: vec![8, 32, 1], activation, initializer, dropout: 0.0 };
                ("teacher-student", data, Loss::Squared, student)
            }
        };
        let (training, validation) = data.split_at(training)?;
        Ok(plain(name, training, validation, loss, model))
    }
}

/// Training rows are noise, the one of validation has none.
pub(crate) fn noisy_quadratic(dimensions: usize, deviation: f64, stream: &mut Stream) -> Result<Problem> {
    let training = synthetic::noise(2 * SWEPT_ROWS, dimensions, deviation, stream);
    let validation = Dataset::new("no noise", vec![0.0; dimensions], dimensions, Targets::Values(vec![0.0]))?;
    let model = ModelSpec::NoisyQuadratic { dimensions };
    Ok(plain("noisy quadratic", training, validation, Loss::Absolute, model))
}

/// The reference example: y = 3x + 2 + noise, one weight, no bias. It validates on its training rows.
pub(crate) fn linear_example() -> Problem {
    let training = synthetic::linear_example();
    let validation = training.clone();
    plain("linear example", training, validation, Loss::Squared, ModelSpec::Linear { features: 1, bias: false })
}

fn plain(name: &str, training: Dataset, validation: Dataset, loss: Loss, model: ModelSpec) -> Problem {
    Problem { name: name.into(), training, validation, loss, model, standardizer: None, encoding: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use simdescent::kernels::Exec;
    use simdescent::{Settings, Trainer};

    #[test]
    fn embedded_problems_fit_their_models() {
        for embedded in Embedded::value_variants() {
            let problem = embedded.problem(1).unwrap();
            let model = problem.model.build(0, 1);
            assert_eq!(model.inputs(), problem.training.features(), "{}", problem.name);
            assert_eq!(Some(model.parameters().len()), problem.model.parameters(), "{}", problem.name);
            let settings = Settings { loss: problem.loss, ..Settings::default() };
            Trainer::new(Exec::default(), model, &problem.training, settings).unwrap().step();
            settings.evaluator(&problem.validation).unwrap();
        }
    }

    #[test]
    fn the_seed_of_the_data_draws_other_rows() {
        for embedded in Embedded::value_variants() {
            let digests = [1, 1, 2].map(|seed| embedded.problem(seed).unwrap().training.digest());
            assert!(digests[0] == digests[1] && digests[1] != digests[2], "{embedded:?}");
        }
    }
}
