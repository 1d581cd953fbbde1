//! Options and a problem become a training; trainings that were saved.

mod contradictions;
pub(crate) mod divergence;
pub(crate) mod evaluation;
pub(crate) mod explanation;
pub(crate) mod lbfgs;
mod memory;
pub(crate) mod metrics_report;
pub(crate) mod minimizer;
pub(crate) mod prediction;
pub(crate) mod prepare;
pub(crate) mod rate_search;
pub(crate) mod resampling;
pub(crate) mod result;
pub(crate) mod resume;
pub(crate) mod saved_model;
pub(crate) mod schedule;
pub(crate) mod steps;
