//! `simdescent`: trains small models on the CPU and measures how batch size and optimizer affect throughput and
//! convergence.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    simdescent_bench::run()
}
