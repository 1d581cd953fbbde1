//! How near projected times to target are to measured ones: trainings of the records, timed on instruction sets and threads that may have
//! had no part in making them.

use super::cell::CellState;
use super::facts::StudyFacts;
use super::machine::Machine;
use super::record::ConvergenceRecord;
use super::stopwatch;
use super::store::Records;
use super::workload::Workload;
use crate::base::progress::Progress;
use crate::environment::Environment;
use anyhow::{Context, Result, bail};
use serde::Serialize;
use simdescent::Trainer;
use simdescent::kernels::Exec;
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent_measure::statistics::{median, quartiles};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Raised whenever a reader of the last version could misread the new one.
pub(crate) const SCHEMA_VERSION: u32 = 1;

/// Projections beside measurements.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ProjectionReport {
    pub(crate) schema_version: u32,
    pub(crate) cpu: String,
    /// Cells of the study that reach a target.
    pub(crate) cells: usize,
    /// Each left out of the records, as if it were another machine: only the time of a step was measured there.
    pub(crate) sides: Vec<SideReport>,
    /// Over all sides.
    pub(crate) errors: Errors,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SideReport {
    pub(crate) isa: &'static str,
    pub(crate) threads: usize,
    pub(crate) runs: Vec<ProjectedRun>,
    pub(crate) errors: Errors,
}

/// projected/measured − 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Errors {
    pub(crate) runs: usize,
    /// Of the sizes of the errors.
    pub(crate) median_size: f64,
    /// Of the errors with their signs.
    pub(crate) lower_quartile: f64,
    pub(crate) median: f64,
    pub(crate) upper_quartile: f64,
    /// The largest size.
    pub(crate) worst: f64,
}

/// A run to its target.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ProjectedRun {
    pub(crate) workload: String,
    pub(crate) optimizer: String,
    pub(crate) batch_size: usize,
    pub(crate) steps: u64,
    /// Seconds: steps of the record times the time of a step.
    pub(crate) projected: f64,
    /// Seconds that these steps took, without the looks at the loss: the least of [`REPEATS`] trainings, because whatever else a machine does
    /// only adds to it.
    pub(crate) measured: f64,
}

/// Trainings that are timed of each run.
const REPEATS: usize = 5;

/// What is projected: a cell, and the run of median length to its hardest target that most runs reach.
struct Chosen<'r> {
    cell: super::cell::Cell,
    record: &'r ConvergenceRecord,
    steps: u64,
}

/// Projects `sample` cells, chosen at random by the seed, on each side, and measures them; `None` if it was stopped.
pub(crate) fn validate(
    facts: &StudyFacts,
    workloads: &[Workload],
    records: &Records,
    (sample, seed): (usize, u64),
    sides: &[Exec<'_>],
    (stop, progress): (&AtomicBool, &dyn Progress),
) -> Result<Option<ProjectionReport>> {
    let mut chosen = reached(facts, records)?;
    if chosen.is_empty() {
        bail!("no cell of the study reaches a target with most of its runs: there is nothing to project");
    }
    let cells = chosen.len();
    Stream::new(StreamKey::new(Purpose::Permutation, seed)).shuffle(&mut chosen);
    chosen.truncate(sample.max(1));
    progress.expect((sides.len() * chosen.len()) as i64);
    let mut reports: Vec<SideReport> = vec![];
    for &exec in sides {
        progress.subject(&format!("{}, {} threads", exec.isa(), exec.par().threads()));
        let Some(runs) = side(exec, facts, workloads, &chosen, (stop, progress))? else { return Ok(None) };
        reports.push(SideReport { isa: exec.isa().name(), threads: exec.par().threads(), errors: errors(&runs), runs });
    }
    let all: Vec<ProjectedRun> = reports.iter().flat_map(|side| side.runs.clone()).collect();
    let cpu = sides.first().map_or_else(String::new, |&exec| Environment::detect(exec).cpu);
    Ok(Some(ProjectionReport { schema_version: SCHEMA_VERSION, cpu, cells, errors: errors(&all), sides: reports }))
}

/// All cells that reach a target with most of their runs.
fn reached<'r>(facts: &StudyFacts, records: &'r Records) -> Result<Vec<Chosen<'r>>> {
    let mut chosen = vec![];
    for cell in facts.cells()? {
        let CellState::Done(results) = facts.state(&cell, records)? else { continue };
        let targets = &facts.workloads[cell.workload].targets;
        for (result, &target) in results.iter().zip(targets).rev() {
            let mut runs = vec![];
            for key in &result.repeats {
                let record = records.get(key).context("a record that was there")?;
                runs.push((record.steps_to(target).or_infinite(), record));
            }
            runs.sort_by(|a, b| a.0.total_cmp(&b.0));
            let (steps, record) = runs[runs.len() / 2];
            if steps.is_finite() {
                chosen.push(Chosen { cell, record, steps: steps as u64 });
                break;
            }
        }
    }
    Ok(chosen)
}

fn side(
    exec: Exec<'_>,
    facts: &StudyFacts,
    workloads: &[Workload],
    chosen: &[Chosen<'_>],
    (stop, progress): (&AtomicBool, &dyn Progress),
) -> Result<Option<Vec<ProjectedRun>>> {
    let machine = Machine::of(&Environment::detect(exec));
    let mut keys = vec![];
    for one in chosen {
        keys.push(facts.throughput(&one.cell, &machine)?.key()?);
    }
    let timings = stopwatch::missing(facts, &machine, |key| !keys.iter().any(|own| own == key))?;
    let Some(times) = stopwatch::measure(exec, facts, workloads, timings, stop, &Silent)? else { return Ok(None) };
    let mut runs = vec![];
    for (one, key) in chosen.iter().zip(&keys) {
        let times = times.iter().find(|times| times.key == *key).context("a cell that was timed")?;
        let per_step = median(times.blocks.iter().map(|block| block.seconds / block.steps as f64).collect());
        let workload = &workloads[one.cell.workload];
        let mut measured = f64::INFINITY;
        for _ in 0..REPEATS {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            measured = measured.min(seconds_of(exec, workload, one)?);
        }
        runs.push(ProjectedRun {
            workload: workload.name.clone(),
            optimizer: one.cell.optimizer.label.clone(),
            batch_size: one.cell.batch_size,
            steps: one.steps,
            projected: per_step * one.steps as f64,
            measured,
        });
        progress.advance();
    }
    Ok(Some(runs))
}

/// Seconds of the steps of a run.
fn seconds_of(exec: Exec<'_>, workload: &Workload, one: &Chosen<'_>) -> Result<f64> {
    let settings = one.record.specification.settings;
    let model = workload.model().build(settings.trial, settings.seed);
    let mut trainer = Trainer::new(exec, model, &workload.problem.training, settings)?;
    let started = Instant::now();
    (0..one.steps).for_each(|_| _ = trainer.step());
    Ok(started.elapsed().as_secs_f64())
}

fn errors(runs: &[ProjectedRun]) -> Errors {
    let signed: Vec<f64> = runs.iter().map(|run| run.projected / run.measured - 1.0).collect();
    let sizes: Vec<f64> = signed.iter().map(|error| error.abs()).collect();
    let (lower_quartile, middle, upper_quartile) = quartiles(&signed).unwrap_or((f64::NAN, f64::NAN, f64::NAN));
    Errors {
        runs: runs.len(),
        median_size: median(sizes.clone()),
        lower_quartile,
        median: middle,
        upper_quartile,
        worst: sizes.into_iter().fold(0.0, f64::max),
    }
}

/// The blocks of a side are no runs.
struct Silent;

impl Progress for Silent {
    fn advance(&self) {}
}

impl ProjectionReport {
    /// For people.
    pub(crate) fn lines(&self) -> Vec<String> {
        let percent = |x: f64| format!("{:+.1} %", 100.0 * x);
        let row = |name: String, errors: &Errors| {
            format!(
                "{name:22} {:>5} {:>14} {:>14} {:>22} {:>9}",
                errors.runs,
                format!("{:.1} %", 100.0 * errors.median_size),
                percent(errors.median),
                format!("{} to {}", percent(errors.lower_quartile), percent(errors.upper_quartile)),
                format!("{:.1} %", 100.0 * errors.worst)
            )
        };
        let mut lines = vec![
            format!("projected time to target over measured, less 1, on {}", self.cpu),
            format!(
                "{:22} {:>5} {:>14} {:>14} {:>22} {:>9}",
                "left out", "runs", "median size", "median", "middle half", "worst"
            ),
        ];
        let name = |side: &SideReport| {
            let threads = if side.threads == 1 { "1 thread".into() } else { format!("{} threads", side.threads) };
            format!("{}, {threads}", side.isa)
        };
        lines.extend(self.sides.iter().map(|side| row(name(side), &side.errors)));
        lines.push(row("all".into(), &self.errors));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_by_hand() {
        let run = |projected: f64| ProjectedRun {
            workload: "w".into(),
            optimizer: "sgd".into(),
            batch_size: 1,
            steps: 1,
            projected,
            measured: 2.0,
        };
        let found = errors(&[run(1.0), run(2.0), run(2.2), run(3.0), run(2.1)]);
        assert_eq!((found.runs, found.worst), (5, 0.5));
        assert!((found.median - 0.05).abs() < 1e-12 && (found.median_size - 0.1).abs() < 1e-12, "{found:?}");
        assert!(found.lower_quartile == 0.0 && (found.upper_quartile - 0.1).abs() < 1e-12);
    }
}
