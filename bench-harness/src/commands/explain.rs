//! `simdescent explain`: what a saved model makes of each feature.

use super::arguments::{Output, SavedModelOptions};
use super::print::{print_json, print_lines};
use super::threads::Threads;
use crate::report;
use crate::training::explanation::ExplanationReport;
use crate::training::saved_model::SavedModel;
use anyhow::Result;
use clap::Args;
use simdescent::{Metric, PermutationImportance};
use std::num::NonZeroU32;

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

pub(crate) fn run(options: &ExplainOptions) -> Result<()> {
    let SavedModelOptions { checkpoint, threads, .. } = &options.saved;
    let threads = Threads::new(threads.get())?;
    let saved = SavedModel::read(checkpoint)?;
    let importance =
        PermutationImportance { metric: options.metric, repeats: options.repeats.get(), seed: options.seed };
    let report = ExplanationReport::new(threads.exec()?, saved, options.saved.source()?, importance)?;
    if options.output.json {
        return print_json(&report);
    }
    print_lines(&report::explanation::lines(&report, options.top))
}
