//! Along which runs the noise of gradients is measured, and how: a winning run is trained again, and looked at on its evaluation grid.

use super::cell::{Cell, TargetResult};
use super::facts::StudyFacts;
use super::noise::{NoiseRecord, NoiseSpecification};
use super::record::ConvergenceRecord;
use super::runner::{Run, TrainingRunner, nine_digits};
use super::store::{RecordFile, Records};
use crate::base::progress::Progress;
use anyhow::{Context, Result, ensure};
use simdescent_measure::statistics::median;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// A winning run: of an optimizer and variant on a workload, the cell that needs the fewest samples for the hardest target that any of its
/// cells reaches with most of its runs, and of its repeats the first that reached it.
#[derive(Clone, Copy)]
pub(crate) struct Winner<'a> {
    pub(crate) cell: &'a Cell,
    /// Number of that target, and what came of it.
    pub(crate) target: usize,
    pub(crate) result: &'a TargetResult,
    pub(crate) run: &'a ConvergenceRecord,
}

/// The winning runs of finished cells.
pub(crate) fn winners<'a>(done: &[(&'a Cell, &'a [TargetResult])], records: &'a Records) -> Vec<Winner<'a>> {
    let name = |cell: &Cell| (cell.workload, cell.variant.name.clone(), cell.optimizer.label.clone());
    let mut groups: BTreeMap<_, Vec<(&Cell, &'a [TargetResult])>> = BTreeMap::new();
    for (cell, targets) in done {
        groups.entry(name(cell)).or_default().push((cell, targets));
    }
    groups.into_values().filter_map(|cells| winner(&cells, records)).collect()
}

fn winner<'a>(cells: &[(&'a Cell, &'a [TargetResult])], records: &'a Records) -> Option<Winner<'a>> {
    let targets = cells.iter().map(|(_, targets)| targets.len()).min()?;
    (0..targets).rev().find_map(|t| {
        let runs = |target: &TargetResult| -> Vec<&ConvergenceRecord> {
            target.repeats.iter().filter_map(|key| records.get(key)).collect()
        };
        let samples = |target: &TargetResult| {
            median(runs(target).iter().map(|run| run.samples_to(target.target).or_infinite()).collect())
        };
        let reached = cells.iter().map(|(cell, targets)| (*cell, &targets[t], samples(&targets[t])));
        let reached = reached.filter(|(.., samples)| samples.is_finite());
        let (cell, result, _) = reached.min_by(|a, b| a.2.total_cmp(&b.2).then(a.0.batch_size.cmp(&b.0.batch_size)))?;
        let run = runs(result).into_iter().find(|run| run.samples_to(result.target).or_infinite().is_finite())?;
        Some(Winner { cell, target: t, result, run })
    })
}

impl StudyFacts {
    /// The noise that the study still needs, each with the number of its workload.
    pub(crate) fn missing_noise(&self, records: &Records) -> Result<Vec<(usize, NoiseSpecification)>> {
        let cells = self.cells()?;
        let done = self.done(&cells, records)?;
        let done: Vec<_> = done.iter().map(|(cell, targets)| (*cell, &targets[..])).collect();
        let mut missing = vec![];
        for Winner { cell, run, .. } in winners(&done, records) {
            let specification = NoiseSpecification::of(&run.specification);
            if records.noise(&specification.key()?).is_none() {
                missing.push((cell.workload, specification));
            }
        }
        Ok(missing)
    }
}

impl TrainingRunner<'_> {
    /// Trains a run again and looks at the gradients of single rows of the training set, without dropout and penalties, where the run is
    /// evaluated; `None` if it was stopped. `known` is the run's record, which it has to make again, if there is one.
    pub(crate) fn noise(
        &self,
        workload: usize,
        specification: &NoiseSpecification,
        known: Option<&ConvergenceRecord>,
        stop: &AtomicBool,
    ) -> Result<Option<NoiseRecord>> {
        let training = &self.workloads[workload].problem.training;
        let meter = specification.run.settings.gradient_meter(training, specification.rows)?;
        let mut record = NoiseRecord::new(specification, meter.rows())?;
        let mut run = Run::new(self.exec, self.workloads[workload], &specification.run)?;
        while run.outcome.is_none() {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let before = run.curve.samples.len();
            run.step();
            if run.curve.samples.len() > before {
                // Where the gradients of training are taken, not at an average.
                let moments = meter.measure(self.exec, run.trainer.model_mut(), specification.signs);
                record.push(&moments.context("a model that knows its samples")?, training.rows(), nine_digits);
            }
        }
        let run = run.record()?;
        ensure!(
            known.is_none_or(|known| *known == run),
            "{}: trained again it is another run: one of the machines that made its record and this one computes wrongly",
            &run.key[..16]
        );
        record.curve = run.curve;
        Ok(Some(record))
    }
}

/// Measures all of these with so many threads, keeps each as it comes, and says whether all are there.
pub(crate) fn measure(
    runner: &TrainingRunner<'_>,
    missing: &[(usize, NoiseSpecification)],
    jobs: usize,
    (stop, progress): (&AtomicBool, &(dyn Progress + Sync)),
    (records, file): (&mut Records, &mut RecordFile),
) -> Result<bool> {
    progress.expect(missing.len() as i64);
    let next = AtomicUsize::new(0);
    let (known, kept) = (&*records, Mutex::new((file, vec![])));
    std::thread::scope(|scope| -> Result<()> {
        let work = || -> Result<()> {
            while let Some((workload, specification)) = missing.get(next.fetch_add(1, Ordering::Relaxed)) {
                let run = known.of(&specification.run)?;
                let Some(record) = runner.noise(*workload, specification, run, stop)? else { return Ok(()) };
                let mut kept = kept.lock().expect("no thread panics while it keeps a record");
                kept.0.add(std::slice::from_ref(&record))?;
                kept.1.push(record);
                progress.advance();
            }
            Ok(())
        };
        let threads: Vec<_> = (0..jobs.min(missing.len())).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("a run does not panic"))
    })?;
    let made = kept.into_inner().expect("no thread panicked").1;
    let all = made.len() == missing.len();
    made.into_iter().try_for_each(|record| records.add_noise(record, "this machine").map(|_| ()))?;
    Ok(all)
}
