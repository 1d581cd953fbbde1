//! `simdescent evaluate`: all metrics of a saved model.

use crate::assessment::Assessment;
use crate::cli::EvaluateOptions;
use crate::saved_model::{self, SavedModel};
use crate::threads::Threads;
use anyhow::Result;
use serde_json::json;

pub(crate) fn run(options: &EvaluateOptions) -> Result<()> {
    let threads = Threads::new(options.saved.threads.get())?;
    let exec = threads.exec()?;

    let mut saved = SavedModel::read(&options.saved)?;
    let settings = *saved.checkpoint.settings();
    let (assessment, name) = if let Some(source) = &options.saved.data {
        let test = saved_model::test_set(&saved.checkpoint, &*saved.model, source)?;
        (Assessment::of_one(exec, &mut saved.model, &settings, "test", &test)?, test.name().to_owned())
    } else {
        let workload = saved_model::workload(&saved.checkpoint)?;
        let fits = |data| saved_model::for_model(data, &*saved.model);
        let (training, validation) = (fits(workload.training)?, fits(workload.validation)?);
        let lowest = saved.checkpoint.history().validation().iter().copied().filter(|loss| loss.is_finite());
        let lowest = lowest.reduce(|a, b| if b < a { b } else { a });
        let sets = [&training, &validation];
        (Assessment::of_both(exec, &mut saved.model, &settings, sets, lowest)?, workload.name)
    };
    if options.output.json {
        let mut report = saved.json(&options.saved);
        report["data"] = json!(name);
        report["isa"] = json!(exec.isa().kernel_name());
        report["metrics"] = assessment.json()?;
        println!("{report:#}");
    } else {
        println!("{} after {} steps, on {name}", saved.description, saved.steps);
        assessment.print();
    }
    Ok(())
}
