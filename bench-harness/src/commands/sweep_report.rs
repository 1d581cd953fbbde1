//! The end of a sweep: throughput, self-check, reports, table.

use super::exit::Exit;
use super::print::{print_colored, print_json, say};
use super::progress::Bar;
use crate::base::progress::Progress;
use crate::environment::Environment;
use crate::environment::limits::Limits;
use crate::report::page::sweep::page;
use crate::report::sweep;
use crate::study::analysis::{Known, analyze};
use crate::study::best::{Best, best};
use crate::study::facts::StudyFacts;
use crate::study::machine::{Machine, Session};
use crate::study::record::of_line;
use crate::study::result::Report;
use crate::study::self_check::self_check;
use crate::study::stopwatch;
use crate::study::store::{RecordFile, Records, SELF_CHECK, StudyFolder, THROUGHPUT};
use crate::study::throughput::{Throughput, ThroughputLine};
use crate::study::workload::Workload;
use anyhow::{Context, Result};
use simdescent::kernels::Exec;
use std::sync::atomic::AtomicBool;
use std::time::SystemTime;

/// How a sweep ends.
#[derive(Clone, Copy)]
pub(super) struct Ending {
    /// Whether steps are timed here; otherwise the times that are in the folder are taken, of whatever machine.
    pub(super) times: bool,
    /// Whether the report is printed as JSON.
    pub(super) json: bool,
    /// Whether the page is opened.
    pub(super) open: bool,
}

/// Measures throughput, writes the reports and prints the table.
pub(super) fn finish(
    exec: Exec<'_>,
    Ending { times, json, open }: Ending,
    folder: &StudyFolder,
    facts: &StudyFacts,
    records: &Records,
    workloads: &[Workload],
    stop: &AtomicBool,
) -> Result<Exit> {
    let environment = Environment::detect(exec);
    let machine = Machine::of(&environment);
    let throughput = if !times {
        Throughput::new(folder.read_lines(THROUGHPUT)?)
    } else {
        let Some(throughput) = measure(exec, environment, folder, facts, workloads, stop)? else {
            say("stopped; what was timed so far is dropped: the same command times it again");
            return Ok(Exit::of_signal());
        };
        throughput
    };
    let known =
        Known { facts, records, throughput: &throughput, machine: Some(&machine).filter(|_| times), self_check: None };
    // Both take seconds, and know nothing of each other.
    let (checked, report) = std::thread::scope(|scope| {
        let check = scope.spawn(|| self_check(exec));
        let report = analyze(known);
        (check.join().expect("a self-check does not panic"), report)
    });
    let (checked, mut report) = (checked?, report?);
    folder.write_json(SELF_CHECK, &checked)?;
    report.self_check = Some(checked);
    write(folder, &report, records)?;
    if json {
        print_json(&report)?
    } else {
        print_colored(&sweep::colored(&report))?
    }
    written(folder, &report, open)?;
    Ok(exit(&report))
}

/// Times what has not been timed on this machine; `None` if it was stopped.
pub(super) fn measure(
    exec: Exec<'_>,
    environment: Environment,
    folder: &StudyFolder,
    facts: &StudyFacts,
    workloads: &[Workload],
    stop: &AtomicBool,
) -> Result<Option<Throughput>> {
    let machine = Machine::of(&environment);
    let (mut file, lines) = RecordFile::open(&folder.path(THROUGHPUT))?;
    let known = lines.iter().map(|(place, line)| of_line::<ThroughputLine>(line).with_context(|| place.clone()));
    let mut known = known.collect::<Result<Vec<_>>>()?;
    let throughput = Throughput::new(known.iter().cloned());
    let missing = stopwatch::missing(facts, &machine, |key| throughput.of(key).is_some())?;
    if missing.is_empty() {
        return Ok(Some(throughput));
    }
    let bar = Bar::new(0);
    bar.subject("throughput");
    let started = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let before = Limits::measure(exec.isa());
    let Some(cells) = stopwatch::measure(exec, facts, workloads, missing, stop, &bar)? else { return Ok(None) };
    let session = Session { started, environment, limits: [before, Limits::measure(exec.isa())] };
    let new = std::iter::once(ThroughputLine::Session(Box::new(session)))
        .chain(cells.into_iter().map(|cell| ThroughputLine::Cell(Box::new(cell))));
    let new: Vec<ThroughputLine> = new.collect();
    file.add(&new)?;
    known.extend(new);
    Ok(Some(Throughput::new(known)))
}

/// Writes the reports into the folder.
pub(super) fn write(folder: &StudyFolder, report: &Report, records: &Records) -> Result<()> {
    folder.write_json("report.json", report)?;
    sweep::csv::files(report).iter().try_for_each(|(name, text)| folder.write(name, text))?;
    folder.write("report.md", &sweep::markdown(report))?;
    folder.write("report.html", &page(report, records)?)?;
    // Those of another study would recommend what nobody measured here.
    for entry in std::fs::read_dir(&folder.0).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with("best") && name.ends_with(".toml") {
            let _ = std::fs::remove_file(entry.path());
        }
    }
    best(report)?.iter().try_for_each(|Best { name, text }| folder.write(name, text))
}

/// Says what was written, and what to do with it.
pub(super) fn written(folder: &StudyFolder, report: &Report, open: bool) -> Result<()> {
    let path = |name: &str| folder.path(name).display().to_string();
    say(&format!("the page: {}; beside it report.json, report.csv, report.md", path("report.html")));
    if let Some(first) = best(report)?.first() {
        say(&format!("next: simdescent train --config {}", path(&first.name)));
    }
    if open {
        super::page::open(&folder.path("report.html"));
    }
    Ok(())
}

/// What a report says of the program.
pub(super) fn exit(report: &Report) -> Exit {
    if report.self_check.as_ref().is_none_or(|check| check.ok()) { Exit::Success } else { Exit::Mismatch }
}
