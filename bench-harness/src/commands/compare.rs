//! `simdescent compare`: reports beside the first of them.

use super::exit::Exit;
use super::files;
use super::print::{print_json, print_lines, say};
use crate::comparison::compare::compare;
use crate::comparison::speed::Rules;
use crate::comparison::subject::Subject;
use crate::report::comparison::lines;
use anyhow::{Result, ensure};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct CompareOptions {
    /// Reports of sweeps or of benches as JSON, or the folders of sweeps; the first is what the others are compared with
    #[arg(required = true, num_args = 2..)]
    reports: Vec<PathBuf>,
    /// The share by which two times may differ and still be equivalent
    #[arg(long, value_name = "SHARE", default_value_t = 0.03)]
    margin: f64,
    /// Show only cells that are so many times faster or slower, e.g. 1.2
    #[arg(long, value_name = "RATIO")]
    only_if_ratio: Option<f64>,
    /// Show only cells whose name has this text, such as "adam, batch 32"
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Show all cells, not only the fastest and the slowest
    #[arg(long)]
    all: bool,
    /// Write the comparison as a page into this file
    #[arg(long, value_name = "FILE")]
    page: Option<PathBuf>,
    /// Print the comparison as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &CompareOptions) -> Result<Exit> {
    ensure!(options.margin > 0.0 && options.margin < 1.0, "--margin: a share between 0 and 1, not {}", options.margin);
    if let Some(ratio) = options.only_if_ratio {
        ensure!(ratio >= 1.0 && ratio.is_finite(), "--only-if-ratio: a ratio of at least 1, not {ratio}");
    }
    let read: Vec<_> = options.reports.iter().map(PathBuf::as_path).collect();
    files::check(&[("page", &options.page)], &read)?;
    let subjects: Vec<Subject> = options.reports.iter().map(|path| Subject::read(path)).collect::<Result<_>>()?;
    let sweeps = subjects.iter().filter(|subject| subject.sweep.is_some()).count();
    ensure!(sweeps == 0 || sweeps == subjects.len(), "a report of a sweep and one of a bench have nothing to compare");
    let rules = Rules {
        margin: options.margin,
        confidence: 0.95,
        only_if_ratio: options.only_if_ratio,
        filter: options.filter.clone(),
    };
    let report = compare(&subjects, &rules);
    if let Some(path) = &options.page {
        files::write(path, crate::report::page::comparison::page(&report)?)?;
        say(&format!("the page: {}", path.display()));
    }
    if options.json {
        print_json(&report)?
    } else {
        print_lines(&lines(&report, options.all || options.filter.is_some() || options.only_if_ratio.is_some()))?
    }
    Ok(if report.bits_differ() || report.slower() {
        Exit::Mismatch
    } else if report.inconclusive() {
        Exit::Inconclusive
    } else {
        Exit::Success
    })
}
