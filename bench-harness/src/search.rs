//! A search for hyper-parameters by many trainings.
//!
//! All trials have the seed of the configuration: the same data, and with an equal batch size the same order of samples. A
//! trial depends on nothing but the search and its number, so that one that was ended goes on where it was.

mod importance;
mod objective;
mod pruners;
mod result;
pub(crate) mod samplers;
mod space;
mod strategy;
mod trial;
mod trials;

pub(crate) use objective::Objective;
pub(crate) use result::{Direction, SearchReport};
pub(crate) use samplers::sobol::LONGEST;
pub(crate) use space::Space;
pub(crate) use strategy::Strategy;
pub(crate) use trial::{Study, TrialOutcome, TrialRecord};

use crate::base::digest::sha256;
use crate::base::progress::Progress;
use crate::journal::Journal;
use crate::options::method::Method;
use anyhow::{Result, bail};
use pruners::halving;
use samplers::{sobol, tpe};
use serde_json::json;
use simdescent::Dataset;
use std::collections::BTreeMap;
use std::path::Path;
use trials::Trials;

/// How long a search is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search {
    pub(crate) strategy: Strategy,
    /// How many points.
    pub(crate) trials: u64,
    /// Of how many trials successive halving promotes one.
    pub(crate) eta: Option<u64>,
}

impl Search {
    fn eta(self) -> u64 {
        self.eta.unwrap_or(3)
    }

    /// How many trainings it takes at most, those that are continued counting again.
    pub(crate) fn trainings(self) -> u64 {
        match self.strategy {
            Strategy::SuccessiveHalving => halving::rungs(self.trials, self.eta()).iter().sum(),
            Strategy::QuasiRandom | Strategy::Tpe => self.trials,
        }
    }

    /// What would make every trial fail, or its numbers mean nothing.
    pub(crate) fn check(self, method: Method, space: &Space, objective: Objective) -> Result<()> {
        if method == Method::Lbfgs {
            bail!("a search trains by steps, lbfgs does not take them: choose another --optimizer");
        }
        if space.parameters.len() > sobol::DIMENSIONS {
            bail!("{} hyper-parameters are too many, take {}", space.parameters.len(), sobol::DIMENSIONS);
        }
        if self.strategy == Strategy::SuccessiveHalving && space.has("fit.steps") {
            bail!("successive halving decides about the steps: leave fit.steps out of the space");
        }
        if self.strategy != Strategy::SuccessiveHalving && self.eta.is_some() {
            bail!("--eta belongs to --method successive-halving");
        }
        let mut losses = ["problem.loss", "problem.loss-parameter", "problem.label-smoothing"].into_iter();
        if let Some(name) = losses.find(|name| space.has(name)).filter(|_| !objective.is_of_any_loss()) {
            bail!("the values of one loss say nothing about another: take a --metric that does not depend on {name}");
        }
        Ok(())
    }

    /// Does the trials that the journal does not have.
    pub(crate) fn run(
        self,
        study: &Study<'_>,
        journal: Option<&Path>,
        progress: &dyn Progress,
    ) -> Result<SearchReport> {
        let dimensions = study.space.parameters.len();
        let first = 0..self.trials.min(tpe::STARTUP);
        study.check(first.map(|trial| sobol::point(dimensions, trial, study.base.seed())))?;
        let identity = self.identity(study)?;
        let journal = Journal::open(journal, &identity, |record: &TrialRecord| record.is_in_cube(dimensions))?;
        let mut trials = Trials { journal, progress };
        let records = match self.strategy {
            Strategy::SuccessiveHalving => halving::successive_halving(study, self.trials, self.eta(), &mut trials)?,
            Strategy::QuasiRandom | Strategy::Tpe => self.one_by_one(study, &mut trials)?,
        };
        SearchReport::new(self.strategy, identity, study, records)
    }

    /// SHA-256 of what decides the trials. Their number does so only in successive halving: elsewhere it can be raised.
    fn identity(self, study: &Study<'_>) -> Result<String> {
        let halving = (self.strategy == Strategy::SuccessiveHalving).then(|| (self.trials, self.eta()));
        let data = [&study.data.training, &study.data.validation].map(Dataset::digest);
        let all = json!({
            "program": env!("CARGO_PKG_VERSION"),
            "space": study.space.parameters,
            "configuration": study.configuration(&BTreeMap::new())?,
            "data": data,
            "method": self.strategy,
            "halving": halving,
            "metric": study.objective,
        });
        Ok(sha256(&all.to_string()))
    }

    /// Trials from start to end.
    fn one_by_one(self, study: &Study<'_>, trials: &mut Trials<'_>) -> Result<Vec<TrialRecord>> {
        let mut records = vec![];
        for trial in 0..self.trials {
            let record = trials.finished(trial, 0, || {
                let point = if self.strategy == Strategy::Tpe && trial >= tpe::STARTUP {
                    tpe::suggest(study, &records, trial)?
                } else {
                    sobol::point(study.space.parameters.len(), trial, study.base.seed())
                };
                study.run(trial, point)
            })?;
            records.push(record);
            trials.progress.advance();
        }
        Ok(records)
    }
}
