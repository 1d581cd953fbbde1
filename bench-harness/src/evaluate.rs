//! `simdescent evaluate`: all metrics of a saved model.

use crate::assessment::Assessment;
use crate::cli::EvaluateOptions;
use crate::saved_model;
use crate::threads::Threads;
use anyhow::{Context, Result};
use serde_json::json;
use simdescent::Checkpoint;

pub(crate) fn run(options: &EvaluateOptions) -> Result<()> {
    let threads = Threads::new(options.threads.get())?;
    let exec = threads.exec()?;

    let checkpoint = Checkpoint::read(&options.checkpoint)?;
    let loss = checkpoint.settings().loss;
    let load = || saved_model::model(&checkpoint).with_context(|| options.checkpoint.display().to_string());
    let (mut model, description) = load()?;
    let fits = |data| saved_model::for_model(data, &*model);
    let (assessment, name) = if let Some(source) = &options.data {
        let test = saved_model::test_set(&checkpoint, &*model, source)?;
        (Assessment::of_one(exec, &mut model, loss, "test", &test)?, test.name().to_owned())
    } else {
        let workload = saved_model::workload(&checkpoint)?;
        let (training, validation) = (fits(workload.training)?, fits(workload.validation)?);
        let lowest = checkpoint.history().validation().iter().copied().filter(|loss| loss.is_finite());
        let lowest = lowest.reduce(|a, b| if b < a { b } else { a });
        (Assessment::of_both(exec, &mut model, loss, [&training, &validation], lowest)?, workload.name)
    };
    if options.json {
        let report = json!({
            "schema_version": 1,
            "checkpoint": options.checkpoint,
            "model": description,
            "loss": loss.name(),
            "steps": checkpoint.history().steps(),
            "data": name,
            "isa": exec.isa().kernel_name(),
            "metrics": assessment.json()?,
        });
        println!("{report:#}");
    } else {
        println!("{description} after {} steps, on {name}", checkpoint.history().steps());
        assessment.print();
    }
    Ok(())
}
