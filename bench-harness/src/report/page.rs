//! `report.html`: the whole evidence in one file, without network or script needed.

mod chart;
mod figures;
mod parts;
mod tables;

use super::answer::{answers, hardest_reached};
use crate::study::result::{Report, WorkloadReport};
use crate::study::store::Records;
use anyhow::Result;
use askama::Template;
use chart::COLORS;
use parts::{CheckRow, Section, Source, series_name};

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    title: String,
    subtitle: String,
    /// For people, from the easiest.
    targets: Vec<String>,
    /// The target that is shown first.
    shown: usize,
    workloads: Vec<WorkloadHead>,
    optimizers: Vec<OptimizerHead>,
    sections: Vec<Section>,
    checks: Vec<CheckRow>,
    machine: Vec<(String, String)>,
    command: String,
    json: String,
}

struct WorkloadHead {
    name: String,
    description: String,
    answers: Vec<AnswerBox>,
}

struct AnswerBox {
    target: usize,
    label: String,
    lines: Vec<String>,
}

struct OptimizerHead {
    number: usize,
    name: String,
    color: &'static str,
}

/// The page of a report and the records it is of.
pub(crate) fn page(report: &Report, records: &Records) -> Result<String> {
    let mut series: Vec<String> = vec![];
    for cell in report.workloads.iter().flat_map(|workload| &workload.cells) {
        let name = series_name(&cell.optimizer, &cell.variant);
        if !series.contains(&name) {
            series.push(name);
        }
    }
    let records = records.iter().map(|record| (record.key.as_str(), record)).collect();
    let source = Source { report, records, series };
    let study = &report.study;
    let environment = report.throughput.as_ref().map(|throughput| &throughput.session);
    let share = |share: &f64| format!("{} % of the gap left", super::format_number::format_setting(100.0 * share));
    let head = |workload: &WorkloadReport| {
        let count = workload.targets.len();
        let boxes = answers(workload).into_iter().enumerate().map(|(i, answer)| {
            let lines = [answer.time, answer.samples, answer.steps].into_iter().flatten();
            let mut lines: Vec<String> = lines.map(|line| capital(&line)).collect();
            if lines.is_empty() {
                lines.push("No cell reached this target with most of its runs.".into());
            }
            AnswerBox { target: count - 1 - i, label: answer.target, lines }
        });
        WorkloadHead {
            name: workload.facts.name.clone(),
            description: format!(
                "{}, {} parameters, {} training rows",
                workload.facts.model, workload.facts.parameters, workload.facts.training.rows
            ),
            answers: boxes.collect(),
        }
    };
    let optimizers = source.series.iter().enumerate();
    let optimizers = optimizers.map(|(number, name)| OptimizerHead {
        number,
        name: name.clone(),
        color: COLORS[number % COLORS.len()],
    });
    let page = Page {
        title: format!("Sweep: {}", study.name),
        subtitle: format!(
            "protocol {}, values {}, seed {}, data seed {}; {} repeats of each tuned point, intervals of 95 %",
            report.protocol_version, report.value_version, study.seed, study.data_seed, study.repeats
        ),
        targets: study.targets.iter().map(share).collect(),
        shown: report.workloads.iter().map(hardest_reached).min().unwrap_or(0),
        workloads: report.workloads.iter().map(head).collect(),
        optimizers: optimizers.collect(),
        sections: [
            Some(figures::steps(&source)?),
            Some(tables::heat_map(&source)),
            Some(figures::throughput(&source)?),
            Some(figures::rates(&source)?),
            tables::coupling(&source),
            Some(figures::losses(&source)?),
            Some(tables::critical(&source)),
            Some(tables::duels(&source)),
        ]
        .into_iter()
        .flatten()
        .collect(),
        checks: tables::checks(report),
        machine: environment.map(tables::machine).unwrap_or_default(),
        command: tables::command(report),
        json: embedded(report)?,
    };
    Ok(page.render()?)
}

/// The report without single runs, trials, rounds and places, which are in report.json: a page should be small.
fn embedded(report: &Report) -> Result<String> {
    let mut value = serde_json::to_value(report)?;
    strip(&mut value);
    // A script element ends at the first such tag, wherever it stands.
    Ok(value.to_string().replace("</", "<\\/"))
}

fn strip(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Object(map) => {
            for key in [
                "runs",
                "places",
                "relaxed",
                "trials",
                "rounds",
                "residuals",
                "curve",
                "good_rates",
                "regret",
                "vertex",
                "lower_quartile",
                "upper_quartile",
                "expected_running_time",
                "profiles",
                "variance_removed_by_pairing",
            ] {
                // The curve of a fit has parameters, that of tuning is a list.
                if map.get(key).is_some_and(|value| key != "curve" || value.is_array()) {
                    map.remove(key);
                }
            }
            map.values_mut().for_each(strip);
        }
        serde_json::Value::Array(values) => values.iter_mut().for_each(strip),
        // Five digits say what a page shows.
        serde_json::Value::Number(number) if number.is_f64() => {
            let rounded = number.as_f64().and_then(|x| format!("{x:.4e}").parse::<f64>().ok());
            if let Some(rounded) = rounded.and_then(serde_json::Number::from_f64) {
                *number = rounded;
            }
        }
        _ => {}
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
