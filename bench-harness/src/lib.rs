//! The harness of simdescent: the command line `simdescent`.
//!
//! A folder may use those below it in this list, never one above:
//!
//! | | |
//! | --- | --- |
//! | `cli`, `commands` | the command line: arguments, and what each command does with them |
//! | `report` | forms: tables, texts, pictures, files |
//! | `comparison` | reports beside each other |
//! | `difference` | where two runs part: record, step, kernel |
//! | `study` | sweeps: what is varied, records of runs, what came of them |
//! | `timing` | `bench`: processes that time, what they say together |
//! | `search` | searches for hyper-parameters |
//! | `verification` | the promised bits, tried |
//! | `training` | options and a problem become a training; saved models |
//! | `options` | a run as flags and in a file |
//! | `problem` | data, model and loss |
//! | `environment`, `journal` | the machine; files that survive a kill |
//! | `base` | what all may use: lines that survive a kill, numbers, ranges, digests, progress |
//!
//! Clocks, limits and statistics are in the package `simdescent-measure`.

#![forbid(unsafe_code)]

mod base;
mod cli;
mod commands;
mod comparison;
mod difference;
mod environment;
mod journal;
mod options;
mod problem;
mod report;
#[cfg(test)]
mod schema;
mod search;
mod study;
mod timing;
mod training;
mod verification;

use anyhow::Context;
use clap::Parser;
use commands::exit::Exit;
use std::panic::catch_unwind;
use std::process::ExitCode;

/// Parses the arguments of the program and does what they say. Results go to standard output, an error to standard error.
pub fn run() -> ExitCode {
    sigpipe::reset(); // `| head` ends the command, as any other on Unix; without it, printing panics
    base::progress::listen(commands::print::say);
    let done = match cli::Cli::try_parse() {
        // A panic has said where it happened.
        Ok(cli) => catch_unwind(|| cli.command.run()).unwrap_or(Ok(Exit::Bug)).map(ExitCode::from),
        // The text that was asked for, or what is wrong with the arguments.
        Err(text) => match text.print() {
            Err(error) if !text.use_stderr() => Err(error).context("cannot write to standard output"),
            _ => Ok(u8::try_from(text.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)),
        },
    };
    done.unwrap_or_else(|error| {
        commands::print::fail(&error);
        ExitCode::FAILURE
    })
}
