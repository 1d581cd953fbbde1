//! `simdescent project`: somebody's convergence, the time of another machine.

use super::exit::{Exit, stop_on_signals};
use super::sweep_report::{Ending, finish};
use super::threads::Threads;
use crate::study::facts::StudyFacts;
use crate::study::machine::Machine;
use crate::study::store::{FACTS, RecordFile, StudyFolder, THROUGHPUT};
use crate::study::throughput::{Throughput, ThroughputLine};
use crate::study::workload::Workload;
use anyhow::{Context, Result, bail, ensure};
use clap::Args;
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
    // Before anything is written: times that say nothing of this study leave no folder behind.
    let times = options.throughput.as_deref().map(|path| times_of(&facts, path)).transpose()?;
    let into = StudyFolder::create(&options.out)?;
    let (mut file, mut records) = into.open_records()?;
    file.add(&records.take_from(&[from])?)?;
    into.write_json(FACTS, &facts)?;
    if let Some(times) = times {
        let (mut file, lines) = RecordFile::open(&into.path(THROUGHPUT))?;
        ensure!(lines.is_empty(), "{}: there are times already, take another --out", into.0.display());
        file.add(&times)?;
    }
    let threads = Threads::new(1)?;
    let ending = Ending { times: options.throughput.is_none(), json: options.json };
    finish(threads.exec()?, ending, &into, &facts, &records, &workloads, &*stop_on_signals()?)
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
