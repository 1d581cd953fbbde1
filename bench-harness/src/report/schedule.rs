//! A schedule, as text and as a picture.

use super::format_number::format_number;
use super::svg::{Plot, draw};
use crate::training::schedule::ScheduleReport;
use anyhow::Result;
use simdescent::StepPlan;

/// No more points than a picture shows.
const POINTS: usize = 4000;

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
    let rates = [("learning rate", curve(|plan| plan.learning_rate))];
    let sizes = [("batch size", curve(|plan| plan.batch_size as f64))];
    let plot = |title, y_label, curves| Plot { title, x_label: "step", y_label, log_x: false, curves, mark: None };
    let plots = [plot(report.schedule.name(), "learning rate", &rates), plot("batch size", "batch size", &sizes)];
    draw(&plots[..1 + usize::from(grows)])
}
