//! The machine that steps were timed on.

use crate::environment::Environment;
use crate::environment::limits::Limits;
use serde::{Deserialize, Serialize};

/// What has to be the same for times to be comparable. No name of a host, no date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) logical_cores: usize,
    pub(crate) isa: String,
    pub(crate) threads: usize,
    /// Version, commit and build of this program: another one may be faster.
    pub(crate) program: String,
}

impl Machine {
    pub(crate) fn of(environment: &Environment) -> Self {
        let Environment { cpu, logical_cores, isa, threads, version, commit, build_profile, rustc, .. } = environment;
        Self {
            cpu: cpu.clone(),
            logical_cores: *logical_cores,
            isa: isa.clone(),
            threads: *threads,
            program: format!("{version} {commit} {build_profile}, {rustc}"),
        }
    }
}

/// A session of timing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Session {
    /// When it began, UTC, RFC 3339.
    pub(crate) started: String,
    pub(crate) environment: Environment,
    /// Before the first block and after the last.
    pub(crate) limits: [Limits; 2],
}
