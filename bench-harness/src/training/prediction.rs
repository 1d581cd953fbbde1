//! What a saved model says of rows, as JSON has it.

use super::saved_model::{self, SavedModel, SavedModelReport};
use crate::base::memory::room_for;
use crate::base::number::Number;
use crate::options::files::FileFlags;
use crate::problem::source::DataSource;
use anyhow::{Result, bail};
use serde::Serialize;
use simdescent::kernels::Exec;
use simdescent::{ClassPredictions, Predictions};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PredictionReport {
    #[serde(flatten)]
    pub(crate) saved: SavedModelReport,
    /// The data's name.
    pub(crate) data: String,
    pub(crate) rows: usize,
    /// The instruction set that ran.
    isa: &'static str,
    /// In the order of the probabilities; null for numbers.
    pub(crate) class_names: Option<Vec<String>>,
    /// One per row, in the order of the file.
    pub(crate) predictions: Predicted,
    /// Of each row, one per class; null if they were not asked for.
    pub(crate) probabilities: Option<Vec<Vec<f64>>>,
}

/// Numbers in the unit of the training's targets, or the names of classes.
#[derive(Serialize)]
#[serde(untagged)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Predicted {
    Numbers(Vec<Number>),
    Classes(Vec<String>),
}

impl PredictionReport {
    /// Of the rows of this data, whose targets are not looked at.
    pub(crate) fn new(
        exec: Exec<'_>,
        mut saved: SavedModel,
        source: (&DataSource, &FileFlags),
        probabilities: bool,
    ) -> Result<Self> {
        let data = saved_model::inputs(&saved.checkpoint, &*saved.model, source)?;
        let targets = saved_model::targets(&saved.checkpoint)?;
        let settings = *saved.checkpoint.settings();
        let mut report = Self {
            data: data.name().to_owned(),
            rows: data.rows(),
            isa: exec.isa().kernel_name(),
            class_names: None,
            predictions: Predicted::Numbers(vec![]),
            probabilities: None,
            saved: saved.report(),
        };
        let outputs = saved.model.outputs() as u64;
        // Outputs, probabilities as f64 and the rows of them.
        let bytes = (data.rows() as u64).saturating_mul(64 + 20 * outputs);
        room_for(
            bytes,
            || format!("{}: {outputs} outputs of {} rows take", data.name(), data.rows()),
            "predict fewer rows at a time",
        )?;
        let found = match settings.predict(exec, &mut saved.model, data.all()) {
            Predictions::Numbers(_) if probabilities => {
                bail!("--probabilities is for classes, the model predicts numbers: leave it out")
            }
            Predictions::Numbers(numbers) => {
                check(numbers.iter().map(|x| x.is_nan()))?;
                report.predictions = Predicted::Numbers(numbers.into_iter().map(Number).collect());
                return Ok(report);
            }
            Predictions::Classes(found) => found,
        };
        check(found.labels.iter().map(Option::is_none))?;
        let ClassPredictions { labels, probabilities: known, classes } = found;
        // The logistic loss is for numbers between 0 and 1, too.
        if targets.as_ref().is_some_and(|targets| targets.classes().is_none()) {
            let of_second = known.into_iter().flatten().skip(1).step_by(2);
            report.predictions = Predicted::Numbers(of_second.map(Number).collect());
            return Ok(report);
        }
        let names = targets.and_then(|targets| targets.class_names());
        let names = names.unwrap_or_else(|| (0..classes).map(|k| k.to_string()).collect());
        let name = |label: &Option<u32>| names[label.expect("checked") as usize].clone();
        report.predictions = Predicted::Classes(labels.iter().map(name).collect());
        report.class_names = Some(names);
        if probabilities {
            let Some(known) = known else {
                bail!("the loss {} gives margins and no probabilities: leave --probabilities out", settings.loss.name())
            };
            report.probabilities = Some(known.chunks_exact(classes).map(<[f64]>::to_vec).collect());
        }
        Ok(report)
    }
}

/// An error if one of the rows has no prediction.
fn check(mut is_missing: impl Iterator<Item = bool>) -> Result<()> {
    if let Some(row) = is_missing.position(|missing| missing) {
        bail!("row {row}: the model's output is not a number; its inputs are too large, or the training diverged");
    }
    Ok(())
}
