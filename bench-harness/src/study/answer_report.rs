//! The sentences of a report.

use serde::{Deserialize, Serialize};

/// What to take, for one target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Answer {
    /// For people: `0.1 % of the gap left`.
    pub(crate) target: String,
    /// On the machine that steps were timed on; none without times, or if nothing reached the target.
    pub(crate) time: Option<String>,
    /// Where data is dear.
    pub(crate) samples: Option<String>,
    /// Where machines are many.
    pub(crate) steps: Option<String>,
    /// Up to which batch size the optimizer of the first of these sentences scales.
    pub(crate) batch: Option<String>,
    /// The cells that missed the target with most of their runs.
    pub(crate) missed: Option<String>,
}

impl Answer {
    /// All sentences, in the order in which they are printed.
    pub(crate) fn sentences(&self) -> Vec<&str> {
        let all = [&self.time, &self.samples, &self.steps, &self.batch, &self.missed];
        all.into_iter().flatten().map(String::as_str).collect()
    }
}
