//! When a validation loss has stopped falling.

use serde::{Deserialize, Serialize};

/// A plateau is `patience` + 1 validations in a row none of which beats the best so far by the share `min_delta`.
///
/// A loss counts as better if it is below best·(1 − min_delta), as in PyTorch's `ReduceLROnPlateau` in its default mode
/// (Keras takes `min_delta` absolute, and waits for `patience` validations). A plateau starts the count again, after
/// `cooldown` validations that do not count. The best stays. A loss that is not finite is not better than anything.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plateau {
    /// How many validations without improvement are tolerated
    pub patience: u64,
    /// The share of the best loss that is an improvement, in [0, 1)
    pub min_delta: f64,
    /// Validations after a plateau that do not count
    pub cooldown: u64,
}

/// PyTorch's: patience 10, min_delta 10⁻⁴, no cooldown.
impl Default for Plateau {
    fn default() -> Self {
        Self { patience: 10, min_delta: 1e-4, cooldown: 0 }
    }
}

impl Plateau {
    /// How many plateaus a history of losses has.
    pub fn count(self, losses: &[f64]) -> u64 {
        let (mut best, mut bad, mut cooling, mut plateaus) = (f64::INFINITY, 0, 0, 0);
        for &loss in losses {
            if loss.is_finite() && (best == f64::INFINITY || loss < best * (1.0 - self.min_delta)) {
                best = loss;
                bad = 0;
            } else {
                bad += 1;
            }
            if cooling > 0 {
                cooling -= 1;
                bad = 0;
            }
            if bad > self.patience {
                plateaus += 1;
                cooling = self.cooldown;
                bad = 0;
            }
        }
        plateaus
    }

    pub(super) fn validate(self) -> Result<(), &'static str> {
        match (0.0..1.0).contains(&self.min_delta) {
            true => Ok(()),
            false => Err("the plateau's min_delta is a share of the loss, in [0, 1)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(plateau: Plateau, losses: &[f64]) -> Vec<u64> {
        (1..=losses.len()).map(|n| plateau.count(&losses[..n])).collect()
    }

    #[test]
    fn patience_improvements_and_cooldown_follow_their_definition() {
        let plateau = Plateau { patience: 1, min_delta: 0.1, cooldown: 0 };
        // 0.95 and 0.91 are not a tenth better than 1, 0.89 is.
        assert_eq!(counts(plateau, &[1.0, 0.95, 0.91, 0.89, 0.89, 0.89, 0.89, 0.89]), [0, 0, 1, 1, 1, 2, 2, 3]);
        let flat = [1.0; 9];
        assert_eq!(counts(plateau, &flat), [0, 0, 1, 1, 2, 2, 3, 3, 4]);
        assert_eq!(counts(Plateau { cooldown: 2, ..plateau }, &flat), [0, 0, 1, 1, 1, 1, 2, 2, 2]);
        assert_eq!(counts(Plateau { patience: 0, ..plateau }, &flat[..3]), [0, 1, 2]);
    }

    #[test]
    fn losses_that_are_not_finite_are_never_better() {
        let plateau = Plateau { patience: 1, min_delta: 0.0, cooldown: 0 };
        assert_eq!(counts(plateau, &[f64::NAN, f64::INFINITY, 1.0, f64::NEG_INFINITY, f64::NAN]), [0, 1, 1, 1, 2]);
        assert!([-0.1, 1.0, f64::NAN].iter().all(|&min_delta| Plateau { min_delta, ..plateau }.validate().is_err()));
    }
}
