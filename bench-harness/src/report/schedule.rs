//! A schedule, as text and as a picture.

use super::chart::{Axis, Chart, Series, file};
use super::format_number::format_number;
use crate::training::schedule::ScheduleReport;
use anyhow::Result;
use simdescent::StepPlan;

/// No more points than a picture shows.
const POINTS: usize = 1000;

/// A line for each of some steps; with the batch size if it `grows`.
pub(crate) fn lines(report: &ScheduleReport, grows: bool) -> Vec<String> {
    let mut lines = vec![format!("{:>12}  learning rate{}", "step", if grows { "   batch size" } else { "" })];
    for row in &report.rates {
        let batch = if grows { format!("   {:>10}", row.batch_size) } else { String::new() };
        lines.push(format!("{:>12}  {:>13}{batch}", row.step, format_number(row.rate)));
    }
    lines
}

/// The learning rate, and below it the batch size if it `grows`, as an SVG.
pub(crate) fn svg(report: &ScheduleReport, grows: bool) -> Result<String> {
    let stride = report.plans.len().div_ceil(POINTS);
    let curve = |value: fn(&StepPlan) -> f64| {
        report.plans.iter().enumerate().step_by(stride).map(|(t, plan)| (t as f64, value(plan))).collect::<Vec<_>>()
    };
    let chart = |title: &str, what: &str, line| Chart {
        title: title.into(),
        description: format!("The {what} over the steps."),
        x: Axis::linear("step"),
        y: Axis::linear(what),
        series: vec![Series { line, ..Series::default() }],
        ..Chart::default()
    };
    let rates = chart(report.schedule.name(), "learning rate", curve(|plan| plan.learning_rate));
    let sizes = chart("batch size", "batch size", curve(|plan| plan.batch_size as f64));
    if grows { file(&[rates, sizes]) } else { file(&[rates]) }
}
