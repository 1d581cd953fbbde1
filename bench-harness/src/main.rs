//! `simdescent`: trains small models on the CPU and measures how batch size and optimizer affect throughput and
//! convergence.

#![forbid(unsafe_code)]

mod assessment;
mod batch;
mod cli;
mod csv_flags;
mod data_source;
mod environment;
mod evaluate;
mod explain;
mod folds;
mod method;
mod modifiers;
mod plan;
mod plot;
mod problem;
mod protocol;
mod report;
mod resampling;
mod results_dir;
mod rule_options;
mod run_options;
mod runner;
mod saved_model;
mod schedule;
mod search;
mod shown;
mod streamed;
mod sweep;
mod table;
mod threads;
mod train;
mod tune;
mod weights;
mod workload;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    sigpipe::reset(); // `| head` ends the command, as any other on Unix; without it, printing panics
    let result = match cli::Cli::parse().command {
        cli::Command::Train(options) => train::run(&options),
        cli::Command::Evaluate(options) => evaluate::run(&options),
        cli::Command::Explain(options) => explain::run(&options),
        cli::Command::CrossValidate(options) => resampling::cross_validation(&options),
        cli::Command::LearningCurve(options) => resampling::curve(&options),
        cli::Command::Sweep(options) => sweep::run(&options),
        cli::Command::Tune(cli::Tune::Lr(options)) => tune::learning_rate(&options),
        cli::Command::Tune(cli::Tune::Search(options)) => search::run(&options),
        cli::Command::Schedule(command) => schedule::run(&command),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
