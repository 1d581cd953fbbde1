//! Tables of reports in Markdown, and the files that hold them: what stands between
//! `<!-- table NAME of REPORT.json -->` and `<!-- end of table -->` is made from the report, whose path is relative to the file.
//!
//! | NAME | |
//! | --- | --- |
//! | `machine` | what was measured where, with what and how quietly |
//! | `means` | geometric means of ratios, by kind of kernel; `means gemm,gemv` of these kinds only |
//! | `losses` | where another is faster |
//! | `gemm 1` | every case of a kind on so many threads |

use super::{mean_ratios, quiet_or_not, rate, threads_name};
use crate::timing::result::{Against, BenchReport, CaseReport, Span, Verdict};
use anyhow::{Context, Result, bail};
use simdescent_benches::contest::OURS_ON_ONE_THREAD;
use std::fmt::Write;

const BEGIN: &str = "<!-- table ";
const END: &str = "<!-- end of table -->";

/// The text with its tables made anew; `read` takes the path of a report.
pub(crate) fn renewed(text: &str, read: &dyn Fn(&str) -> Result<BenchReport>) -> Result<String> {
    let mut renewed = String::new();
    let mut rest = text;
    while let Some((before, from)) = rest.split_once(BEGIN) {
        let (marker, after) = from.split_once("-->").context("a marker of a table without its end -->")?;
        let line = format!("{BEGIN}{marker}-->");
        let (name, path) =
            marker.trim().rsplit_once(" of ").with_context(|| format!("{line}: no ` of REPORT.json`"))?;
        let (_, end) = after.split_once(END).with_context(|| format!("{line}: no {END} follows"))?;
        let table = table(&read(path)?, name).with_context(|| line.clone())?;
        let _ = write!(renewed, "{before}{line}\n\n{}\n\n{END}", table.trim_end());
        rest = end;
    }
    Ok(renewed + rest)
}

fn table(report: &BenchReport, name: &str) -> Result<String> {
    match name {
        "machine" => Ok(machine(report)),
        "means" => Ok(means(report, None)),
        "losses" => Ok(losses(report)),
        _ if name.starts_with("means ") => Ok(means(report, name.strip_prefix("means "))),
        _ => {
            let group = name.split_once(' ').and_then(|(group, threads)| Some((group, threads.parse::<usize>().ok()?)));
            let cases = |(group, threads): (&str, usize)| -> Vec<&CaseReport> {
                report.cases.iter().filter(|case| case.group == group && case.threads == threads).collect()
            };
            match group.map(cases) {
                Some(cases) if !cases.is_empty() => Ok(of_cases(&cases)),
                _ => bail!(
                    "no table {name:?}: machine, means, losses, or a kind of kernel and a number of threads that are in the report"
                ),
            }
        }
    }
}

fn machine(report: &BenchReport) -> String {
    let environment = &report.environment;
    let peers: Vec<String> = report
        .peers
        .iter()
        .map(|peer| format!("{} {}", peer.name, peer.version.trim_start_matches(&*peer.name).trim()))
        .collect();
    let beside = if peers.is_empty() { "plain loops".to_owned() } else { format!("plain loops, {}", peers.join(", ")) };
    let date = report.started.split('T').next().unwrap_or_default();
    let limits: Vec<String> = report
        .limits
        .iter()
        .map(|limits| format!("{:.0} GFLOP/s on {}", 1e-9 * limits.peak_flops_f32, threads_name(limits.threads)))
        .collect();
    format!(
        "{}, {} cores, {}; {date}, commit {}, {}. Beside {beside}. {} processes for each number of threads, intervals of {:.0} %. \
        Multiply-adds in registers reach {} in `f32`. The control: {}.",
        environment.cpu,
        environment.logical_cores,
        environment.isa,
        environment.commit,
        environment.rustc,
        report.plan.processes,
        100.0 * report.plan.confidence,
        limits.join(", "),
        quiet_or_not(report)
    )
}

/// A row for each kind of kernel and number of threads, a column for each other.
fn means(report: &BenchReport, only: Option<&str>) -> String {
    let mut means = mean_ratios(report);
    means.retain(|(_, group), _| only.is_none_or(|only| only.split(',').any(|kind| kind.trim() == group)));
    let mut names: Vec<&str> = vec![];
    for (name, ..) in means.values().flatten() {
        if !names.contains(&&**name) && name != OURS_ON_ONE_THREAD {
            names.push(name);
        }
    }
    let mut text = format!("| times as fast as | {} |\n| --- |{}\n", names.join(" | "), " ---: |".repeat(names.len()));
    for ((threads, group), others) in &means {
        let cell = |name: &&str| {
            let mean = others.iter().find(|(other, ..)| other == name);
            mean.map_or_else(String::new, |(_, mean, count)| format!("{mean:.2} ({count})"))
        };
        let cells: Vec<String> = names.iter().map(cell).collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            let _ = writeln!(text, "| {group}, {} | {} |", threads_name(*threads), cells.join(" | "));
        }
    }
    text
}

/// Whether the other is faster: certainly where there are verdicts, else as far as its own interval says.
fn loses(against: &Against) -> bool {
    against.name != OURS_ON_ONE_THREAD
        && against
            .verdict
            .map_or(against.ratio.high.is_some_and(|high| high < 1.0), |verdict| verdict == Verdict::Slower)
}

fn losses(report: &BenchReport) -> String {
    let mut text = "| case | the other | its time / ours |\n| --- | --- | ---: |\n".to_owned();
    let mut any = false;
    for case in &report.cases {
        for against in case.against.iter().filter(|against| loses(against)) {
            let name = format!("{}, {}", case.name, threads_name(case.threads));
            let _ = writeln!(text, "| {name} | {} | {} |", against.name, cell(&against.ratio));
            any = true;
        }
    }
    if any { text } else { "Nobody was certainly faster in any case.".into() }
}

/// `1.23 ± 0.04`.
fn cell(span: &Span) -> String {
    let half = span.low.zip(span.high).map(|(low, high)| 0.5 * (high - low));
    half.map_or_else(|| format!("{:.2}", span.value), |half| format!("{:.2} ± {half:.2}", span.value))
}

fn of_cases(cases: &[&CaseReport]) -> String {
    let mut names: Vec<&str> = vec![];
    for against in cases.iter().flat_map(|case| &case.against) {
        if !names.contains(&&*against.name) {
            names.push(&against.name);
        }
    }
    let mut text = format!(
        "| case | rate | of limit | {} |\n| --- | ---: | ---: |{}\n",
        names.join(" | "),
        " ---: |".repeat(names.len())
    );
    for case in cases {
        let ours = case.ours();
        let ratios = names.iter().map(|name| {
            let against = case.against.iter().find(|against| against.name == *name);
            against.map_or_else(String::new, |against| {
                let cell = cell(&against.ratio);
                if loses(against) { format!("**{cell}**") } else { cell }
            })
        });
        let name = case.name.split_once('/').map_or(&*case.name, |(_, rest)| rest);
        let _ = writeln!(
            text,
            "| {name} | {} | {:.0} % | {} |",
            rate(case, ours.seconds.value),
            100.0 * ours.share_of_limit,
            ratios.collect::<Vec<_>>().join(" | ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timing::fake::report;
    use std::path::Path;

    #[test]
    fn a_table_is_made_between_its_markers() {
        let read = |path: &str| match path {
            "a/b.json" => Ok(report(2e-5, 1e-5, 1.0)),
            _ => bail!("{path} is not there"),
        };
        let text = "Text.\n\n<!-- table dot 1 of a/b.json -->\nold\n<!-- end of table -->\n\nMore.\n";
        let made = renewed(text, &read).unwrap();
        let wanted = "Text.\n\n<!-- table dot 1 of a/b.json -->\n\n| case | rate | of limit | plain |\n| --- | ---: | ---: | ---: |\n\
            | f32/2000 | 713 MB/s | 0 % | **0.50 ± 0.00** |\n\n<!-- end of table -->\n\nMore.\n";
        assert_eq!(made, wanted);
        assert_eq!(renewed(&made, &read).unwrap(), made, "a second time nothing changes");
        let of = |name: &str| renewed(&format!("{BEGIN}{name} -->{END}"), &read);
        assert!(of("means of a/b.json").unwrap().contains("| gemm, 1 thread | 0.50 ("));
        let some = of("means gemm,dot of a/b.json").unwrap();
        assert!(some.contains("| gemm, 1 thread |") && some.contains("| dot, 1") && !some.contains("axpy"), "{some}");
        assert!(of("losses of a/b.json").unwrap().contains("| dot/f32/2000, 1 thread | plain | 0.50 ± 0.00 |"));
        assert!(of("machine of a/b.json").unwrap().contains("Beside plain loops, gemm 0.19.0."));
        let fault = |name: &str| format!("{:#}", of(name).unwrap_err());
        assert!(fault("dot 2 of a/b.json").contains("no table \"dot 2\""), "{}", fault("dot 2 of a/b.json"));
        assert!(fault("dot 1 of c.json").contains("c.json is not there"));
        assert!(fault("dot").contains("no ` of REPORT.json`"));
        assert!(renewed("<!-- table dot 1 of a/b.json -->", &read).unwrap_err().to_string().contains("follows"));
    }

    /// `simdescent report docs/performance.md` and `simdescent report README.md` make them anew.
    #[test]
    fn tables_of_the_documents_are_those_of_the_reports() {
        for file in ["README.md", "docs/performance.md"] {
            let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
            let text = std::fs::read_to_string(&file).unwrap();
            let read = |path: &str| -> Result<BenchReport> {
                let path = file.parent().unwrap().join(path);
                Ok(serde_json::from_str(&std::fs::read_to_string(&path).with_context(|| path.display().to_string())?)?)
            };
            assert!(text.contains(BEGIN), "{} has tables of reports", file.display());
            assert!(renewed(&text, &read).unwrap() == text, "{} differs from the reports", file.display());
        }
    }
}
