//! `simdescent report`: reports from records, without running anything.

use super::bench;
use super::exit::Exit;
use super::files;
use super::print::{print, print_colored, print_json, say};
use super::sweep_report::{write, written};
use crate::base::text_file::read_text;
use crate::report::bench::tables::renewed;
use crate::report::sweep;
use crate::study::analysis::{Known, analyze};
use crate::study::protocol::VERSION;
use crate::study::result::{Report, SCHEMA_VERSION};
use crate::study::store::{Records, SELF_CHECK, StudyFolder, THROUGHPUT};
use crate::study::throughput::Throughput;
use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(crate) struct ReportOptions {
    /// The folder of a sweep, in which report.json, report.csv, report.md, report.html and the recommended configurations are written anew; or a report as JSON, of any version,
    /// which is only printed; or a Markdown file, in which tables between <!-- table NAME of REPORT.json --> and <!-- end of table --> are
    /// made anew from reports of bench: NAME is machine, means, losses, or a kind and a number of threads such as "gemm 1"
    path: PathBuf,
    /// Draw steps to target over batch size into this file, for each workload and the hardest target that was reached
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
    /// Open the page in the browser
    #[arg(long)]
    open: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &ReportOptions) -> Result<Exit> {
    if options.path.extension().is_some_and(|extension| extension == "md") {
        return tables_of(&options.path);
    }
    if options.path.is_file() {
        if options.open || options.svg.is_some() {
            bail!("{}: --open and --svg are for the folder of a sweep, which has its records", options.path.display());
        }
        return of_file(&options.path, options.json);
    }
    files::check(&[("svg", &options.svg)], &[])?;
    let folder = StudyFolder::open(&options.path)?;
    let (report, records) = of_folder(&folder)?;
    write(&folder, &report, &records)?;
    if options.json {
        print_json(&report)?
    } else {
        print_colored(&sweep::colored(&report))?
    }
    if let Some(path) = &options.svg {
        files::write(path, crate::report::page::sweep::svg(&report, &records)?)?;
        say(&format!("plot: {}", path.display()));
    }
    written(&folder, &report, options.open)?;
    Ok(match super::sweep_report::exit(&report) {
        Exit::Success if report.missing.cells > 0 => Exit::Partial,
        exit => exit,
    })
}

fn of_folder(folder: &StudyFolder) -> Result<(Report, Records)> {
    let name = folder.0.display();
    let facts = folder.facts()?;
    let (version, values) = (facts.protocol_version, facts.value_version);
    if (version, values) != (VERSION, simdescent::VALUE_VERSION) {
        bail!(
            "{name}: the records are of protocol {version} and values {values}, this program has {VERSION} and {}: \
            their report is made by the version of the program that made them",
            simdescent::VALUE_VERSION
        );
    }
    let records = folder.records()?;
    let report = analyze(Known {
        facts: &facts,
        records: &records,
        throughput: &Throughput::new(folder.read_lines(THROUGHPUT)?),
        machine: None,
        self_check: folder.read_json(SELF_CHECK)?,
    })?;
    Ok((report, records))
}

/// Prints a report that is there.
fn of_file(path: &Path, json: bool) -> Result<Exit> {
    let name = || path.display().to_string();
    let value: Value = serde_json::from_str(&read_text(path)?).with_context(|| {
        format!(
            "{}: no report as JSON; this takes one, or the folder of a sweep, or a Markdown file with tables of bench",
            name()
        )
    })?;
    if value["kind"] == "bench" {
        return bench::print_report(path, value, json).map(|()| Exit::Success);
    }
    let version = value["schema_version"].as_u64();
    let text = match version {
        Some(1) if json => format!("{value:#}"),
        Some(1) => sweep::version_1::text(&value).with_context(name)?,
        Some(version) if version == u64::from(SCHEMA_VERSION) => {
            let report = serde_json::from_value::<Report>(value.clone()).with_context(name)?;
            if json {
                format!("{value:#}")
            } else {
                return print_colored(&sweep::colored(&report)).map(|()| Exit::Success);
            }
        }
        Some(version) => bail!("{}: schema version {version} is newer than this program", name()),
        None => bail!("{}: no report of a sweep or of bench, which has a schema_version", name()),
    };
    print(&text).map(|()| Exit::Success)
}

/// Makes the tables of a Markdown file anew.
fn tables_of(path: &Path) -> Result<Exit> {
    let text = read_text(path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let renewed =
        renewed(&text, &|report| bench::read(&folder.join(report))).with_context(|| path.display().to_string())?;
    if renewed == text {
        say(&format!("{}: its tables are those of its reports", path.display()));
    } else {
        super::files::write(path, &renewed)?;
        say(&format!("{}: tables made anew", path.display()));
    }
    Ok(Exit::Success)
}
