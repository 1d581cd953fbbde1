//! The tables of a page.

use super::parts::{CheckRow, Grid, Section, Source, Square, series_name};
use crate::report::format_number::{format_setting, si, si_unit};
use crate::study::machine::Session;
use crate::study::profile::Profile;
use crate::study::result::{CellReport, Report, WorkloadReport};

fn plain(text: impl Into<String>) -> Square {
    Square { text: text.into(), ..Square::default() }
}

fn caption(workload: &WorkloadReport, t: usize) -> String {
    format!("{}, {} % of the gap left", workload.facts.name, format_setting(100.0 * workload.targets[t].share))
}

/// Time to target, optimizer × batch size, the tie set marked; steps where no time was measured.
pub(super) fn heat_map(source: &Source<'_>) -> Section {
    let mut tables = vec![];
    for (w, workload) in source.report.workloads.iter().enumerate() {
        for (t, target) in workload.targets.iter().enumerate() {
            let named = target.time.as_ref().unwrap_or(&target.steps).verdict.named();
            let value = |cell: &CellReport| match (&target.time, cell.targets[t].seconds) {
                (Some(_), Some(seconds)) => seconds.median.0,
                (Some(_), None) => f64::INFINITY,
                (None, _) => cell.targets[t].steps.median.0,
            };
            let best = workload.cells.iter().map(value).fold(f64::INFINITY, f64::min);
            let unit = if target.time.is_some() { "s" } else { "" };
            let mut rows: Vec<(String, Vec<Square>)> = vec![];
            for (i, cell) in workload.cells.iter().enumerate() {
                let name = series_name(&cell.optimizer, &cell.variant);
                let value = value(cell);
                let square = if value.is_finite() {
                    // From the best (full color) to ten times as much (none).
                    let strength = (1.0 - libm::log10(value / best)).clamp(0.0, 1.0);
                    Square {
                        text: si_unit(value, unit),
                        value: Some(value),
                        style: format!("background:rgb(0 114 178 / {:.2})", 0.75 * strength * strength),
                        marked: named.contains(&i),
                    }
                } else {
                    plain("–")
                };
                match rows.iter_mut().find(|row| row.0 == name) {
                    Some(row) => row.1.push(square),
                    None => rows.push((name, vec![square])),
                }
            }
            let head = std::iter::once("optimizer".to_owned());
            tables.push(Grid {
                workload: w,
                target: Some(t),
                caption: caption(workload, t),
                head: head.chain(workload.facts.batch_sizes.iter().map(|b| format!("batch {b}"))).collect(),
                rows: rows
                    .into_iter()
                    .map(|(name, squares)| std::iter::once(plain(name)).chain(squares).collect())
                    .collect(),
            });
        }
    }
    Section {
        id: "time",
        heading: "Time to target",
        text: "Median steps to the target times the time of a step on this machine. The darker the faster; framed are all cells that may be the \
            fastest. A dash: most runs did not reach the target.",
        charts: vec![],
        tables,
    }
}

/// What follows from the curves.
pub(super) fn critical(source: &Source<'_>) -> Section {
    let mut tables = vec![];
    for (w, workload) in source.report.workloads.iter().enumerate() {
        for t in 0..workload.targets.len() {
            let of = workload.curves.iter().filter(|curve| curve.target == t && !curve.steps.is_empty());
            let rows = of.map(|curve| {
                let estimate = curve.critical_batch_size.map_or_else(
                    || "not to be told".into(),
                    |e| format!("{} ({} to {})", si(e.value.0), si(e.low.0), si(e.high.0)),
                );
                let b20 = curve
                    .b20
                    .map_or_else(String::new, |b| format!("{}{}", if b.open { "> " } else { "" }, si(b.batch_size)));
                let fit = &curve.steps[0];
                vec![
                    plain(series_name(&curve.optimizer, &curve.variant)),
                    Square { value: curve.critical_batch_size.map(|e| e.value.0), ..plain(estimate) },
                    Square { value: curve.b20.map(|b| b.batch_size), ..plain(b20) },
                    plain(fit.curve.name()),
                    Square {
                        value: Some(fit.root_mean_square),
                        ..plain(format!("{:.1} %", 100.0 * fit.root_mean_square))
                    },
                    plain(curve.rates.first().map_or("", |fit| fit.curve.name())),
                    plain(curve.fastest_batch_size.map_or_else(String::new, si)),
                    plain(curve.measured_fastest.map_or_else(String::new, |b| b.to_string())),
                ]
            });
            let rows: Vec<_> = rows.collect();
            if !rows.is_empty() {
                let head = [
                    "optimizer",
                    "critical batch size",
                    "B₂₀",
                    "best curve of S(B)",
                    "its error",
                    "best shape of η*(B)",
                    "fastest batch by curves",
                    "as measured",
                ];
                let head = head.map(str::to_owned).to_vec();
                tables.push(Grid { workload: w, target: Some(t), caption: caption(workload, t), head, rows });
            }
        }
    }
    Section {
        id: "critical",
        heading: "Critical batch sizes",
        text: "Where the part of the steps that no batch size can save is as large as the part that falls, by the curve with the lowest AICc; and \
            B₂₀, the largest batch size that needs at most 20 % more samples than the best, without a model.",
        charts: vec![],
        tables,
    }
}

/// What coupling rules cost, where the study has any.
pub(super) fn coupling(source: &Source<'_>) -> Option<Section> {
    let mut tables = vec![];
    for (w, workload) in source.report.workloads.iter().enumerate() {
        for t in 0..workload.targets.len() {
            let mut rows: Vec<(String, Vec<Square>)> = vec![];
            for report in workload.coupling.iter().filter(|report| report.target == t) {
                let name = format!("{}, {}", series_name(&report.optimizer, &report.variant), report.rule.name());
                let ratio = report.ratio.0;
                let text = if ratio.is_finite() { format!("{ratio:.2}") } else { "–".to_owned() };
                let square = Square { value: Some(ratio).filter(|r| r.is_finite()), ..plain(text) };
                match rows.iter_mut().find(|row| row.0 == name) {
                    Some(row) => row.1.push(square),
                    None => rows.push((name, vec![square])),
                }
            }
            if !rows.is_empty() {
                let head = std::iter::once("optimizer and rule".to_owned());
                let sizes = workload.facts.batch_sizes.iter().skip(1).map(|b| format!("batch {b}"));
                let rows =
                    rows.into_iter().map(|(name, row)| std::iter::once(plain(name)).chain(row).collect()).collect();
                tables.push(Grid {
                    workload: w,
                    target: Some(t),
                    caption: caption(workload, t),
                    head: head.chain(sizes).collect(),
                    rows,
                });
            }
        }
    }
    (!tables.is_empty()).then_some(Section {
        id: "coupling",
        heading: "What a rule costs against tuning again",
        text: "Steps by the rule, from the best point of the smallest batch, over steps after tuning again. A dash: most runs by the rule missed.",
        charts: vec![],
        tables,
    })
}

/// The leaders beside the others.
pub(super) fn duels(source: &Source<'_>) -> Section {
    const PLACES: usize = 8;
    let mut tables = vec![];
    for (w, workload) in source.report.workloads.iter().enumerate() {
        for (t, target) in workload.targets.iter().enumerate() {
            let (ranking, what) = match &target.time {
                Some(time) => (time, "time"),
                None => (&target.steps, "steps"),
            };
            let rows =
                ranking.places.iter().take(PLACES).filter(|place| place.ratio.value.0.is_finite()).map(|place| {
                    let cell = &workload.cells[place.cell];
                    let ratio = place.ratio;
                    vec![
                        Square {
                            marked: ranking.verdict.named().contains(&place.cell),
                            ..plain(format!(
                                "{}, batch {}",
                                series_name(&cell.optimizer, &cell.variant),
                                cell.batch_size
                            ))
                        },
                        Square {
                            value: Some(ratio.value.0),
                            ..plain(format!("{:.2} ({:.2} to {:.2})", ratio.value.0, ratio.low.0, ratio.high.0))
                        },
                        plain(
                            place.leader_beats_it.map_or_else(String::new, |p| format!("{:.0} %", 100.0 * p.value.0)),
                        ),
                        plain(place.p_value.map_or_else(String::new, |p| format!("{p:.3}"))),
                    ]
                });
            let rows: Vec<_> = rows.collect();
            let head = [
                "cell".to_owned(),
                format!("{what} to that of the leader"),
                "seeds with which the leader needs less".to_owned(),
                "p (Holm)".to_owned(),
            ];
            tables.push(Grid {
                workload: w,
                target: Some(t),
                caption: caption(workload, t),
                head: head.to_vec(),
                rows,
            });
        }
    }
    Section {
        id: "duels",
        heading: "Who beats whom",
        text: "The leader beside the next cells, with the same seeds. Framed are those that may be the best.",
        charts: vec![],
        tables,
    }
}

/// The self-check's rows.
pub(super) fn checks(report: &Report) -> Vec<CheckRow> {
    let checks = report.self_check.iter().flat_map(|check| &check.checks);
    checks
        .map(|check| CheckRow {
            name: check.name.clone(),
            measured: format!("{} ({} to {})", number(check.measured), number(check.low), number(check.high)),
            expected: number(check.expected),
            ok: check.ok,
        })
        .collect()
}

fn number(x: f64) -> String {
    crate::report::format_number::format_number(x)
}

/// What the page says of the machine.
pub(super) fn machine(session: &Session) -> Vec<(String, String)> {
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
pub(super) fn command(report: &Report) -> String {
    let study = &report.study;
    let known = Profile::named(&study.name).is_some_and(|profile| profile.is_but_for_seeds(study));
    let which = if known { format!("--profile {}", study.name) } else { "--study study.toml".to_owned() };
    let seeds = format!("--seed {} --data-seed {}", study.seed, study.data_seed);
    let note = if known { "" } else { "\n# study.toml is beside this page" };
    format!("simdescent sweep {which} {seeds} --out DIR{note}")
}
