//! Everything that decides the bits of a run, and the key that it makes.

use crate::base::digest::sha256;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use simdescent::Settings;

/// A training run as a pure function: equal specifications have equal records, on every machine, instruction set, number of threads,
/// commit and date.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Specification {
    /// [`PROTOCOL_VERSION`](super::protocol::VERSION): grid, outcomes, what is hashed.
    pub(crate) protocol: u32,
    /// [`simdescent::VALUE_VERSION`].
    pub(crate) values: u32,
    /// Digest of the training rows.
    pub(crate) training: String,
    /// Digest of the rows whose loss is looked at.
    pub(crate) evaluation: String,
    /// [`ModelSpec::canonical`](crate::problem::model_spec::ModelSpec::canonical).
    pub(crate) model: String,
    pub(crate) settings: Settings,
    /// Samples that the run may see.
    pub(crate) budget: u64,
    /// The loss at which it may stop, once three evaluations in a row hold it.
    pub(crate) target: Option<f64>,
}

impl Specification {
    /// SHA-256 of the canonical JSON: keys in alphabetical order, no blanks, the shortest decimals that give the numbers back.
    pub(crate) fn key(&self) -> Result<String> {
        Ok(sha256(&serde_json::to_value(self)?.to_string()))
    }
}
