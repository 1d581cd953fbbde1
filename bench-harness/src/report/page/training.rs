//! The page of a training: curves, metrics, confusion matrix, calibration.

use super::parts::{Figure, Grid, Key, Section, Square, Words};
use super::{Page, rounded};
use crate::base::format_number::format_number;
use crate::report::chart::{Axis, Chart, GUIDE, Point, Series};
use crate::report::training::{lbfgs_lines, lines};
use crate::training::metrics_report::MetricsReport;
use crate::training::result::{LbfgsReport, TrainingReport, ValidationReport};
use anyhow::Result;
use simdescent::{Classification, Metric, Metrics};

/// Above so many classes there is no confusion matrix: a page should be small.
const SHOWN_CLASSES: usize = 50;

/// Of a training by steps.
pub(crate) fn page(report: &TrainingReport) -> Result<String> {
    let mut json = serde_json::to_value(report)?;
    rounded(&mut json);
    let TrainingReport { workload, model, training_rows, metrics, .. } = report;
    let subtitle = format!("{model}, {training_rows} training rows, {}", report.optimizer);
    html(
        workload,
        subtitle,
        ends(&lines(report), 2),
        (metrics, report.validations.len() > 1),
        vec![curves(report)?],
        json,
    )
}

/// Of a training by L-BFGS.
pub(crate) fn lbfgs_page(report: &LbfgsReport) -> Result<String> {
    let mut json = serde_json::to_value(report)?;
    rounded(&mut json);
    let LbfgsReport { workload, model, training_rows, metrics, .. } = report;
    let subtitle = format!("{model}, {training_rows} training rows, lbfgs");
    html(workload, subtitle, ends(&lbfgs_lines(report), 4), (metrics, false), vec![], json)
}

/// The last lines of a text.
fn ends(lines: &[String], count: usize) -> Vec<String> {
    lines[lines.len().saturating_sub(count)..].to_vec()
}

fn html(
    workload: &str,
    subtitle: String,
    mut result: Vec<String>,
    (metrics, has_curves): (&MetricsReport, bool),
    mut middle: Vec<Section>,
    json: serde_json::Value,
) -> Result<String> {
    let label = if result.is_empty() { String::new() } else { result.remove(0) };
    let mut sections = vec![Section {
        id: "answer",
        heading: "The result",
        boxes: vec![Words { label, lines: result, ..Words::default() }],
        tables: vec![table(metrics)],
        ..Section::default()
    }];
    sections.append(&mut middle);
    let names = metrics.class_names.as_deref();
    if let Some((set, last)) = metrics.sets().last()
        && let Some(classification) = &last.classification
    {
        sections.extend(confusion(set, classification, names));
        sections.extend(calibration(set, classification)?);
    }
    let keys = if has_curves { vec![(0, "training"), (1, "validation")] } else { vec![] };
    Page {
        title: format!("Training: {workload}"),
        subtitle,
        keys: keys.into_iter().map(|(number, name)| Key { number, name: name.into() }).collect(),
        sections,
        json,
        ..Page::default()
    }
    .html()
}

/// Metrics by set.
fn table(metrics: &MetricsReport) -> Grid {
    let sets = metrics.sets();
    let row = |name: &str, of: &dyn Fn(&Metrics) -> Option<f64>| {
        let values: Vec<Option<f64>> = sets.iter().map(|(_, metrics)| of(metrics)).collect();
        values.iter().any(Option::is_some).then(|| {
            let squares = values
                .into_iter()
                .map(|v| v.map_or_else(|| Square::text("–"), |v| Square::number(format_number(v), v)));
            std::iter::once(Square::text(name)).chain(squares).collect::<Vec<_>>()
        })
    };
    let counts = sets.iter().map(|(_, metrics)| Square::number(metrics.rows.to_string(), metrics.rows as f64));
    let mut rows = vec![std::iter::once(Square::text("rows")).chain(counts).collect()];
    rows.extend(Metric::ALL.iter().filter_map(|metric| row(metric.name(), &|metrics| metric.of(metrics))));
    let error = |m: &Metrics| Some(m.classification.as_ref()?.calibration.as_ref()?.expected_error);
    rows.extend(row("calibration_error", &error));
    let head = std::iter::once("metric".to_owned()).chain(sets.iter().map(|(name, _)| (*name).to_owned()));
    Grid { head: head.collect(), rows, ..Grid::default() }
}

fn curves(report: &TrainingReport) -> Result<Section> {
    let training: Vec<(f64, f64)> = report.curve.iter().map(|&(step, loss)| (step, loss)).collect();
    let points = |of: fn(&ValidationReport) -> Option<f64>, what: &str| -> (Vec<Point>, Vec<(f64, f64)>) {
        let points = report.validations.iter().filter_map(|v| {
            let y = of(v).filter(|y| y.is_finite())?;
            let text = format!("step {}: validation {what} {}", v.step, format_number(y));
            Some(Point { x: v.step as f64, y, interval: None, text })
        });
        let points: Vec<Point> = points.collect();
        let line = points.iter().map(|point| (point.x, point.y)).collect();
        (points, line)
    };
    let chart = |what: &str, training: Vec<(f64, f64)>, (points, line)| Chart {
        title: format!("{what} over steps, {}", report.workload),
        description: format!("The {what} of the batches, averaged over neighboring steps, and of the validation set."),
        x: Axis::linear("step"),
        y: Axis::linear(what),
        series: vec![
            Series { number: 0, name: Some("training".into()), line: training, ..Series::default() },
            Series { number: 1, name: Some("validation".into()), points, line, ..Series::default() },
        ],
        upright: (report.kept_step < report.steps).then(|| (report.kept_step as f64, "kept".into())),
        ..Chart::default()
    };
    let loss = chart("loss", training, points(|v| Some(v.loss), "loss"));
    let accuracy = chart("accuracy", vec![], points(|v| v.accuracy, "accuracy"));
    let mut charts = vec![];
    for (chart, caption) in [(loss, "loss of the batches and of the validation set"), (accuracy, "validation accuracy")]
    {
        charts.extend(chart.svg()?.map(|svg| Figure { svg, caption: caption.into(), ..Figure::default() }));
    }
    Ok(Section {
        id: "curves",
        heading: "Curves",
        text: "The training loss is the mean over the batches of neighboring steps, each before its update, with penalties.".into(),
        charts,
        ..Section::default()
    })
}

fn confusion(set: &str, classification: &Classification, names: Option<&[String]>) -> Option<Section> {
    let matrix = classification.confusion.as_ref()?;
    let classes = matrix.rows().len();
    if classes > SHOWN_CLASSES {
        return None;
    }
    let name = |class: usize| names.and_then(|names| names.get(class).cloned()).unwrap_or_else(|| class.to_string());
    let mut head = vec!["class".to_owned()];
    head.extend((0..classes).map(name));
    head.extend(["undecided", "precision", "recall"].map(str::to_owned));
    let share = |x: Option<f64>| x.map_or_else(|| Square::text("–"), |x| Square::number(format!("{x:.3}"), x));
    let rows = matrix.rows().iter().zip(matrix.undecided()).zip(matrix.classes()).enumerate();
    let rows = rows.map(|(class, ((row, &undecided), quality))| {
        let total = (row.iter().sum::<u64>() + undecided).max(1) as f64;
        let mut squares = vec![Square::text(name(class))];
        squares.extend(row.iter().enumerate().map(|(other, &count)| Square {
            strength: Some(0.75 * count as f64 / total),
            class: if other == class { "tie" } else { "" },
            ..Square::number(count.to_string(), count as f64)
        }));
        squares.push(Square::number(undecided.to_string(), undecided as f64));
        squares.extend([share(quality.precision), share(quality.recall)]);
        squares
    });
    Some(Section {
        id: "confusion",
        heading: "Confusion matrix",
        text: format!("Rows of the {set} set by class, columns what they were taken for; framed is what is right."),
        tables: vec![Grid { head, rows: rows.collect(), ..Grid::default() }],
        ..Section::default()
    })
}

fn calibration(set: &str, classification: &Classification) -> Result<Option<Section>> {
    let Some(calibration) = &classification.calibration else { return Ok(None) };
    let points = calibration.bins.iter().filter_map(|bin| {
        let (x, y) = (bin.confidence?, bin.accuracy?);
        Some(Point {
            x,
            y,
            interval: None,
            text: format!("{} rows: confidence {}, right {}", bin.rows, format_number(x), format_number(y)),
        })
    });
    let points: Vec<Point> = points.collect();
    let line = points.iter().map(|point| (point.x, point.y)).collect();
    let chart = Chart {
        title: "Share of right predictions over confidence".into(),
        description: "A calibrated model is on the diagonal; below it, it is too sure.".into(),
        x: Axis::linear("confidence"),
        y: Axis::linear("share that is right"),
        series: vec![
            Series { number: GUIDE, line: vec![(0.0, 0.0), (1.0, 1.0)], thin: true, ..Series::default() },
            Series { number: 1, points, line, ..Series::default() },
        ],
        ..Chart::default()
    };
    Ok(chart.svg()?.map(|svg| Section {
        id: "calibration",
        heading: "Calibration",
        text: format!(
            "How often the {set} set's predictions are right, by how sure the model is. On the dashed line it is as often right as it says, \
            below it is too sure. Expected error {}, largest {}.",
            format_number(calibration.expected_error),
            format_number(calibration.largest_error)
        ),
        charts: vec![Figure { svg, ..Figure::default() }],
        ..Section::default()
    }))
}
