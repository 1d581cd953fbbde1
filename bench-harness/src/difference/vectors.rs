//! Vectors of single-precision numbers that differ by bits.

use crate::base::number::Number;
use serde::Serialize;

/// A vector of two checkpoints.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct VectorDifference {
    pub(crate) vector: String,
    pub(crate) differ: usize,
    pub(crate) of: usize,
    /// The first element that differs.
    pub(crate) first: usize,
    pub(crate) a: Number,
    pub(crate) b: Number,
}

/// Where two vectors differ by bits; NaNs are one value.
pub(crate) fn vector_difference(name: String, a: &[f32], b: &[f32]) -> Option<VectorDifference> {
    let bits = |x: f32| if x.is_nan() { f32::NAN.to_bits() } else { x.to_bits() };
    let differ = |(_, (a, b)): &(usize, (&f32, &f32))| bits(**a) != bits(**b);
    let common = a.len().min(b.len());
    let (count, missing) = (a.iter().zip(b).enumerate().filter(differ).count(), a.len().max(b.len()) - common);
    let first = a.iter().zip(b).enumerate().find(differ).map_or(common, |(i, _)| i);
    let at = |x: &[f32]| Number(x.get(first).map_or(f64::NAN, |&x| f64::from(x)));
    (count + missing > 0).then(|| VectorDifference {
        vector: name,
        differ: count + missing,
        of: a.len().max(b.len()),
        first,
        a: at(a),
        b: at(b),
    })
}
