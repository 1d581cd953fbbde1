//! The whole training set at once, by L-BFGS.

use super::Subject;
use super::outcome::{add_example, quality};
use crate::assessment::Assessment;
use crate::cli::TrainOptions;
use crate::plan::Plan;
use crate::report::number_value;
use crate::run_options::RunOptions;
use crate::saved_model;
use crate::shown::{digits, shown};
use crate::workload::Workload;
use anyhow::{Result, bail};
use serde_json::json;
use simdescent::kernels::Exec;
use simdescent::{Trainer, lbfgs, trajectory_digest};

pub(super) fn run(exec: Exec<'_>, options: &TrainOptions, run: &RunOptions, workload: &Workload) -> Result<()> {
    if options.save_every.is_some() {
        bail!("--save-every is for optimizers that take steps: lbfgs saves its result only");
    }
    let Workload { training, validation, loss, .. } = workload;
    let target_scaling = run.problem.target_scaling(training, *loss)?;
    let (settings, plan) = Plan::new(run, training.rows(), *loss, target_scaling)?;
    plan.check(&workload.model)?;
    let Plan::Lbfgs(method) = plan else { bail!("the optimizer is not lbfgs") };
    let mut model = workload.model.build(run.trial(), run.seed());
    let minimum = method.train(exec, &mut model, training, &settings)?;
    let evaluation = settings.evaluator(validation)?.evaluate(exec, &mut model);
    let assessment = Assessment::of_both(exec, &mut model, &settings, [training, validation], None)?;
    let digest = trajectory_digest(&[minimum.value as f32], model.parameters());
    let stop = match minimum.stop {
        lbfgs::Stop::Converged => "converged",
        lbfgs::Stop::Precision => "no step is better in single precision",
        lbfgs::Stop::Iterations => "all iterations done",
        _ => "the loss is not finite",
    };
    if options.output.json {
        let mut report = json!({
            "schema_version": 1,
            "workload": workload.name,
            "model": workload.model.describe(),
            "isa": exec.isa().kernel_name(),
            "optimizer": "lbfgs",
            "stop": stop,
            "steps": minimum.iterations,
            "evaluations": minimum.evaluations,
            "training_objective": number_value(minimum.value),
            "loss": number_value(evaluation.loss),
            "accuracy": evaluation.accuracy,
            "metrics": assessment.json()?,
            "digest": digest,
        });
        if run.problem.example.is_some() {
            add_example(&mut report, model.parameters()[0], training)?;
        }
        println!("{report:#}");
    } else {
        println!("{}: {}, {} training rows, lbfgs", workload.name, workload.model.describe(), training.rows());
        println!("{stop} after {} iterations, {} gradients", minimum.iterations, minimum.evaluations);
        let of = if settings.target_scaling.is_some() { " (of scaled targets)" } else { "" };
        let gradient = digits(minimum.gradient, 2);
        println!("objective     {}{of}   largest gradient {gradient}", shown(minimum.value));
        println!("validation    {}", quality(&evaluation));
        println!("digest        {digest}   ({})", exec.isa().kernel_name());
    }
    if let Some(path) = &options.save {
        // A run that took no step yet: it has all that evaluation needs.
        let mut checkpoint = Trainer::new(exec, model, training, settings)?.checkpoint()?;
        saved_model::note(&mut checkpoint, &Subject::of(workload), run)?;
        saved_model::note_iterations(&mut checkpoint, minimum.iterations);
        checkpoint.write(path)?;
    }
    Ok(())
}
