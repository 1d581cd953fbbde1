//! `simdescent diff`: where two runs part, by the chain of digests.

use super::exit::{Exit, stop_on_signals};
use super::print::{print_json, print_lines};
use super::sides::{sides, teams};
use crate::difference::checkpoints::{checkpoint, checkpoints};
use crate::difference::records::{Again, folder, folders};
use crate::difference::result::DiffReport;
use crate::report::difference::lines;
use crate::study::store::{CONVERGENCE, StudyFolder};
use anyhow::{Result, bail, ensure};
use clap::Args;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(crate) struct DiffOptions {
    /// The folder of a sweep or a report in it, or a checkpoint of `train --save`
    a: PathBuf,
    /// Another of the same kind; without it the runs of the first are repeated on several instruction sets here
    b: Option<PathBuf>,
    /// Instruction sets on which runs are repeated [default: all of this CPU]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    isa: Vec<String>,
    /// Numbers of threads on which runs are repeated, on each instruction set
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "1")]
    threads: Vec<NonZeroUsize>,
    /// Run nothing again: say only what the files say
    #[arg(long, requires = "b")]
    no_run: bool,
    /// Of one folder: how many of its records are run again
    #[arg(long, value_name = "N", default_value_t = 20, conflicts_with = "b")]
    sample: usize,
    /// Of one folder: which ones, by the seed of a random choice
    #[arg(long, value_name = "SEED", default_value_t = 1, conflicts_with = "b")]
    sample_seed: u64,
    /// Of one folder: the record whose key begins so
    #[arg(long, value_name = "KEY", conflicts_with = "b")]
    key: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &DiffOptions) -> Result<Exit> {
    let teams = teams(&options.threads)?;
    let sides = sides(&options.isa, &teams)?;
    let stop = stop_on_signals()?;
    let again = Again { sides: &sides, stop: &stop, fault: None };
    let found = match &options.b {
        Some(b) => two([&options.a, b], Some(&again).filter(|_| !options.no_run))?,
        None => {
            ensure!(
                sides.len() > 1,
                "one file and one instruction set on one number of threads: nothing to compare. Give a second file, or several to --isa or --threads"
            );
            one(&options.a, options, &again)?
        }
    };
    let Some(report) = found else { return Ok(Exit::of_signal()) };
    if options.json {
        print_json(&report)?
    } else {
        print_lines(&lines(&report))?
    }
    Ok(if report.equal { Exit::Success } else { Exit::Mismatch })
}

fn two(paths: [&Path; 2], again: Option<&Again<'_>>) -> Result<Option<DiffReport>> {
    match paths.map(folder_of) {
        [Some(a), Some(b)] => folders(&a?, &b?, again),
        [None, None] => checkpoints(paths, again),
        _ => bail!(
            "{} and {}: a folder of records and a checkpoint have nothing to compare",
            paths[0].display(),
            paths[1].display()
        ),
    }
}

fn one(path: &Path, options: &DiffOptions, again: &Again<'_>) -> Result<Option<DiffReport>> {
    match folder_of(path) {
        Some(records) => folder(&records?, (options.sample, options.sample_seed, options.key.as_deref()), again),
        None => checkpoint(path, again),
    }
}

/// The folder, or that of a report; `None` for another file.
fn folder_of(path: &Path) -> Option<Result<StudyFolder>> {
    let is_report = path.extension().is_some_and(|extension| extension == "json");
    let dir = if is_report {
        path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
    } else {
        path
    };
    if !is_report && path.is_file() {
        return None;
    }
    Some(StudyFolder::open(dir).and_then(|folder| {
        ensure!(
            folder.path(CONVERGENCE).is_file(),
            "{}: no {CONVERGENCE} is there; a report alone holds no chain: `simdescent compare` says which cell differs",
            dir.display()
        );
        Ok(folder)
    }))
}
