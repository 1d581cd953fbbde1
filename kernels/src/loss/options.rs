//! How the losses of samples become one number: reduction and weights.

use crate::norm::asum;
use crate::real::Real;
use crate::threads::Exec;

/// How the losses of samples become one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Reduction {
    /// Divided by the number of samples, or the sum of their weights.
    #[default]
    Mean,
    /// Added up.
    Sum,
}

/// What every loss can be asked for; the default is the mean without weights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LossOptions<'a, T> {
    /// Mean or sum.
    pub reduction: Reduction,
    /// One weight ≥ 0 per sample; 1 for all if `None`. (Weights of 1 give the same bits, up to 2²⁴ samples in `f32`.)
    pub weights: Option<&'a [T]>,
}

impl<T> Default for LossOptions<'_, T> {
    fn default() -> Self {
        Self { reduction: Reduction::Mean, weights: None }
    }
}

impl<T: Real> LossOptions<'_, T> {
    #[track_caller]
    pub(crate) fn check(&self, samples: usize) {
        if let Some(weights) = self.weights {
            assert_eq!(samples, weights.len(), "loss: outputs and weights differ in number");
        }
    }

    /// W: what the sum over the samples is divided by. Where it is 0, there is neither loss nor gradient.
    pub(crate) fn divisor(&self, exec: Exec<'_>, samples: usize) -> T {
        match (self.reduction, self.weights) {
            (Reduction::Sum, _) => T::ONE,
            (Reduction::Mean, None) => T::from_f64(samples as f64),
            // None is negative.
            (Reduction::Mean, Some(weights)) => asum(exec, weights),
        }
    }
}
