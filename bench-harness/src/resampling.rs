//! `simdescent cross-validate` and `simdescent learning-curve`: how good a training is on other rows, and on fewer.

use crate::cli::{CrossValidateOptions, LearningCurveOptions};
use crate::plot::{self, Plot};
use crate::problem::Method;
use crate::report::number_value;
use crate::run_options::RunOptions;
use crate::threads::Threads;
use crate::workload::Workload;
use anyhow::{Result, bail};
use serde_json::{Value, json};
use simdescent::kernels::Exec;
use simdescent::{
    CurvePoint, Evaluation, Evaluator, FitOptions, KFold, Settings, Targets, cross_validate, learning_curve,
};
use std::path::Path;

/// A training that is done several times.
struct Training {
    run: RunOptions,
    workload: Workload,
    settings: Settings,
    length: FitOptions,
    threads: Threads,
}

impl Training {
    fn new(options: &RunOptions, config: Option<&Path>) -> Result<Self> {
        let run = options.over(config)?;
        if run.method() == Method::Lbfgs {
            bail!("this is for optimizers that take steps, not for lbfgs");
        }
        let workload = run.problem.workload(run.seed())?;
        let (settings, length) = run.settings(workload.training.rows(), workload.loss)?;
        let threads = Threads::new(run.threads.map_or(1, |n| n.get()))?;
        Ok(Self { run, workload, settings, length, threads })
    }

    fn exec(&self) -> Result<Exec<'_>> {
        self.threads.exec()
    }

    /// What both reports begin with.
    fn json(&self) -> Value {
        json!({
            "schema_version": 1,
            "workload": self.workload.name,
            "model": self.workload.model.describe(),
            "optimizer": self.settings.rule.name(),
            "settings": self.settings,
        })
    }

    fn print(&self) {
        let Workload { name, model, training, .. } = &self.workload;
        println!("{name}: {}, {} training rows, {}", model.describe(), training.rows(), self.settings.rule.name());
    }
}

/// k trainings on the training set, each without one of k folds; the validation set is not touched.
pub(crate) fn cross_validation(options: &CrossValidateOptions) -> Result<()> {
    let training = Training::new(&options.run, options.config.as_deref())?;
    let Training { run, workload, settings, length, .. } = &training;
    let stratified = !options.not_stratified && matches!(workload.training.targets(), Targets::Labels { .. });
    let folds = KFold { folds: options.folds, stratified, trial: run.trial(), seed: run.seed() };
    // Files were scaled by the mean and deviation of the whole training set; folds are again by their own.
    let standardize = workload.standardizer.is_some();
    let model = |_| workload.model.build(run.trial(), run.seed());
    let found = cross_validate(training.exec()?, model, &workload.training, (*settings, *length), folds, standardize)?;
    if options.json {
        let mut report = training.json();
        report["folds"] = json!(folds);
        report["training"] = found.training.iter().map(evaluation).collect();
        report["validation"] = found.validation.iter().map(evaluation).collect();
        report["mean_loss"] = number_value(found.mean_loss());
        report["deviation"] = number_value(found.deviation());
        report["mean_accuracy"] = json!(found.mean_accuracy());
        println!("{report:#}");
        return Ok(());
    }
    training.print();
    println!("{:>6}{}", "fold", header(found.validation.first()));
    for (k, (seen, held_out)) in found.training.iter().zip(&found.validation).enumerate() {
        println!("{k:>6}{}", row(seen, held_out));
    }
    let accuracy = found.mean_accuracy().map_or(String::new(), |a| format!(", accuracy {:.2} %", 100.0 * a));
    println!(
        "mean validation loss {:.6}{accuracy}; deviation between folds {:.6}",
        found.mean_loss(),
        found.deviation()
    );
    Ok(())
}

/// Trainings on more and more rows.
pub(crate) fn curve(options: &LearningCurveOptions) -> Result<()> {
    let training = Training::new(&options.run, options.config.as_deref())?;
    let Training { run, workload, settings, length, .. } = &training;
    let all = workload.training.rows();
    let rows = if options.rows.is_empty() { halvings(all) } else { options.rows.clone() };
    let model = || workload.model.build(run.trial(), run.seed());
    let validation = Evaluator::new(workload.loss, &workload.validation)?;
    let exec = training.exec()?;
    let points = learning_curve(exec, model, &workload.training, &validation, *settings, *length, &rows)?;
    if let Some(path) = &options.svg {
        let curve = |loss: fn(&CurvePoint) -> f64| {
            points.iter().map(|p| (p.rows as f64, loss(p))).filter(|(_, loss)| loss.is_finite()).collect()
        };
        let plot = Plot {
            title: &format!("learning curve: {}", workload.name),
            x_label: "training rows",
            y_label: "loss",
            log_x: true,
            curves: &[("training", curve(|p| p.training.loss)), ("validation", curve(|p| p.validation.loss))],
            mark: None,
        };
        plot::write(path, &[plot])?;
    }
    if options.json {
        let mut report = training.json();
        let point = |p: &CurvePoint| {
            let [training, validation] = [&p.training, &p.validation].map(evaluation);
            json!({ "rows": p.rows, "training": training, "validation": validation })
        };
        report["points"] = points.iter().map(point).collect();
        println!("{report:#}");
        return Ok(());
    }
    training.print();
    println!("{:>8}{}", "rows", header(points.first().map(|p| &p.validation)));
    for p in &points {
        println!("{:>8}{}", p.rows, row(&p.training, &p.validation));
    }
    if let Some(path) = &options.svg {
        println!("plot: {}", path.display());
    }
    Ok(())
}

/// The columns after the first; a regression has no accuracy.
fn header(of: Option<&Evaluation>) -> String {
    let accuracy = of.and_then(|e| e.accuracy).map_or("", |_| "   accuracy (training, validation)");
    format!("  training loss  validation loss{accuracy}")
}

fn row(training: &Evaluation, validation: &Evaluation) -> String {
    let loss = |e: &Evaluation| if e.loss < 1e7 { format!("{:.6}", e.loss) } else { format!("{:.6e}", e.loss) };
    let shares = training.accuracy.zip(validation.accuracy);
    let accuracy = shares.map_or(String::new(), |(t, v)| format!("   {:.2} %, {:.2} %", 100.0 * t, 100.0 * v));
    format!("{:>15}{:>17}{accuracy}", loss(training), loss(validation))
}

fn evaluation(evaluation: &Evaluation) -> Value {
    json!({ "loss": number_value(evaluation.loss), "accuracy": evaluation.accuracy })
}

/// All rows, and up to five times half of what came before, in ascending order.
fn halvings(all: usize) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..6).map(|i| all.div_ceil(1 << i)).collect();
    rows.dedup();
    rows.reverse();
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halvings_end_with_all_rows() {
        assert_eq!(halvings(4000), [125, 250, 500, 1000, 2000, 4000]);
        assert_eq!(halvings(3), [1, 2, 3]);
    }
}
