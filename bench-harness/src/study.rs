//! What a sweep measures: the study, its cells, the records of their runs.

pub(crate) mod analysis;
pub(crate) mod answer;
pub(crate) mod audit;
pub(crate) mod best;
pub(crate) mod cell;
pub(crate) mod coupling;
pub(crate) mod curve_report;
pub(crate) mod curves;
pub(crate) mod definition;
pub(crate) mod estimate;
pub(crate) mod facts;
#[cfg(test)]
pub(crate) mod fake;
pub(crate) mod machine;
pub(crate) mod noise;
pub(crate) mod noise_report;
pub(crate) mod noise_runs;
pub(crate) mod optimum;
pub(crate) mod pilot;
pub(crate) mod plan;
pub(crate) mod profile;
pub(crate) mod projection;
pub(crate) mod protocol;
pub(crate) mod record;
pub(crate) mod reference;
pub(crate) mod result;
pub(crate) mod runner;
pub(crate) mod schedule;
pub(crate) mod self_check;
mod sense;
pub(crate) mod shard;
pub(crate) mod specification;
pub(crate) mod stopwatch;
pub(crate) mod store;
pub(crate) mod throughput;
pub(crate) mod tuning;
pub(crate) mod workload;
