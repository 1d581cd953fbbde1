//! The page of a learning curve.

use super::parts::{Figure, Grid, Key, Section, Square, Words};
use super::{Page, rounded};
use crate::base::format_number::{digits, format_number};
use crate::report::resampling::learning_curve_chart;
use crate::training::resampling::LearningCurveReport;
use anyhow::Result;

pub(crate) fn page(report: &LearningCurveReport) -> Result<String> {
    let about = &report.about;
    let chart = learning_curve_chart(report);
    let svg = chart.svg()?;
    let keys = [(0, "training"), (1, "validation")].map(|(number, name)| Key { number, name: name.into() });
    let mut json = serde_json::to_value(report)?;
    rounded(&mut json);
    Page {
        title: format!("Learning curve: {}", about.workload),
        subtitle: format!("{}, {} training rows, {}", about.model, about.training_rows, about.optimizer),
        keys: keys.into(),
        sections: vec![
            Section {
                id: "answer",
                heading: "Would more rows help?",
                boxes: vec![Words { label: answer(report), ..Words::default() }],
                ..Section::default()
            },
            Section {
                id: "curve",
                heading: "Loss over training rows",
                text: "The same number of steps on more and more rows. While the two curves approach each other and that of validation \
                    falls, more rows help; where both are flat, another model may."
                    .into(),
                charts: svg.into_iter().map(|svg| Figure { svg, ..Figure::default() }).collect(),
                tables: vec![table(report)],
                ..Section::default()
            },
        ],
        json,
        ..Page::default()
    }
    .html()
}

/// What the last step of the curve says.
fn answer(report: &LearningCurveReport) -> String {
    let points = report.points.iter().filter(|point| point.scores.validation.loss.is_finite());
    let mut points: Vec<_> = points.map(|point| (point.rows, point.scores.validation.loss)).collect();
    points.sort_by_key(|point| point.0);
    let [.., (few, before), (many, after)] = points[..] else {
        return "Too few trainings came to their end to say it.".into();
    };
    let change = 100.0 * (after / before - 1.0);
    let verb = if change < 0.0 { "fell" } else { "rose" };
    format!("From {few} to {many} rows the validation loss {verb} by {} %.", digits(change.abs(), 2))
}

fn table(report: &LearningCurveReport) -> Grid {
    let metrics = &report.about.metrics;
    let mut head = vec!["rows".to_owned(), "training loss".to_owned(), "validation loss".to_owned()];
    head.extend(metrics.iter().skip(1).map(|metric| metric.name().to_owned()));
    let number = |x: f64| Square::number(format_number(x), x);
    let rows = report.points.iter().map(|point| {
        let scores = &point.scores;
        let mut row = vec![
            Square::number(point.rows.to_string(), point.rows as f64),
            number(scores.training.loss),
            number(scores.validation.loss),
        ];
        row.extend(
            metrics.iter().skip(1).map(|metric| metric.of(&scores.validation).map_or_else(Square::default, number)),
        );
        row
    });
    Grid { head, rows: rows.collect(), ..Grid::default() }
}
