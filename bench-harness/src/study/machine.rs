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

/// Where the system says nothing of its caches: in each level of common ones, and in memory or a large cache.
const USUAL_SIZES: [usize; 4] = [16 << 10, 256 << 10, 4 << 20, 64 << 20];
/// More memory would take longer to go through than the rest of a session.
const LARGEST: usize = 256 << 20;

/// Sizes of what is read and copied: three quarters of each cache, because something else is always there, and twice the last one.
fn sizes(capacities: &[usize]) -> Vec<usize> {
    let Some(last) = capacities.last() else { return USUAL_SIZES.into() };
    let sizes = capacities.iter().map(|capacity| capacity / 4 * 3).chain([2 * last]);
    let mut sizes: Vec<usize> = sizes.map(|bytes| bytes.min(LARGEST)).collect();
    sizes.dedup();
    sizes
}

impl Limits {
    /// Takes some tenths of a second.
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
        Self {
            peak_flops: single_precision_peak(isa),
            bandwidths: sizes(&capacities).into_iter().map(bandwidth).collect(),
        }
    }

    /// The bandwidth of copying where a working set of so many bytes lies.
    pub(crate) fn bandwidth(&self, working_set: f64) -> Option<&Bandwidth> {
        self.bandwidths.iter().find(|bandwidth| working_set <= bandwidth.bytes as f64).or(self.bandwidths.last())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cache_is_measured_and_what_lies_beyond() {
        assert_eq!(sizes(&[32 << 10, 1 << 20, 16 << 20]), [24 << 10, 768 << 10, 12 << 20, 32 << 20]);
        assert_eq!(sizes(&[48 << 10, 512 << 20]), [36 << 10, 256 << 20], "a cache too large to measure beyond it");
        assert_eq!(sizes(&[]), USUAL_SIZES);
    }
}
