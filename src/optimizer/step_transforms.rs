//! [`StepTransforms`]: clipping, decay and shrinkage around the step of any rule.

use serde::{Deserialize, Serialize};

/// What is done to gradient, parameters and state around the rule's step, in the same pass over memory (Adafactor needs another
/// one to change its gradient).
///
/// In this order: scale the gradient so that its norm is at most `clip_norm`; limit its elements to ±`clip_value`; add the
/// gradient of the L2 penalty ([`Settings::l2`](crate::Settings::l2), which is hence not clipped, as in PyTorch); shrink the parameters by
/// `weight_decay`; the rule; flush its state; the proximal step of `l1`. Schedule-free AdamW takes neither `weight_decay` nor `l1`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StepTransforms {
    /// Limit of the Euclidean norm of the whole gradient; costs another pass to read it.
    pub clip_norm: Option<f32>,
    /// Limit of the magnitude of each element of the gradient.
    pub clip_value: Option<f32>,
    /// λ of decoupled weight decay: a step multiplies all parameters by 1 − ηλ. Added to that of the rule, if it has one.
    pub weight_decay: f32,
    /// λ of the penalty λ‖θ‖₁ on all parameters, as a proximal step with threshold ηλ: makes exact zeros.
    pub l1: f32,
    /// Sets state below the smallest normal number to 0, because arithmetic on subnormals is slow on some CPUs.
    pub flush_subnormals: bool,
}

impl StepTransforms {
    /// The rule alone.
    pub const NONE: Self =
        Self { clip_norm: None, clip_value: None, weight_decay: 0.0, l1: 0.0, flush_subnormals: false };

    /// Name and value of what is out of range, if anything, and what would be right.
    pub(crate) fn fault(&self) -> Option<(&'static str, f32, &'static str)> {
        for (name, limit) in [("clip_norm", self.clip_norm), ("clip_value", self.clip_value)] {
            if let Some(limit) = limit.filter(|&limit| !(limit > 0.0 && limit.is_finite())) {
                return Some((name, limit, "positive and finite"));
            }
        }
        for (name, lambda) in [("weight_decay", self.weight_decay), ("l1", self.l1)] {
            if !(lambda >= 0.0 && lambda.is_finite()) {
                return Some((name, lambda, "at least 0 and finite"));
            }
        }
        None
    }
}
