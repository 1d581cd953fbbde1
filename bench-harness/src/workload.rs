//! Workloads: a training set, a validation set, a model and a loss.

use anyhow::{Result, bail};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use simdescent::dataset::{CsvEncoding, Standardizer};
use simdescent::kernels::activation::Activation;
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{Dataset, Dropout, Initializer, Linear, Loss, Mlp, Model, Targets, synthetic};

/// What a sweep trains.
pub(crate) struct Workload {
    pub(crate) name: String,
    pub(crate) training: Dataset,
    pub(crate) validation: Dataset,
    pub(crate) loss: Loss,
    pub(crate) model: ModelSpec,
    /// What scaled the inputs, if anything did.
    pub(crate) standardizer: Option<Standardizer>,
    /// What the columns of the file are, if it is a CSV file.
    pub(crate) encoding: Option<CsvEncoding>,
}

/// A model, before its weights are drawn.
#[derive(Clone, Debug)]
pub(crate) enum ModelSpec {
    /// One linear output, from zero.
    Linear { features: usize, bias: bool },
    /// A network of these widths.
    Mlp { widths: Vec<usize>, activation: Activation, initializer: Initializer, dropout: f32 },
}

/// The most parameters of a model: 8 GiB, and as much again for their gradient.
const MAX_PARAMETERS: usize = 1 << 31;

/// Whether zeros among the inputs are kept. No result depends on it, but for the sign of a zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Inputs {
    /// svmlight files without their zeros, if not even 1 value in 16 is written or there are more than 2^31 with zeros
    #[default]
    Auto,
    /// Without zeros
    Sparse,
    /// With all zeros
    Dense,
}

/// [`Inputs::Auto`] leaves zeros out below it.
const SPARSE_DENSITY: f64 = 1.0 / 16.0;

/// And above so many values with their zeros, the limit of [`Dataset::into_dense`].
const MOST_WITH_ZEROS: usize = 1 << 31;

impl Inputs {
    /// `data` as it is to be kept.
    pub(crate) fn of(self, data: Dataset) -> Result<Dataset> {
        let with_zeros = data.rows().saturating_mul(data.features());
        Ok(match self {
            Self::Auto if data.is_sparse() && (data.density() < SPARSE_DENSITY || with_zeros > MOST_WITH_ZEROS) => data,
            Self::Sparse => data.into_sparse()?,
            Self::Auto | Self::Dense => data.into_dense()?,
        })
    }
}

impl Workload {
    /// The workload with its inputs kept so; both sets alike, as the training set decides.
    pub(crate) fn keeping(self, inputs: Inputs) -> Result<Self> {
        let training = inputs.of(self.training)?;
        let alike = if training.is_sparse() { Inputs::Sparse } else { Inputs::Dense };
        Ok(Self { validation: alike.of(self.validation)?, training, ..self })
    }
}

impl ModelSpec {
    /// A network of these widths with ReLU between layers and He-normal weights; without hidden layers, from zero.
    pub(crate) fn mlp(widths: Vec<usize>) -> Self {
        let initializer = if widths.len() == 2 { Initializer::Zeros } else { Initializer::HeNormal };
        Self::Mlp { widths, activation: Activation::Relu, initializer, dropout: 0.0 }
    }

    /// Inputs and outputs.
    pub(crate) fn shape(&self) -> (usize, usize) {
        match self {
            Self::Linear { features, .. } => (*features, 1),
            Self::Mlp { widths, .. } => (widths[0], widths[widths.len() - 1]),
        }
    }

    /// The same for so many features.
    pub(crate) fn with_inputs(&self, features: usize) -> Self {
        let mut model = self.clone();
        match &mut model {
            Self::Linear { features: own, .. } => *own = features,
            Self::Mlp { widths, .. } => widths[0] = features,
        }
        model
    }

    /// How many parameters it has; `None` if no model has these widths.
    pub(crate) fn parameters(&self) -> Option<usize> {
        match self {
            Self::Linear { features, bias } => features.checked_add(usize::from(*bias)),
            Self::Mlp { widths, .. } if widths.len() < 2 || widths.contains(&0) => None,
            Self::Mlp { widths, .. } => {
                widths.windows(2).try_fold(0usize, |sum, w| sum.checked_add(w[0].checked_add(1)?.checked_mul(w[1])?))
            }
        }
    }

    /// Before anything that large is made.
    pub(crate) fn check_size(&self) -> Result<()> {
        if self.parameters().is_none_or(|n| n > MAX_PARAMETERS) {
            bail!("{} has more than {MAX_PARAMETERS} parameters: take fewer features or hidden units", self.describe());
        }
        Ok(())
    }

    /// A model with the weights of this trial.
    pub(crate) fn build(&self, trial: u64, seed: u64) -> Box<dyn Model> {
        match self {
            Self::Linear { features, bias } => Box::new(Linear::new(*features, *bias)),
            Self::Mlp { widths, activation, initializer, dropout } => {
                let mut stream = Stream::new(StreamKey { trial, ..StreamKey::new(Purpose::Weights, seed) });
                let mlp = Mlp::new(widths, *activation, *initializer, &mut stream);
                if *dropout == 0.0 {
                    return Box::new(mlp);
                }
                Box::new(mlp.with_dropout(Dropout::new(*dropout, trial, seed).expect("a rate that was checked")))
            }
        }
    }

    /// For people: `linear 64-1` or `mlp 32-64-10`.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Linear { features, .. } => format!("linear {features}-1"),
            Self::Mlp { widths, .. } => {
                let widths: Vec<_> = widths.iter().map(usize::to_string).collect();
                format!("{} {}", if widths.len() == 2 { "softmax" } else { "mlp" }, widths.join("-"))
            }
        }
    }
}

/// The workloads of a sweep without `--data`.
pub(crate) fn embedded(seed: u64) -> Result<Vec<Workload>> {
    /// Rows for training, and as many again divided by four for validation.
    const ROWS: usize = 4000;
    let stream = || Stream::new(StreamKey::new(Purpose::Data, seed));
    let regression = synthetic::linear(ROWS + ROWS / 4, 64, 0.5, &mut stream());
    let mixture = synthetic::gaussian_mixture(ROWS + ROWS / 4, 32, 10, 3.0, &mut stream());
    let teacher = synthetic::teacher(ROWS + ROWS / 4, &[16, 16, 4], &mut stream());
    [
        ("linear regression", regression, Loss::Squared, ModelSpec::Linear { features: 64, bias: true }),
        ("softmax regression", mixture, Loss::SoftmaxCrossEntropy, ModelSpec::mlp(vec![32, 10])),
        ("mlp", teacher, Loss::SoftmaxCrossEntropy, ModelSpec::mlp(vec![16, 64, 4])),
    ]
    .into_iter()
    .map(|(name, data, loss, model)| {
        let (training, validation) = data.split_at(ROWS)?;
        Ok(Workload { name: name.into(), training, validation, loss, model, standardizer: None, encoding: None })
    })
    .collect()
}

/// The linear model that fits targets of so many classes, or values.
pub(crate) fn linear_model(features: usize, classes: Option<usize>) -> (&'static str, Loss, ModelSpec) {
    let linear = ModelSpec::Linear { features, bias: true };
    match classes {
        None => ("linear regression", Loss::Squared, linear),
        Some(2) => ("logistic regression", Loss::Logistic, linear),
        Some(n) => ("softmax regression", Loss::SoftmaxCrossEntropy, ModelSpec::mlp(vec![features, n])),
    }
}

/// SHA-256 over inputs, targets and weights of a data set, so that a report names its data.
pub(crate) fn data_digest(data: &Dataset) -> String {
    let mut hash = Sha256::new();
    hash.update((data.features() as u64).to_le_bytes());
    match data.csr() {
        None => data.inputs().iter().for_each(|x| hash.update(x.to_bits().to_le_bytes())),
        Some(x) => {
            for (columns, values) in (0..x.rows()).map(|i| x.row(i)) {
                hash.update((columns.len() as u64).to_le_bytes());
                columns.iter().for_each(|j| hash.update(j.to_le_bytes()));
                values.iter().for_each(|x| hash.update(x.to_bits().to_le_bytes()));
            }
        }
    }
    match data.targets() {
        Targets::Values(values) => values.iter().for_each(|x| hash.update(x.to_bits().to_le_bytes())),
        Targets::Labels { labels, .. } => labels.iter().for_each(|x| hash.update(x.to_le_bytes())),
        Targets::Probabilities { values, .. } => values.iter().for_each(|x| hash.update(x.to_bits().to_le_bytes())),
    }
    data.weights().into_iter().flatten().for_each(|x| hash.update(x.to_bits().to_le_bytes()));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn embedded_workloads_fit_their_models() {
        for workload in embedded(1).unwrap() {
            let model = workload.model.build(0, 1);
            assert_eq!(model.inputs(), workload.training.features(), "{}", workload.name);
            assert_eq!(workload.training.rows(), 4 * workload.validation.rows());
        }
    }
}
