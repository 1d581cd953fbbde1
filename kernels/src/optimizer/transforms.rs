//! Rules with all transforms around them, in one order. What changes nothing is left in: a rule is compiled twice then, not once for
//! each choice.

use super::{ClipValue, CoupledDecay, DecoupledDecay, FlushState, Scaled, SoftThreshold};

/// Transforms of the gradient: scaled (clipping by norm), clipped by value, the gradient of the L2 penalty added; then the rule.
pub type WithGradientTransforms<T, R> = Scaled<T, ClipValue<T, CoupledDecay<T, R>>>;

/// Transforms of the parameters: decoupled decay, then the rule, then the threshold of the L1 penalty.
pub type WithParameterTransforms<T, R> = SoftThreshold<T, DecoupledDecay<T, R>>;

/// All transforms: those of the gradient, those of the parameters, and small state flushed to 0. This crate compiles it for every rule
/// of its own, for `f32`.
pub type WithTransforms<T, R> = WithGradientTransforms<T, WithParameterTransforms<T, FlushState<T, R>>>;
