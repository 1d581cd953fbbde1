//! AVX2: 16 registers. 6 rows × 2 registers = 12 accumulators + 2 of B + 1 broadcast of A = 15.
//!
//! 12 chains cover 4–5 cycles of latency on 2 FMA units. One register stays free: with all 16 in use (4 × 3) LLVM
//! overlaps two broadcasts, spills an accumulator inside the loop, and the tile runs at half the speed.

use super::tile;
use pulp::x86::V3;

tile!(f32, V3, MR = 6, NV = 2, MC = 144, NC = 2048);
tile!(f64, V3, MR = 6, NV = 2, MC = 72, NC = 1024);
