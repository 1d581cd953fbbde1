//! The page of a bench.

use super::parts::{Choice, Figure, Grid, Key, Place, Section, Square, Words};
use super::{Page, rounded};
use crate::base::format_number::si_unit;
use crate::report::bench::{mean_ratios, quietness, rate, ratio, threads_name, unit};
use crate::report::chart::{Axis, Chart, GUIDE, Point, Series};
use crate::timing::result::{BenchReport, CaseReport, Contestant, Verdict};
use anyhow::Result;

/// The page of a report.
pub(crate) fn page(report: &BenchReport) -> Result<String> {
    let groups = distinct(report.cases.iter().map(|case| &*case.group));
    let contestants = distinct(report.cases.iter().flat_map(|case| case.contestants.iter().map(|c| &*c.name)));
    let threads: Vec<String> = report.plan.threads.iter().map(|&threads| threads_name(threads)).collect();
    let environment = &report.environment;
    let mut json = serde_json::to_value(report)?;
    json.as_object_mut().map(|report| report.remove("processes"));
    rounded(&mut json);
    let quiet = report.control.quiet;
    let page = Page {
        title: format!("Bench: {}", environment.cpu),
        subtitle: format!(
            "{}, {} at {}, on {}; {} processes for each number of threads, intervals of {:.0} %",
            report.started,
            environment.version,
            environment.commit,
            environment.isa,
            report.plan.processes,
            100.0 * report.plan.confidence
        ),
        alarms: if quiet { vec![] } else { vec!["The machine was not quiet: no verdicts.".into()] },
        choices: groups.iter().map(|group| Choice { name: (*group).into(), targets: threads.clone() }).collect(),
        shown: Some((0, 0)),
        keys: contestants.iter().enumerate().map(|(number, name)| Key { number, name: (*name).into() }).collect(),
        sections: vec![
            answer(report, &groups),
            charts(report, &groups, &contestants)?,
            tables(report, &groups),
            machine(report),
        ],
        json,
    };
    page.html()
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut distinct = vec![];
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

/// The cases of a group on so many threads.
fn of<'r>(report: &'r BenchReport, group: &str, threads: usize) -> Vec<&'r CaseReport> {
    report.cases.iter().filter(|case| case.group == group && case.threads == threads).collect()
}

fn answer(report: &BenchReport, groups: &[&str]) -> Section {
    let mut boxes = vec![Words {
        label: "The machine and the control".into(),
        lines: quietness(report).lines().map(str::to_owned).collect(),
        ..Words::default()
    }];
    for ((threads, group), others) in mean_ratios(report) {
        let g = groups.iter().position(|name| *name == group).unwrap_or(0);
        let t = report.plan.threads.iter().position(|n| *n == threads).unwrap_or(0);
        let line = |(name, mean, count): (String, f64, usize)| {
            format!(
                "{mean:.2} times as fast as {name}, geometric mean of {count} case{}",
                if count == 1 { "" } else { "s" }
            )
        };
        let lines: Vec<String> = others.into_iter().map(line).collect();
        if !lines.is_empty() {
            boxes.push(Words { place: Place::target(g, t), label: group, remark: threads_name(threads), lines });
        }
    }
    Section {
        id: "answer",
        heading: "The answer",
        text: format!(
            "How many times faster ours is than others in the same rounds. A verdict holds for all comparisons of this page together with \
            {:.0} %; equivalent is what differs by less than {:.0} %.",
            100.0 * report.plan.confidence,
            100.0 * report.plan.margin
        ),
        boxes,
        ..Section::default()
    }
}

/// Rates over sizes, below what the machine allows.
fn charts(report: &BenchReport, groups: &[&str], contestants: &[&str]) -> Result<Section> {
    let mut charts = vec![];
    for (g, group) in groups.iter().enumerate() {
        for (t, &threads) in report.plan.threads.iter().enumerate() {
            let cases = of(report, group, threads);
            for unit_name in distinct(cases.iter().map(|case| unit(case))) {
                let mut cases: Vec<&CaseReport> =
                    cases.iter().copied().filter(|case| unit(case) == unit_name && case.bits == 32).collect();
                let by_size = Place::target(g, t);
                if let Some(svg) = chart(&mut cases, group, unit_name, threads, contestants)?.svg()? {
                    charts.push(Figure { place: by_size, svg, caption: caption(&cases, group, threads) });
                }
            }
        }
    }
    Ok(Section {
        id: "rates",
        heading: "Rates below the machine's limits",
        text: "Geometric means over processes with their intervals, f32. The dashed line is what this machine allows for the work of each \
            case, measured in the same processes: multiply-adds in registers, or bytes at the rate of reading or copying where they lie. It \
            can be passed where caches hold more than they seem to."
            .into(),
        charts,
        ..Section::default()
    })
}

/// Where a case stands on the axis: products by the side of a cube of as many multiply-adds, vectors by their bytes, other things one
/// after the other.
fn place(case: &CaseReport, index: usize) -> f64 {
    match kind(&case.group) {
        Kind::Products => libm::cbrt(case.work.flops / 2.0),
        Kind::Memory => case.work.working_set,
        Kind::List => index as f64 + 1.0,
    }
}

enum Kind {
    Products,
    Memory,
    List,
}

fn kind(group: &str) -> Kind {
    match group {
        "gemm" => Kind::Products,
        "math" | "loss" | "optimizer" | "linear" | "train-step" => Kind::List,
        _ => Kind::Memory,
    }
}

fn chart(cases: &mut [&CaseReport], group: &str, unit: &str, threads: usize, contestants: &[&str]) -> Result<Chart> {
    cases.sort_by(|a, b| place(a, 0).total_cmp(&place(b, 0)));
    let x = match kind(group) {
        Kind::Products => Axis::log("∛(m·n·k)"),
        Kind::Memory => Axis::log("bytes used again and again"),
        Kind::List => Axis {
            ticks: Some((1..=cases.len()).map(|i| i as f64).collect()),
            ..Axis::linear("number in the list below")
        },
    };
    let limit: Vec<(f64, f64)> =
        cases.iter().enumerate().map(|(i, case)| (place(case, i), case.rate(case.limit.seconds))).collect();
    let mut series = vec![Series {
        number: GUIDE,
        name: Some("limit".into()),
        line: limit,
        text: "what the machine allows".into(),
        thin: true,
        ..Series::default()
    }];
    for (number, name) in contestants.iter().enumerate() {
        let points = cases.iter().enumerate().filter_map(|(i, case)| {
            let contestant = case.contestants.iter().find(|contestant| contestant.name == *name)?;
            Some(point(case, contestant, place(case, i)))
        });
        let points: Vec<Point> = points.collect();
        if !points.is_empty() {
            series.push(Series { number, name: Some((*name).into()), points, ..Series::default() });
        }
    }
    Ok(Chart {
        title: format!("{group}, {}", threads_name(threads)),
        description: format!("Rates of all who took part, below the limit. Ours is {}.", contestants[0]),
        x,
        y: Axis::log(unit),
        series,
        ..Chart::default()
    })
}

fn point(case: &CaseReport, contestant: &Contestant, x: f64) -> Point {
    let seconds = contestant.seconds;
    let ends = seconds.high.zip(seconds.low).map(|(slow, fast)| (case.rate(slow), case.rate(fast)));
    Point {
        x,
        y: case.rate(seconds.value),
        interval: ends,
        text: format!(
            "{}, {}: {}, {}, {:.0} % of the limit ({})",
            case.name,
            contestant.name,
            si_unit(seconds.value, "s"),
            rate(case, seconds.value),
            100.0 * contestant.share_of_limit,
            case.limit.name
        ),
    }
}

fn caption(cases: &[&CaseReport], group: &str, threads: usize) -> String {
    let list = match kind(group) {
        Kind::List => {
            let short = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
            let names = cases.iter().enumerate().map(|(i, case)| format!("{} {}", i + 1, short(&case.name)));
            format!(": {}", names.collect::<Vec<_>>().join(", "))
        }
        _ => String::new(),
    };
    format!("{group}, {}{list}", threads_name(threads))
}

fn tables(report: &BenchReport, groups: &[&str]) -> Section {
    let mut tables = vec![];
    for (g, group) in groups.iter().enumerate() {
        for (t, &threads) in report.plan.threads.iter().enumerate() {
            let cases = of(report, group, threads);
            if cases.is_empty() {
                continue;
            }
            let rows = cases.iter().flat_map(|case| case.contestants.iter().map(|contestant| row(case, contestant)));
            tables.push(Grid {
                place: Place::target(g, t),
                caption: format!("{group}, {}", threads_name(threads)),
                head: ["case", "who", "time", "rate", "of limit", "limit", "its time / ours", "ours is"]
                    .map(str::to_owned)
                    .to_vec(),
                rows: rows.collect(),
            });
        }
    }
    Section {
        id: "times",
        heading: "All times",
        text: "Of one call. The interval of a ratio comes from pairs in the same process, so it is narrower than those of the times.".into(),
        tables,
        ..Section::default()
    }
}

fn row(case: &CaseReport, contestant: &Contestant) -> Vec<Square> {
    let against = case.against.iter().find(|against| against.name == contestant.name);
    let verdict = against.and_then(|against| against.verdict);
    let class = match verdict {
        Some(Verdict::Faster) => "good",
        Some(Verdict::Slower) => "bad",
        _ => "",
    };
    let seconds = contestant.seconds.value;
    vec![
        Square::text(case.name.split_once('/').map_or(&*case.name, |(_, rest)| rest)),
        Square::text(&contestant.name),
        Square::number(si_unit(seconds, "s"), seconds),
        Square::number(rate(case, seconds), case.rate(seconds)),
        Square::number(format!("{:.0} %", 100.0 * contestant.share_of_limit), contestant.share_of_limit),
        Square::text(&case.limit.name),
        against.map_or_else(Square::default, |against| Square::number(ratio(&against.ratio), against.ratio.value)),
        Square { class, ..Square::text(verdict.map_or("", Verdict::name)) },
    ]
}

fn machine(report: &BenchReport) -> Section {
    let environment = &report.environment;
    let mut rows = vec![
        ("CPU".to_owned(), format!("{}, {} logical cores", environment.cpu, environment.logical_cores)),
        ("operating system".into(), environment.os.clone()),
        ("instruction set".into(), format!("{}, of {}", environment.isa, environment.isas_available.join(", "))),
        ("program".into(), format!("{} at {}, {}", environment.version, environment.commit, environment.build_profile)),
        ("compiler".into(), environment.rustc.clone()),
    ];
    rows.extend(report.peers.iter().map(|peer| (peer.name.clone(), peer.version.clone())));
    for limits in &report.limits {
        let threads = threads_name(limits.threads);
        let (single, double) = (si_unit(limits.peak_flops_f32, "FLOP/s"), si_unit(limits.peak_flops_f64, "FLOP/s"));
        rows.push((format!("multiply-adds, {threads}"), format!("f32 {single}, f64 {double}")));
        for bandwidth in &limits.bandwidths {
            let level = bandwidth.level.as_deref().unwrap_or("memory or cache");
            let rates = format!("read {}, copy {}", si_unit(bandwidth.read, "B/s"), si_unit(bandwidth.copy, "B/s"));
            rows.push((format!("bandwidth, {threads}"), format!("{level}, {} KiB: {rates}", bandwidth.bytes >> 10)));
        }
    }
    let rows = rows.into_iter().map(|(key, value)| vec![Square::text(key), Square::text(value)]).collect();
    Section {
        id: "again",
        heading: "Machine and command",
        tables: vec![Grid { rows, ..Grid::default() }],
        code: Some(command(report)),
        ..Section::default()
    }
}

/// How to do it again.
pub(crate) fn command(report: &BenchReport) -> String {
    let plan = &report.plan;
    let threads: Vec<String> = plan.threads.iter().map(ToString::to_string).collect();
    let is_crate = |name: &str| simdescent_benches::peers::CRATES.iter().any(|(known, _)| *known == name);
    let library = report.peers.iter().find(|peer| !is_crate(&peer.name));
    let crates = report.peers.iter().any(|peer| is_crate(&peer.name));
    let mut command = library.map_or_else(String::new, |library| {
        format!("# SIMDESCENT_BLAS is the path of {}, {}\n", library.name, library.version)
    });
    let features = if crates { " --features peers" } else { "" };
    command += &format!(
        "cargo run --release{features} -- bench --threads {} --processes {}",
        threads.join(","),
        plan.processes
    );
    if plan.quick {
        command += " --quick";
    }
    if let Some(filter) = &plan.filter {
        command += &format!(" --filter {filter}");
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timing::fake::report;

    #[test]
    fn the_page_has_every_group_its_limit_and_nobody_elses_files() {
        let report = report(2e-5, 3e-5, 1.0);
        let html = page(&report).unwrap();
        assert!(html.len() < 1_000_000, "{} bytes", html.len());
        for outside in ["http:", "https:", "src=", "@import"] {
            assert!(!html.contains(outside), "the page would ask for something: {outside}");
        }
        let places: Vec<_> = ["answer", "rates", "times", "again"]
            .map(|id| html.find(&format!("<section id=\"{id}\">")).expect(id))
            .into();
        assert!(places.is_sorted());
        let groups = distinct(report.cases.iter().map(|case| &*case.group));
        assert!(html.matches("<svg class=\"chart\"").count() >= groups.len(), "a chart for each group");
        assert!(
            html.contains("what the machine allows") && html.contains("1.50 [1.50, 1.50]") && html.contains("faster")
        );
        assert!(!html.contains("NaN") && !html.contains("The machine was not quiet"));
        assert!(
            page(&crate::timing::fake::report(2e-5, 3e-5, 1.1))
                .unwrap()
                .contains("The machine was not quiet: no verdicts.")
        );
        let again = command(&report);
        assert_eq!(again.lines().last().unwrap().matches("--quick").count(), 1, "{again}");
    }
}
