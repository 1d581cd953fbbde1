//! What the tables of a sweep say.

use super::super::format_number::{digits, format_rate, percent, si, si_interval, si_unit};
use super::grid::Grid;
use crate::study::answer::hardest_reached;
use crate::study::definition::LossOn;
use crate::study::facts::{ReferenceSource, WorkloadFacts};
use crate::study::noise_report::NoiseReport;
use crate::study::record::Outcome;
use crate::study::result::{
    CellReport, CellTarget, Place, Profile, Quantity, Ranking, Report, Spread, TargetReport, Verdict, WorkloadReport,
};

/// A piece of a report.
pub(super) enum Part {
    Heading(String),
    Lines(Vec<String>),
    Grid(Grid),
}

/// Columns of a terminal.
const TERMINAL: usize = 80;
/// Cells that a ranking shows of each target.
const SHOWN: usize = 5;

/// All pieces in order.
pub(super) fn parts(report: &Report) -> Vec<Part> {
    let mut parts = vec![];
    for workload in report.workloads.iter().filter(|workload| !workload.cells.is_empty()) {
        let hardest = hardest_reached(workload);
        parts.push(Part::Heading(heading(&workload.facts)));
        parts.push(Part::Lines(description(report, workload, hardest)));
        parts.push(Part::Grid(cells(workload, hardest)));
        parts.push(Part::Lines(vec!["Best for each target, with the ratio of medians to the first:".into()]));
        parts.push(Part::Grid(rankings(report, workload)));
        if let Some(noise) = noise(workload, hardest) {
            parts.push(Part::Lines(vec![
                "Noise scale where the target is reached, in samples, by the best run of each,".into(),
                "beside the critical batch size, in orders of magnitude:".into(),
            ]));
            parts.push(Part::Grid(noise));
        }
    }
    if report.profiles.iter().any(|profiles| !profiles.is_empty()) {
        parts.push(Part::Heading("All workloads".into()));
        parts.push(Part::Lines(vec![
            "How near to the best optimizer, 0: never within 4 times, 1: always the best,".into(),
            format!("by steps at each batch size, and by {} at the best one:", best_by(report).1),
        ]));
        parts.push(Part::Grid(profiles(report)));
    }
    parts.push(Part::Heading("Legend".into()));
    parts.push(Part::Lines(legend(report)));
    parts.push(Part::Heading("How it was measured".into()));
    parts.push(Part::Lines(measured(report)));
    parts
}

fn heading(facts: &WorkloadFacts) -> String {
    let WorkloadFacts { name, model, parameters, training, .. } = facts;
    format!("{name}: {model}, {parameters} parameters, {} training rows", training.rows)
}

fn description(report: &Report, workload: &WorkloadReport, target: usize) -> Vec<String> {
    let WorkloadFacts { loss_on, initial_loss, reference_loss, reference, .. } = &workload.facts;
    let rows = match loss_on {
        LossOn::Training => "training",
        LossOn::Validation => "validation",
    };
    let source = match reference {
        ReferenceSource::Given => "given".to_owned(),
        ReferenceSource::Formula => "known".to_owned(),
        ReferenceSource::Solved => "solved".to_owned(),
        ReferenceSource::Lbfgs => "found by L-BFGS".to_owned(),
        ReferenceSource::Trials { trials, repeats } => format!("best of {trials} trials, {repeats} runs"),
    };
    let TargetReport { share, loss, .. } = &workload.targets[target];
    let trials = |cell: &CellReport| cell.targets[target].tuning.trials.len();
    let (least, most) = (workload.cells.iter().map(trials).min(), workload.cells.iter().map(trials).max());
    vec![
        format!(
            "{rows} loss {} before training, {} at best ({source})",
            digits(*initial_loss, 5),
            digits(*reference_loss, 5)
        ),
        format!("target: {} of the gap left, {}", percent(*share), digits(*loss, 5)),
        format!(
            "tuning of a cell: {} to {} trials, {} runs each; then {} runs with fresh seeds",
            least.unwrap_or(0),
            most.unwrap_or(0),
            report.study.tuning.seeds,
            report.study.repeats
        ),
    ]
}

fn mark(verdict: &Verdict, cell: usize) -> &'static str {
    match verdict {
        Verdict { winner: Some(winner), .. } if *winner == cell => "*",
        Verdict { tied, .. } if tied.contains(&cell) => "=",
        _ => "",
    }
}

/// The table of the cells; without the intervals of steps where it would not fit into a terminal.
fn cells(workload: &WorkloadReport, target: usize) -> Grid {
    let whole = cells_with(workload, target, true);
    if whole.width() <= TERMINAL { whole } else { cells_with(workload, target, false) }
}

fn cells_with(workload: &WorkloadReport, target: usize, intervals_of_steps: bool) -> Grid {
    let timed = workload.cells.iter().any(|cell| cell.throughput.is_some());
    let ranking = &workload.targets[target];
    let verdict = &ranking.time.as_ref().unwrap_or(&ranking.steps).verdict;
    let mut header = vec!["", "optimizer", "batch", "rate", "steps"];
    header.extend(if timed { &["samples/s", "time to target"][..] } else { &["samples"] });
    let row = |(number, cell): (usize, &CellReport)| {
        let CellTarget { outcome, tuning, steps, samples, seconds, .. } = &cell.targets[target];
        let border = if tuning.at_border { "!" } else { "" };
        let of = |spread: &Spread, unit: &str, interval: bool| match outcome {
            _ if spread.median.0.is_finite() && interval => {
                let x = spread.median.0;
                format!("{} {}", si_unit(x, unit), si_interval(x, (spread.low.0, spread.high.0)))
            }
            _ if spread.median.0.is_finite() => si_unit(spread.median.0, unit),
            Outcome::Diverged => "diverged".into(),
            _ => "not reached".into(),
        };
        let mut row = vec![
            mark(verdict, number).to_owned(),
            optimizer(cell),
            cell.batch_size.to_string(),
            format_rate(tuning.learning_rate) + border,
            of(steps, "", intervals_of_steps),
        ];
        if timed {
            let throughput = cell.throughput.as_ref();
            row.push(throughput.map_or(String::new(), |throughput| si(throughput.samples_per_second)));
            row.push(seconds.as_ref().map_or(String::new(), |seconds| of(seconds, "s", true)));
        } else {
            row.push(of(samples, "", true));
        }
        row
    };
    let rows = workload.cells.iter().enumerate().map(row).collect();
    Grid { header: header.into_iter().map(str::to_owned).collect(), rows, words: 2 }
}

/// With its variant.
fn optimizer(cell: &CellReport) -> String {
    if cell.variant.is_empty() { cell.optimizer.clone() } else { format!("{} {}", cell.optimizer, cell.variant) }
}

/// The targets beside each other; names are cut where they would not fit into a terminal.
fn rankings(report: &Report, workload: &WorkloadReport) -> Grid {
    let longest = workload.cells.iter().map(|cell| optimizer(cell).chars().count()).max().unwrap_or(0);
    let grids = (4..=longest).rev().map(|letters| rankings_with(report, workload, letters));
    let mut fitting = grids.skip_while(|grid| grid.width() > TERMINAL);
    fitting.next().unwrap_or_else(|| rankings_with(report, workload, 4))
}

fn rankings_with(report: &Report, workload: &WorkloadReport, letters: usize) -> Grid {
    let shares = report.study.targets.iter().map(|share| percent(*share));
    let header = std::iter::once(String::new()).chain(shares).collect();
    let mut rows = vec![];
    type Of = fn(&TargetReport) -> Option<&Ranking>;
    let quantities: [(&str, Of); 3] = [
        ("steps", |target| Some(&target.steps)),
        ("samples", |target| Some(&target.samples)),
        ("time", |target| target.time.as_ref()),
    ];
    for (name, of) in quantities {
        let columns: Vec<Vec<String>> =
            workload.targets.iter().map(|target| of(target).map_or(vec![], |r| places(workload, r, letters))).collect();
        let height = columns.iter().map(Vec::len).max().unwrap_or(0);
        for i in 0..height {
            let first = if i == 0 { name } else { "" }.to_owned();
            let cells = columns.iter().map(|column| column.get(i).cloned().unwrap_or_default());
            rows.push(std::iter::once(first).chain(cells).collect());
        }
    }
    Grid { header, rows, words: 1 + workload.targets.len() }
}

/// The winner and the next one, or those that are tied.
fn places(workload: &WorkloadReport, ranking: &Ranking, letters: usize) -> Vec<String> {
    let named = ranking.verdict.named();
    let shown: Vec<_> = match ranking.verdict.winner {
        Some(_) => ranking.places.iter().take(2).collect(),
        None => ranking.places.iter().filter(|place| named.contains(&place.cell)).take(SHOWN).collect(),
    };
    let more = if ranking.verdict.winner.is_some() { 0 } else { named.len() - shown.len() };
    let line = |place: &&Place| {
        let cell = &workload.cells[place.cell];
        let mark = mark(&ranking.verdict, place.cell);
        let name: String = optimizer(cell).chars().take(letters).collect();
        format!("{mark:1} {name} {} {}", cell.batch_size, ratio(place.ratio.value.0))
    };
    let mut lines: Vec<String> = shown.iter().map(line).collect();
    if more > 0 {
        lines.push(format!("= {more} more"));
    }
    if lines.is_empty() {
        lines.push("not reached".into());
    }
    lines
}

/// Noise scales at a target, of the optimizers along whose run they were measured.
fn noise(workload: &WorkloadReport, target: usize) -> Option<Grid> {
    let number = |x: Option<f64>| x.map_or_else(String::new, si);
    let decades = |x: Option<f64>| x.map_or_else(String::new, |x| format!("{x:+.1}"));
    let row = |noise: &NoiseReport| {
        let at = noise.targets.iter().find(|at| at.target == target)?;
        let name = format!("{} {}", noise.optimizer, noise.variant).trim_end().to_owned();
        let over = decades(at.sign_over_critical.or(at.simple_over_critical));
        Some(vec![
            name,
            noise.batch_size.to_string(),
            number(at.simple),
            number(at.sign),
            number(at.critical_batch_size),
            over,
        ])
    };
    let rows: Vec<Vec<String>> = workload.noise.iter().filter_map(row).collect();
    let header = ["optimizer", "batch", "B_simple", "B_sign", "B_crit", "log₁₀"].map(str::to_owned).to_vec();
    (!rows.is_empty()).then_some(Grid { header, rows, words: 1 })
}

fn ratio(x: f64) -> String {
    if x.is_finite() { digits(x, 3) } else { "∞".into() }
}

/// By what the batch size of a profile is chosen.
fn best_by(report: &Report) -> (Quantity, &'static str) {
    let timed = report.profiles.iter().flatten().any(|profile| profile.quantity == Quantity::Time);
    if timed { (Quantity::Time, "time") } else { (Quantity::Samples, "samples") }
}

fn profiles(report: &Report) -> Grid {
    let names: Vec<(&str, &str)> = report.profiles.iter().flatten().fold(vec![], |mut names, profile| {
        let name = (profile.optimizer.as_str(), profile.variant.as_str());
        if !names.contains(&name) {
            names.push(name);
        }
        names
    });
    let mut header = vec!["optimizer".to_owned()];
    let mut columns = vec![];
    for (quantity, name) in [(Quantity::Steps, "steps"), best_by(report)] {
        for (target, share) in report.study.targets.iter().enumerate() {
            let name = if target == 0 { format!("{name} ") } else { String::new() };
            header.push(name + &percent(*share));
            columns.push((quantity, target));
        }
    }
    let row = |(optimizer, variant): (&str, &str)| {
        let score = |(quantity, target): &(Quantity, usize)| {
            let own = |profile: &&Profile| {
                profile.quantity == *quantity && profile.optimizer == optimizer && profile.variant == variant
            };
            report.profiles[*target].iter().find(own).map_or(String::new(), |profile| format!("{:.2}", profile.score))
        };
        let name = format!("{optimizer} {variant}").trim_end().to_owned();
        std::iter::once(name).chain(columns.iter().map(score)).collect()
    };
    Grid { header, rows: names.into_iter().map(row).collect(), words: 1 }
}

fn legend(report: &Report) -> Vec<String> {
    let mut lines = vec![
        "* winner: its interval clears all others   = tied: each may be the best (95 %)".to_owned(),
        "! the best rate is the lowest or the highest that was tried".to_owned(),
        "[low, high]: where the median over seeds is with 95 %".to_owned(),
        "k M: thousands, millions; a miss counts as infinite".to_owned(),
    ];
    if report.throughput.is_some() {
        lines.push("time to target: steps times the time of a step on this machine; marks: by time".into());
    } else {
        lines.push("marks: by steps".into());
    }
    lines
}

fn measured(report: &Report) -> Vec<String> {
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
        lines.push(format!("{}, {}, {} thread(s)", environment.cpu, environment.isa, environment.threads));
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
            "timed for {} s: load {}, {} involuntary switches, {} ticks stolen",
            digits(throughput.seconds, 3),
            disturbance.load.map_or("?".to_owned(), |load| load.to_string()),
            known(disturbance.involuntary_switches),
            known(disturbance.stolen_ticks)
        ));
    }
    match &report.self_check {
        None => lines.push("no self-check".into()),
        Some(check) => {
            let right = check.checks.iter().filter(|check| check.ok).count();
            lines.push(format!("self-check: {right} of {} quantities are as their formulas say", check.checks.len()));
            lines.extend(check.checks.iter().filter(|check| !check.ok).map(|check| {
                format!(
                    "SELF-CHECK FAILED: {}: {} [{}, {}], not {}",
                    check.name,
                    digits(check.measured, 4),
                    digits(check.low, 4),
                    digits(check.high, 4),
                    digits(check.expected, 4)
                )
            }));
        }
    }
    if report.missing.cells > 0 {
        lines.push(format!("{} cells are not finished: the same sweep goes on with them", report.missing.cells));
    }
    if report.missing.timings > 0 {
        lines.push(format!("{} cells are not timed on this machine", report.missing.timings));
    }
    lines
}
