//! One trial: a training at a point of the space.

use super::objective::Objective;
use super::space::{Space, nest};
use crate::base::causes::causes;
use crate::options::{RunOptions, overlay, prune};
use crate::problem::Problem;
use crate::training::divergence::diverged;
use crate::training::prepare::prepare;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use simdescent::kernels::Exec;
use simdescent::{FitOptions, FitProgress, Model, Stop, Trainer};
use std::collections::BTreeMap;
use toml::{Table, Value};

/// How a trial ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum TrialOutcome {
    /// It had all its steps, or stopped early.
    Complete,
    /// It was worse than others before it had all its steps.
    Censored,
    /// It diverged, or these values do not go together.
    Infeasible,
}

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct TrialRecord {
    pub(crate) trial: u64,
    /// How often it was promoted, under successive halving.
    pub(crate) rung: u32,
    /// Coordinates in the unit cube.
    pub(crate) point: Vec<f64>,
    /// The hyper-parameters by name.
    #[cfg_attr(test, schemars(with = "BTreeMap<String, serde_json::Value>"))]
    pub(crate) values: BTreeMap<String, Value>,
    pub(crate) outcome: TrialOutcome,
    /// The metric, unless it is infeasible.
    pub(crate) value: Option<f64>,
    pub(crate) steps: u64,
    pub(crate) samples: u64,
    pub(crate) digest: Option<String>,
    /// Why it is infeasible.
    pub(crate) reason: Option<String>,
}

impl TrialRecord {
    /// Whether it is at a point of the unit cube of so many dimensions.
    pub(super) fn is_in_cube(&self, dimensions: usize) -> bool {
        self.point.len() == dimensions && self.point.iter().all(|u| (0.0..1.0).contains(u))
    }
}

/// What all trials share.
pub(crate) struct Study<'t> {
    pub(crate) exec: Exec<'t>,
    pub(crate) base: RunOptions,
    pub(crate) data: Problem,
    pub(crate) space: Space,
    pub(crate) objective: Objective,
}

/// A training that can be gone on with.
pub(crate) struct TrialTraining<'d> {
    trainer: Trainer<'d, Box<dyn Model>>,
    options: FitOptions,
    progress: FitProgress,
}

impl Study<'_> {
    /// What is trained, called as `train` calls it; the data alone where the search varies model or loss.
    pub(super) fn workload(&self) -> Result<String> {
        let varied = self.space.parameters.iter().any(|parameter| parameter.name.starts_with("problem."));
        if varied { Ok(self.base.problem.data_name(&self.data)) } else { self.base.problem.name(&self.data) }
    }

    /// The whole configuration with these values, as in its file; without the number of threads, which changes nothing.
    pub(crate) fn configuration(&self, values: &BTreeMap<String, Value>) -> Result<Table> {
        let mut table = Table::try_from(&self.base)?;
        table.remove("threads");
        overlay(&mut table, nest(values.iter().map(|(name, value)| (name.as_str(), value.clone()))));
        prune(&mut table);
        Ok(table)
    }

    /// A record of nothing yet.
    pub(crate) fn blank(&self, trial: u64, point: Vec<f64>) -> TrialRecord {
        let values = self.space.at(&point).into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let (outcome, value, digest, reason) = (TrialOutcome::Infeasible, None, None, None);
        TrialRecord { trial, rung: 0, point, values, outcome, value, steps: 0, samples: 0, digest, reason }
    }

    /// Trains at a point, from start to end.
    pub(crate) fn run(&self, trial: u64, point: Vec<f64>) -> Result<TrialRecord> {
        let mut record = self.blank(trial, point);
        self.go_on(&mut None, &mut record, 1.0)?;
        Ok(record)
    }

    /// Trains until this share of all steps is done, begins if there is no training yet, and completes the record. Values that
    /// do not go together are no error.
    pub(crate) fn go_on<'s>(
        &'s self,
        training: &mut Option<TrialTraining<'s>>,
        record: &mut TrialRecord,
        share: f64,
    ) -> Result<()> {
        if training.is_none() {
            match self.begin(record) {
                Ok(new) => *training = Some(new),
                Err(error) => record.reason = Some(causes(&error)),
            }
        }
        training.as_mut().map_or(Ok(()), |training| training.go_on(self, record, share))
    }

    /// Whether a trial can begin at any of these points. If not, it is not for the values that are searched.
    pub(crate) fn check(&self, points: impl IntoIterator<Item = Vec<f64>>) -> Result<()> {
        let mut first = None;
        for (trial, point) in (0..).zip(points) {
            match self.begin(&self.blank(trial, point)) {
                Ok(_) => return Ok(()),
                Err(error) => first = first.or(Some(error)),
            }
        }
        first.map_or(Ok(()), |error| Err(error.context("no trial can begin, whatever is searched; the first")))
    }

    fn begin(&self, record: &TrialRecord) -> Result<TrialTraining<'_>> {
        let run = RunOptions::deserialize(self.configuration(&record.values)?)?;
        let (model, loss) = run.problem.model_and_loss(&self.data)?;
        let prepared = prepare(&run, &self.data.training, &model, loss)?;
        let options = prepared.length("a search")?;
        let trainer = Trainer::new(self.exec, prepared.model(), &self.data.training, prepared.settings)?;
        Ok(TrialTraining { trainer, options, progress: FitProgress::default() })
    }
}

impl TrialTraining<'_> {
    fn go_on(&mut self, study: &Study<'_>, record: &mut TrialRecord, share: f64) -> Result<()> {
        let validation = self.trainer.settings().evaluator(&study.data.validation)?;
        let pause = if share < 1.0 { (share * self.options.steps as f64).ceil() as u64 } else { u64::MAX };
        let end = self.trainer.fit_until(&validation, self.options, &mut self.progress, pause)?;
        let best = self.progress.best().map(|best| self.progress.validations()[best].evaluation.loss);
        let metrics = || self.trainer.at_best(&self.progress, |model| validation.metrics(study.exec, model));
        let value = if end == Some(Stop::Diverged) { None } else { Some(study.objective.value(best, metrics)?) };
        if let Some(stop) = end {
            self.trainer.end_fit(std::mem::take(&mut self.progress), stop);
        }
        let history = self.trainer.history();
        (record.steps, record.samples, record.digest) =
            (history.steps(), history.samples(), Some(self.trainer.digest()));
        match value {
            Some(value) if value.is_finite() => {
                record.value = Some(value);
                record.outcome = if end.is_some() { TrialOutcome::Complete } else { TrialOutcome::Censored };
            }
            Some(_) => record.reason = Some(format!("{} is not finite", study.objective.name())),
            None => record.reason = Some(diverged(record.steps)),
        }
        Ok(())
    }
}
