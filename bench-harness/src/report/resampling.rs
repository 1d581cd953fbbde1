//! What cross-validation and a learning curve found, as text and as a picture.

use super::chart::{Axis, Chart, Point, Series, file};
use super::format_number::{format_number, plus_minus};
use crate::training::resampling::{CrossValidationReport, LearningCurveReport, RepeatedTraining};
use anyhow::Result;
use simdescent::{Metric, Scores};

/// A line for each fold, and for each metric its spread over them.
pub(crate) fn cross_validation_lines(report: &CrossValidationReport) -> Vec<String> {
    let metrics = &report.about.metrics;
    let mut lines = vec![title(&report.about), format!("{:>6}{}", "fold", header(metrics))];
    lines.extend(report.scores.iter().enumerate().map(|(k, fold)| format!("{k:>6}{}", row(metrics, fold))));
    lines.push("validation, mean ± standard deviation over the folds:".into());
    for metric in metrics {
        let spread = report.summary.get(metric.name());
        let text = spread.map_or("-".into(), |spread| plus_minus(spread.mean.0, spread.deviation.0));
        lines.push(format!("{:<12}{text}", metric.name()));
    }
    lines
}

/// A line for each number of rows.
pub(crate) fn learning_curve_lines(report: &LearningCurveReport) -> Vec<String> {
    let metrics = &report.about.metrics;
    let mut lines = vec![title(&report.about), format!("{:>8}{}", "rows", header(metrics))];
    lines.extend(report.points.iter().map(|p| format!("{:>8}{}", p.rows, row(metrics, &p.scores))));
    lines
}

/// Both losses over the number of rows, as an SVG.
pub(crate) fn learning_curve_svg(report: &LearningCurveReport) -> Result<String> {
    file(&[learning_curve_chart(report)])
}

/// Both losses over the number of rows.
pub(crate) fn learning_curve_chart(report: &LearningCurveReport) -> Chart {
    let curve = |number: usize, name: &str, loss: fn(&Scores) -> f64| {
        let points = report.points.iter().map(|p| (p.rows as f64, loss(&p.scores)));
        let line: Vec<(f64, f64)> = points.filter(|(_, loss)| loss.is_finite()).collect();
        let text = |(rows, loss): (f64, f64)| format!("{rows} rows: {name} loss {}", format_number(loss));
        let points = line.iter().map(|&(x, y)| Point { x, y, interval: None, text: text((x, y)) }).collect();
        Series { number, name: Some(name.into()), line, points, ..Series::default() }
    };
    Chart {
        title: format!("learning curve: {}", report.about.workload),
        description:
            "Both losses over the number of training rows: where they still approach each other, more rows help.".into(),
        x: Axis {
            ticks: Some(report.points.iter().map(|point| point.rows as f64).collect()),
            ..Axis::log("training rows")
        },
        y: Axis::linear("loss"),
        series: vec![
            curve(0, "training", |scores| scores.training.loss),
            curve(1, "validation", |scores| scores.validation.loss),
        ],
        ..Chart::default()
    }
}

fn title(about: &RepeatedTraining) -> String {
    let RepeatedTraining { workload, model, training_rows, optimizer, .. } = about;
    format!("{workload}: {model}, {training_rows} training rows, {optimizer}")
}

/// The columns after the first: both losses, then the other metrics on the rows that were not seen.
fn header(metrics: &[Metric]) -> String {
    let names: String = metrics.iter().skip(1).map(|metric| format!("{:>12}", metric.name())).collect();
    format!("{:>15}{:>17}{names}", "training loss", "validation loss")
}

fn row(metrics: &[Metric], Scores { training, validation, .. }: &Scores) -> String {
    let value = |metric: &Metric| metric.of(validation).map_or("-".into(), format_number);
    let values: String = metrics.iter().skip(1).map(|metric| format!("{:>12}", value(metric))).collect();
    format!("{:>15}{:>17}{values}", format_number(training.loss), format_number(validation.loss))
}
