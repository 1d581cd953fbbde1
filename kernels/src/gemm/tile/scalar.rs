//! Scalar: 16 registers. 3 rows × 4 = 12 accumulators + 1 of B + 1 of A, and enough chains to hide the FMA latency.
//!
//! A register holds one element, so the last is never partial.

use super::Heights;

pub(super) const HEIGHTS: Heights = Heights { whole: &[4, 4, 3, 3], partial: &[] };
