//! Activations and initializers by name.

use anyhow::{Result, bail};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use simdescent::Initializer;
use simdescent::kernels::activation::Activation;

#[derive(Clone, Copy, Debug, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ActivationName {
    Identity,
    Relu,
    Tanh,
    Sigmoid,
    Gelu,
}

#[derive(Clone, Copy, Debug, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum InitializerName {
    Zeros,
    Constant,
    Normal,
    Uniform,
    TruncatedNormal,
    XavierNormal,
    XavierUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    Orthogonal,
}

impl From<ActivationName> for Activation {
    fn from(name: ActivationName) -> Self {
        match name {
            ActivationName::Identity => Self::Identity,
            ActivationName::Relu => Self::Relu,
            ActivationName::Tanh => Self::Tanh,
            ActivationName::Sigmoid => Self::Sigmoid,
            ActivationName::Gelu => Self::Gelu,
        }
    }
}

impl From<Activation> for ActivationName {
    fn from(activation: Activation) -> Self {
        match activation {
            Activation::Identity => Self::Identity,
            Activation::Relu => Self::Relu,
            Activation::Tanh => Self::Tanh,
            Activation::Sigmoid => Self::Sigmoid,
            Activation::Gelu => Self::Gelu,
        }
    }
}

impl InitializerName {
    pub(super) fn with(self, scale: Option<f32>) -> Result<Initializer> {
        let x = scale.unwrap_or(0.1);
        let initializer = match self {
            Self::Constant => Initializer::Constant { value: x },
            Self::Normal => Initializer::Normal { std: x },
            Self::Uniform => Initializer::Uniform { limit: x },
            Self::TruncatedNormal => Initializer::TruncatedNormal { std: x },
            Self::Orthogonal => Initializer::Orthogonal { gain: scale.unwrap_or(1.0) },
            _ if scale.is_some() => bail!("--initializer-scale does not go with this --initializer: it has no number"),
            Self::Zeros => Initializer::Zeros,
            Self::XavierNormal => Initializer::XavierNormal,
            Self::XavierUniform => Initializer::XavierUniform,
            Self::HeNormal => Initializer::HeNormal,
            Self::HeUniform => Initializer::HeUniform,
            Self::LecunNormal => Initializer::LecunNormal,
            Self::LecunUniform => Initializer::LecunUniform,
        };
        match initializer.validate() {
            Ok(()) => Ok(initializer),
            Err(error) => bail!("--initializer-scale: {error}"),
        }
    }
}
