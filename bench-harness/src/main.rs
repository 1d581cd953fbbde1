//! `simdescent`: trains small models on the CPU and measures how batch size and optimizer affect throughput and
//! convergence.

#![forbid(unsafe_code)]

mod cli;
mod environment;
mod protocol;
mod report;
mod results_dir;
mod runner;
mod sweep;
mod table;
mod train;
mod workload;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let result = match cli::Cli::parse().command {
        cli::Command::Train(options) => train::run(&options),
        cli::Command::Sweep(options) => sweep::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
