//! A cell: one optimizer at one batch size, tuned and repeated for each target. Which runs it still needs is a pure function of the
//! records that are there.

use super::definition::{FIRST_REPEAT, OptimizerFactor, Variant};
use super::facts::{Runs, StudyFacts, WorkloadFacts};
use super::record::ConvergenceRecord;
use super::shard::Shard;
use super::specification::Specification;
use super::store::Records;
use super::tuning::{Candidate, Chosen, Next, Score, Tried, first_points, next};
use crate::base::digest::sha256;
use anyhow::{Result, bail};
use std::collections::BTreeSet;
use std::ops::Range;

/// Which cell of a study.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    /// Number of the workload.
    pub(crate) workload: usize,
    pub(crate) optimizer: OptimizerFactor,
    pub(crate) variant: Variant,
    pub(crate) batch_size: usize,
}

/// What a cell needs, or what came of it.
#[derive(Clone, Debug)]
pub(crate) enum CellState {
    /// These runs are missing; with them it may need others.
    Needs(Vec<Specification>),
    /// By target, from the easiest.
    Done(Vec<TargetResult>),
}

/// What came of a cell for one target.
#[derive(Clone, Debug)]
pub(crate) struct TargetResult {
    pub(crate) target: f64,
    pub(crate) chosen: Chosen,
    /// Every candidate with what came of its runs.
    pub(crate) tried: Vec<Tried>,
    /// The keys of the repeats, in the order of their seeds.
    pub(crate) repeats: Vec<String>,
}

impl StudyFacts {
    /// All cells, workload by workload.
    pub(crate) fn cells(&self) -> Result<Vec<Cell>> {
        let (optimizers, variants) = (self.study.factors()?, self.study.variants());
        let mut cells = vec![];
        for (workload, facts) in self.workloads.iter().enumerate() {
            for variant in &variants {
                for optimizer in &optimizers {
                    cells.extend(facts.batch_sizes.iter().map(|&batch_size| Cell {
                        workload,
                        optimizer: optimizer.clone(),
                        variant: variant.clone(),
                        batch_size,
                    }));
                }
            }
        }
        Ok(cells)
    }

    /// Where a cell stands.
    pub(crate) fn state(&self, cell: &Cell, records: &Records) -> Result<CellState> {
        let mut view = View { facts: self, workload: &self.workloads[cell.workload], runs: self.runs(cell)?, records };
        let (mut needs, mut done) = (vec![], vec![]);
        let first = first_points(&cell.optimizer, &self.study.tuning, self.study.seed)?;
        let hardest = view.workload.targets.last().copied();
        for &target in &view.workload.targets {
            match view.target(&first, hardest, target)? {
                Ok(result) => done.push(result),
                Err(missing) => needs.extend(missing),
            }
        }
        // The first points are the same for all targets.
        let mut distinct: Vec<Specification> = vec![];
        for specification in needs {
            if !distinct.contains(&specification) {
                distinct.push(specification);
            }
        }
        Ok(if distinct.is_empty() { CellState::Done(done) } else { CellState::Needs(distinct) })
    }

    /// Those of these cells that are finished, with what came of them.
    pub(super) fn done<'c>(&self, cells: &'c [Cell], records: &Records) -> Result<Vec<(&'c Cell, Vec<TargetResult>)>> {
        let mut done = vec![];
        for cell in cells {
            if let CellState::Done(targets) = self.state(cell, records)? {
                done.push((cell, targets));
            }
        }
        Ok(done)
    }

    /// Its runs.
    pub(super) fn runs(&self, cell: &Cell) -> Result<Runs<'_>> {
        let Cell { workload, variant, batch_size, .. } = cell;
        Runs::new(&self.workloads[*workload], &self.study.workloads[*workload], variant, *batch_size, self.study.seed)
    }

    /// The key of a cell: the hash of what all its runs share, with its first point. It needs no reference.
    pub(crate) fn key(&self, cell: &Cell) -> Result<String> {
        let first = first_points(&cell.optimizer, &self.study.tuning, self.study.seed)?;
        Ok(sha256(&self.runs(cell)?.specification(&first[0], 0, None)?.key()?)[..16].to_owned())
    }

    /// The cells of a shard, or of these keys. All runs of a cell are in one shard, so that none waits for another.
    pub(crate) fn own_cells(&self, shard: Option<Shard>, keys: Option<&BTreeSet<String>>) -> Result<Vec<Cell>> {
        let mut own = vec![];
        let mut found = BTreeSet::new();
        for cell in self.cells()? {
            let key = self.key(&cell)?;
            // A coupling rule starts from the smallest batch: all batch sizes of an optimizer are in one shard.
            let smallest = self.workloads[cell.workload].batch_sizes[0];
            let together = if self.study.coupling.is_empty() {
                key.clone()
            } else {
                self.key(&Cell { batch_size: smallest, ..cell.clone() })?
            };
            if shard.is_none_or(|shard| shard.has(&together)) && keys.is_none_or(|keys| keys.contains(&key)) {
                own.push(cell);
            }
            found.insert(key);
        }
        if let Some(unknown) = keys.and_then(|keys| keys.difference(&found).next()) {
            bail!("no cell of this study has the key {unknown}: `sweep --dry-run --json` lists them");
        }
        Ok(own)
    }
}

/// A cell beside what is known.
struct View<'a> {
    facts: &'a StudyFacts,
    workload: &'a WorkloadFacts,
    runs: Runs<'a>,
    records: &'a Records,
}

/// What is wanted of records, or the runs that are missing.
type Found<T> = Result<T, Vec<Specification>>;

impl<'a> View<'a> {
    /// The records of a candidate's runs.
    fn records(
        &mut self,
        candidate: &Candidate,
        trials: Range<u64>,
        stop: Option<f64>,
    ) -> Result<Found<Vec<&'a ConvergenceRecord>>> {
        let (mut there, mut missing) = (vec![], vec![]);
        for trial in trials {
            let specification = self.runs.specification(candidate, trial, stop)?;
            match self.records.of(&specification)? {
                Some(record) => there.push(record),
                None => missing.push(specification),
            }
        }
        Ok(if missing.is_empty() { Ok(there) } else { Err(missing) })
    }

    /// What came of these candidates for a target.
    fn tried(&mut self, candidates: &[Candidate], stop: Option<f64>, target: f64) -> Result<Found<Vec<Tried>>> {
        let (mut tried, mut missing) = (vec![], vec![]);
        for candidate in candidates {
            match self.records(candidate, 0..self.facts.study.tuning.seeds, stop)? {
                Ok(records) => {
                    let score = |record: &ConvergenceRecord| Score {
                        steps: record.steps_to(target).or_infinite(),
                        loss: record.final_loss(),
                    };
                    let scores = records.into_iter().map(score).collect();
                    tried.push(Tried { candidate: candidate.clone(), scores });
                }
                Err(specifications) => missing.extend(specifications),
            }
        }
        Ok(if missing.is_empty() { Ok(tried) } else { Err(missing) })
    }

    /// Tuning and repeats for one target. The first points run towards the hardest, so that all targets share them; the others stop
    /// at their own, so that no target waits for another.
    fn target(&mut self, first: &[Candidate], hardest: Option<f64>, target: f64) -> Result<Found<TargetResult>> {
        let mut tried = match self.tried(first, hardest, target)? {
            Ok(tried) => tried,
            Err(missing) => return Ok(Err(missing)),
        };
        let chosen = loop {
            match next(&tried, &self.facts.study.tuning, self.workload.reference_loss, target) {
                Next::Take(chosen) => break chosen,
                Next::Try(candidates) => match self.tried(&candidates, Some(target), target)? {
                    Ok(more) => tried.extend(more),
                    Err(missing) => return Ok(Err(missing)),
                },
            }
        };
        let trials = FIRST_REPEAT..FIRST_REPEAT + self.facts.study.repeats;
        Ok(self.records(&chosen.candidate, trials, Some(target))?.map(|records| {
            let repeats = records.iter().map(|record| record.key.clone()).collect();
            TargetResult { target, chosen, tried, repeats }
        }))
    }
}
