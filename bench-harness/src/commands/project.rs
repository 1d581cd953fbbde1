//! `simdescent project`: somebody's convergence, the time of another machine.

use super::exit::{Exit, stop_on_signals};
use super::print::{print_json, print_lines};
use super::progress::Bar;
use super::sides::{sides, teams};
use super::sweep_report::{Ending, finish};
use super::threads::Threads;
use crate::study::facts::StudyFacts;
use crate::study::machine::Machine;
use crate::study::projection;
use crate::study::store::{FACTS, RecordFile, StudyFolder, THROUGHPUT};
use crate::study::throughput::{Throughput, ThroughputLine};
use crate::study::workload::Workload;
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(crate) struct ProjectOptions {
    /// The folder of a sweep, made anywhere: its runs are taken as they are
    convergence: PathBuf,
    /// The folder of a sweep of the same study whose times are taken; without it the steps are timed here, which takes seconds
    throughput: Option<PathBuf>,
    /// The folder of the joined records and their report
    #[arg(long, value_name = "DIR", default_value = "projected")]
    out: PathBuf,
    /// How good are projections? Time trainings of the records here, each instruction set and number of threads as if it were another
    /// machine, and print the errors
    #[arg(long, conflicts_with_all = ["throughput", "out"])]
    validate: bool,
    /// Of --validate: how many cells, chosen at random
    #[arg(long, value_name = "N", default_value_t = 20, requires = "validate")]
    sample: usize,
    /// Of --validate: which ones, by the seed of the choice
    #[arg(long, value_name = "SEED", default_value_t = 1, requires = "validate")]
    sample_seed: u64,
    /// Of --validate: instruction sets [default: all of this CPU]
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', requires = "validate")]
    isa: Vec<String>,
    /// Of --validate: numbers of threads of a step
    #[arg(long, value_name = "N,...", value_delimiter = ',', default_value = "1,2", requires = "validate")]
    threads: Vec<NonZeroUsize>,
    /// Open the page in the browser
    #[arg(long)]
    open: bool,
    /// Print the report as JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &ProjectOptions) -> Result<Exit> {
    let from = StudyFolder::open(&options.convergence)?;
    let facts = from.facts()?;
    let study = &facts.study;
    let workloads: Vec<Workload> =
        study.workloads.iter().map(|definition| Workload::load(definition, study)).collect::<Result<_>>()?;
    for (workload, known) in workloads.iter().zip(&facts.workloads) {
        let own = (workload.problem.training.digest(), workload.evaluation().digest(), workload.model().canonical());
        ensure!(
            (&own.0, &own.1, &own.2) == (&known.training.sha256, &known.evaluation.sha256, &known.canonical_model),
            "{}: rows or model here are not those of {}: the same files are needed",
            workload.name,
            options.convergence.display()
        );
    }
    if options.validate {
        return validation(options, &from, &facts, &workloads);
    }
    // Before anything is written: times that say nothing of this study leave no folder behind.
    let times = options.throughput.as_deref().map(|path| times_of(&facts, path)).transpose()?;
    let into = StudyFolder::create(&options.out)?;
    let (mut file, mut records) = into.open_records()?;
    let noise = records.take_noise_from(std::slice::from_ref(&from))?;
    if !noise.is_empty() {
        into.open_noise()?.add(&noise)?;
    }
    file.add(&records.take_from(&[from])?)?;
    into.write_json(FACTS, &facts)?;
    if let Some(times) = times {
        let (mut file, lines) = RecordFile::open(&into.path(THROUGHPUT))?;
        ensure!(lines.is_empty(), "{}: there are times already, take another --out", into.0.display());
        file.add(&times)?;
    }
    let threads = Threads::new(1)?;
    let ending = Ending { times: options.throughput.is_none(), json: options.json, open: options.open };
    finish(threads.exec()?, ending, &into, &facts, &records, &workloads, &*stop_on_signals()?)
}

/// Projects and measures a sample of cells on all sides.
fn validation(
    options: &ProjectOptions,
    from: &StudyFolder,
    facts: &StudyFacts,
    workloads: &[Workload],
) -> Result<Exit> {
    let teams = teams(&options.threads)?;
    let sides = sides(&options.isa, &teams)?;
    let (stop, bar) = (stop_on_signals()?, Bar::new(0));
    let sample = (options.sample, options.sample_seed);
    let found = projection::validate(facts, workloads, &from.records()?, sample, &sides, (&stop, &bar))?;
    drop(bar);
    let Some(report) = found else { return Ok(Exit::of_signal()) };
    if options.json {
        print_json(&report)?
    } else {
        print_lines(&report.lines())?
    }
    Ok(Exit::Success)
}

/// The times of a folder, of which some have to be of this study's cells.
fn times_of(facts: &StudyFacts, path: &Path) -> Result<Vec<ThroughputLine>> {
    let times: Vec<ThroughputLine> = StudyFolder::open(path)?.read_lines(THROUGHPUT)?;
    let known = Throughput::new(times.iter().cloned());
    let session = known.session(None).with_context(|| format!("{}: no times of steps are there", path.display()))?;
    let machine = Machine::of(&session.environment);
    for cell in facts.cells()? {
        if known.of(&facts.throughput(&cell, &machine)?.key()?).is_some() {
            return Ok(times);
        }
    }
    bail!("{}: the times are of other models: none of this study's cells was timed", path.display())
}
