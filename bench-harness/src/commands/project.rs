//! `simdescent project`: somebody's convergence, the time of another machine.

use super::exit::{Exit, stop_on_signals};
use super::sweep_report::{Ending, finish};
use super::threads::Threads;
use crate::study::facts::StudyFacts;
use crate::study::machine::Machine;
use crate::study::record::ConvergenceRecord;
use crate::study::store::{CONVERGENCE, FACTS, RecordFile, Records, StudyFolder, THROUGHPUT};
use crate::study::throughput::{Throughput, ThroughputLine};
use crate::study::workload::Workload;
use anyhow::{Context, Result, ensure};
use clap::Args;
use std::path::PathBuf;

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
    let facts: StudyFacts = from.read_json(FACTS)?.with_context(|| {
        format!("{}: there is no {FACTS}, which a sweep writes before its first cell", options.convergence.display())
    })?;
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
    let into = StudyFolder::create(&options.out)?;
    let (mut file, lines) = RecordFile::open(&into.path(CONVERGENCE))?;
    let mut records = Records::default();
    for (place, line) in lines {
        records.add(ConvergenceRecord::of_line(&line).with_context(|| place.clone())?, &place)?;
    }
    let mut new = vec![];
    for record in from.records()?.iter() {
        if records.add(record.clone(), &from.0.display().to_string())? {
            new.push(record.clone());
        }
    }
    file.add(&new)?;
    into.write_json(FACTS, &facts)?;
    if let Some(path) = &options.throughput {
        let times: Vec<ThroughputLine> = StudyFolder::open(path)?.read_lines(THROUGHPUT)?;
        ensure!(!times.is_empty(), "{}: no times of steps are there", path.display());
        let known = Throughput::new(times.iter().cloned());
        let session = known.session(None).with_context(|| format!("{}: no session of timing", path.display()))?;
        let machine = Machine::of(&session.environment);
        let mut timed = false;
        for cell in facts.cells()? {
            timed |= known.of(&facts.throughput(&cell, &machine)?.key()?).is_some();
        }
        ensure!(timed, "{}: the times are of other models: none of this study's cells was timed", path.display());
        let (mut file, lines) = RecordFile::open(&into.path(THROUGHPUT))?;
        ensure!(lines.is_empty(), "{}: there are times already, take another --out", into.0.display());
        file.add(&times)?;
    }
    let threads = Threads::new(1)?;
    let ending = Ending { times: options.throughput.is_none(), json: options.json };
    finish(threads.exec()?, ending, &into, &facts, &records, &workloads, &*stop_on_signals()?)
}
