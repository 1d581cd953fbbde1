//! `simdescent schedule`: learning rate and batch size as a table and a picture.

use super::arguments::Output;
use super::files;
use super::print::{print, print_json, print_lines};
use crate::options::batch::BatchOptions;
use crate::options::schedule::{ScheduleName, ScheduleOptions};
use crate::report;
use crate::training::schedule::ScheduleReport;
use anyhow::{Result, bail};
use clap::Args;
use simdescent::Settings;
use std::path::PathBuf;

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

pub(crate) fn run(command: &ScheduleCommand) -> Result<()> {
    let plateaus = command.name == ScheduleName::ReduceOnPlateau || command.batch.grows_by_plateau();
    if !command.losses.is_empty() && !plateaus {
        bail!("--losses belongs to reduce-on-plateau and to --batch-growth plateau");
    }
    let steps = command.steps;
    let (learning_rate, warmup) = command.options.build(command.name, steps)?;
    let grows = command.batch.grows();
    let batch_size = command.batch.size(32);
    let largest = match command.batch.largest_batch {
        Some(largest) => largest,
        None if grows => bail!("give a --largest-batch: how many rows there are is not known here"),
        None => batch_size,
    };
    let batch_growth = command.batch.growth(command.options.plateau(), largest, steps)?;
    let settings = Settings { learning_rate, warmup, batch_size, batch_growth, ..Settings::default() };
    settings.validate(largest.max(batch_size))?;

    let report = ScheduleReport::new(&settings, steps, &command.losses);
    if let Some(path) = &command.svg {
        files::write(path, &report::schedule::svg(&report, grows)?)?;
    }
    if command.output.json {
        return print_json(&report);
    }
    print_lines(&report::schedule::lines(&report, grows))?;
    if let Some(path) = &command.svg {
        print(&format!("plot: {}", path.display()))?;
    }
    Ok(())
}
