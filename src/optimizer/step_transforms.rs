//! [`StepTransforms`]: clipping, decay and shrinkage around the step of any rule.

use crate::error::ConfigError;
use serde::{Deserialize, Serialize};
use simdescent_kernels::optimizer::{
    ClipValue, CoupledDecay, DecoupledDecay, FlushState, Scaled, SoftThreshold, WithGradientTransforms,
    WithParameterTransforms, WithTransforms,
};

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
    /// λ of decoupled weight decay: a step multiplies the weights by 1 − ηλ. Added to that of the rule, if it has one. Without biases,
    /// unless [`Settings::penalize_bias`](crate::Settings::penalize_bias).
    pub weight_decay: f32,
    /// λ of the penalty λ‖θ‖₁, as a proximal step with threshold ηλ: makes exact zeros. Likewise without biases.
    pub l1: f32,
    /// Sets state below the smallest normal number to 0, because arithmetic on subnormals is slow: 30 to 160 times on Intel's
    /// CPUs, up to three times on AMD's Zen 5.
    pub flush_subnormals: bool,
}

impl StepTransforms {
    /// The rule alone.
    pub const NONE: Self =
        Self { clip_norm: None, clip_value: None, weight_decay: 0.0, l1: 0.0, flush_subnormals: false };

    /// What is out of range, if anything.
    pub(crate) fn validate(&self) -> Result<(), ConfigError> {
        for (name, limit) in [("clip_norm", self.clip_norm), ("clip_value", self.clip_value)] {
            if let Some(value) = limit.filter(|&limit| !(limit > 0.0 && limit.is_finite())) {
                return Err(ConfigError::StepTransform { name, value, range: "positive and finite" });
            }
        }
        for (name, value) in [("weight_decay", self.weight_decay), ("l1", self.l1)] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(ConfigError::StepTransform { name, value, range: "at least 0 and finite" });
            }
        }
        Ok(())
    }
}

/// What is done around the rule in one step.
#[derive(Clone, Copy)]
pub(super) struct Around {
    pub(super) step_transforms: StepTransforms,
    /// η
    pub(super) learning_rate: f64,
    /// λ of the L2 penalty
    pub(super) l2: f32,
    /// What clipping by norm multiplies the gradient by.
    pub(super) factor: f32,
}

impl Around {
    /// What is around the rule for an array that is penalized or not.
    pub(super) fn of(self, penalized: bool) -> Self {
        if penalized {
            return self;
        }
        let step_transforms = StepTransforms { weight_decay: 0.0, l1: 0.0, ..self.step_transforms };
        Self { step_transforms, l2: 0.0, ..self }
    }
    /// Whether the rule needs anything around it besides the penalty.
    pub(super) fn is_more_than_l2(&self) -> bool {
        self.step_transforms != StepTransforms::NONE
    }
    /// Whether the rule sees another gradient.
    pub(super) fn changes_gradient(&self) -> bool {
        self.l2 != 0.0 || self.factor != 1.0 || self.step_transforms.clip_value.is_some()
    }

    /// Everything around the rule; what is not asked for changes nothing.
    pub(super) fn all<R>(&self, rule: R) -> WithTransforms<f32, R> {
        self.before(self.after(self.flushed(rule)))
    }
    /// What is done to the gradient.
    pub(super) fn before<R>(&self, rule: R) -> WithGradientTransforms<f32, R> {
        let limit = self.step_transforms.clip_value.unwrap_or(f32::INFINITY);
        let rule = CoupledDecay { lambda: self.l2, rule };
        Scaled { factor: self.factor, rule: ClipValue { limit, rule } }
    }
    /// What is done to the parameters.
    pub(super) fn after<R>(&self, rule: R) -> WithParameterTransforms<f32, R> {
        let by_rate = |lambda: f32| (self.learning_rate * f64::from(lambda)) as f32;
        let rule = DecoupledDecay { rate: by_rate(self.step_transforms.weight_decay), rule };
        SoftThreshold { threshold: by_rate(self.step_transforms.l1), rule }
    }
    /// What is done to the state.
    pub(super) fn flushed<R>(&self, rule: R) -> FlushState<f32, R> {
        FlushState { below: if self.step_transforms.flush_subnormals { f32::MIN_POSITIVE } else { 0.0 }, rule }
    }
}
