//! How long a step takes on this machine: measured apart from convergence, alone, in shuffled rounds through all cells.

use super::facts::StudyFacts;
use super::machine::Machine;
use super::throughput::{Block, ThroughputRecord, ThroughputSpecification, Work};
use super::workload::Workload;
use crate::base::progress::Progress;
use crate::environment::disturbance::{Counters, Disturbance};
use anyhow::Result;
use simdescent::kernels::Exec;
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{Settings, Trainer};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A cell whose steps are to be timed.
pub(crate) struct Timing {
    workload: usize,
    specification: ThroughputSpecification,
    key: String,
}

/// The different ones among the cells of a study, but for those that are known.
pub(crate) fn missing(facts: &StudyFacts, machine: &Machine, known: impl Fn(&str) -> bool) -> Result<Vec<Timing>> {
    let (mut missing, mut seen) = (vec![], BTreeSet::new());
    for cell in facts.cells()? {
        let specification = facts.throughput(&cell, machine)?;
        let key = specification.key()?;
        if !known(&key) && seen.insert(key.clone()) {
            missing.push(Timing { workload: cell.workload, specification, key });
        }
    }
    Ok(missing)
}

/// Times all of them; `None` if it was stopped. Nothing else should run meanwhile.
pub(crate) fn measure(
    exec: Exec<'_>,
    facts: &StudyFacts,
    workloads: &[Workload],
    timings: Vec<Timing>,
    stop: &AtomicBool,
    progress: &dyn Progress,
) -> Result<Option<Vec<ThroughputRecord>>> {
    let plan = &facts.study.throughput;
    progress.expect((plan.rounds * timings.len()) as i64);
    let record = |Timing { workload, specification, key }| {
        let model = workloads[workload].model();
        let work = Work::of(model, &specification.settings, specification.rows);
        (workload, ThroughputRecord { key, specification, work, blocks: vec![] })
    };
    let mut records: Vec<(usize, ThroughputRecord)> = timings.into_iter().map(record).collect();
    let mut order: Vec<usize> = (0..records.len()).collect();
    let mut stream = Stream::new(StreamKey::new(Purpose::Permutation, facts.study.seed));
    let length = Duration::from_secs_f64(plan.milliseconds / 1e3);
    for round in 0..plan.rounds {
        stream.shuffle(&mut order);
        for (place, &i) in order.iter().enumerate() {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let (workload, record) = &mut records[i];
            let (steps, samples, seconds, disturbance) =
                block(exec, &workloads[*workload], record.specification.settings, length)?;
            record.blocks.push(Block { round, place, steps, samples, seconds, disturbance });
            progress.advance();
        }
    }
    Ok(Some(records.into_iter().map(|(_, record)| record).collect()))
}

/// Steps of a new training for about so long, after a quarter as long to warm up.
fn block(
    exec: Exec<'_>,
    workload: &Workload,
    settings: Settings,
    length: Duration,
) -> Result<(u64, u64, f64, Disturbance)> {
    let mut trainer = Trainer::new(exec, workload.model().build(0, 0), &workload.problem.training, settings)?;
    let start = Instant::now();
    // The first step allocates; the second one says at least something of the others.
    trainer.step();
    let second = Instant::now();
    let mut warm = 0u32;
    while warm == 0 || start.elapsed() < length / 4 {
        trainer.step();
        warm += 1;
    }
    let per_step = second.elapsed().as_secs_f64() / f64::from(warm);
    let steps = (length.as_secs_f64() / per_step).ceil().clamp(1.0, 1e9) as u64;
    let before = trainer.history().samples();
    let counters = Counters::now();
    let start = Instant::now();
    for _ in 0..steps {
        trainer.step();
    }
    let seconds = start.elapsed().as_secs_f64();
    Ok((steps, trainer.history().samples() - before, seconds, counters.since()))
}
