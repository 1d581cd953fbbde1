//! `simdescent cross-validate` and `simdescent learning-curve`: how good a training is on other rows, and on fewer.

use crate::cli::{ConfiguredRun, CrossValidateOptions, LearningCurveOptions};
use crate::folds::{FoldData, Folds};
use crate::plan::{Plan, diverged};
use crate::plot::{self, Plot};
use crate::report::number_value;
use crate::run_options::RunOptions;
use crate::shown::{plus_minus, shown};
use crate::threads::Threads;
use crate::workload::Workload;
use anyhow::Result;
use serde_json::{Map, Value, json};
use simdescent::kernels::Exec;
use simdescent::{
    CrossValidation, CurvePoint, KFold, Measured, Metric, Metrics, Settings, Stop, Targets, learning_curve,
};

/// A training that is done several times.
struct Training {
    run: RunOptions,
    workload: Workload,
    settings: Settings,
    plan: Plan,
    threads: Threads,
}

impl Training {
    fn new(options: &ConfiguredRun) -> Result<Self> {
        let run = options.read()?;
        let workload = run.problem.workload(run.seed())?;
        let Workload { training, loss, .. } = &workload;
        let target_scaling = run.problem.target_scaling(training, *loss)?;
        let (settings, plan) = Plan::new(&run, training.rows(), *loss, target_scaling)?;
        plan.check(&workload.model)?;
        let threads = Threads::new(run.threads.map_or(1, |n| n.get()))?;
        Ok(Self { run, workload, settings, plan, threads })
    }

    fn exec(&self) -> Result<Exec<'_>> {
        self.threads.exec()
    }

    fn optimizer(&self) -> String {
        self.run.method().into()
    }

    /// What both reports begin with.
    fn json(&self) -> Value {
        json!({
            "schema_version": 1,
            "workload": self.workload.name,
            "model": self.workload.model.describe(),
            "optimizer": self.optimizer(),
            "settings": self.settings,
        })
    }

    fn print(&self) {
        let Workload { name, model, training, .. } = &self.workload;
        println!("{name}: {}, {} training rows, {}", model.describe(), training.rows(), self.optimizer());
    }
}

/// k trainings on the training set, each without one of k folds; the validation set is not touched.
pub(crate) fn cross_validation(options: &CrossValidateOptions) -> Result<()> {
    let training = Training::new(&options.run)?;
    let Training { run, workload, settings, plan, .. } = &training;
    let stratified = !options.not_stratified && matches!(workload.training.targets(), Targets::Labels { .. });
    let folds = KFold { folds: options.folds, stratified, trial: run.trial(), seed: run.seed() };
    let exec = training.exec()?;
    let mut data = Folds::new(&run.problem, workload, run.seed())?;
    let mut measured = vec![];
    for fold in folds.split(workload.training.targets())? {
        let FoldData { workload: Workload { training, validation, model, .. }, settings } =
            data.data(&fold, settings)?;
        let model = model.build(run.trial(), run.seed());
        measured.push(plan.train(exec, model, &training, &settings.evaluator(&validation)?, settings)?);
    }
    let found = CrossValidation { folds: measured };
    let metrics = defined(found.folds.iter());
    let summary = |metric: Metric| found.mean(metric).zip(found.deviation(metric));
    if options.output.json {
        let mut report = training.json();
        report["folds"] = json!(folds);
        report["training"] = found.folds.iter().map(|fold| values(&metrics, &fold.training)).collect();
        report["validation"] = found.folds.iter().map(|fold| values(&metrics, &fold.validation)).collect();
        report["stop"] = found.folds.iter().map(|fold| json!(fold.stop)).collect();
        report["steps"] = found.folds.iter().map(|fold| json!(fold.steps)).collect();
        let summarized = metrics.iter().filter_map(|&metric| {
            let (mean, deviation) = summary(metric)?;
            Some((metric.name().into(), json!({ "mean": number_value(mean), "deviation": number_value(deviation) })))
        });
        report["summary"] = Value::Object(summarized.collect());
        println!("{report:#}");
    } else {
        training.print();
        println!("{:>6}{}", "fold", header(&metrics));
        for (k, fold) in found.folds.iter().enumerate() {
            println!("{k:>6}{}", row(&metrics, fold));
        }
        println!("validation, mean ± standard deviation over the folds:");
        for &metric in &metrics {
            let text = summary(metric).map_or("-".into(), |(mean, deviation)| plus_minus(mean, deviation));
            println!("{:<12}{text}", metric.name());
        }
    }
    report_divergence(found.folds.iter().enumerate().map(|(k, fold)| (format!("fold {k}"), fold)));
    Ok(())
}

/// Trainings on more and more rows.
pub(crate) fn curve(options: &LearningCurveOptions) -> Result<()> {
    let training = Training::new(&options.run)?;
    let Training { run, workload, settings, plan, .. } = &training;
    let all = workload.training.rows();
    let rows = if options.rows.is_empty() { halvings(all) } else { options.rows.clone() };
    let validation = settings.evaluator(&workload.validation)?;
    let exec = training.exec()?;
    let points = learning_curve(&workload.training, &rows, |part| {
        plan.train(exec, workload.model.build(run.trial(), run.seed()), part, &validation, *settings)
    })?;
    if let Some(path) = &options.svg {
        let curve = |loss: fn(&Measured) -> f64| {
            points.iter().map(|p| (p.rows as f64, loss(&p.measured))).filter(|(_, loss)| loss.is_finite()).collect()
        };
        let plot = Plot {
            title: &format!("learning curve: {}", workload.name),
            x_label: "training rows",
            y_label: "loss",
            log_x: true,
            curves: &[("training", curve(|m| m.training.loss)), ("validation", curve(|m| m.validation.loss))],
            mark: None,
        };
        plot::write(path, &[plot])?;
    }
    let metrics = defined(points.iter().map(|p| &p.measured));
    if options.output.json {
        let mut report = training.json();
        let point = |CurvePoint { rows, measured }: &CurvePoint| {
            let [training, validation] = [&measured.training, &measured.validation].map(|m| values(&metrics, m));
            let Measured { stop, steps, .. } = measured;
            json!({ "rows": rows, "training": training, "validation": validation, "stop": stop, "steps": steps })
        };
        report["points"] = points.iter().map(point).collect();
        println!("{report:#}");
    } else {
        training.print();
        println!("{:>8}{}", "rows", header(&metrics));
        for p in &points {
            println!("{:>8}{}", p.rows, row(&metrics, &p.measured));
        }
        if let Some(path) = &options.svg {
            println!("plot: {}", path.display());
        }
    }
    report_divergence(points.iter().map(|p| (format!("on {} rows", p.rows), &p.measured)));
    Ok(())
}

/// The metrics that any of these validations has.
fn defined<'m>(measured: impl Iterator<Item = &'m Measured>) -> Vec<Metric> {
    let measured: Vec<_> = measured.collect();
    let any = |metric: &Metric| measured.iter().any(|m| metric.of(&m.validation).is_some());
    Metric::ALL.into_iter().filter(any).collect()
}

/// The columns after the first: both losses, then the other metrics on the rows that were not seen.
fn header(metrics: &[Metric]) -> String {
    let names: String = metrics.iter().skip(1).map(|metric| format!("{:>12}", metric.name())).collect();
    format!("{:>15}{:>17}{names}", "training loss", "validation loss")
}

fn row(metrics: &[Metric], Measured { training, validation, .. }: &Measured) -> String {
    let value = |metric: &Metric| metric.of(validation).map_or("-".into(), shown);
    let values: String = metrics.iter().skip(1).map(|metric| format!("{:>12}", value(metric))).collect();
    format!("{:>15}{:>17}{values}", shown(training.loss), shown(validation.loss))
}

fn values(metrics: &[Metric], of: &Metrics) -> Value {
    let value = |metric: &Metric| (metric.name().to_owned(), metric.of(of).map_or(Value::Null, number_value));
    Value::Object(metrics.iter().map(value).collect::<Map<_, _>>())
}

/// Says on stderr which trainings diverged: their numbers mean nothing.
fn report_divergence<'m>(measured: impl Iterator<Item = (String, &'m Measured)>) {
    for (name, measured) in measured.filter(|(_, m)| m.stop == Stop::Diverged) {
        eprintln!("warning: {name}: {}", diverged(measured.steps));
    }
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
