//! What a sweep measures: the study, its cells, the records of their runs.

pub(crate) mod audit;
pub(crate) mod cell;
pub(crate) mod definition;
pub(crate) mod facts;
pub(crate) mod optimum;
pub(crate) mod pilot;
pub(crate) mod plan;
pub(crate) mod profile;
pub(crate) mod protocol;
pub(crate) mod record;
pub(crate) mod reference;
pub(crate) mod runner;
pub(crate) mod schedule;
pub(crate) mod self_check;
pub(crate) mod shard;
pub(crate) mod specification;
pub(crate) mod store;
pub(crate) mod tuning;
pub(crate) mod workload;
