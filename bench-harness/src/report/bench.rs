//! The report of `bench` as text, files for people and files for other tools.

mod exports;
pub(crate) mod files;
pub(crate) mod tables;

use crate::base::format_number::si_unit;
use crate::timing::baseline::BaselineReport;
use crate::timing::result::{Against, BenchReport, CaseReport, Span, Unit, Verdict};
use comfy_table::{CellAlignment, Table, presets};
use simdescent_benches::contest::OURS_ON_ONE_THREAD;
use simdescent_measure::statistics::geometric_mean;
use std::collections::BTreeMap;

/// A CPU's own name as the name of a folder: lower case, with dashes, without trade marks.
pub(crate) fn slug(cpu: &str) -> String {
    let cpu = cpu.to_lowercase().replace("(r)", " ").replace("(tm)", " ");
    let words = cpu.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let slug = words.collect::<Vec<_>>().join("-");
    if slug.is_empty() { "unknown".into() } else { slug }
}

/// Tables, and what they come to.
pub(crate) fn text(report: &BenchReport) -> String {
    let mut parts: Vec<String> = report.plan.threads.iter().map(|&threads| table(report, threads)).collect();
    parts.push(means(report));
    parts.push(losses(report));
    parts.push(quietness(report));
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

fn table(report: &BenchReport, threads: usize) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let head = format!("{} on {}", report.environment.isa, threads_name(threads));
    table.set_header([&*head, "time", "rate", "of limit", "limit", "best other", "its time / ours", "verdict"]);
    for column in [1, 2, 3, 6] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for case in report.cases.iter().filter(|case| case.threads == threads) {
        let ours = case.ours();
        let best = best_other(case);
        table.add_row([
            case.name.clone(),
            si_unit(ours.seconds.value, "s"),
            rate(case, ours.seconds.value),
            format!("{:.0} %", 100.0 * ours.share_of_limit),
            case.limit.name.clone(),
            best.map(|best| best.name.clone()).unwrap_or_default(),
            best.map(|best| ratio(&best.ratio)).unwrap_or_default(),
            best.and_then(|best| best.verdict).map_or("", Verdict::name).to_owned(),
        ]);
    }
    let text = table.to_string();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// What we are compared with in a table: the fastest of the others.
pub(crate) fn best_other(case: &CaseReport) -> Option<&Against> {
    let others = case.against.iter().filter(|against| against.name != OURS_ON_ONE_THREAD);
    others.min_by(|a, b| a.ratio.value.total_cmp(&b.ratio.value))
}

/// Units per second, for people.
pub(crate) fn rate(case: &CaseReport, seconds: f64) -> String {
    si_unit(case.rate(seconds), unit(case))
}

/// What rates of a case are in.
pub(crate) fn unit(case: &CaseReport) -> &'static str {
    match case.work.unit {
        Unit::Flops => "FLOP/s",
        Unit::Bytes => "B/s",
        Unit::Elements => "elements/s",
        Unit::Samples => "samples/s",
    }
}

/// `1 thread`, `2 threads`.
pub(crate) fn threads_name(threads: usize) -> String {
    format!("{threads} thread{}", if threads == 1 { "" } else { "s" })
}

/// `1.23 [1.20, 1.26]`.
pub(crate) fn ratio(span: &Span) -> String {
    let end = |end: Option<f64>| end.map_or("?".to_owned(), |end| format!("{end:.2}"));
    format!("{:.2} [{}, {}]", span.value, end(span.low), end(span.high))
}

/// A number of threads and a kind of kernel.
type Kind = (usize, String);
/// Whose time is divided by ours, the mean, and of how many cases.
type MeanRatio = (String, f64, usize);
type Ratios = Vec<(String, Vec<f64>)>;

/// A ratio whose interval is wider than this factor says nothing of who is faster by how much.
const WIDEST: f64 = 1.5;

/// Geometric means of ratios, by number of threads, group and who else took part; of those ratios that are known well enough.
pub(crate) fn mean_ratios(report: &BenchReport) -> BTreeMap<Kind, Vec<MeanRatio>> {
    let mut ratios: BTreeMap<Kind, Ratios> = BTreeMap::new();
    for case in &report.cases {
        let group = ratios.entry((case.threads, case.group.clone())).or_default();
        let known = |span: &Span| span.low.zip(span.high).is_some_and(|(low, high)| high <= WIDEST * low);
        for against in case.against.iter().filter(|against| known(&against.ratio)) {
            match group.iter_mut().find(|(name, _)| *name == against.name) {
                Some((_, values)) => values.push(against.ratio.value),
                None => group.push((against.name.clone(), vec![against.ratio.value])),
            }
        }
    }
    let mean = |(name, values): (String, Vec<f64>)| Some((name, geometric_mean(&values)?, values.len()));
    ratios.into_iter().map(|(key, of)| (key, of.into_iter().filter_map(mean).collect())).collect()
}

fn means(report: &BenchReport) -> String {
    let mut lines =
        vec!["how many times faster than others, geometric means (of so many cases whose ratio is known):".to_owned()];
    for ((threads, group), others) in mean_ratios(report) {
        let of: Vec<String> = others.iter().map(|(name, mean, count)| format!("{name} {mean:.2} ({count})")).collect();
        if !of.is_empty() {
            lines.push(format!("  {group}, {}: {}", threads_name(threads), of.join(", ")));
        }
    }
    lines.join("\n")
}

/// Where another is certainly faster.
fn losses(report: &BenchReport) -> String {
    let lost = report.cases.iter().flat_map(|case| {
        let slower = case.against.iter().filter(|against| against.verdict == Some(Verdict::Slower));
        slower.map(|against| format!("  {} than {}: {}", case.full_name(), against.name, ratio(&against.ratio)))
    });
    let lost: Vec<String> = lost.collect();
    if lost.is_empty() { String::new() } else { format!("slower:\n{}", lost.join("\n")) }
}

/// What the control says.
pub(crate) fn quiet_or_not(report: &BenchReport) -> &'static str {
    let half = |span: &Span| span.low.zip(span.high).map_or(f64::INFINITY, |(low, high)| 0.5 * (high - low));
    let widest = report.control.ratios.iter().map(|control| half(&control.ratio)).fold(0.0, f64::max);
    if report.control.quiet && widest <= 2.0 * report.plan.margin {
        "the machine was quiet"
    } else if report.control.quiet {
        "equals are not told apart, but the machine was so busy that this says little"
    } else {
        "the machine was not quiet: one of two equals seemed faster, so there are no verdicts"
    }
}

/// The control, and what else the machine did.
pub(crate) fn quietness(report: &BenchReport) -> String {
    let control: Vec<String> = report
        .control
        .ratios
        .iter()
        .map(|control| format!("{} ({})", ratio(&control.ratio), threads_name(control.threads)))
        .collect();
    let kernel = report.control.ratios.first().map_or("", |control| &control.case);
    let d = &report.disturbances;
    let says = quiet_or_not(report);
    let rounds = |count: Option<usize>| count.map_or("unknown".to_owned(), |count| format!("{count} of {}", d.rounds));
    format!(
        "control, {kernel} beside itself, {:.0} %: {}: {says}\n\
        rounds with stolen time: {}; with involuntary switches: {}; load {}; throttled {}\n\
        loops that never change: multiply-adds ± {:.1} %, at worst {:.1} times as long; with loads and integers ± {:.1} %, {:.1} times",
        100.0 * report.control.confidence,
        control.join(", "),
        rounds(d.rounds_with_stolen_time),
        rounds(d.rounds_with_involuntary_switches),
        d.load.map_or("unknown".into(), |load| format!("{load:.1}")),
        d.throttled.map_or("unknown".into(), |count| format!("{count} times")),
        100.0 * d.calibration_spread[0],
        d.calibration_worst[0],
        100.0 * d.calibration_spread[1],
        d.calibration_worst[1],
    )
}

/// What became of the times of an earlier report.
pub(crate) fn baseline_lines(report: &BaselineReport) -> Vec<String> {
    let mut lines = vec![format!("\nbeside {}: time then / time now", report.baseline)];
    lines.extend(report.differences.iter().map(|difference| format!("  other {difference}")));
    lines.extend(report.cases.iter().map(|case| {
        let verdict = case.verdict.map_or("", Verdict::name);
        format!("  {:60} {}  {verdict}", case.name, ratio(&case.ratio)).trim_end().to_owned()
    }));
    if !report.only_once.is_empty() {
        lines.push(format!("  only in one of the two: {}", report.only_once.join(", ")));
    }
    if !report.quiet {
        lines.push("  one of the two runs was not quiet, so there are no verdicts".into());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timing::baseline::compare;
    use crate::timing::fake::report;

    #[test]
    fn the_text_has_times_losses_and_the_control() {
        let quiet = text(&report(2e-5, 1e-5, 1.0));
        assert!(quiet.contains("gemm/f32/64x64x64"), "{quiet}");
        for part in
            ["23.4 GFLOP/s", "FMA", "0.50 [0.50, 0.50]", "gemm, 1 thread: plain 0.50 (", "the machine was quiet"]
        {
            assert!(quiet.contains(part), "{part} is not in\n{quiet}");
        }
        assert!(quiet.contains("slower:\n  gemm/f32/8x8x8/threads:1 than plain: 0.50"), "{quiet}");
        assert!(!text(&report(1e-5, 2e-5, 1.0)).contains("slower:"));
        assert!(text(&report(1e-5, 2e-5, 1.1)).contains("the machine was not quiet"));
    }

    #[test]
    fn folders_are_named_after_cpus() {
        assert_eq!(slug("INTEL(R) XEON(R) PROCESSOR"), "intel-xeon-processor");
        assert_eq!(slug("Intel(R) Core(TM) i7-1185G7 @ 3.00GHz"), "intel-core-i7-1185g7-3-00ghz");
        assert_eq!(slug("®"), "unknown");
    }

    #[test]
    fn a_baseline_is_told_line_by_line() {
        let (now, then) = (report(2e-5, 3e-5, 1.0), report(4e-5, 3e-5, 1.0));
        let lines = baseline_lines(&compare(&now, &then).unwrap()).join("\n");
        assert!(lines.contains("beside 0123456789 of 2026-11-30T22:00:00Z"), "{lines}");
        assert!(lines.contains("2.00 [") && lines.contains("faster"), "{lines}");
    }
}
