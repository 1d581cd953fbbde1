//! Elastic net.

use crate::error::ConfigError;
use serde::{Deserialize, Serialize};

/// λ·(ρ‖θ‖₁ + ½(1 − ρ)‖θ‖²), Zou & Hastie 2005 in the parametrization of glmnet and scikit-learn: ρ = 1 is the lasso, ρ = 0
/// ridge regression.
///
/// Its L2 part belongs into the gradient ([`Settings::l2`](crate::Settings::l2)), its L1 part into a proximal step, which
/// makes exact zeros: soft-thresholding by ηλ₁ after the step. In Zou & Hastie's own form the penalty
/// λ₂‖θ‖² + λ₁‖θ‖₁ has no ½.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ElasticNet {
    /// λ ≥ 0
    pub strength: f32,
    /// ρ in [0, 1]
    pub l1_share: f32,
}

impl ElasticNet {
    /// λ₁ = λρ, of the penalty λ₁‖θ‖₁.
    pub fn l1(self) -> f32 {
        self.strength * self.l1_share
    }

    /// λ₂ = λ(1 − ρ), of the penalty ½λ₂‖θ‖².
    pub fn l2(self) -> f32 {
        self.strength * (1.0 - self.l1_share)
    }

    /// The penalty of these parameters, added up in order in `f64`.
    pub fn penalty(self, parameters: &[f32]) -> f64 {
        let (l1, l2) =
            parameters.iter().map(|&w| f64::from(w)).fold((0.0, 0.0), |(l1, l2), w| (l1 + w.abs(), l2 + w * w));
        f64::from(self.l1()) * l1 + 0.5 * f64::from(self.l2()) * l2
    }

    /// Checks the numbers.
    ///
    /// # Errors
    /// [`ConfigError::ElasticNet`] if one is out of its range.
    pub fn validate(self) -> Result<(), ConfigError> {
        let fault = match self {
            _ if !(self.strength >= 0.0 && self.strength.is_finite()) => {
                "the strength must not be negative and has to be finite"
            }
            _ if !(0.0..=1.0).contains(&self.l1_share) => "the share of L1 has to be in [0, 1]",
            _ => return Ok(()),
        };
        Err(ConfigError::ElasticNet(fault))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_split_follows_the_formula() {
        let net = ElasticNet { strength: 0.5, l1_share: 0.25 };
        assert_eq!((net.l1(), net.l2()), (0.125, 0.375));
        // ½·(¼·(1 + 2) + ½·¾·(1 + 4))
        assert_eq!(net.penalty(&[1.0, 0.0, -2.0]), 0.5 * (0.75 + 1.875));
        assert_eq!(ElasticNet { l1_share: 1.0, ..net }.l2(), 0.0);
        assert_eq!(ElasticNet { l1_share: 0.0, ..net }.l1(), 0.0);
        assert_eq!(net.validate(), Ok(()));
        for bad in [-0.1, 1.1, f32::NAN] {
            assert!(ElasticNet { l1_share: bad, ..net }.validate().is_err(), "{bad}");
        }
        assert!(ElasticNet { strength: f32::INFINITY, ..net }.validate().is_err());
    }
}
