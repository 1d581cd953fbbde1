//! Many trainings on parts of the same rows: which parts, and what the models are worth.

mod cross_validation;
mod k_fold;
mod learning_curve;
mod scores;

pub use cross_validation::{CrossValidation, cross_validate};
pub use k_fold::{Fold, KFold};
pub use learning_curve::{CurvePoint, learning_curve};
pub use scores::{Scores, TrainingSpec};
