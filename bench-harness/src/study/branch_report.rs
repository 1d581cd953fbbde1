//! What a report says of branches: the critical batch size along training, and what the batch schedule that it implies saves.

use super::definition::Coupling;
use super::estimate::Estimate;
use crate::base::format_number::si;
use crate::base::number::Number;
use serde::{Deserialize, Serialize};

/// Branches of the winning run of an optimizer.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct BranchReport {
    pub(crate) optimizer: String,
    pub(crate) variant: String,
    /// That of the run.
    pub(crate) batch_size: usize,
    /// Number of the target that it runs towards, from the easiest.
    pub(crate) target: usize,
    /// How the rate follows the batch.
    pub(crate) rate_scaling: Coupling,
    pub(crate) checkpoints: Vec<CheckpointReport>,
    /// Where the batch doubles by the schedule that follows, and to what; empty if no batch twice as large keeps pace.
    pub(crate) schedule: Vec<Growth>,
    /// What came of that schedule.
    pub(crate) tried: Option<TriedSchedule>,
}

/// What branches from one point say.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CheckpointReport {
    /// Where they leave; they end at twice as many.
    pub(crate) samples: u64,
    /// Seeds that are compared: those with which the run itself does not diverge.
    pub(crate) seeds: usize,
    pub(crate) branches: Vec<Pace>,
    /// The largest batch that keeps at least 1/1.2 of the pace, as all smaller ones do; `None` where the run itself gains nothing.
    pub(crate) critical_batch_size: Option<Estimate>,
    /// Whether the largest batch tried keeps it, so that the critical one is larger.
    pub(crate) open: bool,
    /// The next batch, if what ends the pace is that it diverges with one of the seeds: the critical batch size is then below it, and not less
    /// than the value.
    pub(crate) diverges: Option<usize>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Pace {
    pub(crate) batch_size: usize,
    /// By how much ln(loss − reference loss) falls over the same samples, as a share of the run's own fall; −∞ if a branch diverged.
    pub(crate) pace: Number,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Growth {
    pub(crate) samples: u64,
    pub(crate) batch_size: usize,
}

/// The schedule beside the fixed batch, with the seeds of the repeats.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct TriedSchedule {
    pub(crate) runs: usize,
    /// Runs that reached the target, and those of the fixed batch.
    pub(crate) reached: usize,
    pub(crate) fixed_reached: usize,
    /// Medians over those of the fixed batch; infinite if most runs missed.
    pub(crate) steps: Estimate,
    pub(crate) samples: Estimate,
    /// Another fixed batch of the optimizer that needs fewer steps than the schedule, in the median, and not surely more samples (no more than
    /// the upper end of the schedule's): the one with the fewest steps.
    pub(crate) better_fixed: Option<usize>,
}

/// A ratio with its interval.
pub(crate) fn times(ratio: &Estimate) -> String {
    let number = |x: f64| if x.is_finite() { format!("{x:.2}") } else { "∞".into() };
    if !ratio.value.0.is_finite() {
        return "misses".into();
    }
    format!("{} [{}, {}]", number(ratio.value.0), number(ratio.low.0), number(ratio.high.0))
}

impl BranchReport {
    /// Whether the schedule that follows takes fewer steps than the fixed batch, as far as its interval says, and no other fixed batch does
    /// as well.
    pub(crate) fn saves_steps(&self) -> bool {
        self.tried.is_some_and(|tried| tried.steps.high.0 < 1.0 && tried.better_fixed.is_none())
    }

    /// The flags with which `train` follows the schedule.
    pub(crate) fn flags(&self) -> Option<String> {
        let at: Vec<String> = self.schedule.iter().map(|growth| growth.samples.to_string()).collect();
        let scaling = if self.rate_scaling == Coupling::Linear { "linear" } else { "square-root" };
        let at = (!at.is_empty()).then(|| at.join(","))?;
        Some(format!(
            "--batch-size {} --batch-growth milestones --growth-at {at} --rate-scaling {scaling}",
            self.batch_size
        ))
    }

    /// Where the batch grows by the schedule, and to what.
    pub(crate) fn grown(&self) -> impl Iterator<Item = &Growth> {
        let last = |i: usize| self.schedule.get(i + 1).is_none_or(|next| next.samples > self.schedule[i].samples);
        self.schedule.iter().enumerate().filter(move |(i, _)| last(*i)).map(|(_, growth)| growth)
    }

    /// What they say, in a sentence.
    pub(crate) fn sentence(&self) -> String {
        let name = format!("{} {}", self.optimizer, self.variant);
        let (name, fixed) = (name.trim_end(), self.batch_size);
        let Some(tried) = self.tried else {
            let nothing = self.checkpoints.iter().all(|at| at.critical_batch_size.is_none());
            return match self.schedule.is_empty() {
                _ if nothing => {
                    format!(
                        "{name}: with other seeds the run of batch {fixed} makes no progress, so that nothing can be said."
                    )
                }
                true => format!(
                    "{name}: keep batch {fixed}; at some point twice the batch made too little progress per sample."
                ),
                false => format!("{name}: the schedule was not tried."),
            };
        };
        let TriedSchedule { runs, reached, fixed_reached, steps, samples, better_fixed } = tried;
        let grown: Vec<String> =
            self.grown().map(|at| format!("{} from {}", at.batch_size, si(at.samples as f64))).collect();
        let figures = if steps.value.0.is_finite() {
            format!("{} × the steps and {} × the samples of batch {fixed} throughout", times(&steps), times(&samples))
        } else {
            "misses the target".to_owned()
        };
        let reached = match reached.min(fixed_reached) < runs {
            true => format!(" ({reached} of {runs} runs reached the target; fixed {fixed_reached})"),
            false => String::new(),
        };
        let better = match better_fixed {
            Some(batch) => format!(" Batch {batch} throughout needs fewer steps, and not surely more samples."),
            None if steps.high.0 < 1.0 => String::new(),
            None => " It is not known to save steps.".into(),
        };
        format!("{name}: batch {fixed}, then {} samples on: {figures}{reached}.{better}", grown.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_batch_that_does_better_is_named() {
        let number =
            |value: f64| Estimate { value: Number(value), low: Number(value - 0.1), high: Number(value + 0.1) };
        let (steps, samples) = (number(0.5), number(1.1));
        let tried = TriedSchedule { runs: 7, reached: 6, fixed_reached: 7, steps, samples, better_fixed: Some(64) };
        let mut report = BranchReport {
            optimizer: "sgd".into(),
            variant: String::new(),
            batch_size: 8,
            target: 2,
            rate_scaling: Coupling::Linear,
            checkpoints: vec![],
            schedule: vec![Growth { samples: 500, batch_size: 16 }, Growth { samples: 500, batch_size: 32 }],
            tried: Some(tried),
        };
        assert!(!report.saves_steps());
        let start = "sgd: batch 8, then 32 from 500 samples on: 0.50 [0.40, 0.60] × the steps and 1.10 [1.00, 1.20] × the samples of \
                     batch 8 throughout (6 of 7 runs reached the target; fixed 7).";
        let better = " Batch 64 throughout needs fewer steps, and not surely more samples.";
        assert_eq!(report.sentence(), format!("{start}{better}"));
        report.tried = Some(TriedSchedule { better_fixed: None, ..tried });
        assert!(report.saves_steps());
        assert_eq!(report.sentence(), start);
    }
}
