//! How much classes count, as an option.

use crate::streamed::Streamed;
use crate::workload::Workload;
use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use simdescent::Loss;
use std::str::FromStr;

/// Weights of classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "class weights are \"balanced\" or a list of numbers")]
pub(crate) enum ClassWeights {
    Named(Named),
    Given(Vec<f32>),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Named {
    Balanced,
}

impl FromStr for ClassWeights {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "balanced" {
            return Ok(Self::Named(Named::Balanced));
        }
        let number = |text: &str| text.parse().map_err(|_| format!("{text:?} is neither balanced nor a number"));
        text.split(',').map(number).collect::<Result<_, _>>().map(Self::Given)
    }
}

impl ClassWeights {
    /// Gives them to both sets; balanced ones are those of the training set.
    pub(crate) fn apply(&self, workload: &mut Workload) -> Result<()> {
        let weights = match self {
            Self::Named(Named::Balanced) => workload.training.balanced_class_weights()?,
            Self::Given(weights) => weights.clone(),
        };
        workload.training = workload.training.clone().with_class_weights(weights.clone())?;
        workload.validation = workload.validation.clone().with_class_weights(weights)?;
        Ok(())
    }

    /// The same for rows that are read as they are needed.
    pub(crate) fn apply_to_stream(&self, mut streamed: Streamed) -> Result<Streamed> {
        let weights = match self {
            Self::Named(Named::Balanced) => streamed.rows.balanced_class_weights()?,
            Self::Given(weights) => weights.clone(),
        };
        Ok(Streamed {
            rows: streamed.rows.with_class_weights(weights.clone())?,
            validation: streamed.validation.with_class_weights(weights)?,
            ..streamed
        })
    }
}

/// The loss with smoothed labels.
pub(crate) fn smoothed(loss: Loss, label_smoothing: f32) -> Result<Loss> {
    match loss {
        Loss::SoftmaxCrossEntropy => Ok(Loss::SmoothedSoftmaxCrossEntropy { label_smoothing }),
        Loss::SmoothedSoftmaxCrossEntropy { .. } => {
            bail!("give --label-smoothing or --loss smoothed-softmax-cross-entropy, not both")
        }
        _ => bail!("--label-smoothing is for the softmax-cross-entropy, the loss is {}", loss.name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_weights_are_balanced_or_numbers() {
        assert_eq!("balanced".parse(), Ok(ClassWeights::Named(Named::Balanced)));
        assert_eq!("1,0.5,2e1".parse(), Ok(ClassWeights::Given(vec![1.0, 0.5, 20.0])));
        for bad in ["", "1,,2", "even"] {
            assert!(bad.parse::<ClassWeights>().unwrap_err().contains("neither balanced nor a number"), "{bad}");
        }
    }
}
