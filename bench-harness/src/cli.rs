//! The command line.

use crate::batch::BatchOptions;
use crate::csv_flags::CsvFlags;
use crate::data_source::DataSource;
use crate::method::Method;
use crate::modifiers::ModifierOptions;
use crate::problem::ProblemOptions;
use crate::protocol::Profile;
use crate::rule_options::RuleOptions;
use crate::run_options::RunOptions;
use crate::schedule::{ScheduleName, ScheduleOptions};
use crate::search;
use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use simdescent::Metric;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

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
    /// Print what a saved model makes of each feature: permutation importance, and the coefficients of a linear model.
    Explain(ExplainOptions),
    /// Train once per fold of the training set without it, and print how good the models are on it. Scales, what fills gaps,
    /// levels of categories and balanced class weights are those of the fold's own training rows.
    CrossValidate(Box<CrossValidateOptions>),
    /// Train on more and more rows of the training set: would more data help? Scales, what fills gaps and levels of categories are
    /// those of all its rows.
    LearningCurve(Box<LearningCurveOptions>),
    /// Measure every (optimizer, batch size) on every workload; write a JSON report and print a table.
    Sweep(SweepOptions),
    /// Find hyper-parameters by measurement.
    #[command(subcommand)]
    Tune(Tune),
    /// Print and plot a schedule: the learning rate, and the batch size where it changes.
    Schedule(Box<ScheduleCommand>),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Tune {
    /// Find a learning rate: train with a rate that grows from step to step until the loss explodes.
    Lr(Box<TuneLearningRate>),
    /// Search any hyper-parameters: train with many values of them.
    ///
    /// The space is a TOML file like the configuration, with a range in the place of each value that is searched:
    /// { linear = [a, b] }, { log = [a, b] }, { one-minus-log = [a, b] } for betas, { integer = [a, b] },
    /// { log-integer = [a, b] } or { choice = [a, b, …] }. E.g. below [learning-rate]: rate = { log = [1e-4, 1] }
    Search(Box<SearchOptions>),
}

/// The options of a run, from a file, from flags, or from both.
///
/// Whatever is left out has the default in brackets; the effect of a value is the same from a flag and from a file.
#[derive(Debug, Args)]
pub(crate) struct ConfiguredRun {
    /// TOML file with the options of the run: a key is the name of a flag; flags below a heading belong into the table that it
    /// names. A flag wins over the file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    flags: RunOptions,
}

impl ConfiguredRun {
    /// The run that file and flags say.
    pub(crate) fn read(&self) -> Result<RunOptions> {
        self.flags.over(self.config.as_deref())
    }

    /// The flags over another run.
    pub(crate) fn over(&self, base: RunOptions) -> Result<RunOptions> {
        self.flags.over_run(base)
    }
}

/// What is printed.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Print JSON, with all that was found, instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SearchOptions {
    /// The space.
    #[arg(long, value_name = "FILE")]
    pub(crate) space: PathBuf,
    /// How points are chosen.
    #[arg(long, value_enum, default_value_t = search::Method::QuasiRandom)]
    pub(crate) method: search::Method,
    /// How many points.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=search::LONGEST))]
    pub(crate) trials: u64,
    /// Of how many trials successive halving promotes one [default: 3].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..))]
    pub(crate) eta: Option<u64>,
    /// What is sought, on the validation set: of the weights that a training keeps, which are the best ones with --patience and
    /// else the last.
    #[arg(long, value_enum, default_value_t = search::Metric::Loss)]
    pub(crate) metric: search::Metric,
    /// Append a JSON line per finished trial to this file; a search that finds some of its trials there does only the rest.
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// Write the best configuration into this file, for train --config.
    #[arg(long, value_name = "FILE")]
    pub(crate) best: Option<PathBuf>,
    /// Draw the best value so far over the trials into this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) run: ConfiguredRun,
}

#[derive(Debug, Args)]
pub(crate) struct TuneLearningRate {
    /// TOML file with the options of the run, as for train; schedule and length are those of the test. A flag wins over the
    /// file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The optimizer, with its usual hyper-parameters [default: sgd]
    #[arg(long, value_name = "NAME")]
    optimizer: Option<Method>,
    /// The first rate.
    #[arg(long, value_name = "RATE", default_value_t = 1e-6)]
    pub(crate) from: f64,
    /// The last rate.
    #[arg(long, value_name = "RATE", default_value_t = 10.0)]
    pub(crate) to: f64,
    /// Steps from the first rate to the last.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) steps: u64,
    /// Weight of the past in the smoothed loss, in [0, 1).
    #[arg(long, value_name = "BETA", default_value_t = 0.9)]
    pub(crate) smoothing: f64,
    /// Seed of data, weights, sample order and dropout [default: 1]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Threads per training step; results do not depend on it [default: 1]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Draw the loss over the rate into this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten, next_help_heading = "Data and model, [problem]")]
    problem: ProblemOptions,
    #[command(flatten, next_help_heading = "Numbers of the optimizer, [rule]")]
    rule: RuleOptions,
    #[command(flatten, next_help_heading = "Batches, [batch]")]
    batch: BatchOptions,
    #[command(flatten, next_help_heading = "Regularisation and clipping, [regularisation]")]
    regularisation: ModifierOptions,
}

impl TuneLearningRate {
    /// The run that file and flags say.
    pub(crate) fn run(&self) -> Result<RunOptions> {
        let flags = RunOptions {
            optimizer: self.optimizer,
            seed: self.seed,
            threads: self.threads,
            problem: self.problem.clone(),
            rule: self.rule.clone(),
            batch: self.batch.clone(),
            regularisation: self.regularisation.clone(),
            ..RunOptions::default()
        };
        flags.over(self.config.as_deref())
    }
}

impl SearchOptions {
    pub(crate) fn eta(&self) -> u64 {
        self.eta.unwrap_or(3)
    }
}

#[derive(Debug, Args)]
pub(crate) struct ScheduleCommand {
    /// The schedule; in brackets the default of what it takes. T is --decay-steps.
    #[arg(value_enum)]
    pub(crate) name: ScheduleName,
    #[command(flatten)]
    pub(crate) options: ScheduleOptions,
    #[command(flatten)]
    pub(crate) batch: BatchOptions,
    /// Steps to show, the warm-up included, up to ten million.
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub(crate) steps: u64,
    /// Validation losses, one after each step, for what depends on them.
    #[arg(long, value_name = "LOSS", value_delimiter = ',')]
    pub(crate) losses: Vec<f64>,
    /// Draw the schedule into this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// A saved model and rows to use it on.
#[derive(Debug, Args)]
pub(crate) struct SavedModelOptions {
    /// The file that `train --save` wrote.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: PathBuf,
    /// A test set instead of the training's own data: csv:FILE, svmlight:FILE, npz:FILE or npy:INPUTS.npy,TARGETS.npy, all rows
    /// of it, or mnist:DIR, its validation part. Columns and scale are those of the training.
    #[arg(long, value_name = "KIND:PATH")]
    pub(crate) data: Option<DataSource>,
    /// Threads; results do not depend on it.
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) threads: NonZeroUsize,
}

#[derive(Debug, Args)]
pub(crate) struct EvaluateOptions {
    #[command(flatten)]
    pub(crate) saved: SavedModelOptions,
    #[command(flatten)]
    pub(crate) output: Output,
}

/// Without --data, rows are the training's own validation rows.
#[derive(Debug, Args)]
pub(crate) struct ExplainOptions {
    #[command(flatten)]
    pub(crate) saved: SavedModelOptions,
    /// What gets worse when a feature is permuted: loss, accuracy, log_loss, auc, macro_f1, rmse, mae or r2.
    #[arg(long, value_name = "NAME", default_value = "loss", value_parser = metric)]
    pub(crate) metric: Metric,
    /// Permutations of each feature.
    #[arg(long, value_name = "N", default_value = "10")]
    pub(crate) repeats: NonZeroU32,
    /// Seed of the permutations.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Features that the text shows, the foremost of each table; JSON has all.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) top: usize,
    #[command(flatten)]
    pub(crate) output: Output,
}

fn metric(text: &str) -> Result<Metric, String> {
    let names = || Metric::ALL.map(Metric::name).join(", ");
    let found = Metric::ALL.into_iter().find(|metric| metric.name() == text);
    found.ok_or_else(|| format!("unknown metric: take one of {}", names()))
}

/// Whatever is left out has the default in brackets; the effect of a value is the same from a flag and from a file.
#[derive(Debug, Args)]
pub(crate) struct TrainOptions {
    /// Go on with the training whose state this file has, as if it had never stopped. Flags can change what leaves its steps as
    /// they are: how many, when to validate and stop, threads
    #[arg(long, value_name = "FILE", conflicts_with = "config")]
    pub(crate) resume: Option<PathBuf>,
    /// Write the final state into this file (safetensors), for `evaluate` and `--resume`.
    #[arg(long, value_name = "FILE")]
    pub(crate) save: Option<PathBuf>,
    /// Write it every so many steps too, so that a killed training can be resumed.
    #[arg(long, value_name = "N", requires = "save")]
    pub(crate) save_every: Option<NonZeroU64>,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) run: ConfiguredRun,
}

#[derive(Debug, Args)]
pub(crate) struct CrossValidateOptions {
    /// How many folds, up to the number of rows.
    #[arg(long, value_name = "K", default_value_t = 5)]
    pub(crate) folds: usize,
    /// Leave the shares of the classes in the folds to chance.
    #[arg(long)]
    pub(crate) not_stratified: bool,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) run: ConfiguredRun,
}

#[derive(Debug, Args)]
pub(crate) struct LearningCurveOptions {
    /// On how many of the first rows to train [default: all, a half, … a 32nd]; every training has the steps of that on all.
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub(crate) rows: Vec<usize>,
    /// Draw the curve into this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) run: ConfiguredRun,
}

#[derive(Debug, Args)]
pub(crate) struct SweepOptions {
    /// How much to measure.
    #[arg(long, value_enum, default_value_t = Profile::Quick)]
    pub(crate) profile: Profile,
    /// Where reports go: DIR/<cpu>/<date>-<commit>.json.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub(crate) out: PathBuf,
    /// Threads per training step; results do not depend on it, and models this small seldom gain.
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) threads: NonZeroUsize,
    /// Measure on files instead of the embedded workloads: mnist:DIR (IDX files), svmlight:FILE, csv:FILE, npz:FILE (arrays X
    /// and y) or npy:INPUTS.npy,TARGETS.npy (features of the last three are standardised). Files without a validation part
    /// of their own are shuffled and split 80:20.
    #[arg(long, value_name = "KIND:PATH")]
    pub(crate) data: Option<DataSource>,
    /// Seed of data, weights and sample order.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    #[command(flatten, next_help_heading = "CSV files")]
    pub(crate) csv: CsvFlags,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
