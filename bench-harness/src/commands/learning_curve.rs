//! `simdescent learning-curve`: would more rows help?

use super::arguments::{ConfiguredRun, Output};
use super::files;
use super::page::PageFlags;
use super::print::{print, print_json, print_lines, warn};
use super::threads::Threads;
use crate::report;
use crate::training::resampling::{divergences, learning_curve_report};
use anyhow::{Result, bail};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct LearningCurveOptions {
    /// On how many of the first rows to train [default: all, a half, … a 32nd]; every training has the steps of that on all.
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub(crate) rows: Vec<usize>,
    /// Draw the curve into this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) page: PageFlags,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) run: ConfiguredRun,
}

pub(crate) fn run(options: &LearningCurveOptions) -> Result<()> {
    let run = options.run.read()?;
    files::check(&[("svg", &options.svg), ("page", &options.page.page)], &run.problem.paths())?;
    let problem = run.problem.problem(run.seed())?;
    warn(run.batch.cut(problem.training.rows()));
    let threads = Threads::of(&run)?;
    let report = learning_curve_report(threads.exec()?, &run, &problem, &options.rows)?;
    if let Some(path) = &options.svg {
        files::write(path, &report::resampling::learning_curve_svg(&report)?)?;
    }
    if options.output.json {
        print_json(&report)?;
    } else {
        print_lines(&report::resampling::learning_curve_lines(&report))?;
        if let Some(path) = &options.svg {
            print(&format!("plot: {}", path.display()))?;
        }
    }
    options.page.write(|| report::page::learning_curve::page(&report))?;
    let diverged = divergences(report.points.iter().map(|p| (format!("on {} rows", p.rows), &p.scores)));
    let none_is_left = diverged.len() == report.points.len();
    warn(diverged);
    if none_is_left {
        bail!("every training diverged: there is no curve");
    }
    Ok(())
}
