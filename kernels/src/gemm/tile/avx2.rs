//! AVX2: 16 registers. 6 rows × 2 registers = 12 accumulators + 2 of B + 1 broadcast of A = 15.
//!
//! 12 chains cover 4–5 cycles of latency on 2 FMA units. One register stays free: with all 16 in use (4 × 3) LLVM
//! overlaps two broadcasts, spills an accumulator inside the loop, and the tile runs at half the speed. A partial last
//! register needs one more for the mask, hence 5 rows.
//!
//! From 3 registers on the tiles are for few rows, which would have too few chains: 1 × 8 is 1.3 to 2.1 times as fast as 1 × 2.
//! They read B once, so none of them packs.

use super::Heights;

pub(super) const HEIGHTS: Heights = Heights { whole: &[12, 6, 3, 2, 1, 1, 1, 1], partial: &[12, 5, 3, 2, 1, 1, 1, 1] };
