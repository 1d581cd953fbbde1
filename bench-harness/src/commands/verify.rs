//! `simdescent verify`: does this machine compute the promised bits, and did another one?

use super::exit::{Exit, stop_on_signals};
use super::print::{print_json, print_lines};
use super::progress::Bar;
use super::sides::isas;
use super::threads::Threads;
use crate::report::verification::lines;
use crate::study::audit::{AuditReport, Sample, audit};
use crate::study::runner::TrainingRunner;
use crate::study::store::StudyFolder;
use crate::study::workload::Workload;
use crate::verification::{THREADS, verify};
use anyhow::{Result, ensure};
use clap::Args;
use std::num::NonZeroUsize;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct VerifyOptions {
    /// A folder of a sweep, perhaps somebody else's: records of it are run again instead
    dir: Option<PathBuf>,
    /// How many of its records
    #[arg(long, value_name = "N", default_value_t = 20, requires = "dir")]
    sample: usize,
    /// Which ones, by the seed of a random choice
    #[arg(long, value_name = "SEED", default_value_t = 1, requires = "dir")]
    sample_seed: u64,
    /// Instruction sets that are tried [default: all of this CPU]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', conflicts_with = "dir")]
    isa: Vec<String>,
    /// Numbers of threads that are tried
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_values_t = THREADS, conflicts_with = "dir")]
    threads: Vec<NonZeroUsize>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &VerifyOptions) -> Result<Exit> {
    if let Some(dir) = &options.dir {
        return audit_of(&StudyFolder::open(dir)?, options);
    }
    let isas = isas(&options.isa)?;
    let bar = Bar::new(0);
    let report = verify(&isas, &options.threads, &bar)?;
    drop(bar);
    if options.json {
        print_json(&report)?
    } else {
        print_lines(&lines(&report))?
    }
    Ok(if report.all_agree { Exit::Success } else { Exit::Mismatch })
}

fn audit_of(folder: &StudyFolder, options: &VerifyOptions) -> Result<Exit> {
    let facts = folder.facts()?;
    ensure!(options.sample > 0, "--sample: at least one record");
    let study = &facts.study;
    let workloads: Vec<Workload> =
        study.workloads.iter().map(|definition| Workload::load(definition, study)).collect::<Result<_>>()?;
    let threads = Threads::new(1)?;
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let runner =
        TrainingRunner { exec: threads.exec()?, workloads: workloads.iter().map(Workload::training_data).collect() };
    let sample = (Sample::Count(options.sample), options.sample_seed);
    let stop = stop_on_signals()?;
    finish(audit(&runner, &workloads, &folder.records()?, sample, workers, &stop)?, options.json)
}

/// Prints what an audit found.
pub(super) fn finish(report: Option<AuditReport>, json: bool) -> Result<Exit> {
    let Some(report) = report else { return Ok(Exit::of_signal()) };
    if json {
        print_json(&report)?
    } else {
        print_lines(&report.lines())?
    }
    Ok(if report.differ.is_empty() { Exit::Success } else { Exit::Mismatch })
}
