//! A workload at work: its rows in memory, and what is known of it.

use super::definition::{FIRST_REPEAT, LossOn, Study, WorkloadDefinition};
use super::facts::{DataFacts, ReferenceSource, WorkloadFacts};
use super::reference::REPEATS;
use super::runner::TrainingData;
use crate::options::RunOptions;
use crate::problem::model_spec::ModelSpec;
use crate::problem::{InputLayout, Problem};
use crate::training::prepare::{check_memory, prepare};
use anyhow::{Context, Result, ensure};
use simdescent::kernels::Exec;
use simdescent::{Dataset, Model, Rule, Settings};
use simdescent_measure::statistics::median;
use std::num::NonZeroUsize;

/// Rows, model and base settings.
pub(crate) struct Workload {
    pub(crate) definition: WorkloadDefinition,
    pub(crate) name: String,
    pub(crate) problem: Problem,
    pub(crate) settings: Settings,
    /// Those that there are; a study may look at fewer.
    pub(crate) validation_rows: usize,
}

impl Workload {
    /// Reads or draws the rows.
    pub(crate) fn load(definition: &WorkloadDefinition, study: &Study) -> Result<Self> {
        let run = RunOptions { seed: Some(study.data_seed), ..definition.run() };
        // Dense: throughput is of the work that the shapes say.
        let mut problem = run.problem.problem(study.data_seed)?.keeping(InputLayout::Dense)?;
        let validation_rows = problem.validation.rows();
        if let Some(rows) = definition.evaluation_rows.map(NonZeroUsize::get).filter(|&rows| rows < validation_rows) {
            let spaced: Vec<u32> = (0..rows).map(|i| (i * validation_rows / rows) as u32).collect();
            problem.validation = problem.validation.select(&spaced);
        }
        let name = definition.name.clone().unwrap_or_else(|| problem.name.clone());
        let settings =
            prepare(&run, &problem.training, &problem.model, problem.loss).with_context(|| name.clone())?.settings;
        problem.model.check_size()?;
        // No optimizer has a larger state than AMSGrad.
        check_memory(&problem.model, &Settings { rule: Rule::AMSGRAD, ..settings }, problem.training.rows())?;
        Ok(Self { definition: definition.clone(), name, problem, settings, validation_rows })
    }

    /// The rows whose loss has to reach the targets.
    pub(crate) fn evaluation(&self) -> &Dataset {
        match self.definition.loss_on {
            LossOn::Training => &self.problem.training,
            LossOn::Validation => &self.problem.validation,
        }
    }

    pub(crate) fn model(&self) -> &ModelSpec {
        &self.problem.model
    }

    pub(crate) fn training_data(&self) -> TrainingData<'_> {
        TrainingData { problem: &self.problem, model: self.model(), evaluation: self.evaluation() }
    }

    /// The loss before training, the median over the seeds of as many repeats as a reference has.
    pub(crate) fn initial_loss(&self, exec: Exec<'_>, seed: u64) -> Result<f64> {
        let evaluator = self.settings.evaluator(self.evaluation())?;
        let trials = FIRST_REPEAT..FIRST_REPEAT + REPEATS;
        let losses = trials.map(|trial| evaluator.evaluate(exec, &mut self.model().build(trial, seed)).loss);
        Ok(median(losses.collect()))
    }

    /// All facts but for reference and targets, which are NaN and none.
    pub(crate) fn facts(&self, study: &Study) -> Result<WorkloadFacts> {
        let rows = self.problem.training.rows();
        let batch_sizes = study.batch_sizes(rows);
        ensure!(!batch_sizes.is_empty(), "{}: no batch size fits its {rows} training rows", self.name);
        Ok(WorkloadFacts {
            name: self.name.clone(),
            model: self.model().describe(),
            canonical_model: self.model().canonical(),
            parameters: self.model().build(0, study.seed).parameters().len(),
            loss: self.problem.loss,
            target_scaling: self.settings.target_scaling,
            training: data_facts(&self.problem.training),
            evaluation: data_facts(self.evaluation()),
            loss_on: self.definition.loss_on,
            budget: self.definition.budget(rows),
            batch_sizes,
            initial_loss: f64::NAN,
            reference_loss: f64::NAN,
            reference: ReferenceSource::Given,
            targets: vec![],
        })
    }
}

fn data_facts(data: &Dataset) -> DataFacts {
    DataFacts { name: data.name().into(), rows: data.rows(), features: data.features(), sha256: data.digest() }
}
