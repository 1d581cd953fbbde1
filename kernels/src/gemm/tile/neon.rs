//! NEON: 32 registers. 8 rows × 3 registers = 24 accumulators + 3 of B + 2 holding 8 elements of A = 29.
//!
//! LLVM turns the broadcasts of A into the lane form of `fmla`, so A needs two registers, not eight. It has no masked load.

use super::tiles;
use crate::isa::run_simd;
use pulp::aarch64::Neon;

tiles! {
    f32, Neon, enter run_simd,
    whole {
        1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16, packing 16;
        2: 1 2 3 4 5 6 7 8 9 10 11 12, packing 12;
        3: 1 2 3 4 5 6 7 8, packing 8;
    }
    partial {}
}
tiles! {
    f64, Neon, enter run_simd,
    whole {
        1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16, packing 16;
        2: 1 2 3 4 5 6 7 8 9 10 11 12, packing 12;
        3: 1 2 3 4 5 6 7 8, packing 8;
    }
    partial {}
}
