//! What a sweep does on a problem: a pure list.

use super::protocol::{PILOT, Profile, RULES};
use simdescent::Rule;

/// One optimizer at one batch size.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CellPlan {
    pub(crate) rule: Rule,
    pub(crate) batch_size: usize,
    /// Learning rates to try, one run each.
    pub(crate) learning_rates: Vec<f64>,
    /// Runs with fresh seeds at the best of them.
    pub(crate) repeats: u64,
}

impl CellPlan {
    fn runs(&self) -> usize {
        self.learning_rates.len() + self.repeats as usize
    }
}

/// The cells of a problem, in the order in which they are measured, after a pilot that finds the target.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ProblemPlan {
    /// Only its learning rates are run. The same in every profile, so that the target is.
    pub(crate) pilot: CellPlan,
    pub(crate) cells: Vec<CellPlan>,
}

impl ProblemPlan {
    /// On so many training rows.
    pub(crate) fn new(profile: Profile, rows: usize) -> Self {
        let cell = |rule, batch_size, profile: Profile| CellPlan {
            rule,
            batch_size,
            learning_rates: profile.learning_rates(rule),
            repeats: profile.repeats(),
        };
        let (rule, batch_size) = PILOT;
        let cells = RULES.iter().flat_map(|&rule| {
            profile.batch_sizes(rows).into_iter().map(move |batch_size| cell(rule, batch_size, profile))
        });
        let pilot = CellPlan { repeats: 0, ..cell(rule, batch_size.min(rows), Profile::Quick) };
        Self { pilot, cells: cells.collect() }
    }

    /// How many runs it takes, the pilot's included.
    pub(crate) fn runs(&self) -> usize {
        self.pilot.runs() + self.cells.iter().map(CellPlan::runs).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_has_every_rule_at_every_batch_size_and_one_pilot() {
        let plan = ProblemPlan::new(Profile::Quick, 100);
        assert_eq!(plan.cells.len(), 5 * 3, "5 rules, batch sizes 1, 8 and 32");
        assert_eq!(plan.runs(), 4 + 15 * (4 + 1));
        assert_eq!((plan.cells[0].rule, plan.cells[0].batch_size), (Rule::Sgd, 1));
        assert_eq!(plan.pilot.learning_rates, ProblemPlan::new(Profile::Full, 100).pilot.learning_rates);
        assert_eq!(ProblemPlan::new(Profile::Standard, 10).pilot.batch_size, 10, "no more than there are rows");
    }
}
