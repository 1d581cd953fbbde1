//! The page of a sweep.

use super::parts::{Choice, Key, Place, Section, Words};
use super::source::{PLACES, Source};
use super::{Page, branches, figures, losses, noise, rounded, tables};
use crate::base::format_number::{are, count, percent};
use crate::report::chart::file;
use crate::study::answer::{hardest_reached, machine_name};
use crate::study::result::Report;
use crate::study::store::Records;
use anyhow::Result;
use serde_json::Value;

/// The page of a report and the records it is of.
pub(crate) fn page(report: &Report, records: &Records) -> Result<String> {
    let source = Source::new(report, records);
    let study = &report.study;
    let choice = |workload: &crate::study::result::WorkloadReport| Choice {
        name: workload.facts.name.clone(),
        targets: workload.targets.iter().map(|target| format!("{} left", percent(target.share))).collect(),
    };
    let keys = source.series.iter().enumerate().map(|(number, name)| Key { number, name: name.clone() });
    let page = Page {
        title: format!("Sweep: {}", study.name),
        subtitle: format!(
            "{} repeats of each tuned point with fresh seeds; intervals of 95 %. {}",
            study.repeats,
            report.throughput.as_ref().map_or_else(
                || "No steps were timed.".to_owned(),
                |t| format!("Times are of {}.", machine_name(&t.session))
            )
        ),
        alarms: alarms(report),
        choices: report.workloads.iter().map(choice).collect(),
        shown: report.workloads.first().map(|workload| (0, hardest_reached(workload))),
        keys: keys.collect(),
        sections: [
            Some(answer(report)),
            Some(figures::steps(&source)?),
            Some(tables::heat_map(&source)),
            Some(figures::throughput(&source)?),
            Some(figures::rates(&source)?),
            Some(losses::losses(&source)?),
            noise::noise(&source)?,
            branches::branches(&source)?,
            Some(tables::duels(&source)),
            Some(tables::check(report)),
            Some(tables::again(report)),
        ]
        .into_iter()
        .flatten()
        .collect(),
        json: embedded(report)?,
    };
    page.html()
}

/// Steps to the hardest target that was reached over batch size, as an SVG: a chart for each workload.
pub(crate) fn svg(report: &Report, records: &Records) -> Result<String> {
    let source = Source::new(report, records);
    let hardest = |w: usize| hardest_reached(&report.workloads[w]);
    let charts = figures::step_charts(&source).into_iter().filter(|(w, t, _)| *t == hardest(*w));
    file(&charts.map(|(_, _, chart)| chart).collect::<Vec<_>>())
}

/// What is wrong with the report as a whole.
fn alarms(report: &Report) -> Vec<String> {
    let mut alarms = vec![];
    if report.self_check.as_ref().is_some_and(|check| !check.ok()) {
        alarms.push(
            "The self-check failed: known quantities were measured wrongly, so believe nothing here before you know why.".into(),
        );
    }
    if report.missing.cells > 0 {
        alarms.push(format!(
            "{} not finished: the same sweep goes on with what is missing.",
            are(report.missing.cells, "cell")
        ));
    }
    if report.missing.timings > 0 {
        alarms.push(format!(
            "The steps of {} are not timed on this report's machine.",
            count(report.missing.timings, "cell")
        ));
    }
    alarms
}

fn answer(report: &Report) -> Section {
    let mut boxes = vec![];
    for (w, workload) in report.workloads.iter().enumerate() {
        let facts = &workload.facts;
        for (t, answer) in workload.answers.iter().enumerate().rev() {
            boxes.push(Words {
                place: Place::target(w, t),
                label: format!("{}, {}", facts.name, answer.target),
                remark: format!(
                    "{}, {} parameters, {} training rows",
                    facts.model, facts.parameters, facts.training.rows
                ),
                lines: answer.sentences().into_iter().map(str::to_owned).collect(),
            });
        }
    }
    Section { id: "answer", heading: "The answer", boxes, ..Section::default() }
}

/// What the page does not show is in report.json: single runs, trials, rounds.
const LEFT_OUT: [&str; 20] = [
    "canonical_model",
    "curve",
    "expected_running_time",
    "flops_per_second",
    "bytes_per_second",
    "good_rates",
    "lower_quartile",
    "profiles",
    "regret",
    "relaxed",
    "residuals",
    "rounds",
    "rule",
    "runs",
    "sha256",
    "success",
    "trials",
    "upper_quartile",
    "variance_removed_by_pairing",
    "vertex",
];

/// The report without what is left out, with four digits: a page should be small.
fn embedded(report: &Report) -> Result<Value> {
    let mut value = serde_json::to_value(report)?;
    strip(&mut value);
    rounded(&mut value);
    Ok(value)
}

fn strip(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|key, value| {
                // The curve of a fit has parameters, that of tuning is a list; the rule of a coupling has a name, that of tuning numbers.
                let kept = key == "curve" && value.is_object() || key == "rule" && value.is_string();
                kept || !LEFT_OUT.contains(&key.as_str())
            });
            if let Some(Value::Array(places)) = map.get_mut("places") {
                places.truncate(PLACES);
            }
            map.values_mut().for_each(strip);
        }
        Value::Array(values) => values.iter_mut().for_each(strip),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::number::Number;
    use crate::study::fake;

    #[test]
    fn batch_sizes_that_were_measured_have_all_their_digits_and_one_is_no_plural() {
        let mut report = fake::report(true);
        let curves = report.workloads.iter_mut().flat_map(|workload| &mut workload.curves);
        curves.for_each(|curve| curve.measured_fastest = Some(1024));
        let time = report.workloads[0].targets[0].time.as_mut().unwrap();
        time.places[1].ratio.high = Number(f64::INFINITY);
        report.missing.cells = 1;
        let page = page(&report, &fake::records(&fake::facts())).unwrap();
        for part in [">1024<", ", ∞]<", "1 cell is not finished"] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains(">1.02k<") && !page.contains("inf]"));
    }
}
