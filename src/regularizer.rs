//! Regularization, and where each kind of it acts.
//!
//! | | acts | set in |
//! | --- | --- | --- |
//! | L2, ½λ‖w‖² | in the gradient | [`Settings::l2`](crate::Settings::l2) |
//! | L1, λ‖w‖₁ | proximal step after the optimizer's | [`StepTransforms::l1`](crate::StepTransforms::l1) |
//! | elastic net | split into L1 and L2 | [`ElasticNet`] |
//! | decoupled weight decay | in the optimizer's step | [`StepTransforms::weight_decay`](crate::StepTransforms::weight_decay) |
//! | dropout | in the network, while training | [`Mlp::with_dropout`](crate::Mlp::with_dropout) |
//! | early stopping | ends the training | [`FitOptions`](crate::FitOptions) |
//!
//! Penalties and weight decay are on the weights; [`Settings::penalize_bias`](crate::Settings::penalize_bias) takes in the biases.

mod dropout;
mod elastic_net;

pub use dropout::Dropout;
pub use elastic_net::ElasticNet;
