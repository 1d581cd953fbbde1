//! `simdescent evaluate`: all metrics of a saved model.

use crate::assessment::Assessment;
use crate::cli::EvaluateOptions;
use crate::saved_model::{self, Origin};
use crate::workload::Inputs;
use anyhow::{Context, Result, bail};
use serde_json::json;
use simdescent::kernels::{Exec, Par, Team, isa};
use simdescent::{Checkpoint, Dataset, Model, Targets};

pub(crate) fn run(options: &EvaluateOptions) -> Result<()> {
    let threads = options.threads.get();
    let team = Team::new(threads).context("cannot start the threads")?;
    let exec = Exec::new(isa::try_active()?, if threads == 1 { Par::Seq } else { Par::Team(&team) });

    let checkpoint = Checkpoint::read(&options.checkpoint)?;
    let loss = checkpoint.settings().loss;
    let load = || saved_model::model(&checkpoint).with_context(|| options.checkpoint.display().to_string());
    let (mut model, description) = load()?;
    let takes_sparse = model.takes_sparse();
    let fits = |data: Dataset| for_model(data, &*model);
    let (assessment, name) = if let Some(source) = &options.data {
        let mut test = Inputs::Auto.of(source.test_set(model.inputs())?, takes_sparse)?;
        if let Some(standardizer) = saved_model::standardizer(&checkpoint)? {
            standardizer.apply(&mut test)?;
        }
        let test = fits(test)?;
        (Assessment::of_test(exec, &mut model, loss, &test)?, test.name().to_owned())
    } else {
        let Origin { problem, seed } = saved_model::origin(&checkpoint)?;
        let workload = problem.workload(seed).context("the data of the training; others can be given by --data")?;
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

/// The data with as many classes as the model tells apart, if they go together: a test set may lack some.
fn for_model(data: Dataset, model: &dyn Model) -> Result<Dataset> {
    let (name, features) = (data.name().to_owned(), data.features());
    if features != model.inputs() {
        bail!("dataset {name} has {features} features, the model takes {}", model.inputs());
    }
    match data.targets() {
        Targets::Labels { labels, classes } if model.outputs() > 1 && *classes != model.outputs() => {
            let targets = Targets::Labels { labels: labels.clone(), classes: model.outputs() };
            Ok(data.with_targets(targets)?)
        }
        _ => Ok(data),
    }
}
