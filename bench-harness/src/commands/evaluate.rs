//! `simdescent evaluate`: all metrics of a saved model.

use super::arguments::{Output, SavedModelOptions};
use super::print::{print_json, print_lines};
use super::threads::Threads;
use crate::report;
use crate::training::evaluation::EvaluationReport;
use crate::training::saved_model::SavedModel;
use anyhow::Result;
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct EvaluateOptions {
    #[command(flatten)]
    pub(crate) saved: SavedModelOptions,
    #[command(flatten)]
    pub(crate) output: Output,
}

pub(crate) fn run(options: &EvaluateOptions) -> Result<()> {
    let SavedModelOptions { checkpoint, threads, .. } = &options.saved;
    let threads = Threads::new(threads.get())?;
    let saved = SavedModel::read(checkpoint)?;
    let report = EvaluationReport::new(threads.exec()?, saved, options.saved.source()?)?;
    if options.output.json {
        return print_json(&report);
    }
    let title = format!("{} after {} steps, on {}", report.saved.model, report.saved.steps, report.data);
    print_lines(&[vec![title], report::metrics_report::lines(&report.metrics)].concat())
}
