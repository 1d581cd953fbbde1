//! Where two runs of one specification part: in which record, interval of the grid, step and kernel.

pub(crate) mod checkpoints;
pub(crate) mod fields;
pub(crate) mod records;
pub(crate) mod replay;
pub(crate) mod search;
pub(crate) mod trace;

use fields::FieldDifference;
use search::Search;
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

/// A vector of two checkpoints.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct VectorDifference {
    pub(crate) vector: String,
    pub(crate) differ: usize,
    pub(crate) of: usize,
    /// The first element that differs.
    pub(crate) first: usize,
    pub(crate) a: crate::base::number::Number,
    pub(crate) b: crate::base::number::Number,
}

/// Where two vectors differ by bits; NaNs are one value.
pub(crate) fn vector_difference(name: String, a: &[f32], b: &[f32]) -> Option<VectorDifference> {
    let bits = |x: f32| if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() };
    let differ = |(_, (a, b)): &(usize, (&f32, &f32))| bits(**a) != bits(**b);
    let common = a.len().min(b.len());
    let (count, missing) = (a.iter().zip(b).enumerate().filter(differ).count(), a.len().max(b.len()) - common);
    let first = a.iter().zip(b).enumerate().find(differ).map_or(common, |(i, _)| i);
    let at = |x: &[f32]| crate::base::number::Number(x.get(first).map_or(f64::NAN, |&x| f64::from(x)));
    (count + missing > 0).then(|| VectorDifference {
        vector: name,
        differ: count + missing,
        of: a.len().max(b.len()),
        first,
        a: at(a),
        b: at(b),
    })
}
