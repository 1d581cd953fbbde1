//! What is timed, how often and how long: fixed before anything is.

use serde::{Deserialize, Serialize};
use simdescent_benches::cases::{CONTROL_GROUP, Case, cases};

/// Chosen by people or by default.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct BenchPlan {
    /// Fresh processes for each number of threads.
    pub(crate) processes: usize,
    /// Rounds in each process; a round takes one sample of every contestant, in an order of its own.
    pub(crate) rounds: usize,
    /// A sample repeats its call for so long, if one call is shorter.
    pub(crate) sample_microseconds: u64,
    /// Of the orders.
    pub(crate) seed: u64,
    /// Whether only the most telling cases are timed.
    pub(crate) quick: bool,
    /// Only cases whose names contain this.
    pub(crate) filter: Option<String>,
    /// Numbers of threads.
    pub(crate) threads: Vec<usize>,
    /// Of the intervals and, over all comparisons, of the verdicts.
    pub(crate) confidence: f64,
    /// Times that differ by less than this share are equivalent.
    pub(crate) margin: f64,
}

/// What one process does: the plan, and which process it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProcessPlan {
    pub(crate) plan: BenchPlan,
    pub(crate) threads: usize,
    pub(crate) number: usize,
}

impl BenchPlan {
    /// The cases on so many threads, the control first.
    pub(crate) fn cases(&self, threads: usize) -> Vec<Case> {
        let wanted = |case: &Case| {
            let named = self.filter.as_ref().is_none_or(|filter| case.name.contains(filter));
            case.runs_on(threads) && (case.group() == CONTROL_GROUP || named && (case.quick || !self.quick))
        };
        cases().into_iter().filter(wanted).collect()
    }

    /// The processes, the numbers of threads taking turns.
    pub(crate) fn processes(&self) -> Vec<ProcessPlan> {
        let each = |number| {
            let of = move |&threads: &usize| ProcessPlan { plan: self.clone(), threads, number };
            self.threads.iter().map(of)
        };
        (0..self.processes).flat_map(each).collect()
    }
}
