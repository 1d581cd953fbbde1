//! What cross-validation and a learning curve found, as JSON has it.

use super::divergence::diverged;
use super::prepare::{Prepared, prepare};
use super::result::SCHEMA_VERSION;
use crate::base::number::Number;
use crate::options::RunOptions;
use crate::problem::Problem;
use crate::problem::folds::{FoldData, Folds};
use anyhow::Result;
use serde::Serialize;
use simdescent::kernels::Exec;
use simdescent::{
    CrossValidation, CurvePoint, KFold, Metric, Metrics, Scores, Settings, Stop, Targets, learning_curve,
};
use std::collections::BTreeMap;

/// Metrics by name.
type MetricValues = BTreeMap<&'static str, Option<Number>>;

/// What the reports begin with.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RepeatedTraining {
    schema_version: u32,
    pub(crate) workload: String,
    pub(crate) model: String,
    pub(crate) optimizer: String,
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    settings: Settings,
    /// Rows of the whole training set.
    #[serde(skip)]
    pub(crate) training_rows: usize,
    /// The metrics that are defined for any of the trainings.
    #[serde(skip)]
    pub(crate) metrics: Vec<Metric>,
}

/// k trainings on the training set, each without one of k folds.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CrossValidationReport {
    #[serde(flatten)]
    pub(crate) about: RepeatedTraining,
    #[cfg_attr(test, schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    folds: KFold,
    /// Of each fold, on the rows it trained on.
    training: Vec<MetricValues>,
    /// Of each fold, on the rows it did not see.
    validation: Vec<MetricValues>,
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    stop: Vec<Stop>,
    steps: Vec<u64>,
    /// Of the validations of all folds.
    pub(crate) summary: BTreeMap<&'static str, Spread>,
    #[serde(skip)]
    pub(crate) scores: Vec<Scores>,
}

/// Mean and standard deviation over the folds.
#[derive(Clone, Copy, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Spread {
    pub(crate) mean: Number,
    pub(crate) deviation: Number,
}

/// Trainings on more and more rows.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LearningCurveReport {
    #[serde(flatten)]
    pub(crate) about: RepeatedTraining,
    pub(crate) points: Vec<LearningCurvePoint>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LearningCurvePoint {
    pub(crate) rows: usize,
    training: MetricValues,
    validation: MetricValues,
    #[cfg_attr(test, schemars(with = "String"))]
    stop: Stop,
    steps: u64,
    #[serde(skip)]
    pub(crate) scores: Scores,
}

/// The validation set is not touched.
pub(crate) fn cross_validation(
    exec: Exec<'_>,
    run: &RunOptions,
    problem: &Problem,
    folds: usize,
) -> Result<CrossValidationReport> {
    let prepared = prepare(run, &problem.training, &problem.model, problem.loss)?;
    let stratified = run.problem.stratified() && matches!(problem.training.targets(), Targets::Labels { .. });
    let folds = KFold { folds, stratified, trial: run.trial(), seed: run.seed() };
    let division = (run.problem.stratified(), run.seed());
    let mut data = Folds::new(problem, run.problem.class_weights(), run.problem.csv_file()?, division)?;
    let mut scores = vec![];
    for fold in folds.split(problem.training.targets())? {
        let FoldData { problem: Problem { training, validation, model, .. }, settings } =
            data.data(&fold, &prepared.settings)?;
        let model = model.build(run.trial(), run.seed());
        let validation = settings.evaluator(&validation)?;
        scores.push(prepared.minimizer.train(exec, model, &training, &validation, settings)?);
    }
    let found = CrossValidation { folds: scores };
    let about = RepeatedTraining::new(run, problem, &prepared, &found.folds);
    let spread = |&metric: &Metric| {
        let (mean, deviation) = found.mean(metric).zip(found.deviation(metric))?;
        Some((metric.name(), Spread { mean: Number(mean), deviation: Number(deviation) }))
    };
    Ok(CrossValidationReport {
        folds,
        training: found.folds.iter().map(|fold| about.values(&fold.training)).collect(),
        validation: found.folds.iter().map(|fold| about.values(&fold.validation)).collect(),
        stop: found.folds.iter().map(|fold| fold.stop).collect(),
        steps: found.folds.iter().map(|fold| fold.steps).collect(),
        summary: about.metrics.iter().filter_map(spread).collect(),
        scores: found.folds,
        about,
    })
}

/// Without `rows`: all, and up to five times half of what came before.
pub(crate) fn learning_curve_report(
    exec: Exec<'_>,
    run: &RunOptions,
    problem: &Problem,
    rows: &[usize],
) -> Result<LearningCurveReport> {
    let prepared = prepare(run, &problem.training, &problem.model, problem.loss)?;
    let Prepared { settings, minimizer, .. } = prepared;
    let rows = if rows.is_empty() { halvings(problem.training.rows()) } else { rows.to_vec() };
    let validation = settings.evaluator(&problem.validation)?;
    let points = learning_curve(&problem.training, &rows, |part| {
        minimizer.train(exec, prepared.model(), part, &validation, settings)
    })?;
    let scores: Vec<Scores> = points.iter().map(|point| point.scores.clone()).collect();
    let about = RepeatedTraining::new(run, problem, &prepared, &scores);
    let point = |CurvePoint { rows, scores }: CurvePoint| LearningCurvePoint {
        rows,
        training: about.values(&scores.training),
        validation: about.values(&scores.validation),
        stop: scores.stop,
        steps: scores.steps,
        scores,
    };
    Ok(LearningCurveReport { points: points.into_iter().map(point).collect(), about })
}

impl RepeatedTraining {
    fn new(run: &RunOptions, problem: &Problem, prepared: &Prepared<'_>, scores: &[Scores]) -> Self {
        let defined = |metric: &Metric| scores.iter().any(|m| metric.of(&m.validation).is_some());
        Self {
            schema_version: SCHEMA_VERSION,
            workload: problem.name.clone(),
            model: problem.model.describe(),
            optimizer: run.method().into(),
            settings: prepared.settings,
            training_rows: problem.training.rows(),
            metrics: Metric::ALL.into_iter().filter(defined).collect(),
        }
    }

    fn values(&self, of: &Metrics) -> MetricValues {
        self.metrics.iter().map(|metric| (metric.name(), metric.of(of).map(Number))).collect()
    }
}

/// A warning for each training that diverged, whose numbers mean nothing.
pub(crate) fn divergences<'m>(trainings: impl Iterator<Item = (String, &'m Scores)>) -> Vec<String> {
    let diverging = trainings.filter(|(_, scores)| scores.stop == Stop::Diverged);
    diverging.map(|(name, scores)| format!("{name}: {}", diverged(scores.steps))).collect()
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
