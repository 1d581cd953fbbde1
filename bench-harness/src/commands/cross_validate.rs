//! `simdescent cross-validate`: how good a training is on rows that it has not seen.

use super::arguments::{ConfiguredRun, Output};
use super::print::{print_json, print_lines, warn};
use super::threads::Threads;
use crate::report;
use crate::training::resampling::{cross_validation, divergences};
use anyhow::{Result, bail};
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct CrossValidateOptions {
    /// How many folds, up to the number of rows.
    #[arg(long, value_name = "K", default_value_t = 5)]
    pub(crate) folds: usize,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) run: ConfiguredRun,
}

pub(crate) fn run(options: &CrossValidateOptions) -> Result<()> {
    let run = options.run.read()?;
    let problem = run.problem.problem(run.seed())?;
    warn(run.batch.cut(problem.training.rows()));
    let threads = Threads::of(&run)?;
    let report = cross_validation(threads.exec()?, &run, &problem, options.folds)?;
    if options.output.json {
        print_json(&report)?;
    } else {
        print_lines(&report::resampling::cross_validation_lines(&report))?;
    }
    let diverged = divergences(report.scores.iter().enumerate().map(|(k, fold)| (format!("fold {k}"), fold)));
    if diverged.is_empty() {
        return Ok(());
    }
    let (trainings, folds) = (diverged.len(), report.scores.len());
    warn(diverged);
    bail!("{trainings} of {folds} trainings diverged: the means over the folds say nothing")
}
