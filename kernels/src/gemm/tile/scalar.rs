//! Scalar: 16 registers. 3 rows × 4 = 12 accumulators + 1 of B + 1 of A, and enough chains to hide the FMA latency.
//!
//! A register holds one element, so the last is never partial.

use super::tiles;
use crate::isa::run_scalar;
use pulp::Scalar;

tiles! {
    f32, Scalar, enter run_scalar,
    whole {
        1: 1 2 3 4, packing 4;
        2: 1 2 3 4, packing 4;
        3: 1 2 3, packing 3;
        4: 1 2 3, packing 3;
    }
    partial {}
}
tiles! {
    f64, Scalar, enter run_scalar,
    whole {
        1: 1 2 3 4, packing 4;
        2: 1 2 3 4, packing 4;
        3: 1 2 3, packing 3;
        4: 1 2 3, packing 3;
    }
    partial {}
}
