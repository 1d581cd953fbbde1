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
use crate::training::rate_search::{RateSearchReport, longest_trial};
use anyhow::{Result, bail};
use clap::Args;
use simdescent::LearningRateFinder;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct TuneLearningRate {
    /// TOML file with the options of the run, as for train, but for schedules: trials have a constant rate and batch size. A flag wins
    /// over the file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The optimizer, with its usual hyper-parameters [default: sgd]
    #[arg(long, value_name = "NAME")]
    optimizer: Option<Method>,
    /// The lowest rate to try.
    #[arg(long, value_name = "RATE", default_value = "1e-8")]
    pub(crate) from: f64,
    /// The highest rate to try.
    #[arg(long, value_name = "RATE", default_value = "100")]
    pub(crate) to: f64,
    /// Steps of the training that the rate is for [default: those of the file, else 10 epochs; of both only what takes about half a
    /// second]
    #[arg(long, value_name = "N")]
    pub(crate) steps: Option<NonZeroU64>,
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
    files::check(&[("svg", &options.svg)], &run.problem.paths())?;
    let threads = Threads::of(&run)?;
    let problem = run.problem.problem(run.seed())?;
    warn(run.batch.cut(problem.training.rows()));
    let prepared = prepare(&run, &problem.training, &problem.model, problem.loss)?;
    let settings = prepared.settings;
    let training_steps =
        options.steps.map_or_else(|| prepared.length("tune lr").map(|fit| fit.steps), |n| Ok(n.get()))?;
    let parameters = problem.model.parameters().unwrap_or(usize::MAX);
    let affordable = if options.steps.is_some() { u64::MAX } else { longest_trial(parameters, settings.batch_size) };
    let steps = training_steps.min(affordable);
    let finder = LearningRateFinder { from: options.from, to: options.to, steps };
    let model = |trial| problem.model.build(trial, settings.seed);
    let validation = settings.evaluator(&problem.validation)?;
    let result = finder.run(threads.exec()?, model, &problem.training, &validation, settings)?;
    let report = RateSearchReport::new(&problem, &settings, training_steps, finder, result);
    if let Some(path) = &options.svg {
        files::write(path, &report::rate_search::svg(&report)?)?;
    }
    if options.output.json {
        return print_json(&report);
    }
    print_lines(&report::rate_search::lines(&report))?;
    if let Some(path) = &options.svg {
        print(&format!("plot: {}", path.display()))?;
    }
    Ok(())
}
