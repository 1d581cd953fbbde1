//! Points of a training at which something changes.

use serde::{Deserialize, Serialize};

/// Numbers of samples in ascending order, at most [`MOST`](Self::MOST); equal ones count twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<u64>", into = "Vec<u64>")]
pub struct Milestones {
    /// What comes after the last is `u64::MAX`, which no training passes.
    samples: [u64; Self::MOST],
    len: usize,
}

impl Milestones {
    /// How many there may be: settings are copied, so that a list has a length.
    pub const MOST: usize = 16;

    /// # Errors
    /// None at all, too many, or not in ascending order.
    pub fn new(samples: &[u64]) -> Result<Self, &'static str> {
        if samples.is_empty() {
            return Err("at least one milestone is needed");
        }
        if samples.len() > Self::MOST {
            return Err("there can be at most 16 milestones");
        }
        if !samples.is_sorted() {
            return Err("milestones have to be in ascending order");
        }
        let mut all = [u64::MAX; Self::MOST];
        all[..samples.len()].copy_from_slice(samples);
        Ok(Self { samples: all, len: samples.len() })
    }

    /// The numbers of samples.
    pub fn samples(&self) -> &[u64] {
        &self.samples[..self.len]
    }

    /// How many are reached once so many samples have been seen.
    pub(super) fn passed(&self, seen: u64) -> usize {
        self.samples().iter().filter(|&&samples| samples <= seen).count()
    }
}

impl TryFrom<Vec<u64>> for Milestones {
    type Error = &'static str;

    fn try_from(samples: Vec<u64>) -> Result<Self, &'static str> {
        Self::new(&samples)
    }
}

impl From<Milestones> for Vec<u64> {
    fn from(milestones: Milestones) -> Self {
        milestones.samples().to_vec()
    }
}
