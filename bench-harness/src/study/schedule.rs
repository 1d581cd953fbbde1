//! Runs side by side: each on one thread, the longest first, every record on the disk before the next step of its cell.

use super::cell::{Cell, CellState};
use super::facts::StudyFacts;
use super::plan::runs_of_cell;
use super::record::ConvergenceRecord;
use super::runner::Runner;
use super::specification::Specification;
use super::store::{RecordFile, Records};
use crate::base::causes::Bug;
use crate::base::progress::Progress;
use anyhow::Result;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Condvar, Mutex};

/// A run that is to be done.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) workload: usize,
    pub(crate) specification: Specification,
    key: String,
    /// Predicted, in numbers that are multiplied.
    cost: f64,
}

impl Task {
    /// The run of a workload with so many parameters.
    pub(crate) fn new(workload: usize, parameters: usize, specification: Specification) -> Result<Self> {
        // A step costs what its samples cost, and something of its own.
        let batch = specification.settings.batch_size as f64;
        let steps = specification.budget as f64 / batch;
        let cost = steps * ((parameters as f64 + 100.0) * batch + 10_000.0);
        Ok(Self { workload, key: specification.key()?, specification, cost })
    }
}

/// Whether all is there, or the work was stopped before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    All,
    Stopped,
}

/// Does runs with several threads and keeps their records.
pub(crate) struct Workshop<'a, R> {
    pub(crate) runner: &'a R,
    pub(crate) jobs: usize,
    pub(crate) stop: &'a AtomicBool,
    pub(crate) progress: &'a dyn Progress,
    pub(crate) records: &'a mut Records,
    pub(crate) file: &'a mut RecordFile,
}

/// What the threads take runs from.
#[derive(Default)]
struct Queue {
    tasks: Mutex<(Vec<Task>, bool)>,
    changed: Condvar,
}

impl Queue {
    fn add(&self, tasks: Vec<Task>) {
        let mut guard = self.tasks.lock().expect("no thread panics while it holds the queue");
        guard.0.extend(tasks);
        // The longest last, where it is taken from; equal ones in the order of their keys.
        guard.0.sort_by(|a, b| a.cost.total_cmp(&b.cost).then_with(|| b.key.cmp(&a.key)));
        drop(guard);
        self.changed.notify_all();
    }

    fn close(&self) {
        self.tasks.lock().expect("no thread panics while it holds the queue").1 = true;
        self.changed.notify_all();
    }

    fn take(&self) -> Option<Task> {
        let mut guard = self.tasks.lock().expect("no thread panics while it holds the queue");
        loop {
            if guard.1 {
                return None;
            }
            if let Some(task) = guard.0.pop() {
                return Some(task);
            }
            guard = self.changed.wait(guard).expect("no thread panics while it holds the queue");
        }
    }
}

impl<R: Runner> Workshop<'_, R> {
    /// Does these runs, but for those that are there.
    pub(crate) fn runs(&mut self, tasks: Vec<Task>) -> Result<Done> {
        let missing: BTreeMap<String, Task> = tasks
            .into_iter()
            .filter(|task| !self.records.has(&task.key))
            .map(|task| (task.key.clone(), task))
            .collect();
        let mut left = missing.len();
        self.progress.expect(left as i64);
        self.work(missing.into_values().collect(), |_, _| {
            left -= 1;
            Ok(if left == 0 { None } else { Some(vec![]) })
        })
    }

    /// Does all runs that these cells need, which depend on the records of earlier ones.
    pub(crate) fn cells(&mut self, facts: &StudyFacts, cells: &[Cell]) -> Result<Done> {
        let mut waiting = Waiting::new(facts, cells);
        let (mut first, mut unfinished) = (vec![], 0);
        for i in 0..cells.len() {
            first.extend(waiting.plan(i, self.records)?);
            unfinished += usize::from(waiting.open[i] > 0);
        }
        let progress = self.progress;
        progress.expect(std::mem::take(&mut waiting.news));
        self.work(first, |key, records| {
            let mut tasks = vec![];
            for i in waiting.by_key.remove(key).unwrap_or_default() {
                waiting.open[i] -= 1;
                if waiting.open[i] == 0 {
                    tasks.extend(waiting.plan(i, records)?);
                    unfinished -= usize::from(waiting.open[i] == 0);
                }
            }
            progress.expect(std::mem::take(&mut waiting.news));
            Ok(if unfinished == 0 { None } else { Some(tasks) })
        })
    }

    /// Does runs until `next`, which is told the key of each that is done, has no more.
    fn work(
        &mut self,
        first: Vec<Task>,
        mut next: impl FnMut(&str, &Records) -> Result<Option<Vec<Task>>>,
    ) -> Result<Done> {
        if first.is_empty() {
            return Ok(Done::All);
        }
        let queue = Queue::default();
        queue.add(first);
        let (sender, receiver) = channel();
        std::thread::scope(|scope| {
            for _ in 0..self.jobs {
                let (queue, sender, runner, stop) = (&queue, sender.clone(), self.runner, self.stop);
                scope.spawn(move || work_off(queue, &sender, runner, stop));
            }
            drop(sender);
            let done = self.collect(&queue, &receiver, &mut next);
            // However it ended: the threads end, too.
            queue.close();
            done
        })
    }

    fn collect(
        &mut self,
        queue: &Queue,
        receiver: &Receiver<Result<Option<ConvergenceRecord>>>,
        next: &mut impl FnMut(&str, &Records) -> Result<Option<Vec<Task>>>,
    ) -> Result<Done> {
        let mut stopped = false;
        while let Ok(first) = receiver.recv() {
            // All that came in the meantime share one trip to the disk.
            let came: Vec<_> = std::iter::once(first).chain(receiver.try_iter()).collect::<Result<_>>()?;
            if came.iter().any(Option::is_none) {
                // Of the other threads what they have is taken, too.
                queue.close();
                stopped = true;
            }
            let came: Vec<ConvergenceRecord> = came.into_iter().flatten().collect();
            self.file.add(&came)?;
            for record in came {
                let key = record.key.clone();
                self.records.add(record, "this machine")?;
                self.progress.advance();
                match next(&key, self.records)? {
                    None => return Ok(Done::All),
                    Some(tasks) if !tasks.is_empty() && !stopped => queue.add(tasks),
                    Some(_) => {}
                }
            }
        }
        Ok(Done::Stopped)
    }
}

/// Which cell waits for which runs.
struct Waiting<'a> {
    facts: &'a StudyFacts,
    cells: &'a [Cell],
    /// Numbers of cells: equal runs may belong to several.
    by_key: BTreeMap<String, Vec<usize>>,
    /// How many runs each cell waits for.
    open: Vec<usize>,
    /// How many runs of each cell were announced, and how many of them were planned.
    announced: Vec<i64>,
    planned: Vec<i64>,
    /// How many more than were announced before there are, which nobody has been told.
    news: i64,
}

impl<'a> Waiting<'a> {
    fn new(facts: &'a StudyFacts, cells: &'a [Cell]) -> Self {
        let nothing = || vec![0; cells.len()];
        let (announced, planned) = (nothing(), nothing());
        Self { facts, cells, by_key: BTreeMap::new(), open: vec![0; cells.len()], announced, planned, news: 0 }
    }

    /// A cell has so many runs in all.
    fn announce(&mut self, i: usize, runs: i64) {
        self.news += runs - self.announced[i];
        self.announced[i] = runs;
    }

    /// The runs that a cell needs now, but for those that another waits for already.
    fn plan(&mut self, i: usize, records: &Records) -> Result<Vec<Task>> {
        let state = self.facts.state(&self.cells[i], records)?;
        let CellState::Needs(needs) = state else {
            self.announce(i, self.planned[i]);
            return Ok(vec![]);
        };
        self.open[i] = needs.len();
        if self.planned[i] == 0 {
            // Those that tuning usually adds are part of the time that is left.
            let usual = runs_of_cell(&self.facts.study, self.facts.workloads[self.cells[i].workload].targets.len());
            self.announce(i, usual.max(needs.len()) as i64);
        }
        self.planned[i] += needs.len() as i64;
        self.announce(i, self.announced[i].max(self.planned[i]));
        let workload = self.cells[i].workload;
        let mut tasks = vec![];
        for specification in needs {
            let task = Task::new(workload, self.facts.workloads[workload].parameters, specification)?;
            let cells = self.by_key.entry(task.key.clone()).or_default();
            cells.push(i);
            if cells.len() == 1 {
                tasks.push(task);
            }
        }
        Ok(tasks)
    }
}

/// A run that panicked is a bug of this program: its message was printed, this ends the sweep.
fn bug<T>(_panic: Box<dyn std::any::Any + Send>) -> Result<T> {
    Err(anyhow::Error::new(Bug))
}

/// What a thread does.
fn work_off<R: Runner>(
    queue: &Queue,
    sender: &Sender<Result<Option<ConvergenceRecord>>>,
    runner: &R,
    stop: &AtomicBool,
) {
    while let Some(task) = queue.take() {
        // A panic here would leave the others waiting for work that never comes.
        let run = AssertUnwindSafe(|| runner.run(task.workload, &task.specification, stop));
        let record = if stop.load(Ordering::Relaxed) { Ok(None) } else { catch_unwind(run).unwrap_or_else(bug) };
        let ends = !matches!(record, Ok(Some(_)));
        if sender.send(record).is_err() || ends {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::fake;

    struct Panics;

    impl Runner for Panics {
        fn run(&self, _: usize, _: &Specification, _: &AtomicBool) -> Result<Option<ConvergenceRecord>> {
            panic!("a run that panics, for a test")
        }
    }

    /// The other threads do not wait for ever, and the error says whose fault it is.
    #[test]
    fn a_run_that_panics_ends_the_sweep_as_a_bug() {
        let facts = fake::facts();
        let folder = tempfile::tempdir().unwrap();
        let (mut file, _) = RecordFile::open(&folder.path().join("records")).unwrap();
        let mut workshop = Workshop {
            runner: &Panics,
            jobs: 3,
            stop: &AtomicBool::new(false),
            progress: &fake::Quiet,
            records: &mut Records::default(),
            file: &mut file,
        };
        let error = workshop.cells(&facts, &facts.cells().unwrap()).unwrap_err();
        assert!(error.downcast_ref::<Bug>().is_some(), "{error:#}");
    }
}
