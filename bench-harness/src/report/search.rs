//! What a search found, as text and as a picture.

use super::chart::{Axis, Chart, Series, file};
use super::format_number::format_number;
use crate::search::{Direction, Objective, SearchReport, Strategy, TrialOutcome, TrialRecord};
use comfy_table::{CellAlignment, Table, presets};
use std::fmt::Write;

/// Trials in the printed table.
const ROWS: usize = 10;

/// Everything but where files were written.
pub(crate) fn text(report: &SearchReport) -> String {
    let SearchReport { metric, trials, best, .. } = report;
    let direction = if report.direction == Direction::Maximize { "higher" } else { "lower" };
    let of = if *metric == Objective::BestLoss {
        ""
    } else {
        " of the weights kept: the best with --patience, else the last"
    };
    let mut text = format!(
        "{}: {}, {} ({direction} is better){of}\n{}\n{}\n",
        report.workload,
        report.method.name(),
        metric.name(),
        outcomes(report),
        table(report)
    );
    let mut line = |line: String| writeln!(text, "{line}").expect("a string takes all");
    if let Some(record) = trials.iter().find(|record| record.outcome == TrialOutcome::Infeasible) {
        line(format!("infeasible: trial {}: {}", record.trial, record.reason.as_deref().unwrap_or_default()));
    }
    line("\nimportance: share of the variance of the trials' ranks that each explains alone".into());
    if report.method == Strategy::Tpe {
        line("  (these trials crowd where it is good: quasi-random ones tell more)".into());
    }
    for parameter in &report.importance {
        let share = parameter.share.map_or("unknown: too few trials".into(), |share| format!("{share:.2}"));
        line(format!("  {:<32} {share}", parameter.name));
    }
    line(format!(
        "\nbest: trial {}, {} {}, digest {}",
        best.trial,
        metric.name(),
        format_number(best.value.unwrap_or(f64::NAN)),
        best.digest.as_deref().unwrap_or_default()
    ));
    for name in &report.at_border {
        line(format!("{name} is at the border of its range: widen it"));
    }
    text
}

/// How many trials had which end: what became of a trial is its last record.
pub(crate) fn outcomes(report: &SearchReport) -> String {
    let trials = &report.trials;
    let last =
        |record: &TrialRecord| !trials.iter().any(|other| other.trial == record.trial && other.rung > record.rung);
    let count = |outcome| trials.iter().filter(|record| record.outcome == outcome && last(record)).count();
    let [complete, censored, infeasible] =
        [TrialOutcome::Complete, TrialOutcome::Censored, TrialOutcome::Infeasible].map(count);
    format!("{complete} complete, {censored} censored, {infeasible} infeasible")
}

/// The best trials.
fn table(report: &SearchReport) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let names = report.space.iter().map(|p| p.name.as_str());
    table.set_header(["trial", &report.metric.name(), "steps"].into_iter().chain(names));
    for record in report.ranked().iter().take(ROWS) {
        let value = format_number(record.value.unwrap_or(f64::NAN));
        let values = record.values.values().map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned));
        table.add_row([record.trial.to_string(), value, record.steps.to_string()].into_iter().chain(values));
    }
    table.column_iter_mut().for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// The best value so far over the trainings, as an SVG.
pub(crate) fn svg(report: &SearchReport) -> anyhow::Result<String> {
    file(&[history(report)])
}

/// The best value so far over the trainings.
pub(crate) fn history(report: &SearchReport) -> Chart {
    // In steps: between two trainings nothing is found.
    let mut line: Vec<(f64, f64)> = vec![];
    for best in &report.best_so_far {
        let x = best.trainings as f64;
        line.extend(line.last().map(|&(_, before)| (x, before)));
        line.push((x, best.value));
    }
    line.dedup();
    Chart {
        title: format!("{} search: {}", report.method.name(), report.workload),
        description: "The best value so far over the trainings.".into(),
        x: Axis::linear("trainings"),
        y: Axis::linear(&format!("best {}", report.metric.name())),
        series: vec![Series { line, ..Series::default() }],
        ..Chart::default()
    }
}
