//! How much classes count.

use super::TrainingRows;
use anyhow::Result;
use serde::{Deserialize, Serialize};
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
    /// The weight of each class; balanced ones are those of the training rows.
    pub(super) fn on(&self, rows: impl TrainingRows) -> Result<Vec<f32>> {
        match self {
            Self::Named(Named::Balanced) => rows.balanced_class_weights(),
            Self::Given(weights) => Ok(weights.clone()),
        }
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
