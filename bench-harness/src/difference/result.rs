//! What `diff` reports.

use super::fields::FieldDifference;
use super::search::Search;
use super::vectors::VectorDifference;
use serde::Serialize;

/// Raised whenever a reader of the last version could misread the new one.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// What two folders of records, two checkpoints or the instruction sets of one machine differ in.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DiffReport {
    pub(crate) schema_version: u32,
    /// What was compared.
    pub(crate) names: Vec<String>,
    /// Settings, data and versions that differ: other specifications, whose bits may differ.
    pub(crate) fields: Vec<FieldDifference>,
    /// Of folders.
    pub(crate) records: Option<RecordCounts>,
    /// Runs of one specification with other bits, the one that parts first before the others.
    pub(crate) runs: Vec<RunDifference>,
    /// Of checkpoints: the numbers that differ.
    pub(crate) vectors: Vec<VectorDifference>,
    /// Runs that were repeated here.
    pub(crate) search: Option<Search>,
    /// Whether all bits that can be compared are equal.
    pub(crate) equal: bool,
}

/// How many records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RecordCounts {
    pub(crate) in_both: usize,
    pub(crate) only_in_a: usize,
    pub(crate) only_in_b: usize,
    pub(crate) differ: usize,
}

/// A run that has two records.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RunDifference {
    pub(crate) key: String,
    pub(crate) workload: Option<String>,
    pub(crate) optimizer: &'static str,
    pub(crate) batch_size: usize,
    /// Steps at the last point of the grid that agrees.
    pub(crate) after_step: u64,
    /// Steps at the first point that differs; none if all points of both agree and only the end or what was written differs.
    pub(crate) by_step: Option<u64>,
    /// Points of the grid up to the first that differs.
    pub(crate) links_compared: usize,
}
