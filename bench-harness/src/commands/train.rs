//! `simdescent train`: one model, from data to final weights.

use super::arguments::{ConfiguredRun, Output};
use super::files;
use super::page::PageFlags;
use super::print::{print_json, print_lines, warn};
use super::threads::Threads;
use crate::options::RunOptions;
use crate::options::method::Method;
use crate::problem::Problem;
use crate::report;
use crate::training::lbfgs;
use crate::training::prepare::prepare;
use crate::training::result::TrainingReport;
use crate::training::resume::Resumed;
use crate::training::steps::{Job, Saving};
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use simdescent::kernels::Exec;
use simdescent::{FitProgress, Trainer};
use std::num::NonZeroU64;
use std::path::PathBuf;

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
    pub(crate) page: PageFlags,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) run: ConfiguredRun,
}

pub(crate) fn run(options: &TrainOptions) -> Result<()> {
    let resumed = options.resume.as_deref().map(Resumed::read).transpose()?;
    let run = match &resumed {
        None => options.run.read()?,
        Some(resumed) => options.run.over(resumed.run.clone())?,
    };
    files::check(&[("save", &options.save), ("page", &options.page.page)], &run.problem.paths())?;
    let threads = Threads::of(&run)?;
    let exec = threads.exec()?;
    let saving = Saving { path: options.save.as_deref(), every: options.save_every };
    let report = if let Some(window) = run.problem.window() {
        on_stream(exec, &run, window, saving, resumed)?
    } else {
        let problem = match &resumed {
            None => run.problem.problem(run.seed())?,
            Some(resumed) => resumed.problem(&run)?,
        };
        if run.method() == Method::Lbfgs {
            if resumed.is_some() {
                bail!("--resume is for optimizers that take steps, lbfgs has no state to go on from");
            }
            if saving.every.is_some() {
                bail!("--save-every is for optimizers that take steps: lbfgs saves its result only");
            }
            let report = lbfgs::train(exec, &run, &problem, saving.path)?;
            if options.output.json {
                print_json(&report)?;
            } else {
                print_lines(&report::training::lbfgs_lines(&report))?;
            }
            options.page.write(|| report::page::training::lbfgs_page(&report))?;
            return success(report.failure);
        }
        in_memory(exec, &run, &problem, saving, resumed)?
    };
    if options.output.json {
        print_json(&report)?;
    } else {
        print_lines(&report::training::lines(&report))?;
    }
    options.page.write(|| report::page::training::page(&report))?;
    success(report.failure)
}

/// An error if the training failed, whose report is printed anyway.
fn success(failure: Option<String>) -> Result<()> {
    failure.map_or(Ok(()), |failure| Err(anyhow!(failure)))
}

fn in_memory(
    exec: Exec<'_>,
    run: &RunOptions,
    problem: &Problem,
    saving: Saving<'_>,
    resumed: Option<Resumed>,
) -> Result<TrainingReport> {
    let training = &problem.training;
    warn(run.batch.cut(training.rows()));
    let prepared = prepare(run, training, &problem.model, problem.loss)?;
    prepared.check_memory(saving.path.is_some())?;
    let (settings, length, model) = (prepared.settings, prepared.length("train")?, prepared.model());
    let (trainer, progress) = match resumed {
        None => (Trainer::new(exec, model, training, settings)?, FitProgress::default()),
        Some(resumed) => {
            resumed.check(run, &settings, Some(training), &problem.validation)?;
            warn(resumed.idle(length.steps));
            let trainer = Trainer::resume(exec, model, training, &resumed.checkpoint);
            (trainer.with_context(|| resumed.name.clone())?, resumed.progress)
        }
    };
    let rows = training.rows();
    Job { exec, run, problem, rows, training: Some(training), length, saving }.finish(trainer, progress)
}

/// On rows that are read as they are needed.
fn on_stream(
    exec: Exec<'_>,
    run: &RunOptions,
    window: usize,
    saving: Saving<'_>,
    resumed: Option<Resumed>,
) -> Result<TrainingReport> {
    if run.method() == Method::Lbfgs {
        bail!("lbfgs needs the whole training set in every step: leave --stream out");
    }
    let mut problem = match &resumed {
        None => run.problem.streamed()?,
        Some(resumed) => resumed.streamed(run)?,
    };
    warn(run.batch.cut(problem.training.rows()));
    let prepared = prepare(run, &mut problem.training, &problem.model, problem.loss)?;
    prepared.check_memory(saving.path.is_some())?;
    let (settings, length, model) = (prepared.settings, prepared.length("--stream")?, prepared.model());
    let (stream, problem) = problem.take_rows();
    let rows = stream.rows();
    let (trainer, progress) = match resumed {
        None => (Trainer::streaming(exec, model, stream, window, settings)?, FitProgress::default()),
        Some(resumed) => {
            resumed.check(run, &settings, None, &problem.validation)?;
            warn(resumed.idle(length.steps));
            let trainer = Trainer::resume_streaming(exec, model, stream, window, &resumed.checkpoint);
            (trainer.with_context(|| resumed.name.clone())?, resumed.progress)
        }
    };
    Job { exec, run, problem: &problem, rows, training: None, length, saving }.finish(trainer, progress)
}
