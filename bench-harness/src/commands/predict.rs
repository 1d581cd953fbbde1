//! `simdescent predict`: what a saved model says of rows.

use super::arguments::Output;
use super::files;
use super::print::{print_json, print_lines};
use super::threads::Threads;
use crate::options::files::{FileFlags, input_source};
use crate::problem::source::DataSource;
use crate::report::prediction::{PredictionForm, csv};
use crate::training::prediction::PredictionReport;
use crate::training::saved_model::SavedModel;
use anyhow::{Context, Result};
use clap::Args;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Without --out, predictions are printed as CSV.
#[derive(Debug, Args)]
pub(crate) struct PredictOptions {
    /// The file that `train --save` wrote.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: PathBuf,
    /// The rows, with or without targets, which are not read: csv:FILE, svmlight:FILE, npz:FILE or npy:INPUTS.npy, all rows of it,
    /// or the test part of mnist:DIR and of an archive that has one, which is printed (of both, that of tests before that for validation). Columns, classes and scale are those of the training.
    #[arg(long, value_name = "KIND:PATH", value_parser = input_source())]
    pub(crate) data: DataSource,
    /// Where the predictions go, one per row in the order of the file: a .csv or .npy. Numbers are in the unit of the training's
    /// targets, classes are called as there.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// How probable each class is: in further columns of a .csv, instead of the classes in a .npy.
    #[arg(long)]
    pub(crate) probabilities: bool,
    /// Threads; results do not depend on it.
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) threads: NonZeroUsize,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten, next_help_heading = "svmlight and npz files")]
    pub(crate) files: FileFlags,
}

pub(crate) fn run(options: &PredictOptions) -> Result<()> {
    let mut read = options.data.paths();
    read.push(&options.checkpoint);
    files::check(&[("out", &options.out)], &read)?;
    let form = options.out.as_deref().map(|path| {
        let wrong = || format!("--out {}: the name has to end in .csv or .npy", path.display());
        PredictionForm::of(path).with_context(wrong)
    });
    let form = form.transpose()?;
    let threads = Threads::new(options.threads.get())?;
    let saved = SavedModel::read(&options.checkpoint)?;
    let report = PredictionReport::new(threads.exec()?, saved, (&options.data, &options.files), options.probabilities)?;
    if let (Some(path), Some(form)) = (&options.out, form) {
        files::write(path, form.bytes(&report))?;
    }
    match &options.out {
        _ if options.output.json => print_json(&report),
        Some(path) => {
            let PredictionReport { saved, data, rows, .. } = &report;
            let of = format!("{} after {} steps, on {data}", saved.model, saved.steps);
            print_lines(&[of, format!("{rows} predictions: {}", path.display())])
        }
        None => print_lines(&[csv(&report).trim_end_matches('\n').to_owned()]),
    }
}
