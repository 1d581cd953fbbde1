//! What is done around the optimizer's step, as options.

use super::yes_no::{self, yes_no};
use crate::base::number::short;
use clap::Args;
use serde::{Deserialize, Serialize};
use simdescent::StepTransforms;

/// Penalties, decay, clipping. An elastic net is an L1 beside an L2 penalty.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct StepTransformOptions {
    /// λ of the penalty ½λ‖w‖² in the gradient, without biases [default: 0]
    #[arg(long, value_name = "LAMBDA", allow_negative_numbers = true)]
    #[serde(serialize_with = "short")]
    l2: Option<f32>,
    /// λ of the penalty λ‖w‖₁, a proximal step that makes exact zeros, without biases [default: 0]
    #[arg(long, value_name = "LAMBDA", allow_negative_numbers = true)]
    #[serde(serialize_with = "short")]
    l1: Option<f32>,
    /// λ of decoupled weight decay: a step multiplies the weights, without biases, by 1 − ηλ [default: 0; adamw has 0.01 of its
    /// own]
    #[arg(long, value_name = "LAMBDA", allow_negative_numbers = true)]
    #[serde(serialize_with = "short")]
    weight_decay: Option<f32>,
    /// Penalties and weight decay with biases (intercepts), too [default: no]
    #[arg(long, num_args = 0..=1, default_missing_value = "yes", value_name = "yes|no", value_parser = yes_no(), hide_possible_values = true)]
    #[serde(deserialize_with = "yes_no::read")]
    penalize_bias: Option<bool>,
    /// Largest Euclidean norm of the whole gradient [default: no limit]
    #[arg(long, value_name = "NORM", allow_negative_numbers = true)]
    #[serde(serialize_with = "short")]
    clip_norm: Option<f32>,
    /// Largest magnitude of an element of the gradient [default: no limit]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    #[serde(serialize_with = "short")]
    clip_value: Option<f32>,
    /// Set optimizer state below the smallest normal number to 0, because arithmetic on it is slow: weights that are no longer fed do not feel
    /// it, or stop moving (lion) [default: yes]
    #[arg(long, num_args = 0..=1, default_missing_value = "yes", value_name = "yes|no", value_parser = yes_no(), hide_possible_values = true)]
    #[serde(deserialize_with = "yes_no::read")]
    flush_subnormals: Option<bool>,
}

impl StepTransformOptions {
    /// Whether tiny optimizer state is flushed where nothing else is said.
    pub(crate) fn flush_by_default(&mut self, flush: bool) {
        self.flush_subnormals.get_or_insert(flush);
    }

    pub(crate) fn l2(&self) -> f32 {
        self.l2.unwrap_or(0.0)
    }

    pub(crate) fn penalize_bias(&self) -> bool {
        self.penalize_bias.unwrap_or(false)
    }

    /// Whether something is given that a method without steps has no use for.
    pub(crate) fn has_more_than_l2(&self) -> bool {
        let usual = Self::default().step_transforms();
        self.flush_subnormals == Some(true)
            || StepTransforms { flush_subnormals: usual.flush_subnormals, ..self.step_transforms() } != usual
    }

    pub(crate) fn step_transforms(&self) -> StepTransforms {
        StepTransforms {
            clip_norm: self.clip_norm,
            clip_value: self.clip_value,
            weight_decay: self.weight_decay.unwrap_or(0.0),
            l1: self.l1.unwrap_or(0.0),
            flush_subnormals: self.flush_subnormals.unwrap_or(true),
        }
    }
}
