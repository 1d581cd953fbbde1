//! What a sweep measures: protocol, plan, runs, results.

pub(crate) mod convergence;
pub(crate) mod pilot;
pub(crate) mod plan;
pub(crate) mod protocol;
pub(crate) mod result;
pub(crate) mod runner;
