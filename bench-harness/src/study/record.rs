//! What is kept of a run: facts that depend on its specification alone.

use super::specification::Specification;
use crate::base::digest::sha256;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use simdescent_measure::statistics::ToTarget;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Outcome {
    /// The target was reached and held.
    Complete,
    /// The budget was spent before.
    Censored,
    /// A loss or parameter was not finite, or the loss rose far above where it started.
    Diverged,
}

/// A training run: a pure function of its specification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConvergenceRecord {
    pub(crate) key: String,
    pub(crate) specification: Specification,
    pub(crate) outcome: Outcome,
    /// Before the first step.
    pub(crate) initial_loss: f64,
    pub(crate) curve: Curve,
    /// At the same points: eight digits of a hash over parameters, optimizer state and the place in the random streams, each over the
    /// whole hash before it.
    pub(crate) chain: Vec<String>,
    /// SHA-256 over the loss of each step and the last parameters.
    pub(crate) digest: String,
}

/// The finite losses on the evaluation grid, of nine significant digits.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Curve {
    pub(crate) steps: Vec<u64>,
    pub(crate) samples: Vec<u64>,
    pub(crate) loss: Vec<f64>,
}

/// Evaluations in a row that have to hold a target.
pub(crate) const HELD: usize = 3;

impl Curve {
    /// Adds a point.
    pub(crate) fn push(&mut self, steps: u64, samples: u64, loss: f64) {
        self.steps.push(steps);
        self.samples.push(samples);
        self.loss.push(loss);
    }

    /// Whether the last evaluations hold a target.
    pub(crate) fn holds(&self, target: f64) -> bool {
        self.loss.len() >= HELD && self.loss[self.loss.len() - HELD..].iter().all(|&loss| loss <= target)
    }

    /// The first evaluation from which so many in a row hold a target.
    pub(crate) fn reaches(&self, target: f64) -> Option<usize> {
        self.loss.windows(HELD).position(|losses| losses.iter().all(|&loss| loss <= target))
    }

    /// The lowest loss; infinite without any.
    pub(crate) fn lowest(&self) -> f64 {
        self.loss.iter().copied().fold(f64::INFINITY, f64::min)
    }
}

impl ConvergenceRecord {
    /// Steps to a target that is not below the one at which the run stopped.
    pub(crate) fn steps_to(&self, target: f64) -> ToTarget {
        self.to_target(target, &self.curve.steps)
    }

    /// Samples to such a target.
    pub(crate) fn samples_to(&self, target: f64) -> ToTarget {
        self.to_target(target, &self.curve.samples)
    }

    fn to_target(&self, target: f64, counts: &[u64]) -> ToTarget {
        let spent = counts.last().map_or(0.0, |&count| count as f64);
        match (self.curve.reaches(target), self.outcome) {
            (Some(i), _) => ToTarget::Reached(counts[i] as f64),
            (None, Outcome::Diverged) => ToTarget::Diverged(spent),
            (None, _) => ToTarget::Censored(spent),
        }
    }

    /// The last loss; infinite if the run diverged.
    pub(crate) fn final_loss(&self) -> f64 {
        if self.outcome == Outcome::Diverged {
            f64::INFINITY
        } else {
            *self.curve.loss.last().unwrap_or(&f64::INFINITY)
        }
    }
}

/// A line of a file of records: the record, behind the hash of its JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<R> {
    sha256: String,
    record: R,
}

/// A record as a line.
pub(crate) fn to_line(record: &impl Serialize) -> Result<String> {
    let record = serde_json::to_string(record)?;
    // The record's text itself is hashed and written: no second way of writing it can differ.
    Ok(format!("{{\"sha256\":\"{}\",\"record\":{record}}}", sha256(&record)))
}

/// The record of a line.
pub(crate) fn of_line<R: for<'de> Deserialize<'de>>(line: &str) -> Result<R> {
    let Line { sha256: written, record } = serde_json::from_str::<Line<&serde_json::value::RawValue>>(line)
        .context("no record: {\"sha256\": …, \"record\": …} is expected")?;
    ensure!(sha256(record.get()) == written, "the record was changed: its SHA-256 is not the one beside it");
    serde_json::from_str(record.get()).context("a record of another version of this program")
}

impl ConvergenceRecord {
    /// The record of a line, whose key is that of its specification.
    pub(crate) fn of_line(line: &str) -> Result<Self> {
        let record: Self = of_line(line)?;
        ensure!(record.key == record.specification.key()?, "the key is not that of the specification");
        let Curve { steps, samples, loss } = &record.curve;
        let n = record.chain.len();
        ensure!([steps.len(), samples.len(), loss.len()] == [n; 3], "the lists of the curve are of different lengths");
        Ok(record)
    }
}
