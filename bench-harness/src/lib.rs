//! The harness of simdescent: the command line `simdescent`.
//!
//! A folder may use those below it in this list, never one above:
//!
//! | | |
//! | --- | --- |
//! | `cli`, `commands` | the command line: arguments, and what each command does with them |
//! | `report` | forms: tables, texts, pictures, files |
//! | `study`, `search` | many trainings: what is varied, what came of it |
//! | `training` | options and a problem become a training; saved models |
//! | `options` | a run as flags and in a file |
//! | `problem` | data, model and loss |
//! | `environment`, `journal` | the machine; files that survive a kill |
//! | `number`, `progress` | of nothing else |
//!
//! Clocks, limits and statistics are in the package `simdescent-measure`.

#![forbid(unsafe_code)]

mod cli;
mod commands;
mod environment;
mod journal;
mod number;
mod options;
mod problem;
mod progress;
mod report;
#[cfg(test)]
mod schema;
mod search;
mod study;
mod training;

use clap::Parser;
use std::process::ExitCode;

/// Parses the arguments of the program and does what they say. Results go to standard output, an error to standard error.
pub fn run() -> ExitCode {
    sigpipe::reset(); // `| head` ends the command, as any other on Unix; without it, printing panics
    progress::listen(|remark| eprintln!("{remark}"));
    match cli::Cli::parse().command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
