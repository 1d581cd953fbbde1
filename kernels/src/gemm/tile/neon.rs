//! NEON: 32 registers. 8 rows × 3 registers = 24 accumulators + 3 of B + 2 holding 8 elements of A = 29.
//!
//! LLVM turns the broadcasts of A into the lane form of `fmla`, so A needs two registers, not eight.

use super::tile;
use pulp::aarch64::Neon;

tile!(f32, Neon, MR = 8, NV = 3, MC = 144, NC = 1536);
tile!(f64, Neon, MR = 8, NV = 3, MC = 72, NC = 768);
