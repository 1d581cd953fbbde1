//! The machine that steps were timed on: what it is, and what it allows.

use crate::environment::{Environment, caches};
use serde::{Deserialize, Serialize};
use simdescent::kernels::Isa;
use simdescent_measure::limits::{copy_bandwidth, read_bandwidth, single_precision_peak};

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

/// What one thread can do at best.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Limits {
    /// Flops per second of multiply-adds in registers, `f32`.
    pub(crate) peak_flops: f64,
    pub(crate) bandwidths: Vec<Bandwidth>,
}

/// How fast so much memory can be read and copied, again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Bandwidth {
    pub(crate) bytes: usize,
    /// The level that holds it, such as `L2`; `memory` beyond the last; nothing where the system does not say.
    pub(crate) level: Option<String>,
    /// Bytes per second.
    pub(crate) read: f64,
    /// Bytes per second, those read and those written.
    pub(crate) copy: f64,
}

/// In each level of common caches, and in memory or a large cache.
const SIZES: [usize; 4] = [16 << 10, 256 << 10, 4 << 20, 64 << 20];

impl Limits {
    /// Takes a tenth of a second.
    pub(crate) fn measure(isa: Isa) -> Self {
        let capacities = caches::capacities();
        let level = |bytes| match capacities.iter().position(|&capacity| bytes <= capacity) {
            Some(level) => Some(format!("L{}", level + 1)),
            None => (!capacities.is_empty()).then(|| "memory".to_owned()),
        };
        let bandwidth = |bytes| Bandwidth {
            bytes,
            level: level(bytes),
            read: read_bandwidth(isa, bytes),
            copy: copy_bandwidth(bytes),
        };
        Self { peak_flops: single_precision_peak(isa), bandwidths: SIZES.map(bandwidth).into() }
    }

    /// The bandwidth of copying where a working set of so many bytes lies.
    pub(crate) fn bandwidth(&self, working_set: f64) -> Option<&Bandwidth> {
        self.bandwidths.iter().find(|bandwidth| working_set <= bandwidth.bytes as f64).or(self.bandwidths.last())
    }
}
