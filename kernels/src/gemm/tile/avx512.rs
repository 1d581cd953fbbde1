//! AVX-512: 32 registers. 12 rows × 2 registers = 24 accumulators + 2 of B + 1 broadcast of A = 27.
//!
//! 24 chains cover 4 cycles of latency on 2 FMA units three times over; 14 and 16 rows reach the same speed or spill.

use super::tile;
use pulp::x86::V4;

tile!(f32, V4, MR = 12, NV = 2, MC = 192, NC = 2048);
tile!(f64, V4, MR = 12, NV = 2, MC = 96, NC = 1024);
