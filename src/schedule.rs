//! Schedules: what changes while a model trains. Pure functions of the step, or of the history of the validation loss.
//!
//! Powers and cosines come from the crate `libm`, pure Rust without its `arch` feature, because the platform's functions
//! differ from one platform to the next in the last bit, and with them every trajectory would. Golden values in the
//! tests notice a version that changes any.

mod batch_size;
mod learning_rate;
mod milestones;
mod plateau;
mod step_plan;

pub use batch_size::{BatchGrowth, BatchShape, RateScaling};
pub use learning_rate::{
    Anneal, Cosine, Exponential, InverseTime, LearningRate, OneCycle, Polynomial, ReduceOnPlateau, Step, WarmRestarts,
    Warmup,
};
pub use milestones::Milestones;
pub use plateau::Plateau;
pub use step_plan::StepPlan;
