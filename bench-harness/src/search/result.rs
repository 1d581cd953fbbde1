//! What a search found.

use super::importance::{first_order, ranks};
use super::objective::Objective;
use super::space::Parameter;
use super::strategy::Strategy;
use super::trial::{Study, TrialOutcome, TrialRecord};
use anyhow::{Result, bail};
use serde::Serialize;

/// The report of a search, as JSON has it.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SearchReport {
    pub(crate) schema_version: u32,
    pub(crate) workload: String,
    pub(crate) method: Strategy,
    pub(crate) metric: Objective,
    pub(crate) direction: Direction,
    /// SHA-256 of everything that decides the trials.
    pub(crate) search: String,
    pub(crate) space: Vec<Parameter>,
    pub(crate) best: TrialRecord,
    /// Numbers of the best trial in the outermost twentieths of their ranges.
    pub(crate) at_border: Vec<String>,
    /// The best configuration, as a file for `train --config`.
    pub(crate) configuration: String,
    /// The most important first.
    pub(crate) importance: Vec<ParameterImportance>,
    /// From the first complete trial on.
    pub(crate) best_so_far: Vec<BestSoFar>,
    /// In the order in which they were made.
    pub(crate) trials: Vec<TrialRecord>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Direction {
    Minimize,
    Maximize,
}

/// Of the first rung, where every trial had the same share of its steps.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ParameterImportance {
    pub(crate) name: String,
    /// The share of the variance of the trials' ranks that it explains alone; unknown of too few trials.
    pub(crate) share: Option<f64>,
}

/// The lowest cost of a complete trial among so many trainings, as the metric's value.
#[derive(Clone, Copy, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct BestSoFar {
    pub(crate) trainings: usize,
    pub(crate) value: f64,
}

impl SearchReport {
    pub(super) fn new(method: Strategy, search: String, study: &Study<'_>, trials: Vec<TrialRecord>) -> Result<Self> {
        let metric = study.objective;
        let Some(best) = ranked(metric, &trials).first().map(|&best| best.clone()) else {
            let reason = trials.iter().find_map(|record| record.reason.as_deref()).unwrap_or("there are none");
            bail!("no trial came to its end, the first because: {reason}");
        };
        Ok(Self {
            schema_version: 1,
            workload: study.workload()?,
            method,
            metric,
            direction: if metric.is_maximized() { Direction::Maximize } else { Direction::Minimize },
            search,
            space: study.space.parameters.clone(),
            at_border: at_border(&study.space.parameters, &best),
            configuration: toml::to_string(&study.configuration(&best.values)?)?,
            importance: importance(metric, &study.space.parameters, &trials),
            best_so_far: best_so_far(metric, &trials),
            best,
            trials,
        })
    }

    /// Complete trials, the best first.
    pub(crate) fn ranked(&self) -> Vec<&TrialRecord> {
        ranked(self.metric, &self.trials)
    }
}

fn ranked(metric: Objective, trials: &[TrialRecord]) -> Vec<&TrialRecord> {
    let cost = |record: &TrialRecord| record.value.map_or(f64::NAN, |value| metric.cost(value));
    let mut ranked: Vec<_> = trials.iter().filter(|record| record.outcome == TrialOutcome::Complete).collect();
    ranked.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
    ranked
}

fn at_border(space: &[Parameter], record: &TrialRecord) -> Vec<String> {
    let parameters = space.iter().zip(&record.point);
    let outside = parameters.filter(|(p, u)| p.range.choices().is_none() && !(0.05..0.95).contains(*u));
    outside.map(|(p, _)| p.name.clone()).collect()
}

fn importance(metric: Objective, space: &[Parameter], trials: &[TrialRecord]) -> Vec<ParameterImportance> {
    let first: Vec<_> = trials.iter().filter(|record| record.rung == 0).collect();
    let costs: Vec<_> = first.iter().map(|record| record.value.map(|value| metric.cost(value))).collect();
    let ranks = ranks(&costs);
    let share = |(d, parameter): (usize, &Parameter)| {
        let x: Vec<f64> = first.iter().map(|record| record.point[d]).collect();
        ParameterImportance { name: parameter.name.clone(), share: first_order(&x, &ranks, parameter.range.choices()) }
    };
    let mut shares: Vec<_> = space.iter().enumerate().map(share).collect();
    shares.sort_by(|a, b| b.share.unwrap_or(0.0).total_cmp(&a.share.unwrap_or(0.0)));
    shares
}

fn best_so_far(metric: Objective, trials: &[TrialRecord]) -> Vec<BestSoFar> {
    let mut lowest = f64::INFINITY;
    let step = |(i, record): (usize, &TrialRecord)| {
        if let Some(value) = record.value.filter(|_| record.outcome == TrialOutcome::Complete) {
            lowest = lowest.min(metric.cost(value));
        }
        (i + 1, lowest)
    };
    let points = trials.iter().enumerate().map(step).filter(|(_, cost)| cost.is_finite());
    points.map(|(trainings, cost)| BestSoFar { trainings, value: metric.cost(cost) }).collect()
}
