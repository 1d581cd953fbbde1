//! The whole training set at once, by L-BFGS.

use super::divergence::{is_finite, with_file};
use super::metrics_report::MetricsReport;
use super::minimizer::Minimizer;
use super::prepare::prepare;
use super::result::{ExampleReport, LbfgsReport, SCHEMA_VERSION};
use super::saved_model::{self, RowDigests};
use crate::base::number::Number;
use crate::options::RunOptions;
use crate::problem::Problem;
use anyhow::{Result, bail};
use simdescent::kernels::Exec;
use simdescent::{Trainer, lbfgs, trajectory_digest};
use std::path::Path;

/// Trains until it converges or all iterations are done; saves the result into the file, if there is one.
pub(crate) fn train(exec: Exec<'_>, run: &RunOptions, problem: &Problem, save: Option<&Path>) -> Result<LbfgsReport> {
    let Problem { training, validation, loss, .. } = problem;
    let prepared = prepare(run, training, &problem.model, *loss)?;
    prepared.check_memory(save.is_some())?;
    let Minimizer::Lbfgs(method) = prepared.minimizer else { bail!("the optimizer is not lbfgs") };
    let (settings, mut model) = (prepared.settings, prepared.model());
    let minimum = method.train(exec, &mut model, training, &settings)?;
    let failed = minimum.stop == lbfgs::Stop::NotFinite || !is_finite(model.parameters());
    let evaluation = settings.evaluator(validation)?.evaluate(exec, &mut model);
    let metrics = MetricsReport::of_both(exec, &mut model, &settings, [training, validation], None)?;
    let example = match run.problem.example {
        Some(_) => Some(ExampleReport::new(model.parameters()[0], training)?),
        None => None,
    };
    let report = LbfgsReport {
        schema_version: SCHEMA_VERSION,
        workload: problem.name.clone(),
        model: problem.model.describe(),
        isa: exec.isa().kernel_name(),
        optimizer: "lbfgs",
        stop: match minimum.stop {
            lbfgs::Stop::Converged => "converged",
            lbfgs::Stop::Precision => "no step is better in single precision",
            lbfgs::Stop::Iterations => "all iterations done",
            _ => "the loss is not finite",
        },
        steps: minimum.iterations,
        evaluations: minimum.evaluations,
        training_objective: Number(minimum.value),
        loss: Number(evaluation.loss),
        accuracy: evaluation.accuracy,
        metrics,
        digest: trajectory_digest(&[minimum.value as f32], model.parameters()),
        example,
        training_rows: training.rows(),
        gradient: minimum.gradient,
        scaled_targets: settings.target_scaling.is_some(),
        failure: failed.then(|| {
            let what = "the loss or a weight is not finite: give an --l2, scale the data, or take another --optimizer";
            with_file(what.into(), save, false)
        }),
    };
    if let Some(path) = save.filter(|_| !failed) {
        // A run that took no step yet: it has all that evaluation needs.
        let mut checkpoint = Trainer::new(exec, model, training, settings)?.checkpoint()?;
        saved_model::note(&mut checkpoint, problem, &RowDigests::of(Some(training), validation), run)?;
        saved_model::note_iterations(&mut checkpoint, minimum.iterations);
        checkpoint.write(path)?;
    }
    Ok(report)
}
