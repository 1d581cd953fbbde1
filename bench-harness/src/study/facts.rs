//! What a sweep knows of its workloads before the first cell: with it and the records, a report needs no data.

use super::definition::{LossOn, Study, Variant, WorkloadDefinition, run_of_cell};
use super::protocol::VERSION;
use super::specification::Specification;
use super::tuning::Candidate;
use crate::options::RunOptions;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use simdescent::{Loss, Settings, TargetScaling};

/// `study.json`: the study as it was read, and the facts of its workloads.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StudyFacts {
    pub(crate) protocol_version: u32,
    pub(crate) value_version: u32,
    pub(crate) study: Study,
    pub(crate) workloads: Vec<WorkloadFacts>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct WorkloadFacts {
    pub(crate) name: String,
    /// For people.
    pub(crate) model: String,
    /// As in the key of a run.
    pub(crate) canonical_model: String,
    pub(crate) parameters: usize,
    #[cfg_attr(test, schemars(with = "serde_json::Value"))]
    pub(crate) loss: Loss,
    #[cfg_attr(test, schemars(with = "serde_json::Value"))]
    pub(crate) target_scaling: Option<TargetScaling>,
    pub(crate) training: DataFacts,
    /// The rows whose loss is looked at.
    pub(crate) evaluation: DataFacts,
    pub(crate) loss_on: LossOn,
    /// Samples that a run may see.
    pub(crate) budget: u64,
    pub(crate) batch_sizes: Vec<usize>,
    /// The loss before training: the median over seeds.
    pub(crate) initial_loss: f64,
    /// The lowest loss that is known to be possible.
    pub(crate) reference_loss: f64,
    pub(crate) reference: ReferenceSource,
    /// The losses to reach, from the easiest to the hardest.
    pub(crate) targets: Vec<f64>,
}

/// Where a reference loss comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum ReferenceSource {
    /// The study file has it.
    Given,
    /// The minimum of the noisy quadratic, which is known.
    Formula,
    /// The minimum of a convex objective, by Newton's method in `f64`: ten digits and more.
    Solved,
    /// The lowest that L-BFGS came to in `f32`, of a convex objective too large for Newton's method or with another loss.
    Lbfgs,
    /// The best of so many tuned trials, run again so often: the median of the lowest losses.
    Trials { trials: usize, repeats: usize },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DataFacts {
    pub(crate) name: String,
    pub(crate) rows: usize,
    pub(crate) features: usize,
    pub(crate) sha256: String,
}

impl StudyFacts {
    /// Of this version of protocol and values.
    pub(crate) fn new(study: &Study, workloads: Vec<WorkloadFacts>) -> Self {
        Self { protocol_version: VERSION, value_version: simdescent::VALUE_VERSION, study: study.clone(), workloads }
    }
}

impl StudyFacts {
    /// Whether seeds and data are the same, however different the effort.
    pub(crate) fn is_of_same_data(&self, other: &Self) -> bool {
        let seeds = |facts: &Self| (facts.study.seed, facts.study.data_seed);
        // Of two profiles one may have workloads that the other has not.
        let known = |workload: &WorkloadFacts| {
            let same = other.workloads.iter().find(|own| own.name == workload.name);
            same.is_none_or(|own| own.training == workload.training)
        };
        let shared = self.workloads.iter().any(|w| other.workloads.iter().any(|own| own.name == w.name));
        seeds(self) == seeds(other) && shared && self.workloads.iter().all(known)
    }
}

impl WorkloadFacts {
    /// The loss that leaves each share of the gap.
    pub(crate) fn targets(initial_loss: f64, reference_loss: f64, shares: &[f64]) -> Vec<f64> {
        shares.iter().map(|share| reference_loss + share * (initial_loss - reference_loss)).collect()
    }
}

/// The runs of a workload at one batch size, in one variant.
pub(crate) struct Runs<'a> {
    facts: &'a WorkloadFacts,
    options: RunOptions,
    seed: u64,
}

impl<'a> Runs<'a> {
    pub(crate) fn new(
        facts: &'a WorkloadFacts,
        definition: &WorkloadDefinition,
        variant: &Variant,
        batch_size: usize,
        seed: u64,
    ) -> Result<Self> {
        let steps = facts.budget.div_ceil(batch_size as u64);
        Ok(Self { facts, options: run_of_cell(definition, variant, batch_size, steps)?, seed })
    }

    /// The run of a candidate.
    pub(crate) fn specification(
        &mut self,
        candidate: &Candidate,
        trial: u64,
        target: Option<f64>,
    ) -> Result<Specification> {
        let facts = self.facts;
        self.options.learning_rate.set_rate(candidate.learning_rate);
        let (settings, _) = self.options.settings(facts.training.rows, facts.loss, facts.target_scaling)?;
        let settings = Settings { rule: candidate.rule, trial, seed: self.seed, ..settings };
        settings.validate(facts.training.rows)?;
        Ok(Specification {
            protocol: VERSION,
            values: simdescent::VALUE_VERSION,
            training: facts.training.sha256.clone(),
            evaluation: facts.evaluation.sha256.clone(),
            model: facts.canonical_model.clone(),
            settings,
            budget: facts.budget,
            target,
        })
    }
}
