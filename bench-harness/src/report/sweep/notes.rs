//! What a reader has to know of a report: its signs, how it was measured, what is wrong.

use super::grid::{Grid, strings};
use crate::base::format_number::{are, count, counted, digits};
use crate::study::answer::machine_name;
use crate::study::curve_report::CurveReport;
use crate::study::result::{CellReport, Report, WorkloadReport};
use crate::study::self_check::{Check, SelfCheck};
use std::collections::BTreeSet;

pub(super) fn legend(report: &Report) -> Vec<String> {
    let mut lines = vec![
        "* winner: told from all others (95 %)   = tied: each may be the best".to_owned(),
        "  by ratios over the same seeds, allowing for tuning; not by the intervals shown".to_owned(),
        "! the best rate is the lowest or the highest that was tried".to_owned(),
        "[low, high]: where it is with 95 %, in its unit: 1.7k [0.3, 28] ends at 28k".to_owned(),
        "k M: thousands, millions; a miss counts as infinite".to_owned(),
    ];
    let any = |of: fn(&CurveReport) -> bool| report.workloads.iter().flat_map(|workload| &workload.curves).any(of);
    if any(|curve| !curve.steps.is_empty()) {
        lines.push("B_crit: where half of the steps are ones that no batch saves, by the best fit".into());
        lines.push("B₂₀: the largest batch with at most 20 % more samples than the best, by no fit".into());
    }
    if any(|curve| !curve.steps.is_empty() && curve.critical_batch_size.is_none()) {
        lines.push("?: the steps do not tell it".into());
    }
    if any(|curve| curve.rate_exponent.is_some()) {
        lines.push("p of c·B^p: how the best rate grows; 1: linear, 0.5: square-root rule".into());
    }
    if any(|curve| curve.critical_extrapolated) {
        lines.push("^ extrapolated: beyond the batch sizes that reached the target".into());
    }
    if any(|curve| !curve.steps.is_empty() && !curve.missed.is_empty()) {
        lines.push("missed: batch sizes at which most runs missed the target, which no fit has".into());
    }
    if report.workloads.iter().any(|workload| !workload.noise.is_empty()) {
        lines.push("B_simple, B_sign: noise scales; log₁₀: of the ratio to B_crit, in decades".into());
    }
    if let Some(throughput) = &report.throughput {
        lines.push("time to target: steps times the time of a step; marks: by time".into());
        lines.push(format!("times are of {}", machine_name(&throughput.session)));
    } else {
        lines.push("marks: by steps".into());
    }
    lines
}

pub(super) fn measured(report: &Report) -> Vec<String> {
    let mut lines = vec![format!(
        "study {:?}, seed {}, data seed {}; protocol {}, values {}, analysis {}",
        report.study.name,
        report.study.seed,
        report.study.data_seed,
        report.protocol_version,
        report.value_version,
        report.analysis_version
    )];
    if let Some(throughput) = &report.throughput {
        let session = &throughput.session;
        let environment = &session.environment;
        lines.push(format!("{}, {}, {}", environment.cpu, environment.isa, count(environment.threads, "thread")));
        let best = &session.limits[0];
        let memory: Vec<String> = (best.bandwidths.iter())
            .map(|b| {
                format!(
                    "{} {}",
                    b.level.clone().unwrap_or_else(|| format!("{} KiB", b.bytes >> 10)),
                    digits(b.copy / 1e9, 3)
                )
            })
            .collect();
        lines.push(format!(
            "one thread: {} GFLOP/s at best, copies GB/s: {}",
            digits(best.peak_flops / 1e9, 3),
            memory.join(", ")
        ));
        let disturbance = throughput.disturbance;
        let known = |value: Option<u64>| value.map_or("?".to_owned(), |value| value.to_string());
        lines.push(format!(
            "timed for {} s: load {}, {}, {} stolen",
            digits(throughput.seconds, 3),
            disturbance.load.map_or("?".to_owned(), |load| load.to_string()),
            counted(known(disturbance.involuntary_switches), "involuntary switch", "involuntary switches"),
            count(known(disturbance.stolen_ticks), "tick")
        ));
    }
    match &report.self_check {
        None => lines.push("no self-check".into()),
        Some(check) => {
            let right = check.checks.iter().filter(|check| check.ok).count();
            lines.push(format!("self-check: {right} of {} quantities are as their formulas say", check.checks.len()));
        }
    }
    let no_noise: usize = report.workloads.iter().map(winners_without_noise).sum();
    if no_noise > 0 {
        lines.push(format!("no noise scale of {}: the same sweep measures it", count(no_noise, "winning run")));
    }
    if report.missing.cells > 0 {
        lines.push(format!(
            "{} not finished: the same sweep goes on with what is missing",
            are(report.missing.cells, "cell")
        ));
    }
    if report.missing.timings > 0 {
        lines.push(format!("{} not timed on that machine", are(report.missing.timings, "cell")));
    }
    lines
}

/// Optimizers that reached a target, so that a sweep measures the noise along the best of their runs, and of which there is none.
fn winners_without_noise(workload: &WorkloadReport) -> usize {
    let reached = |cell: &&CellReport| cell.targets.iter().any(|target| target.steps.median.0.is_finite());
    let winners: BTreeSet<_> =
        workload.cells.iter().filter(reached).map(|cell| (&cell.optimizer, &cell.variant)).collect();
    let measured =
        |winner: &(&String, &String)| workload.noise.iter().any(|noise| (&noise.optimizer, &noise.variant) == *winner);
    winners.iter().filter(|winner| !measured(winner)).count()
}

/// What of the self-check failed.
pub(super) fn alarms(report: &Report) -> Vec<String> {
    let checks = report.self_check.iter().flat_map(|check| &check.checks).filter(|check| !check.ok);
    let alarm = |check: &Check| {
        format!(
            "SELF-CHECK FAILED: {}: {} [{}, {}], not {}",
            check.name,
            digits(check.measured, 4),
            digits(check.low, 4),
            digits(check.high, 4),
            digits(check.expected, 4)
        )
    };
    checks.map(alarm).collect()
}

pub(super) fn self_check(check: &SelfCheck) -> Grid {
    let row = |check: &Check| {
        vec![
            check.name.clone(),
            format!("{} [{}, {}]", digits(check.measured, 4), digits(check.low, 4), digits(check.high, 4)),
            digits(check.expected, 4),
            if check.ok { "holds" } else { "DOES NOT HOLD" }.to_owned(),
        ]
    };
    let header = strings(&["quantity", "measured", "expected", ""]);
    Grid { header, rows: check.checks.iter().map(row).collect(), words: 1 }
}
