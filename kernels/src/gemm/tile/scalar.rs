//! Scalar: 16 registers. 3 rows × 4 = 12 accumulators + 1 of B + 1 of A, and enough chains to hide the FMA latency.

use super::tile;
use pulp::Scalar;

tile!(<T> T, Scalar, MR = 3, NV = 4, MC = 72, NC = 1024);
