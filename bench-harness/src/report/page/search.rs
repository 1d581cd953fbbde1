//! The page of a search for hyper-parameters.

use super::parts::{Figure, Grid, Key, Section, Square, Words};
use super::{Page, rounded};
use crate::base::format_number::format_number;
use crate::base::range::Range;
use crate::report::chart::{Axis, Chart, Point, Series};
use crate::report::search::{history, outcomes};
use crate::search::{Direction, SearchReport, Strategy, TrialOutcome, TrialRecord};
use anyhow::Result;

/// Of the lines of the parallel coordinates: the good trials, the best one, the others.
const GOOD: usize = 0;
const BEST: usize = 1;
const OTHERS: usize = 7;

pub(crate) fn page(report: &SearchReport) -> Result<String> {
    let keys = [(GOOD, "best quarter of the trials"), (BEST, "the best"), (OTHERS, "others")];
    let mut json = serde_json::to_value(report)?;
    rounded(&mut json);
    Page {
        title: format!("Search: {}", report.workload),
        subtitle: format!("{}, {}: {}", report.method.name(), direction(report), outcomes(report)),
        keys: keys.map(|(number, name)| Key { number, name: name.into() }).into(),
        sections: vec![
            best(report),
            trials_over_time(report)?,
            importance(report),
            coordinates(report)?,
            trials(report),
        ],
        json,
        ..Page::default()
    }
    .html()
}

fn direction(report: &SearchReport) -> String {
    let better = if report.direction == Direction::Maximize { "higher" } else { "lower" };
    format!("{} ({better} is better)", report.metric.name())
}

fn value(record: &TrialRecord) -> f64 {
    record.value.unwrap_or(f64::NAN)
}

fn best(report: &SearchReport) -> Section {
    let best = &report.best;
    let border = report.at_border.iter().map(|name| format!("{name} is at the border of its range: widen it."));
    Section {
        id: "answer",
        heading: "The best",
        boxes: vec![Words {
            label: format!("Trial {}: {} {}", best.trial, report.metric.name(), format_number(value(best))),
            remark: format!("{} steps, digest {}", best.steps, best.digest.as_deref().unwrap_or_default()),
            lines: std::iter::once("The configuration below is a file for train --config.".to_owned())
                .chain(border)
                .collect(),
            ..Words::default()
        }],
        code: Some(report.configuration.clone()),
        ..Section::default()
    }
}

/// Which of the three kinds a trial is of.
fn kind(report: &SearchReport, good: usize, record: &TrialRecord) -> usize {
    if record.trial == report.best.trial {
        BEST
    } else if report.ranked().iter().take(good).any(|other| *other == record) {
        GOOD
    } else {
        OTHERS
    }
}

fn good(report: &SearchReport) -> usize {
    report.ranked().len().div_ceil(4)
}

fn trials_over_time(report: &SearchReport) -> Result<Section> {
    let mut chart = history(report);
    chart.y.label = report.metric.name();
    for series in &mut chart.series {
        series.number = BEST;
    }
    let good = good(report);
    for number in [OTHERS, GOOD, BEST] {
        let records = report.trials.iter().enumerate().filter(|(_, record)| kind(report, good, record) == number);
        let points =
            records.filter(|(_, record)| record.outcome != TrialOutcome::Infeasible).map(|(i, record)| Point {
                x: (i + 1) as f64,
                y: value(record),
                interval: None,
                text: format!("trial {}: {} {}", record.trial, report.metric.name(), format_number(value(record))),
            });
        chart.series.push(Series { number, points: points.collect(), ..Series::default() });
    }
    zoom(&mut chart, report);
    Ok(Section {
        id: "history",
        heading: "History",
        text: "Each training, and the best value so far. Values far worse than most are left out.".into(),
        charts: chart.svg()?.into_iter().map(|svg| Figure { svg, ..Figure::default() }).collect(),
        ..Section::default()
    })
}

/// Leaves out what is so far off that the rest would be a flat line.
fn zoom(chart: &mut Chart, report: &SearchReport) {
    let mut costs: Vec<f64> =
        report.trials.iter().filter_map(|record| record.value).filter(|v| v.is_finite()).collect();
    costs.sort_by(f64::total_cmp);
    if report.direction == Direction::Maximize {
        costs.reverse();
    }
    let (Some(&best), Some(&middle)) = (costs.first(), costs.get(costs.len() / 2)) else { return };
    let most = 4.0 * (middle - best).abs().max(f64::MIN_POSITIVE);
    for series in &mut chart.series {
        series.points.retain(|point| (point.y - best).abs() <= most);
        series.line.retain(|point| (point.1 - best).abs() <= most);
    }
}

/// What a range spans, for people.
fn span(range: &Range) -> String {
    match range {
        Range::Linear(a, b) => format!("{a} to {b}"),
        Range::Log(a, b) => format!("{a} to {b}, log"),
        Range::OneMinusLog(a, b) => format!("{a} to {b}, 1 − log"),
        Range::Integer(a, b) => format!("{a} to {b}"),
        Range::LogInteger(a, b) => format!("{a} to {b}, log"),
        Range::Choice(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
    }
}

fn plain(value: &toml::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn importance(report: &SearchReport) -> Section {
    let rows = report.importance.iter().map(|parameter| {
        let range = report.space.iter().find(|p| p.name == parameter.name).map_or_else(String::new, |p| span(&p.range));
        let best = report.best.values.get(&parameter.name).map_or_else(String::new, plain);
        let bar = match parameter.share {
            Some(share) => Square {
                strength: Some(share.clamp(0.0, 1.0)),
                class: "bar",
                ..Square::number(format!("{share:.2}"), share)
            },
            None => Square { class: "soft", ..Square::text("unknown: too few trials") },
        };
        vec![Square::text(parameter.name.clone()), bar, Square::text(range), Square::text(best)]
    });
    let crowded = if report.method == Strategy::Tpe {
        " These trials crowd where it is good: quasi-random ones tell more."
    } else {
        ""
    };
    Section {
        id: "importance",
        heading: "Importance",
        text: format!(
            "The share of the variance of the trials' ranks that each hyper-parameter explains alone, from 0 to 1.{crowded}"
        ),
        tables: vec![Grid {
            head: ["hyper-parameter", "importance", "range", "best"].map(str::to_owned).into(),
            rows: rows.collect(),
            ..Grid::default()
        }],
        ..Section::default()
    }
}

/// A line for each trial through its coordinates, and at the right its rank.
fn coordinates(report: &SearchReport) -> Result<Section> {
    let ranked = report.ranked();
    let good = good(report);
    let last = (ranked.len().max(2) - 1) as f64;
    let mut names: Vec<String> =
        report.space.iter().map(|p| p.name.rsplit('.').next().unwrap_or(&p.name).to_owned()).collect();
    names.push(report.metric.name());
    let axes = names.len();
    // The best on top of the others.
    let series = ranked.iter().enumerate().rev().map(|(rank, record)| {
        let places = report.space.iter().zip(&record.point).map(|(parameter, &u)| parameter.range.place(u));
        let mut line: Vec<(f64, f64)> = places.enumerate().map(|(d, place)| (d as f64, place)).collect();
        line.push(((axes - 1) as f64, 1.0 - rank as f64 / last));
        let values: Vec<String> =
            record.values.iter().map(|(name, value)| format!("{name} {}", plain(value))).collect();
        let number = if rank == 0 {
            BEST
        } else if rank < good {
            GOOD
        } else {
            OTHERS
        };
        Series {
            number,
            line,
            thin: number == OTHERS,
            text: format!(
                "trial {}: {} {}; {}",
                record.trial,
                report.metric.name(),
                format_number(value(record)),
                values.join(", ")
            ),
            ..Series::default()
        }
    });
    let chart = Chart {
        title: format!("Parallel coordinates: {}", report.workload),
        description: "A line for each complete trial through its hyper-parameters, each from the low end of its range to the high one; at \
            the right its rank, the best at the top."
            .into(),
        x: Axis { ticks: Some((0..axes).map(|d| d as f64).collect()), names: Some(names), ..Axis::linear("") },
        y: Axis {
            ticks: Some(vec![0.0, 1.0]),
            names: Some(vec!["low".into(), "high".into()]),
            ..Axis::linear("share of the range")
        },
        series: series.collect(),
        ..Chart::default()
    };
    Ok(Section {
        id: "coordinates",
        heading: "Parallel coordinates",
        text: "A line for each complete trial, from the low to the high end of each range; at the right its rank, the best at the top. Where \
            the colored lines run together, that value matters."
            .into(),
        charts: chart.svg()?.into_iter().map(|svg| Figure { svg, ..Figure::default() }).collect(),
        ..Section::default()
    })
}

fn trials(report: &SearchReport) -> Section {
    let mut head = vec!["trial".to_owned(), report.metric.name(), "steps".to_owned(), "outcome".to_owned()];
    head.extend(report.space.iter().map(|parameter| parameter.name.clone()));
    let rows = report.trials.iter().map(|record| {
        let outcome = match record.outcome {
            TrialOutcome::Complete => Square::text("complete"),
            TrialOutcome::Censored => Square { class: "soft", ..Square::text("censored") },
            TrialOutcome::Infeasible => Square { class: "bad", ..Square::text("infeasible") },
        };
        let mut row = vec![
            Square {
                class: if record.trial == report.best.trial { "tie" } else { "" },
                ..Square::number(record.trial.to_string(), record.trial as f64)
            },
            record.value.map_or_else(|| Square::text("–"), |v| Square::number(format_number(v), v)),
            Square::number(record.steps.to_string(), record.steps as f64),
            outcome,
        ];
        row.extend(report.space.iter().map(|parameter| {
            let value = record.values.get(&parameter.name);
            let text = value.map_or_else(String::new, plain);
            match value.and_then(|v| v.as_float().or_else(|| v.as_integer().map(|i| i as f64))) {
                Some(number) => Square::number(text, number),
                None => Square::text(text),
            }
        }));
        row
    });
    Section {
        id: "trials",
        heading: "Trials",
        tables: vec![Grid { head, rows: rows.collect(), ..Grid::default() }],
        ..Section::default()
    }
}
