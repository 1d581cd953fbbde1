//! NEON: 32 registers. 8 rows × 3 registers = 24 accumulators + 3 of B + 2 holding 8 elements of A = 29.
//!
//! LLVM turns the broadcasts of A into the lane form of `fmla`, so A needs two registers, not eight. It has no masked load.

use super::Heights;

pub(super) const HEIGHTS: Heights = Heights { whole: &[16, 12, 8], partial: &[] };
