//! What a search found, as text, JSON, a configuration and a picture.

use super::importance::{first_order, ranks};
use super::trial::{Outcome, Record, Study};
use crate::cli::SearchOptions;
use crate::plot::{self, Plot};
use crate::shown::shown;
use anyhow::{Context, Result, bail};
use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};

/// Trials in the printed table.
const ROWS: usize = 10;

/// Prints `records`, in the order in which they were made.
pub(super) fn write(options: &SearchOptions, study: &Study<'_>, search: &str, records: &[Record]) -> Result<()> {
    let metric = options.metric;
    let cost = |record: &Record| record.value.map(|value| metric.cost(value));
    let complete = records.iter().filter(|record| record.outcome == Outcome::Complete);
    let best = complete.min_by(|a, b| cost(a).unwrap_or(f64::NAN).total_cmp(&cost(b).unwrap_or(f64::NAN)));
    let Some(best) = best else {
        let reason = records.iter().find_map(|record| record.reason.as_deref()).unwrap_or("there are none");
        bail!("no trial came to its end, the first because: {reason}");
    };
    let at_border = at_border(study, best);
    let configuration = toml::to_string(&study.configuration(&best.values)?)?;
    let importance = importance(study, records, &cost);
    let curve = best_so_far(records, &cost);
    if let Some(path) = &options.best {
        std::fs::write(path, &configuration).with_context(|| format!("cannot write {}", path.display()))?;
    }
    if let Some(path) = &options.svg {
        let points = curve.iter().map(|&(n, cost)| (n as f64, metric.cost(cost))).collect();
        let plot = Plot {
            title: &format!("{} search: {}", options.method.name(), study.data.name),
            x_label: "trainings",
            y_label: &format!("best {}", metric.name()),
            log_x: false,
            curves: &[("best so far", points)],
            mark: None,
        };
        plot::write(path, &[plot])?;
    }
    if options.output.json {
        let report = json!({
            "schema_version": 1,
            "workload": study.data.name,
            "method": options.method,
            "metric": metric,
            "direction": if metric.is_maximised() { "maximize" } else { "minimize" },
            "search": search,
            "space": study.space.parameters,
            "best": best,
            "at_border": at_border,
            "configuration": configuration,
            "importance": importance.iter().map(|(name, share)| json!({ "name": name, "share": share })).collect::<Value>(),
            "best_so_far": curve.iter().map(|&(n, cost)| json!({ "trainings": n, "value": metric.cost(cost) })).collect::<Value>(),
            "trials": records,
        });
        println!("{report:#}");
        return Ok(());
    }
    // What became of a trial is its last record.
    let last = |record: &Record| !records.iter().any(|other| other.trial == record.trial && other.rung > record.rung);
    let count = |outcome| records.iter().filter(|record| record.outcome == outcome && last(record)).count();
    println!(
        "{}: {}, {} ({} is better){}",
        study.data.name,
        options.method.name(),
        metric.name(),
        direction(metric),
        if metric == super::Metric::BestLoss {
            ""
        } else {
            " of the weights kept: the best with --patience, else the last"
        }
    );
    println!(
        "{} complete, {} censored, {} infeasible",
        count(Outcome::Complete),
        count(Outcome::Censored),
        count(Outcome::Infeasible)
    );
    println!("{}", table(study, records, &cost));
    if let Some(record) = records.iter().find(|record| record.outcome == Outcome::Infeasible) {
        println!("infeasible: trial {}: {}", record.trial, record.reason.as_deref().unwrap_or_default());
    }
    println!("\nimportance: share of the variance of the trials' ranks that each explains alone");
    if options.method == super::Method::Tpe {
        println!("  (these trials crowd where it is good: quasi-random ones tell more)");
    }
    for (name, share) in &importance {
        println!("  {name:<32} {}", share.map_or("unknown: too few trials".into(), |share| format!("{share:.2}")));
    }
    println!(
        "\nbest: trial {}, {} {}, digest {}",
        best.trial,
        metric.name(),
        shown(best.value.unwrap_or(f64::NAN)),
        digest(best)
    );
    for name in at_border {
        println!("{name} is at the border of its range: widen it");
    }
    match &options.best {
        Some(path) => println!("for train --config: {}", path.display()),
        None => println!("for train --config (or into a file with --best):\n\n{configuration}"),
    }
    if let Some(path) = &options.svg {
        println!("plot: {}", path.display());
    }
    Ok(())
}

fn direction(metric: super::Metric) -> &'static str {
    if metric.is_maximised() { "higher" } else { "lower" }
}

fn digest(record: &Record) -> &str {
    record.digest.as_deref().unwrap_or_default()
}

/// Numbers of a trial in the outermost twentieths of their ranges.
fn at_border<'s>(study: &'s Study<'_>, record: &Record) -> Vec<&'s str> {
    let parameters = study.space.parameters.iter().zip(&record.point);
    let outside = parameters.filter(|(p, u)| p.range.choices().is_none() && !(0.05..0.95).contains(*u));
    outside.map(|(p, _)| p.name.as_str()).collect()
}

/// Of the first rung, where every trial had the same share of its steps; the most important first.
fn importance<'s>(
    study: &'s Study<'_>,
    records: &[Record],
    cost: &dyn Fn(&Record) -> Option<f64>,
) -> Vec<(&'s str, Option<f64>)> {
    let first: Vec<&Record> = records.iter().filter(|record| record.rung == 0).collect();
    let ranks = ranks(&first.iter().map(|record| cost(record)).collect::<Vec<_>>());
    let share = |(d, parameter): (usize, &'s super::space::Parameter)| {
        let x: Vec<f64> = first.iter().map(|record| record.point[d]).collect();
        (parameter.name.as_str(), first_order(&x, &ranks, parameter.range.choices()))
    };
    let mut shares: Vec<_> = study.space.parameters.iter().enumerate().map(share).collect();
    shares.sort_by(|a, b| b.1.unwrap_or(0.0).total_cmp(&a.1.unwrap_or(0.0)));
    shares
}

/// (how many trainings, the lowest cost of a complete one among them), from the first complete one on.
fn best_so_far(records: &[Record], cost: &dyn Fn(&Record) -> Option<f64>) -> Vec<(usize, f64)> {
    let mut lowest = f64::INFINITY;
    let step = |(i, record): (usize, &Record)| {
        if let Some(cost) = cost(record).filter(|_| record.outcome == Outcome::Complete) {
            lowest = lowest.min(cost);
        }
        (i + 1, lowest)
    };
    records.iter().enumerate().map(step).filter(|(_, cost)| cost.is_finite()).collect()
}

/// The best trials.
fn table(study: &Study<'_>, records: &[Record], cost: &dyn Fn(&Record) -> Option<f64>) -> String {
    let mut ranked: Vec<&Record> = records.iter().filter(|record| record.outcome == Outcome::Complete).collect();
    ranked.sort_by(|a, b| cost(a).unwrap_or(f64::NAN).total_cmp(&cost(b).unwrap_or(f64::NAN)));
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let names = study.space.parameters.iter().map(|p| p.name.as_str());
    table.set_header(["trial", &study.metric.name(), "steps"].into_iter().chain(names));
    for record in ranked.iter().take(ROWS) {
        let value = shown(record.value.unwrap_or(f64::NAN));
        let values = record.values.values().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
        table.add_row([record.trial.to_string(), value, record.steps.to_string()].into_iter().chain(values));
    }
    table.column_iter_mut().for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}
