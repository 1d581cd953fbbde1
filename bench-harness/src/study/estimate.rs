//! Values with intervals, as reports have them.

use crate::base::number::Number;
use serde::{Deserialize, Serialize};
use simdescent_measure::statistics;

/// A value and its interval of 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Estimate {
    pub(crate) value: Number,
    pub(crate) low: Number,
    pub(crate) high: Number,
}

/// A median with its interval of 95 %, and the quartiles. A miss is infinite.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Spread {
    pub(crate) median: Number,
    pub(crate) low: Number,
    pub(crate) high: Number,
    pub(crate) lower_quartile: Number,
    pub(crate) upper_quartile: Number,
}

impl From<statistics::Estimate> for Estimate {
    fn from(estimate: statistics::Estimate) -> Self {
        let statistics::Estimate { value, interval } = estimate;
        Self { value: Number(value), low: Number(interval.low), high: Number(interval.high) }
    }
}
