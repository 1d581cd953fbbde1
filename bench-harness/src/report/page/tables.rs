//! The tables of a sweep's page.

use super::parts::{Grid, Place, Section, Square};
use super::source::{PLACES, Source, series_name};
use crate::base::format_number::{format_number, p_value, percent, si, si_interval, si_unit};
use crate::study::answer::machine_name;
use crate::study::branch_report::times;
use crate::study::machine::Session;
use crate::study::profile::Profile;
use crate::study::result::{CellReport, Report, WorkloadReport};

pub(super) fn caption(workload: &WorkloadReport, t: usize) -> String {
    format!("{}, {} of the gap left", workload.facts.name, percent(workload.targets[t].share))
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Puts a square under its batch size, in the row of this name; rows are in the order of their first squares. Of a sweep that is not
/// finished, some batch sizes have none.
fn place(rows: &mut Vec<(String, Vec<Square>)>, name: String, (sizes, size): (&[usize], usize), square: Square) {
    let Some(column) = sizes.iter().position(|other| *other == size) else { return };
    let at = rows.iter().position(|row| row.0 == name).unwrap_or_else(|| {
        rows.push((name, vec![Square::default(); sizes.len()]));
        rows.len() - 1
    });
    rows[at].1[column] = square;
}

fn named(rows: Vec<(String, Vec<Square>)>) -> Vec<Vec<Square>> {
    rows.into_iter().map(|(name, row)| std::iter::once(Square::text(name)).chain(row).collect()).collect()
}

/// Time to target, optimizer × batch size, the tie set marked; steps where no time was measured.
pub(super) fn heat_map(source: &Source<'_>) -> Section {
    let mut tables = vec![];
    for (w, workload) in source.report.workloads.iter().enumerate() {
        for (t, target) in workload.targets.iter().enumerate() {
            let best_ones = target.time.as_ref().unwrap_or(&target.steps).verdict.named();
            let value = |cell: &CellReport| match (&target.time, cell.targets[t].seconds) {
                (Some(_), Some(seconds)) => seconds.median.0,
                (Some(_), None) => f64::INFINITY,
                (None, _) => cell.targets[t].steps.median.0,
            };
            let best = workload.cells.iter().map(value).fold(f64::INFINITY, f64::min);
            let unit = if target.time.is_some() { "s" } else { "" };
            let mut rows: Vec<(String, Vec<Square>)> = vec![];
            for (i, cell) in workload.cells.iter().enumerate() {
                let value = value(cell);
                let square = if value.is_finite() {
                    // From the best (full color) to ten times as much (none).
                    let strength = (1.0 - libm::log10(value / best)).clamp(0.0, 1.0);
                    Square {
                        strength: Some(0.6 * strength * strength),
                        class: if best_ones.contains(&i) { "tie" } else { "" },
                        ..Square::number(si_unit(value, unit), value)
                    }
                } else if cell.targets[t].steps.median.0.is_finite() {
                    Square { class: "soft", ..Square::text("not timed") }
                } else {
                    Square { class: "soft", ..Square::text(cell.targets[t].reached_of() + " reach it") }
                };
                let size = (&workload.facts.batch_sizes[..], cell.batch_size);
                place(&mut rows, series_name(&cell.optimizer, &cell.variant), size, square);
            }
            let head = std::iter::once("optimizer".to_owned());
            tables.push(Grid {
                place: Place::target(w, t),
                caption: caption(workload, t),
                head: head.chain(workload.facts.batch_sizes.iter().map(|b| format!("batch {b}"))).collect(),
                rows: named(rows),
            });
        }
    }
    let marks = "The darker, the less; framed are all cells that may be the best. \u{201c}3 of 10 reach it\u{201d}: most runs missed \
        the target.";
    let (heading, text) = match &source.report.throughput {
        Some(throughput) => (
            "Time to target",
            format!(
                "Median steps to the target times the time of a step on {}. {marks}",
                machine_name(&throughput.session)
            ),
        ),
        None => ("Steps to target", format!("No steps were timed: these are median steps, not seconds. {marks}")),
    };
    Section { id: "time", heading, text, tables, ..Section::default() }
}

/// What follows from the curves.
pub(super) fn critical(source: &Source<'_>) -> Vec<Grid> {
    let mut tables = vec![];
    for (w, workload) in source.report.workloads.iter().enumerate() {
        for t in 0..workload.targets.len() {
            let of = workload.curves.iter().filter(|curve| curve.target == t && !curve.steps.is_empty());
            let rows = of.map(|curve| {
                let extrapolated = if curve.critical_extrapolated { ", extrapolated" } else { "" };
                let critical = curve.critical_batch_size.map_or_else(
                    || Square::text("not to be told"),
                    |e| {
                        let interval = si_interval(e.value.0, (e.low.0, e.high.0));
                        Square::number(format!("{} {interval}{extrapolated}", si(e.value.0)), e.value.0)
                    },
                );
                let b20 = curve.b20.map_or_else(Square::default, |b| {
                    let ends = b.interval.map(|[low, high]| si_interval(b.batch_size, (low.0, high.0)));
                    let text = format!("{}{}", if b.open { "> " } else { "" }, si(b.batch_size));
                    Square::number(format!("{text} {}", ends.unwrap_or_default()).trim_end(), b.batch_size)
                });
                let fit = &curve.steps[0];
                let error = 100.0 * fit.root_mean_square;
                // A batch size of the study, not a point of a curve.
                let measured = curve.measured_fastest;
                let measured = measured.map_or_else(Square::default, |b| Square::number(b.to_string(), b as f64));
                let batch = |batch: Option<f64>| batch.map_or_else(Square::default, |b| Square::number(si(b), b));
                vec![
                    Square::text(series_name(&curve.optimizer, &curve.variant)),
                    critical,
                    b20,
                    Square::text(fit.curve.name()),
                    Square::number(format!("{error:.1} %"), error),
                    batch(curve.fastest_batch_size),
                    measured,
                ]
            });
            let rows: Vec<_> = rows.collect();
            if !rows.is_empty() {
                let head = strings(&[
                    "optimizer",
                    "critical batch size",
                    "B₂₀",
                    "best curve of S(B)",
                    "its error",
                    "fastest batch by curves",
                    "as measured",
                ]);
                tables.push(Grid { place: Place::target(w, t), caption: caption(workload, t), head, rows });
            }
        }
    }
    tables
}

/// How the best rate grows with the batch size.
pub(super) fn rates(source: &Source<'_>) -> Vec<Grid> {
    let mut tables = vec![];
    for (w, workload) in source.report.workloads.iter().enumerate() {
        for t in 0..workload.targets.len() {
            let rows = workload.curves.iter().filter(|curve| curve.target == t).filter_map(|curve| {
                let best = curve.rates.first()?.curve;
                let exponent = curve.rate_exponent.map_or(f64::NAN, |p| p.value.0);
                let exponent = Square::number(curve.rate_exponent_text(), exponent);
                let name = series_name(&curve.optimizer, &curve.variant);
                Some(vec![Square::text(name), Square::text(best.name()), Square::text(best.in_numbers()), exponent])
            });
            let rows: Vec<_> = rows.collect();
            if !rows.is_empty() {
                let head = strings(&["optimizer", "best shape of η*(B)", "in numbers", "p of c·B^p"]);
                tables.push(Grid { place: Place::target(w, t), caption: caption(workload, t), head, rows });
            }
        }
    }
    tables
}

/// What coupling rules cost, where the study has any.
pub(super) fn coupling(source: &Source<'_>) -> Vec<Grid> {
    let mut tables = vec![];
    for (w, workload) in source.report.workloads.iter().enumerate() {
        for t in 0..workload.targets.len() {
            let mut rows: Vec<(String, Vec<Square>)> = vec![];
            let sizes = workload.facts.batch_sizes.get(1..).unwrap_or_default();
            for report in workload.coupling.iter().filter(|report| report.target == t) {
                let name = format!("{}, {}", series_name(&report.optimizer, &report.variant), report.rule.name());
                let ratio = report.ratio.0;
                let text = if ratio.is_finite() { format!("{ratio:.2}") } else { "–".to_owned() };
                place(&mut rows, name, (sizes, report.batch_size), Square::number(text, ratio));
            }
            if !rows.is_empty() {
                let head = std::iter::once("optimizer and rule".to_owned());
                let sizes = sizes.iter().map(|b| format!("batch {b}"));
                let (head, rows) = (head.chain(sizes).collect(), named(rows));
                tables.push(Grid { place: Place::target(w, t), caption: caption(workload, t), head, rows });
            }
        }
    }
    tables
}

/// The leaders beside the others.
pub(super) fn duels(source: &Source<'_>) -> Section {
    let mut tables = vec![];
    for (w, workload) in source.report.workloads.iter().enumerate() {
        for (t, target) in workload.targets.iter().enumerate() {
            let (ranking, what) = match &target.time {
                Some(time) => (time, "time"),
                None => (&target.steps, "steps"),
            };
            let places = ranking.places.iter().filter(|place| place.ratio.value.0.is_finite());
            let rows = places.take(PLACES).map(|place| {
                let cell = &workload.cells[place.cell];
                let ratio = place.ratio;
                let name = format!("{}, batch {}", series_name(&cell.optimizer, &cell.variant), cell.batch_size);
                let is_best = ranking.verdict.named().contains(&place.cell);
                let share = place.leader_beats_it.map(|p| 100.0 * p.value.0);
                vec![
                    Square { class: if is_best { "tie" } else { "" }, ..Square::text(name) },
                    Square::number(times(&ratio), ratio.value.0),
                    share.map_or_else(Square::default, |share| Square::number(format!("{share:.0} %"), share)),
                    place.p_value.map_or_else(Square::default, |p| Square::number(p_value(p), p)),
                ]
            });
            let rows: Vec<_> = rows.collect();
            let ratio = format!("{what} to that of the leader");
            let head = strings(&["cell", &ratio, "seeds with which the leader needs less", "p (Holm)"]);
            if !rows.is_empty() {
                tables.push(Grid { place: Place::target(w, t), caption: caption(workload, t), head, rows });
            }
        }
    }
    Section {
        id: "duels",
        heading: "Who beats whom",
        text: "The leader beside the next cells, with the same seeds; [low, high] is the interval of the ratio, which also has what tuning \
            may have missed. Framed are those that may be the best."
            .into(),
        tables,
        ..Section::default()
    }
}

/// The self-check.
pub(super) fn check(report: &Report) -> Section {
    let Some(check) = &report.self_check else {
        return Section { id: "check", heading: "Self-check", text: "It was not run.".into(), ..Section::default() };
    };
    let rows = check.checks.iter().map(|check| {
        let (class, verdict) = if check.ok { ("good", "holds") } else { ("bad", "does not hold") };
        let interval = format!("[{}, {}]", format_number(check.low), format_number(check.high));
        vec![
            Square::text(check.name.clone()),
            Square::number(format!("{} {interval}", format_number(check.measured)), check.measured),
            Square::number(format_number(check.expected), check.expected),
            Square { class, ..Square::text(verdict) },
        ]
    });
    Section {
        id: "check",
        heading: "Self-check",
        text: "Runs whose end is known in closed form, done with this sweep.".into(),
        tables: vec![Grid {
            head: strings(&["quantity", "measured", "expected", ""]),
            rows: rows.collect(),
            ..Grid::default()
        }],
        ..Section::default()
    }
}

/// Machine, study, how to do it again.
pub(super) fn again(report: &Report) -> Section {
    let study = &report.study;
    let mut rows = vec![
        ("study".to_owned(), format!("{}, seed {}, data seed {}", study.name, study.seed, study.data_seed)),
        (
            "versions".to_owned(),
            format!(
                "protocol {}, values {}, analysis {}",
                report.protocol_version, report.value_version, report.analysis_version
            ),
        ),
    ];
    match &report.throughput {
        Some(throughput) => rows.extend(machine(&throughput.session)),
        None => rows.push(("times".to_owned(), "none were measured".to_owned())),
    }
    let rows = rows.into_iter().map(|(key, value)| [key, value].map(Square::text).to_vec()).collect();
    Section {
        id: "again",
        heading: "Machine and study",
        text: "Steps, samples and rates are the same on every machine; times are of this one. The command below the table does it again.".into(),
        code: Some(command(report)),
        tables: vec![Grid { rows, ..Grid::default() }],
        ..Section::default()
    }
}

/// What the page says of the machine.
fn machine(session: &Session) -> Vec<(String, String)> {
    let environment = &session.environment;
    let mut rows = vec![
        ("CPU", format!("{}, {} logical cores", environment.cpu, environment.logical_cores)),
        ("operating system", environment.os.clone()),
        ("instruction set", format!("{}, of {}", environment.isa, environment.isas_available.join(", "))),
        ("threads of a step", environment.threads.to_string()),
        (
            "program",
            format!(
                "{} at {}, {}, {}",
                environment.version, environment.commit, environment.build_profile, environment.rustc
            ),
        ),
        ("times measured from", session.started.clone()),
        ("FMA peak of one thread", si_unit(session.limits[0].peak_flops, "FLOP/s")),
    ];
    for bandwidth in &session.limits[0].bandwidths {
        let level = bandwidth.level.as_deref().unwrap_or("memory or cache");
        let text = format!("read {}, copy {}", si_unit(bandwidth.read, "B/s"), si_unit(bandwidth.copy, "B/s"));
        rows.push(("bandwidth", format!("{level}, {} KiB: {text}", bandwidth.bytes >> 10)));
    }
    rows.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// How to do it again.
fn command(report: &Report) -> String {
    let study = &report.study;
    let known = Profile::named(&study.name).is_some_and(|profile| profile.is_but_for_seeds(study));
    let which = if known { format!("--profile {}", study.name) } else { "--study FOLDER/study.toml".to_owned() };
    let seeds = format!("--seed {} --data-seed {}", study.seed, study.data_seed);
    let note = if known { "" } else { "\n# from where the sweep was started; FOLDER is that of this page" };
    format!("simdescent sweep {which} {seeds} --out DIR{note}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_stand_under_their_batch_size() {
        let mut rows = vec![];
        let sizes = [8, 64, 512];
        for (name, size) in [("sgd", 8), ("sgd", 512), ("adam", 64), ("adam", 7)] {
            place(&mut rows, name.into(), (&sizes, size), Square::text(size.to_string()));
        }
        let texts = |row: &(String, Vec<Square>)| row.1.iter().map(|square| square.text.clone()).collect::<Vec<_>>();
        assert_eq!(rows.iter().map(texts).collect::<Vec<_>>(), [["8", "", "512"], ["", "64", ""]]);
    }
}
