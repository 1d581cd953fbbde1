//! Problems that need no files.

use super::Problem;
use super::model_spec::ModelSpec;
use anyhow::Result;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{Dataset, Loss, synthetic};

/// The problems of a sweep without files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Embedded {
    /// Linear regression, 64 features, noise ½
    Linear,
    /// Softmax regression, 32 features, 10 classes
    Softmax,
    /// A network 16-64-4 that learns from a smaller one
    Mlp,
}

/// Training rows; for validation there are a quarter as many.
const ROWS: usize = 4000;

impl Embedded {
    pub(crate) const ALL: [Self; 3] = [Self::Linear, Self::Softmax, Self::Mlp];

    /// Draws the data.
    pub(crate) fn problem(self, seed: u64) -> Result<Problem> {
        let (rows, mut stream) = (ROWS + ROWS / 4, Stream::new(StreamKey::new(Purpose::Data, seed)));
        let (name, data, loss, model) = match self {
            Self::Linear => {
                let model = ModelSpec::Linear { features: 64, bias: true };
                ("linear regression", synthetic::linear(rows, 64, 0.5, &mut stream), Loss::Squared, model)
            }
            Self::Softmax => {
                let data = synthetic::gaussian_mixture(rows, 32, 10, 3.0, &mut stream);
                ("softmax regression", data, Loss::SoftmaxCrossEntropy, ModelSpec::mlp(vec![32, 10]))
            }
            Self::Mlp => {
                let data = synthetic::teacher(rows, &[16, 16, 4], &mut stream);
                ("mlp", data, Loss::SoftmaxCrossEntropy, ModelSpec::mlp(vec![16, 64, 4]))
            }
        };
        let (training, validation) = data.split_at(ROWS)?;
        Ok(plain(name, training, validation, loss, model))
    }
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

    #[test]
    fn embedded_problems_fit_their_models() {
        for problem in Embedded::ALL.map(|embedded| embedded.problem(1).unwrap()) {
            let model = problem.model.build(0, 1);
            assert_eq!(model.inputs(), problem.training.features(), "{}", problem.name);
            assert_eq!(problem.training.rows(), 4 * problem.validation.rows());
        }
    }
}
