//! `simdescent results`: the hardware table, whose reports have to have the digests of all others.

use super::exit::Exit;
use super::print::{print_lines, say};
use crate::base::text_file::read_text;
use crate::study::hardware::{Convergence, DIGESTS, Hardware, SUMMARY, Summary};
use crate::study::result::Report;
use anyhow::{Context, Result, bail};
use clap::Args;
use simdescent::output_file;
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(crate) struct ResultsOptions {
    /// The folder of results
    #[arg(long, value_name = "DIR", default_value = "results")]
    dir: PathBuf,
    /// Take the report of this folder of a sweep in, if its digests are those of its study, and write the table anew
    #[arg(long, value_name = "DIR")]
    add: Option<PathBuf>,
    /// Write the table anew
    #[arg(long)]
    write: bool,
    /// Take the digests of this folder of a sweep for those that all reports of its study have to have
    #[arg(long, value_name = "DIR")]
    golden: Option<PathBuf>,
}

pub(crate) fn run(options: &ResultsOptions) -> Result<Exit> {
    let mut hardware = Hardware::read(&options.dir)?;
    if let Some(folder) = &options.golden {
        let report = report_of(folder)?;
        let digests = Convergence::of(&report).with_context(|| folder.display().to_string())?;
        say(&format!("digests of {} cells of the study {:?}", digests.cells.len(), report.study.name));
        hardware.golden.insert(report.study.name, digests);
        write(&options.dir.join(DIGESTS), &(serde_json::to_string_pretty(&hardware.golden)? + "\n"))?;
    }
    if let Some(folder) = &options.add {
        add(&hardware, folder, &options.dir)?;
        hardware = Hardware::read(&options.dir)?;
    }
    let faults = hardware.faults();
    if !faults.is_empty() {
        print_lines(&faults)?;
        return Ok(Exit::Mismatch);
    }
    let (path, page) = hardware.page()?;
    let stale = read_text(&path)? != page;
    if stale && (options.write || options.add.is_some() || options.golden.is_some()) {
        write(&path, &page)?;
    } else if stale {
        print_lines(&[format!("{}: the table is not of these reports: --write writes it anew", path.display())])?;
        return Ok(Exit::Mismatch);
    }
    print_lines(&[format!("{} reports have the digests of their studies", hardware.reports.len())])?;
    Ok(Exit::Success)
}

fn report_of(folder: &Path) -> Result<Report> {
    let path = folder.join("report.json");
    serde_json::from_str(&read_text(&path)?).with_context(|| {
        format!("{}: no report of this version, `simdescent report DIR` makes it anew", path.display())
    })
}

/// Copies the forms of the report, and writes its summary.
fn add(hardware: &Hardware, folder: &Path, results: &Path) -> Result<()> {
    let summary = Summary::of(&report_of(folder)?).with_context(|| folder.display().to_string())?;
    if let Some(fault) = hardware.fault(&summary) {
        bail!(
            "{}: {fault}; `simdescent diff` with a folder of records from elsewhere says in which step",
            folder.display()
        );
    }
    let place = results.join(summary.folder());
    fs::create_dir_all(&place).with_context(|| place.display().to_string())?;
    for name in ["report.md", "report.html", "report.csv", "study.toml"] {
        let from = folder.join(name);
        fs::copy(&from, place.join(name)).with_context(|| from.display().to_string())?;
    }
    write(&place.join(SUMMARY), &(serde_json::to_string_pretty(&summary)? + "\n"))?;
    say(&format!("added {}", place.display()));
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<()> {
    output_file::write(path, text.as_bytes()).with_context(|| format!("{}: cannot write", path.display()))
}
