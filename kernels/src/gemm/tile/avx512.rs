//! AVX-512: 32 registers. 6 rows × 4 registers = 24 accumulators + 4 of B + 1 broadcast of A = 29.
//!
//! 24 chains cover 4 cycles of latency on 2 FMA units three times over. Wide and low, because A is read where it lies: rows come from
//! as many places. Narrower tiles serve the last columns, and are taller so that they have enough chains, but of 12 rows at most:
//! more than the L1's 16 misses at a time would wait for each other. (Measured, 24 rows: 0.75 to 1.0 times as fast with A in
//! L2 and beyond.) Masks cost nothing.

use super::Heights;

pub(super) const HEIGHTS: Heights = Heights { whole: &[12, 12, 8, 6], partial: &[12, 12, 8, 6] };
