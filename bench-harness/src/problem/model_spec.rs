//! Models before their weights are drawn.

use anyhow::{Result, bail};
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{Activation, Dropout, Initializer, Linear, Loss, Mlp, Model, NoisyQuadratic};
use std::num::NonZeroUsize;

/// A model, before its weights are drawn.
#[derive(Clone, Debug)]
pub(crate) enum ModelSpec {
    /// One linear output, from zero.
    Linear { features: usize, bias: bool },
    /// A network of these widths.
    Mlp { widths: Vec<usize>, activation: Activation, initializer: Initializer, dropout: f32 },
    /// The noisy quadratic model, whose inputs are its noise.
    NoisyQuadratic { dimensions: usize },
}

/// The most parameters of a model: 8 GiB, and as much again for their gradient.
const MAX_PARAMETERS: usize = 1 << 31;

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
            Self::NoisyQuadratic { dimensions } => (*dimensions, 1),
            Self::Mlp { widths, .. } => (widths[0], widths[widths.len() - 1]),
        }
    }

    /// A network with these hidden layers between its inputs and outputs.
    pub(crate) fn with_hidden(&self, hidden: &[NonZeroUsize]) -> Self {
        let (inputs, outputs) = self.shape();
        let hidden = hidden.iter().map(|width| width.get());
        Self::mlp([inputs].into_iter().chain(hidden).chain([outputs]).collect())
    }

    /// The same for so many features.
    pub(crate) fn with_inputs(&self, features: usize) -> Self {
        let mut model = self.clone();
        match &mut model {
            Self::Linear { features: own, .. } => *own = features,
            Self::NoisyQuadratic { dimensions } => *dimensions = features,
            Self::Mlp { widths, .. } => widths[0] = features,
        }
        model
    }

    /// How many parameters it has; `None` if no model has these widths.
    pub(crate) fn parameters(&self) -> Option<usize> {
        match self {
            Self::Linear { features, bias } => features.checked_add(usize::from(*bias)),
            Self::NoisyQuadratic { dimensions } => Some(*dimensions),
            Self::Mlp { widths, .. } if widths.len() < 2 || widths.contains(&0) => None,
            Self::Mlp { widths, .. } => {
                widths.windows(2).try_fold(0usize, |sum, w| sum.checked_add(w[0].checked_add(1)?.checked_mul(w[1])?))
            }
        }
    }

    /// Rows and columns of its parameter arrays, as [`Model::layout`] has them.
    pub(crate) fn layout(&self) -> Vec<(usize, usize)> {
        match self {
            Self::Linear { features, bias: false } => vec![(1, *features)],
            Self::NoisyQuadratic { dimensions } => vec![(1, *dimensions)],
            Self::Linear { features, bias: true } => vec![(1, *features), (1, 1)],
            Self::Mlp { widths, .. } => widths.windows(2).flat_map(|w| [(w[0], w[1]), (1, w[1])]).collect(),
        }
    }

    /// How many numbers a network keeps for each sample of a batch: activations and their gradients, masks of dropout.
    pub(crate) fn numbers_per_sample(&self) -> u64 {
        match self {
            Self::Linear { .. } | Self::NoisyQuadratic { .. } => 2,
            Self::Mlp { widths, activation, dropout, .. } => {
                let units: u64 = widths[1..].iter().map(|&width| width as u64).sum();
                units * (2 + u64::from(*activation == Activation::Gelu) + 2 * u64::from(*dropout != 0.0))
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
        let stream = || Stream::new(StreamKey { trial, ..StreamKey::new(Purpose::Weights, seed) });
        match self {
            Self::Linear { features, bias } => Box::new(Linear::new(*features, *bias)),
            Self::NoisyQuadratic { dimensions } => Box::new(NoisyQuadratic::new(*dimensions, &mut stream())),
            Self::Mlp { widths, activation, initializer, dropout } => {
                let mlp = Mlp::new(widths, *activation, *initializer, &mut stream());
                if *dropout == 0.0 {
                    return Box::new(mlp);
                }
                Box::new(mlp.with_dropout(Dropout::new(*dropout, trial, seed).expect("a rate that was checked")))
            }
        }
    }

    /// What a training of this model is called, by the loss that it minimizes.
    pub(crate) fn heading(&self, loss: Loss) -> String {
        if matches!(self, Self::Mlp { widths, .. } if widths.len() > 2) {
            return format!("mlp ({} loss)", loss.name().replace('_', " "));
        }
        if matches!(self, Self::NoisyQuadratic { .. }) {
            return "noisy quadratic".into();
        }
        let heading = match loss {
            Loss::Squared => "linear regression",
            Loss::Absolute => "linear regression (absolute loss)",
            Loss::Huber { .. } => "linear regression (huber loss)",
            Loss::Quantile { .. } => "quantile regression",
            Loss::Poisson => "poisson regression",
            Loss::Logistic => "logistic regression",
            Loss::Hinge => "linear classification (hinge loss)",
            Loss::SquaredHinge => "linear classification (squared hinge loss)",
            Loss::SoftmaxCrossEntropy => "softmax regression",
            Loss::SmoothedSoftmaxCrossEntropy { .. } => "softmax regression (smoothed labels)",
        };
        heading.into()
    }

    /// Everything that decides its initial weights and its function, but for trial and seed: part of the key of a run.
    pub(crate) fn canonical(&self) -> String {
        match self {
            Self::Linear { features, bias } => {
                format!("linear {features}-1{}", if *bias { "" } else { " without bias" })
            }
            Self::NoisyQuadratic { dimensions } => format!("noisy quadratic {dimensions}"),
            Self::Mlp { widths, activation, initializer, dropout } => {
                let initializer = serde_json::to_string(initializer).expect("a name with numbers");
                format!("mlp {widths:?} {activation:?} {initializer} dropout {dropout}")
            }
        }
    }

    /// For people: `linear 64-1`, `softmax 32-10` or `mlp 32-64-10`.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Linear { features, .. } => format!("linear {features}-1"),
            Self::NoisyQuadratic { dimensions } => format!("noisy quadratic of {dimensions}"),
            Self::Mlp { widths, .. } => {
                let widths: Vec<_> = widths.iter().map(usize::to_string).collect();
                format!("{} {}", if widths.len() == 2 { "softmax" } else { "mlp" }, widths.join("-"))
            }
        }
    }
}

/// The linear model that fits targets of so many classes, or values.
pub(crate) fn linear_model(features: usize, classes: Option<usize>) -> (Loss, ModelSpec) {
    let linear = ModelSpec::Linear { features, bias: true };
    match classes {
        None => (Loss::Squared, linear),
        Some(2) => (Loss::Logistic, linear),
        Some(n) => (Loss::SoftmaxCrossEntropy, ModelSpec::mlp(vec![features, n])),
    }
}
