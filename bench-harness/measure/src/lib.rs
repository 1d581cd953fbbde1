//! Interleaved timing, the limits of a machine, and statistics of what was measured: what the harness, the benches and the
//! comparison with frameworks share. It is a package of its own because it has to be optimized, unlike the harness.

#![forbid(unsafe_code)]

pub mod clock;
pub mod limits;
pub mod roofline;
pub mod statistics;
