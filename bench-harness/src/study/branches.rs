//! Branches: from points of a winning run training goes on with larger batches, up to the same number of samples. The largest batch that
//! keeps pace is the critical batch size at that time; the batch schedule that follows is tried from the start, with other seeds. As all
//! runs are pure functions, a branch is an ordinary run whose batch grows once: up to there it has the bits of the run it leaves.

use super::cell::{Cell, TargetResult};
use super::definition::{Coupling, FIRST_REPEAT};
use super::facts::StudyFacts;
use super::noise::is_sign_like;
use super::noise_runs::{Winner, winners};
use super::specification::Specification;
use super::store::Records;
use anyhow::Result;
use simdescent::{BatchGrowth, BatchShape, LearningRate, Milestones, RateScaling, Settings};
use simdescent_measure::statistics::median;

/// Seeds of the branches, at most.
pub(super) const SEEDS: u64 = 7;
/// Their trials are numbered from here: the schedule that they imply is tried with the seeds of the repeats, which they have not seen.
const FIRST_BRANCH: u64 = 2000;
/// Where branches leave: this part of the samples to the target. They go on until twice as many have been seen.
pub(crate) const PARTS: [u64; 3] = [8, 4, 2];
/// A branch takes at least so many steps.
const LEAST_STEPS: u64 = 4;

/// A winning run that branches leave.
pub(crate) struct Trunk<'a> {
    pub(crate) cell: &'a Cell,
    /// Number of the hardest target that the cell reaches, and what came of it.
    pub(crate) target: usize,
    pub(crate) result: &'a TargetResult,
    run: &'a Specification,
    /// To the target: the median over the repeats.
    samples: u64,
    rows: usize,
    seeds: u64,
    budget: u64,
}

/// Where branches leave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    pub(crate) samples: u64,
    /// In ascending order.
    pub(crate) batch_sizes: Vec<usize>,
}

impl<'a> Trunk<'a> {
    /// `None` where rate or batch have a schedule of their own, which a larger batch would run through in other samples.
    fn new(winner: &Winner<'a>, facts: &StudyFacts, records: &Records) -> Option<Self> {
        let Winner { cell, target, result, run } = *winner;
        let Settings { batch_growth, learning_rate, warmup, .. } = run.specification.settings;
        let constant = matches!(learning_rate, LearningRate::Constant { .. }) && warmup.steps == 0;
        let runs = result.repeats.iter().filter_map(|key| records.get(key));
        let samples = median(runs.map(|run| run.samples_to(result.target).or_infinite()).collect());
        (constant && batch_growth == BatchGrowth::Fixed && samples.is_finite()).then_some(Self {
            cell,
            target,
            result,
            run: &run.specification,
            samples: samples as u64,
            rows: facts.workloads[cell.workload].training.rows,
            seeds: facts.study.repeats.min(SEEDS),
            budget: facts.workloads[cell.workload].budget,
        })
    }

    /// Where branches leave, and with which batches: as long as they take enough steps and fit into the training rows.
    pub(crate) fn checkpoints(&self) -> Vec<Checkpoint> {
        let checkpoint = |part: u64| {
            let samples = self.samples / part;
            let largest = (samples / LEAST_STEPS).min(self.rows as u64);
            let doubled = std::iter::successors(Some(2 * self.cell.batch_size), |size| Some(2 * size));
            Checkpoint { samples, batch_sizes: doubled.take_while(|size| *size as u64 <= largest).collect() }
        };
        PARTS.map(checkpoint).into_iter().filter(|checkpoint| !checkpoint.batch_sizes.is_empty()).collect()
    }

    /// How the rate follows the batch.
    pub(crate) fn rate_scaling(&self) -> Coupling {
        if is_sign_like(self.run.settings.rule) { Coupling::Sqrt } else { Coupling::Linear }
    }

    /// The trials of the branches.
    pub(crate) fn trials(&self) -> std::ops::Range<u64> {
        FIRST_BRANCH..FIRST_BRANCH + self.seeds
    }

    /// The run that is left, past the ends of all branches.
    pub(crate) fn base(&self, trial: u64) -> Specification {
        let largest = self.checkpoints().iter().filter_map(|checkpoint| checkpoint.batch_sizes.last().copied()).max();
        self.specification(BatchGrowth::Fixed, trial, 2 * (self.samples / 2) + largest.unwrap_or(0) as u64, None)
    }

    /// A branch.
    pub(crate) fn branch(&self, samples: u64, batch_size: usize, trial: u64) -> Result<Specification> {
        let factor = batch_size as f64 / self.cell.batch_size as f64;
        Ok(self.specification(self.growth(factor, &[samples], batch_size)?, trial, 2 * samples, None))
    }

    /// The run of a schedule that doubles the batch at these numbers of samples, towards the target.
    pub(crate) fn scheduled(&self, doubled_at: &[u64], trial: u64) -> Result<Specification> {
        let growth = self.growth(2.0, doubled_at, self.cell.batch_size << doubled_at.len())?;
        Ok(self.specification(growth, trial, self.budget, Some(self.result.target)))
    }

    fn growth(&self, factor: f64, at: &[u64], largest: usize) -> Result<BatchGrowth> {
        let at = Milestones::new(at).map_err(anyhow::Error::msg)?;
        let rate = match self.rate_scaling() {
            Coupling::Linear => RateScaling::Linear,
            _ => RateScaling::SquareRoot,
        };
        Ok(BatchGrowth::Scheduled { shape: BatchShape::Milestones { factor, at }, rate, largest })
    }

    fn specification(&self, batch_growth: BatchGrowth, trial: u64, budget: u64, target: Option<f64>) -> Specification {
        let settings = Settings { batch_growth, trial, ..self.run.settings };
        Specification { settings, budget, target, ..self.run.clone() }
    }

    /// All branches, with the runs they leave.
    pub(crate) fn branches(&self) -> Result<Vec<Specification>> {
        let mut all = vec![];
        for trial in self.trials() {
            let checkpoints = self.checkpoints();
            if !checkpoints.is_empty() {
                all.push(self.base(trial));
            }
            for Checkpoint { samples, batch_sizes } in checkpoints {
                for batch_size in batch_sizes {
                    all.push(self.branch(samples, batch_size, trial)?);
                }
            }
        }
        Ok(all)
    }
}

impl StudyFacts {
    /// The runs that branches leave: of each workload, optimizer and variant the one whose noise is measured.
    pub(crate) fn trunks<'a>(&self, done: &[(&'a Cell, &'a [TargetResult])], records: &'a Records) -> Vec<Trunk<'a>> {
        if !self.study.branches {
            return vec![];
        }
        winners(done, records).iter().filter_map(|winner| Trunk::new(winner, self, records)).collect()
    }
}

/// The trials that a schedule is tried with: those of the repeats, which the fixed batch has run.
pub(crate) fn fresh_trials(repeats: u64) -> std::ops::Range<u64> {
    FIRST_REPEAT..FIRST_REPEAT + repeats
}
