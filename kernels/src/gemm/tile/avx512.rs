//! AVX-512: 32 registers. 6 rows × 4 registers = 24 accumulators + 4 of B + 1 broadcast of A = 29.
//!
//! 24 chains cover 4 cycles of latency on 2 FMA units three times over. Wide and low, because A is read where it lies: rows come from
//! as many places. Narrower tiles serve the last columns, and are taller so that they have enough chains, but of 12 rows at most:
//! more than the L1's 16 misses at a time would wait for each other. (Measured, 24 rows: 0.75 to 1.0 times as fast with A in
//! L2 and beyond.) Masks cost nothing.

use super::tiles;
use crate::isa::run_simd;
use pulp::x86::V4;

tiles! {
    f32, V4, enter run_simd,
    whole {
        1: 1 2 3 4 5 6 7 8 9 10 11 12, packing 12;
        2: 1 2 3 4 5 6 7 8 9 10 11 12, packing 12;
        3: 1 2 3 4 5 6 7 8, packing 8;
        4: 1 2 3 4 5 6, packing 6;
    }
    partial {
        1: 1 2 3 4 5 6 7 8 9 10 11 12;
        2: 1 2 3 4 5 6 7 8 9 10 11 12;
        3: 1 2 3 4 5 6 7 8;
        4: 1 2 3 4 5 6;
    }
}
tiles! {
    f64, V4, enter run_simd,
    whole {
        1: 1 2 3 4 5 6 7 8 9 10 11 12, packing 12;
        2: 1 2 3 4 5 6 7 8 9 10 11 12, packing 12;
        3: 1 2 3 4 5 6 7 8, packing 8;
        4: 1 2 3 4 5 6, packing 6;
    }
    partial {
        1: 1 2 3 4 5 6 7 8 9 10 11 12;
        2: 1 2 3 4 5 6 7 8 9 10 11 12;
        3: 1 2 3 4 5 6 7 8;
        4: 1 2 3 4 5 6;
    }
}
