//! `simdescent tune lr`: a learning rate by measurement.

use super::arguments::Output;
use super::files;
use super::print::{print, print_json, print_lines, warn};
use super::threads::Threads;
use crate::options::RunOptions;
use crate::options::batch::BatchOptions;
use crate::options::method::Method;
use crate::options::problem::ProblemOptions;
use crate::options::rule::RuleOptions;
use crate::options::step_transforms::StepTransformOptions;
use crate::report;
use crate::training::prepare::prepare;
use crate::training::rate_test::RateTestReport;
use anyhow::{Result, bail};
use clap::Args;
use simdescent::LearningRateFinder;
use std::num::NonZeroUsize;
use std::path::PathBuf;

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
    #[command(flatten, next_help_heading = "Regularization and clipping, [regularization]")]
    regularization: StepTransformOptions,
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
            regularization: self.regularization.clone(),
            ..RunOptions::default()
        };
        flags.over(self.config.as_deref())
    }
}

pub(crate) fn run(options: &TuneLearningRate) -> Result<()> {
    let run = options.run()?;
    if run.method() == Method::Lbfgs {
        bail!("lbfgs has no learning rate: choose another --optimizer");
    }
    files::check(&[("svg", &options.svg)])?;
    let threads = Threads::of(&run)?;
    let problem = run.problem.problem(run.seed())?;
    warn(run.batch.cut(problem.training.rows()));
    let prepared = prepare(&run, &problem.training, &problem.model, problem.loss)?;
    let finder =
        LearningRateFinder { from: options.from, to: options.to, steps: options.steps, smoothing: options.smoothing };
    let result = finder.run(threads.exec()?, prepared.model(), &problem.training, prepared.settings)?;
    let report = RateTestReport::new(&problem, &prepared.settings, finder, result);
    if let Some(path) = &options.svg {
        files::write(path, &report::rate_test::svg(&report)?)?;
    }
    if options.output.json {
        return print_json(&report);
    }
    print_lines(&report::rate_test::lines(&report))?;
    if let Some(path) = &options.svg {
        print(&format!("plot: {}", path.display()))?;
    }
    Ok(())
}
