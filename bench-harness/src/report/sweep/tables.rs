//! What the tables of a sweep say.

use super::branches;
use super::grid::Grid;
use crate::base::format_number::{digits, format_rate, p_value, percent, si, si_interval, si_unit};
use crate::study::answer::{hardest_reached, machine_name};
use crate::study::curve_report::CurveReport;
use crate::study::definition::LossOn;
use crate::study::facts::{ReferenceSource, WorkloadFacts};
use crate::study::noise_report::NoiseReport;
use crate::study::record::Outcome;
use crate::study::result::{
    CellReport, CellTarget, Place, Profile, Quantity, Ranking, Report, Spread, TargetReport, Verdict, WorkloadReport,
};
use crate::study::self_check::{Check, SelfCheck};

/// A piece of a report.
pub(super) enum Part {
    Heading(String),
    Lines(Vec<String>),
    /// Something that is wrong.
    Alarm(String),
    Grid(Grid),
}

/// Columns of a terminal.
pub(super) const TERMINAL: usize = 80;
/// Cells that a ranking shows of each target.
const SHOWN: usize = 5;

/// How much is said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Of the hardest target that was reached, but for a sentence of each.
    Terminal,
    /// Every table of the page.
    All,
}

/// All pieces in order.
pub(super) fn parts(report: &Report, extent: Extent) -> Vec<Part> {
    let mut parts = vec![];
    for workload in report.workloads.iter().filter(|workload| !workload.cells.is_empty()) {
        let hardest = hardest_reached(workload);
        let targets: Vec<usize> = match extent {
            Extent::Terminal => vec![hardest],
            Extent::All => (0..workload.targets.len()).rev().collect(),
        };
        parts.push(Part::Heading(heading(&workload.facts)));
        parts.push(Part::Lines(description(report, workload, hardest)));
        parts.push(Part::Grid(cells(workload, hardest)));
        for (t, answer) in workload.answers.iter().enumerate().rev() {
            let sentences = answer.sentences();
            // Of the other targets, the first sentence.
            let shown = if extent == Extent::All || t == hardest { sentences.len() } else { 1 };
            let lines = sentences.into_iter().take(shown).map(|sentence| format!("  {sentence}"));
            parts.push(Part::Lines(std::iter::once(format!("{}:", answer.target)).chain(lines).collect()));
        }
        if !workload.branches.is_empty() {
            let heading =
                "Growing the batch during training, beside the fixed batch with the fewest samples:".to_owned();
            parts.push(Part::Lines(
                std::iter::once(heading).chain(branches::sentences(workload, extent == Extent::All)).collect(),
            ));
        }
        if report.study.branches && workload.branches.is_empty() {
            let line = "Branches were not run yet, or there is nothing to leave: the same sweep goes on with them.";
            parts.push(Part::Lines(vec![line.into()]));
        }
        if let Some(grid) = branches::grid(workload).filter(|_| extent == Extent::All) {
            parts.push(Part::Lines(vec![
                "Largest batch that still makes 83 % of the progress per sample, after so many samples:".into(),
            ]));
            parts.push(Part::Grid(grid));
        }
        parts.push(Part::Lines(vec![
            String::new(),
            "Best for each target, with the ratio of medians to the first:".into(),
        ]));
        parts.push(Part::Grid(rankings(report, workload)));
        for t in targets {
            let share = percent(workload.targets[t].share);
            let mut add = |what: &str, grid: Option<Grid>| {
                if let Some(grid) = grid {
                    parts.push(Part::Lines(vec![format!("{what} ({share} of the gap left):")]));
                    parts.push(Part::Grid(grid));
                }
            };
            add("Batch sizes by the curves of each optimizer", critical(workload, t, extent));
            add("Best rate over the batch size, by curves", rates(workload, t));
            add("Noise scale at the target in samples, by the best runs", noise(workload, t));
            add("What a rule costs against tuning again, steps over steps", coupling(workload, t));
            if extent == Extent::All {
                add(
                    if report.throughput.is_some() { "Time to target" } else { "Steps to target" },
                    heat_map(workload, t),
                );
                add("The leader beside the next cells", comparisons(workload, t));
            }
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
    parts.extend(alarms(report).into_iter().map(Part::Alarm));
    if let Some(check) = report.self_check.as_ref().filter(|_| extent == Extent::All) {
        parts.push(Part::Grid(self_check(check)));
    }
    parts
}

fn interval(x: f64, low: f64, high: f64) -> String {
    format!("{} {}", si(x), si_interval(x, (low, high)))
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A table that has rows.
fn grid(header: Vec<String>, rows: Vec<Vec<String>>, words: usize) -> Option<Grid> {
    (!rows.is_empty()).then_some(Grid { header, rows, words })
}

/// What follows from the curves of steps; without the intervals of B₂₀ where a terminal has no room for them.
fn critical(workload: &WorkloadReport, t: usize, extent: Extent) -> Option<Grid> {
    let whole = critical_with(workload, t, true)?;
    let fits = extent == Extent::All || whole.width() <= TERMINAL;
    if fits { Some(whole) } else { critical_with(workload, t, false) }
}

fn critical_with(workload: &WorkloadReport, t: usize, intervals_of_b20: bool) -> Option<Grid> {
    let curves = workload.curves.iter().filter(|curve| curve.target == t && !curve.steps.is_empty());
    let row = |curve: &CurveReport| {
        let beyond = if curve.critical_extrapolated { "^" } else { "" };
        let critical = curve.critical_batch_size.map_or_else(
            || "?".to_owned(),
            |critical| interval(critical.value.0, critical.low.0, critical.high.0) + beyond,
        );
        let b20 = curve.b20.map_or_else(String::new, |b| {
            let ends = b.interval.filter(|_| intervals_of_b20);
            let ends = ends.map_or_else(String::new, |[low, high]| si_interval(b.batch_size, (low.0, high.0)));
            format!("{}{} {ends}", if b.open { ">" } else { "" }, si(b.batch_size)).trim_end().to_owned()
        });
        vec![
            format!("{} {}", curve.optimizer, curve.variant).trim_end().to_owned(),
            critical,
            b20,
            format!("{:.1} %", 100.0 * curve.steps[0].root_mean_square),
            if curve.missed.is_empty() { String::new() } else { curve.missed.len().to_string() },
            curve.fastest_batch_size.map_or_else(String::new, si),
            curve.measured_fastest.map_or_else(String::new, |batch| batch.to_string()),
        ]
    };
    let header = ["optimizer", "B_crit", "B₂₀", "fit error", "missed", "B* by fit", "measured"];
    grid(strings(&header), curves.map(row).collect(), 1).map(Grid::without_empty_columns)
}

/// How the best rate grows.
fn rates(workload: &WorkloadReport, t: usize) -> Option<Grid> {
    let row = |curve: &CurveReport| {
        Some(vec![
            format!("{} {}", curve.optimizer, curve.variant).trim_end().to_owned(),
            curve.rates.first()?.curve.in_numbers(),
            curve.rate_exponent_text(),
        ])
    };
    let curves = workload.curves.iter().filter(|curve| curve.target == t);
    grid(strings(&["optimizer", "best curve", "p of c·B^p"]), curves.filter_map(row).collect(), 2)
}

/// What coupling rules cost; with so many of the largest batch sizes as a terminal has room for.
fn coupling(workload: &WorkloadReport, t: usize) -> Option<Grid> {
    let all = workload.facts.batch_sizes.len().saturating_sub(1);
    let grids = (1..=all).rev().filter_map(|count| coupling_with(workload, t, count));
    let mut fitting = grids.skip_while(|grid| grid.width() > TERMINAL);
    fitting.next().or_else(|| coupling_with(workload, t, 1))
}

fn coupling_with(workload: &WorkloadReport, t: usize, count: usize) -> Option<Grid> {
    let sizes = &workload.facts.batch_sizes;
    let sizes = &sizes[sizes.len().saturating_sub(count)..];
    let mut rows: Vec<Vec<String>> = vec![];
    for report in workload.coupling.iter().filter(|report| report.target == t) {
        let name = format!("{} {}", report.optimizer, report.variant).trim_end().to_owned();
        let rule = report.rule.name().to_owned();
        let Some(column) = sizes.iter().position(|size| *size == report.batch_size) else { continue };
        let at = rows.iter().position(|row| row[0] == name && row[1] == rule).unwrap_or_else(|| {
            let mut row = vec![name, rule];
            row.resize(2 + sizes.len(), String::new());
            rows.push(row);
            rows.len() - 1
        });
        rows[at][2 + column] = ratio(report.ratio.0);
    }
    let header = ["optimizer", "rule"].map(str::to_owned).into_iter().chain(sizes.iter().map(ToString::to_string));
    grid(header.collect(), rows, 2)
}

/// Time to target (or steps), optimizer × batch size.
fn heat_map(workload: &WorkloadReport, t: usize) -> Option<Grid> {
    let target = &workload.targets[t];
    let verdict = &target.time.as_ref().unwrap_or(&target.steps).verdict;
    let mut rows: Vec<Vec<String>> = vec![];
    for (number, cell) in workload.cells.iter().enumerate() {
        let own = &cell.targets[t];
        let text = match (&target.time, &own.seconds) {
            _ if !own.steps.median.0.is_finite() => {
                format!("missed ({}/{})", own.runs.iter().filter(|run| run.steps.is_some()).count(), own.runs.len())
            }
            (Some(_), Some(seconds)) => si_unit(seconds.median.0, "s"),
            (Some(_), None) => "not timed".into(),
            (None, _) => si(own.steps.median.0),
        };
        let text = format!("{text} {}", mark(verdict, number)).trim_end().to_owned();
        match rows.iter_mut().find(|row| row[0] == optimizer(cell)) {
            Some(row) => row.push(text),
            None => rows.push(vec![optimizer(cell), text]),
        }
    }
    let sizes = workload.facts.batch_sizes.iter().map(|batch| format!("batch {batch}"));
    let header: Vec<String> = std::iter::once("optimizer".to_owned()).chain(sizes).collect();
    // Of a sweep that is not finished.
    rows.iter_mut().for_each(|row| row.resize(header.len(), String::new()));
    grid(header, rows, 1)
}

/// The leader beside the others.
fn comparisons(workload: &WorkloadReport, t: usize) -> Option<Grid> {
    let target = &workload.targets[t];
    let ranking = target.time.as_ref().unwrap_or(&target.steps);
    let places = ranking.places.iter().filter(|place| place.ratio.value.0.is_finite());
    let row = |place: &Place| {
        let cell = &workload.cells[place.cell];
        vec![
            mark(&ranking.verdict, place.cell).to_owned(),
            optimizer(cell),
            cell.batch_size.to_string(),
            format!("{:.2} [{:.2}, {:.2}]", place.ratio.value.0, place.ratio.low.0, place.ratio.high.0),
            place.leader_beats_it.map_or_else(String::new, |share| format!("{:.0} %", 100.0 * share.value.0)),
            place.p_value.map_or_else(String::new, p_value),
        ]
    };
    grid(strings(&["", "optimizer", "batch", "ratio", "leader needs less", "p (Holm)"]), places.map(row).collect(), 2)
}

fn self_check(check: &SelfCheck) -> Grid {
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
    let any = |of: fn(&CurveReport) -> bool| report.workloads.iter().flat_map(|workload| &workload.curves).any(of);
    if any(|curve| !curve.steps.is_empty()) {
        lines.push("B_crit: where twice the batch saves a quarter of the steps, by the best fit".into());
        lines.push("B₂₀: the largest batch with at most 20 % more samples than the best, by no fit".into());
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
        }
    }
    if report.missing.cells > 0 {
        lines.push(format!("{} cells are not finished: the same sweep goes on with them", report.missing.cells));
    }
    if report.missing.timings > 0 {
        lines.push(format!("{} cells are not timed on that machine", report.missing.timings));
    }
    lines
}

/// What of the self-check failed.
fn alarms(report: &Report) -> Vec<String> {
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
