//! The command line.

use crate::base::causes::{Bug, WrongFlags};
use crate::commands::bench::{self, BenchOptions, ProcessOptions};
use crate::commands::compare::{self, CompareOptions};
use crate::commands::cross_validate::{self, CrossValidateOptions};
use crate::commands::diff::{self, DiffOptions};
use crate::commands::doctor::{self, DoctorOptions};
use crate::commands::evaluate::{self, EvaluateOptions};
use crate::commands::exit::Exit;
use crate::commands::explain::{self, ExplainOptions};
use crate::commands::learning_curve::{self, LearningCurveOptions};
use crate::commands::merge::{self, MergeOptions};
use crate::commands::predict::{self, PredictOptions};
use crate::commands::print::fail;
use crate::commands::project::{self, ProjectOptions};
use crate::commands::report::{self, ReportOptions};
use crate::commands::results::{self, ResultsOptions};
use crate::commands::schedule::{self, ScheduleCommand};
use crate::commands::sweep::{self, SweepOptions};
use crate::commands::train::{self, TrainOptions};
use crate::commands::tune_lr::{self, TuneLearningRate};
use crate::commands::tune_search::{self, SearchOptions};
use crate::commands::verify::{self, VerifyOptions};
use anyhow::Result;
use clap::{Parser, Subcommand};

/// Train small models on the CPU, and measure how batch size and optimizer affect throughput and convergence.
///
/// Results are bit-identical on every instruction set and every number of threads. The environment variable
/// SIMDESCENT_ISA (scalar, avx2, avx512, neon) forces an instruction set.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train one model and print how it goes.
    Train(Box<TrainOptions>),
    /// Print all metrics of a model that `train --save` saved.
    Evaluate(EvaluateOptions),
    /// Predict the targets of rows with a model that `train --save` saved.
    Predict(PredictOptions),
    /// Print what a saved model makes of each feature: permutation importance, and the coefficients of a linear model.
    Explain(ExplainOptions),
    /// Train once per fold of the training set without it, and print how good the models are on it. Scales, what fills gaps,
    /// levels of categories and balanced class weights are those of the fold's own training rows.
    CrossValidate(Box<CrossValidateOptions>),
    /// Train on more and more rows of the training set: would more data help? Scales, what fills gaps and levels of categories are
    /// those of all its rows.
    LearningCurve(Box<LearningCurveOptions>),
    /// Tune and measure every optimizer at every batch size on every workload: steps and time to three targets, with intervals.
    ///
    /// Runs are kept as records in the folder of --out, so that a sweep that was stopped goes on, and a longer one takes what is
    /// there. Exit codes: 0 all is there, 1 something computed is not what it has to be, 2 wrong flags, 65 bad input, 70 a bug, 75 stopped by
    /// SIGTERM and to be run again, 130 stopped by Ctrl-C.
    Sweep(Box<SweepOptions>),
    /// Time kernels and training steps beside plain loops and, with the feature `peers`, other crates; beside any BLAS that
    /// SIMDESCENT_BLAS=/path/to/library.so names.
    ///
    /// Fresh processes are the unit: intervals say how much times differ between them. One kernel is entered under two names; if the two
    /// differ, the machine is not quiet, and there are no verdicts. Exit codes: 0 done, 1 something became slower than in --baseline,
    /// 2 that is not certain or the machine was not quiet (or wrong flags), 65 bad input.
    Bench(BenchOptions),
    /// One of the processes of bench.
    #[command(hide = true)]
    BenchProcess(ProcessOptions),
    /// Say what of this machine makes times worse or less certain, what that costs and which command mends it. It changes nothing.
    Doctor(DoctorOptions),
    /// Time to target on this machine, of a sweep that was made on any: its runs, and the time of a step here (or of a third machine).
    Project(ProjectOptions),
    /// Join the records of the shards of a sweep.
    Merge(MergeOptions),
    /// Does this machine compute the promised bits? Kernels and trainings on every instruction set and 1 to 8 threads; or, for the
    /// folder of a sweep, a sample of its records again.
    Verify(VerifyOptions),
    /// Compare reports of sweeps, or of benches, with the first of them: equal bits or the first cell that differs; ratios of times with intervals and
    /// verdicts, and how much of each is due to what the machines allow.
    ///
    /// Exit codes: 0 nothing is slower and all bits are equal, 1 something is slower or has other bits, 2 it cannot be decided, 65 bad input.
    Compare(CompareOptions),
    /// Where do two runs part? Of two folders of records, two checkpoints, or the instruction sets of this machine: the first interval, step
    /// and kernel whose bits differ.
    ///
    /// Exit codes: 0 equal bits, 1 other bits or nothing to compare, 65 bad input.
    Diff(DiffOptions),
    /// Make the reports of a sweep again from its records, without running anything, and print the tables.
    Report(ReportOptions),
    /// Check the reports of machines in results/, whose runs have to have the same bits, take one in, and write the table that lists them.
    Results(ResultsOptions),
    /// Find hyper-parameters by measurement.
    #[command(subcommand)]
    Tune(Tune),
    /// Print and plot a schedule: the learning rate, and the batch size where it changes.
    Schedule(Box<ScheduleCommand>),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tune {
    /// Find a learning rate: train with many, and suggest the one whose training ends with the lowest validation loss.
    Lr(Box<TuneLearningRate>),
    /// Search any hyper-parameters: train with many values of them.
    ///
    /// The space is a TOML file like the configuration, with a range in the place of each value that is searched:
    /// { linear = [a, b] }, { log = [a, b] }, { one-minus-log = [a, b] } for betas, { integer = [a, b] },
    /// { log-integer = [a, b] } or { choice = [a, b, …] }. E.g. below [learning-rate]: rate = { log = [1e-4, 1] }
    Search(Box<SearchOptions>),
}

impl Command {
    /// Does what the command line says.
    pub(crate) fn run(self) -> Result<Exit> {
        match self {
            Self::Sweep(options) => return sweep::run(&options).or_else(|error| Ok(bad_input(&error))),
            Self::Bench(options) => return bench::run(&options).or_else(|error| Ok(bad_input(&error))),
            Self::Doctor(options) => return doctor::run(&options),
            Self::BenchProcess(options) => return bench::run_process(&options).or_else(|error| Ok(bad_input(&error))),
            Self::Verify(options) => return verify::run(&options).or_else(|error| Ok(bad_input(&error))),
            Self::Compare(options) => return compare::run(&options).or_else(|error| Ok(bad_input(&error))),
            Self::Diff(options) => return diff::run(&options).or_else(|error| Ok(bad_input(&error))),
            Self::Project(options) => return project::run(&options).or_else(|error| Ok(bad_input(&error))),
            Self::Merge(options) => return merge::run(&options).or_else(|error| Ok(bad_input(&error))),
            Self::Results(options) => return results::run(&options).or_else(|error| Ok(bad_input(&error))),
            Self::Report(options) => return report::run(&options).or_else(|error| Ok(bad_input(&error))),
            Self::Train(options) => train::run(&options),
            Self::Evaluate(options) => evaluate::run(&options),
            Self::Predict(options) => predict::run(&options),
            Self::Explain(options) => explain::run(&options),
            Self::CrossValidate(options) => cross_validate::run(&options),
            Self::LearningCurve(options) => learning_curve::run(&options),
            Self::Tune(Tune::Lr(options)) => tune_lr::run(&options),
            Self::Tune(Tune::Search(options)) => tune_search::run(&options),
            Self::Schedule(options) => schedule::run(&options),
        }
        .map(|()| Exit::Success)
    }
}

/// Says what was wrong; schedulers are told that the same command would fail again.
fn bad_input(error: &anyhow::Error) -> Exit {
    fail(error);
    if error.is::<Bug>() {
        Exit::Bug
    } else if error.is::<WrongFlags>() {
        Exit::WrongFlags
    } else {
        Exit::BadInput
    }
}
