//! Which data and model a command works on, as options.

use crate::workload::{self, DataSource, Workload};
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use simdescent::Rule;
use std::fmt;
use std::str::FromStr;

/// Data and model.
#[derive(Args, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct ProblemOptions {
    /// Embedded data with its model [default: mlp]
    #[arg(long, value_enum)]
    pub(crate) workload: Option<Embedded>,
    /// Files: mnist:DIR, svmlight:FILE, or csv:FILE (target in the last column; features are standardised)
    #[arg(long, value_name = "KIND:PATH", conflicts_with = "workload")]
    pub(crate) data: Option<DataSource>,
}

/// The data sets a sweep has without files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Embedded {
    /// Linear regression, 64 features, noise ½
    Linear,
    /// Softmax regression, 32 features, 10 classes
    Softmax,
    /// A network 16-64-4 that learns from a smaller one
    Mlp,
}

impl ProblemOptions {
    /// The workload that the options name.
    pub(crate) fn workload(&self, seed: u64) -> Result<Workload> {
        let (mut workloads, index) = match (&self.data, self.workload) {
            (Some(_), Some(_)) => bail!("give either a workload or data, not both"),
            (Some(data), None) => (data.workloads(seed)?, 0),
            (None, embedded) => (workload::embedded(seed)?, embedded.unwrap_or(Embedded::Mlp) as usize),
        };
        Ok(workloads.swap_remove(index))
    }
}

/// An optimizer with its usual hyper-parameters, by name.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Optimizer(pub(crate) Rule);

impl FromStr for Optimizer {
    type Err = String;
    fn from_str(name: &str) -> Result<Self, String> {
        let found = Rule::ALL.into_iter().find(|rule| rule.name() == name);
        found
            .map(Self)
            .ok_or_else(|| format!("unknown optimizer {name:?}: take one of {}", Rule::ALL.map(Rule::name).join(", ")))
    }
}
impl TryFrom<String> for Optimizer {
    type Error = String;
    fn try_from(name: String) -> Result<Self, String> {
        name.parse()
    }
}
impl From<Optimizer> for String {
    fn from(optimizer: Optimizer) -> Self {
        optimizer.to_string()
    }
}
impl fmt::Display for Optimizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}
