//! How long steps take: what is kept of the timing of a cell.

use super::cell::Cell;
use super::facts::StudyFacts;
use super::machine::{Machine, Session};
use super::protocol::VERSION;
use super::tuning::Candidate;
use crate::base::digest::sha256;
use crate::base::range::Range;
use crate::environment::disturbance::Disturbance;
use crate::problem::model_spec::ModelSpec;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use simdescent::Settings;
use std::collections::BTreeMap;

/// What decides the time of a step: shapes, settings and machine. No values of data, no seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ThroughputSpecification {
    pub(crate) protocol: u32,
    pub(crate) machine: Machine,
    pub(crate) model: String,
    /// Of the training data.
    pub(crate) rows: usize,
    pub(crate) features: usize,
    /// At a low learning rate, trial 0, seed 0: weights stay near those drawn.
    pub(crate) settings: Settings,
}

impl ThroughputSpecification {
    /// SHA-256 of the canonical JSON.
    pub(crate) fn key(&self) -> Result<String> {
        Ok(sha256(&serde_json::to_value(self)?.to_string()))
    }
}

/// Raw times of the steps of a cell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ThroughputRecord {
    pub(crate) key: String,
    pub(crate) specification: ThroughputSpecification,
    pub(crate) work: Work,
    /// One for each round.
    pub(crate) blocks: Vec<Block>,
}

/// What a step has to do at least.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Work {
    /// Of the matrix products: per weight and sample two forward, two for its gradient and, but for the first layer, two for the
    /// gradient of its input.
    pub(crate) flops: f64,
    /// The rows of the batch, and parameters and optimizer state read and written.
    pub(crate) bytes: f64,
    /// Bytes that are used again and again: the training rows, parameters, gradient and state.
    pub(crate) working_set: f64,
}

/// A block of steps that was timed as a whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Block {
    pub(crate) round: usize,
    /// Its place in the round.
    pub(crate) place: usize,
    pub(crate) steps: u64,
    pub(crate) samples: u64,
    pub(crate) seconds: f64,
    pub(crate) disturbance: Disturbance,
}

impl Work {
    pub(crate) fn of(model: &ModelSpec, settings: &Settings, rows: usize) -> Self {
        let layout = model.layout();
        let parameters: usize = layout.iter().map(|(rows, columns)| rows * columns).sum();
        let state = settings.rule.state_elements(&layout);
        let (features, _) = model.shape();
        let batch = settings.batch_size as f64;
        // Weights and biases take turns.
        let weights = layout.iter().step_by(2).map(|(rows, columns)| (rows * columns) as f64);
        let products = weights.enumerate().map(|(layer, weights)| weights * if layer == 0 { 4.0 } else { 6.0 });
        Self {
            flops: batch * products.sum::<f64>(),
            bytes: 4.0 * batch * features as f64 + 8.0 * (parameters + state) as f64,
            working_set: 4.0 * (rows * features + 2 * parameters + state) as f64,
        }
    }
}

impl StudyFacts {
    /// What decides the time of a step of a cell on a machine.
    pub(crate) fn throughput(&self, cell: &Cell, machine: &Machine) -> Result<ThroughputSpecification> {
        let facts = &self.workloads[cell.workload];
        let Range::Log(learning_rate, _) = cell.optimizer.learning_rate else { unreachable!("a study checks it") };
        let candidate = Candidate { rule: cell.optimizer.rule, learning_rate };
        let settings = self.runs(cell)?.specification(&candidate, 0, None)?.settings;
        Ok(ThroughputSpecification {
            protocol: VERSION,
            machine: machine.clone(),
            model: facts.canonical_model.clone(),
            rows: facts.training.rows,
            features: facts.training.features,
            settings: Settings { trial: 0, seed: 0, ..settings },
        })
    }
}

/// A line of `throughput.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ThroughputLine {
    Session(Box<Session>),
    Cell(Box<ThroughputRecord>),
}

/// All that is known of throughput, of any machine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Throughput {
    sessions: Vec<Session>,
    cells: BTreeMap<String, ThroughputRecord>,
}

impl Throughput {
    /// In any order: of a cell that was timed twice the record with more rounds counts.
    pub(crate) fn new(lines: impl IntoIterator<Item = ThroughputLine>) -> Self {
        let mut all = Self::default();
        let weight = |record: &ThroughputRecord| (record.blocks.len(), format!("{:?}", record.blocks));
        for line in lines {
            match line {
                ThroughputLine::Session(session) => all.sessions.push(*session),
                ThroughputLine::Cell(record) => {
                    if all.cells.get(&record.key).is_none_or(|known| weight(known) < weight(&record)) {
                        all.cells.insert(record.key.clone(), *record);
                    }
                }
            }
        }
        all.sessions.sort_by(|a, b| a.started.cmp(&b.started));
        all
    }

    pub(crate) fn of(&self, key: &str) -> Option<&ThroughputRecord> {
        self.cells.get(key)
    }

    /// The last session on a machine; without one there, or without a machine, the last of all.
    pub(crate) fn session(&self, machine: Option<&Machine>) -> Option<&Session> {
        let on = |session: &&Session| machine.is_none_or(|machine| Machine::of(&session.environment) == *machine);
        self.sessions.iter().rev().find(on).or(self.sessions.last())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use simdescent::Rule;

    #[test]
    fn work_is_counted_from_the_shapes() {
        let settings = Settings { rule: Rule::ADAM, batch_size: 10, ..Settings::default() };
        let linear = Work::of(&ModelSpec::Linear { features: 3, bias: true }, &settings, 100);
        // By hand: 3 weights, 10 samples, 4 flops; 30 inputs and 4 parameters with 8 numbers of state, twice.
        assert_eq!((linear.flops, linear.bytes, linear.working_set), (120.0, 4.0 * 30.0 + 8.0 * 12.0, 4.0 * 316.0));
        let mlp = Work::of(&ModelSpec::mlp(vec![3, 5, 2]), &Settings { rule: Rule::Sgd, ..settings }, 100);
        assert_eq!(mlp.flops, 10.0 * (4.0 * 15.0 + 6.0 * 10.0));
        assert_eq!(mlp.bytes, 120.0 + 8.0 * 32.0);
    }
}
