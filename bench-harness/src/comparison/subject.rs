//! A report as it is compared, of whatever command.

use crate::base::format_number::count;
use crate::base::text_file::read_text;
use crate::environment::Environment;
use crate::study::facts::WorkloadFacts;
use crate::study::result::{CellReport, Report, SCHEMA_VERSION};
use crate::timing::result::{BenchReport, CaseReport};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use simdescent_measure::statistics::median;
use std::path::Path;

/// A report: what it was measured on, and the times that it has.
pub(crate) struct Subject {
    pub(crate) name: String,
    pub(crate) environment: Option<Environment>,
    /// Flops per second of multiply-adds.
    pub(crate) peak_flops: Option<f64>,
    /// Why its times are doubtful, if they are.
    pub(crate) disturbed: Option<String>,
    /// Whether a control found the machine fair; a sweep has none.
    pub(crate) quiet: bool,
    pub(crate) cases: Vec<Case>,
    /// The sweep it is of, if it is of one and not of a bench.
    pub(crate) sweep: Option<Box<Report>>,
}

/// Something that was timed.
pub(crate) struct Case {
    pub(crate) name: String,
    /// Of a sweep's cell, whose name does not tell it: cells of other models do other work. The name of a bench's case tells all.
    pub(crate) model: String,
    /// Of a step in each round of a sweep, of a call in each process of a bench.
    pub(crate) seconds: Vec<f64>,
    pub(crate) limits: Vec<Limit>,
}

/// What a machine allows, and how much of it was reached.
pub(crate) struct Limit {
    pub(crate) name: String,
    /// Per second.
    pub(crate) rate: f64,
    pub(crate) share: f64,
}

impl Subject {
    /// Reads a report, or that of a folder.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let file = if path.is_dir() { path.join("report.json") } else { path.to_owned() };
        let name = || file.display().to_string();
        let value: Value = serde_json::from_str(&read_text(&file)?).with_context(name)?;
        match value["schema_version"].as_u64() {
            Some(version) if version == u64::from(SCHEMA_VERSION) && value["workloads"].is_array() => {
                Ok(Self::of_sweep(name(), serde_json::from_value(value).with_context(name)?))
            }
            Some(version) if value["workloads"].is_array() => bail!(
                "{}: schema version {version}, this program compares {SCHEMA_VERSION}: make the report anew from its records with `simdescent report DIR`",
                name()
            ),
            _ if value["kind"] == "bench" => {
                Ok(Self::of_bench(name(), &serde_json::from_value(value).with_context(name)?))
            }
            _ => bail!("{}: no report of a sweep or a bench", name()),
        }
    }

    pub(crate) fn of_sweep(name: String, report: Report) -> Self {
        let cases = report.workloads.iter().flat_map(|workload| {
            workload.cells.iter().filter_map(|cell| {
                let times = cell.throughput.as_ref()?;
                // The report's shares are of the median, ratios are of geometric means.
                let logs: f64 = times.rounds.iter().map(|&seconds| libm::log(seconds)).sum();
                let mean = libm::exp(logs / times.rounds.len() as f64);
                let to_mean = median(times.rounds.clone()) / mean;
                let limit = |name: &str, rate: f64, share: f64| Limit {
                    name: name.into(),
                    rate: rate / share,
                    share: share * to_mean,
                };
                Some(Case {
                    name: cell_name(&workload.facts.name, cell),
                    model: model(&workload.facts),
                    seconds: times.rounds.clone(),
                    limits: vec![
                        limit("FMA peak", times.flops_per_second, times.share_of_peak),
                        limit("bandwidth", times.bytes_per_second, times.share_of_bandwidth),
                    ],
                })
            })
        });
        let session = report.throughput.as_ref();
        let peak = session.map(|timed| timed.session.limits.iter().map(|limits| limits.peak_flops).fold(0.0, f64::max));
        Self {
            name,
            environment: session.map(|timed| timed.session.environment.clone()),
            peak_flops: peak,
            disturbed: disturbed(&report),
            quiet: true,
            cases: cases.collect(),
            sweep: Some(Box::new(report)),
        }
    }

    /// Our own times; those of other libraries are theirs.
    pub(crate) fn of_bench(name: String, report: &BenchReport) -> Self {
        let case = |case: &CaseReport| {
            let (ours, limit) = (case.ours(), &case.limit);
            Case {
                name: case.full_name(),
                model: String::new(),
                seconds: ours.by_process.clone(),
                limits: vec![Limit { name: limit.name.clone(), rate: 1.0 / limit.seconds, share: ours.share_of_limit }],
            }
        };
        let seen = &report.disturbances;
        let stolen = seen.rounds_with_stolen_time.filter(|&rounds| 10 * rounds > seen.rounds);
        Self {
            name,
            environment: Some(report.environment.clone()),
            peak_flops: report.limits.first().map(|limits| limits.peak_flops_f32),
            disturbed: stolen
                .map(|rounds| format!("time was stolen by the host in {rounds} of {} rounds", seen.rounds)),
            quiet: report.control.quiet,
            cases: report.cases.iter().map(case).collect(),
            sweep: None,
        }
    }
}

impl Case {
    /// Whether it is the same work.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.name == other.name && self.model == other.model
    }
}

/// Optimizer and batch size on a workload.
pub(crate) fn cell_name(workload: &str, cell: &CellReport) -> String {
    let variant = if cell.variant.is_empty() { String::new() } else { format!(" ({})", cell.variant) };
    format!("{workload}, {}{variant}, batch {}", cell.optimizer, cell.batch_size)
}

/// What a step of a workload computes, for people.
pub(crate) fn model(facts: &WorkloadFacts) -> String {
    format!("{} with {}", facts.model, count(facts.parameters, "parameter"))
}

/// What disturbed the session, if it was more than a quiet machine has.
fn disturbed(report: &Report) -> Option<String> {
    let timed = report.throughput.as_ref()?;
    let seen = &timed.disturbance;
    let cores = timed.session.environment.logical_cores as f64;
    let stolen = seen.stolen_ticks.map_or(0.0, |ticks| ticks as f64 / 100.0 / timed.seconds);
    let mut found = vec![];
    if let Some(load) = seen.load.filter(|&load| load > cores) {
        found.push(format!("load {load} on {cores} cores"));
    }
    if stolen > 0.01 {
        found.push(format!("{:.0} % of the time stolen by the host", 100.0 * stolen));
    }
    let [before, after] = &timed.session.limits;
    let drift = (before.peak_flops / after.peak_flops).max(after.peak_flops / before.peak_flops);
    if drift > 1.1 {
        found.push(format!("the FMA peak changed by {:.0} %", 100.0 * (drift - 1.0)));
    }
    (!found.is_empty()).then(|| found.join(", "))
}
