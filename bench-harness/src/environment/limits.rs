//! What the machine allows.

use super::caches;
use serde::{Deserialize, Serialize};
use simdescent::kernels::{Isa, Team};
use simdescent_measure::limits::{copy_bandwidth, read_bandwidth, single_precision_peak, team_bandwidths, team_peaks};

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
fn sizes(capacities: &[usize], largest: usize) -> Vec<usize> {
    let Some(last) = capacities.last() else { return USUAL_SIZES.into() };
    let sizes = capacities.iter().map(|capacity| capacity / 4 * 3).chain([2 * last]);
    let mut sizes: Vec<usize> = sizes.map(|bytes| bytes.min(largest)).collect();
    sizes.dedup();
    sizes
}

impl Limits {
    /// Takes some tenths of a second.
    pub(crate) fn measure(isa: Isa) -> Self {
        let capacities = caches::capacities();
        let bandwidth = |bytes| Bandwidth {
            bytes,
            level: level(&capacities, bytes),
            read: read_bandwidth(isa, bytes),
            copy: copy_bandwidth(bytes),
        };
        Self {
            peak_flops: single_precision_peak(isa),
            bandwidths: sizes(&capacities, LARGEST).into_iter().map(bandwidth).collect(),
        }
    }

    /// The bandwidth of copying where a working set of so many bytes lies.
    pub(crate) fn bandwidth(&self, working_set: f64) -> Option<&Bandwidth> {
        self.bandwidths.iter().find(|bandwidth| working_set <= bandwidth.bytes as f64).or(self.bandwidths.last())
    }
}

/// What holds so many bytes.
fn level(capacities: &[usize], bytes: usize) -> Option<String> {
    match capacities.iter().position(|&capacity| bytes <= capacity) {
        Some(level) => Some(format!("L{}", level + 1)),
        None => (!capacities.is_empty()).then(|| "memory".to_owned()),
    }
}

/// What so many threads can do together at best.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ThreadLimits {
    pub(crate) threads: usize,
    /// Flops per second of multiply-adds in registers, `f32`.
    pub(crate) peak_flops_f32: f64,
    /// Likewise, `f64`.
    pub(crate) peak_flops_f64: f64,
    /// Of threads that each read and copy their part of the bytes.
    pub(crate) bandwidths: Vec<Bandwidth>,
}

/// Every process of a bench measures this, so it has to be quick.
const LARGEST_OF_THREADS: usize = 64 << 20;

/// A cache is measured with three quarters of what it holds.
const HELD: f64 = 4.0 / 3.0;

impl ThreadLimits {
    /// Takes some tenths of a second.
    pub(crate) fn measure(isa: Isa, team: &Team) -> Self {
        let capacities = caches::capacities();
        let threads = team.threads();
        let own = capacities.len().saturating_sub(1);
        let bandwidth = |(i, size): (usize, usize)| {
            // The last cache is common to all cores, the others are not.
            let bytes = if i < own { threads * size } else { size };
            let (read, copy) = team_bandwidths(isa, team, bytes);
            Bandwidth { bytes, level: level(&capacities, size), read, copy }
        };
        let (peak_flops_f32, peak_flops_f64) = team_peaks(isa, team);
        let bandwidths = sizes(&capacities, LARGEST_OF_THREADS).into_iter().enumerate().map(bandwidth).collect();
        Self { threads, peak_flops_f32, peak_flops_f64, bandwidths }
    }

    /// The bandwidths where a working set of so many bytes lies.
    pub(crate) fn bandwidth(&self, working_set: f64) -> Option<&Bandwidth> {
        self.bandwidths.iter().find(|bandwidth| working_set <= HELD * bandwidth.bytes as f64).or(self.bandwidths.last())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cache_is_measured_and_what_lies_beyond() {
        assert_eq!(sizes(&[32 << 10, 1 << 20, 16 << 20], LARGEST), [24 << 10, 768 << 10, 12 << 20, 32 << 20]);
        assert_eq!(
            sizes(&[48 << 10, 512 << 20], LARGEST),
            [36 << 10, 256 << 20],
            "a cache too large to measure beyond it"
        );
        assert_eq!(sizes(&[], LARGEST), USUAL_SIZES);
    }
}
