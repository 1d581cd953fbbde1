//! Scalar: 16 registers. 4 rows × 3 = 12 accumulators + 3 of B + 1 of A, and enough chains to hide the FMA latency.
//!
//! With 4 of B, LLVM may load all of them first, and spill. A register holds one element, so the last is never partial.

use super::Heights;

pub(super) const HEIGHTS: Heights = Heights { whole: &[4, 4, 4, 2], partial: &[] };
