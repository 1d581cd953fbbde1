//! A saved model on data, as JSON has it.

use super::metrics_report::MetricsReport;
use super::saved_model::{self, SavedModel, SavedModelReport};
use crate::options::files::FileFlags;
use crate::problem::source::DataSource;
use anyhow::Result;
use serde::Serialize;
use simdescent::kernels::Exec;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct EvaluationReport {
    #[serde(flatten)]
    pub(crate) saved: SavedModelReport,
    /// The data's name.
    pub(crate) data: String,
    /// The instruction set that ran.
    isa: &'static str,
    pub(crate) metrics: MetricsReport,
}

impl EvaluationReport {
    /// On this data, or on the training's own.
    pub(crate) fn new(exec: Exec<'_>, mut saved: SavedModel, data: Option<(&DataSource, &FileFlags)>) -> Result<Self> {
        let settings = *saved.checkpoint.settings();
        let (metrics, data) = if let Some(source) = data {
            let test = saved_model::test_set(&saved.checkpoint, &*saved.model, source)?;
            (MetricsReport::of_test(exec, &mut saved.model, &settings, &test)?, test.name().to_owned())
        } else {
            let problem = saved_model::problem(&saved.checkpoint)?;
            let fits = |data| saved_model::for_model(&saved.checkpoint, data, &*saved.model);
            let (training, validation) = (fits(problem.training)?, fits(problem.validation)?);
            let lowest = saved.checkpoint.history().validation().iter().copied().filter(|loss| loss.is_finite());
            let lowest = lowest.reduce(|a, b| if b < a { b } else { a });
            let sets = [&training, &validation];
            (MetricsReport::of_both(exec, &mut saved.model, &settings, sets, lowest)?, problem.name)
        };
        Ok(Self { saved: saved.report(), data, isa: exec.isa().kernel_name(), metrics })
    }
}
