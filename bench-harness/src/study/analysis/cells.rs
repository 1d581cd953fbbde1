//! What the runs of a cell needed for a target.

use super::numbers::{CHOICES, CONFIDENCE, RESAMPLES, SEED};
use super::timing::CellTime;
use crate::base::digest::sha256;
use crate::base::number::Number;
use crate::study::cell::TargetResult;
use crate::study::record::{ConvergenceRecord, Outcome};
use crate::study::result::{
    CellTarget, Estimate, GoodRates, RunReport, Spread, StepTimeReport, TrialReport, TuningReport,
};
use crate::study::store::Records;
use crate::study::tuning::Tried;
use anyhow::{Context, Result};
use simdescent_measure::statistics::{
    Replicates, ToTarget, expected_running_time, good_rates, median, quartiles, regret_of_choice, success_rate,
    tuning_curve,
};
use std::collections::BTreeSet;

/// Rates are good that need at most so many times the fewest steps.
const GOOD: f64 = 1.25;

/// Steps, samples or seconds to a target.
pub(super) struct Amount {
    /// Of each repeat, infinite for a miss.
    pub(super) runs: Vec<f64>,
    /// What other seeds would have given.
    pub(super) replicates: Option<Replicates>,
}

/// What a cell needed for a target, or for a relaxed one.
pub(super) struct Needed<'r> {
    pub(super) steps: Amount,
    pub(super) samples: Amount,
    pub(super) time: Option<Amount>,
    /// How many times the fewest steps the chosen rate may need, because tuning had few trials and seeds.
    pub(super) regret: f64,
    loss: f64,
    records: Vec<&'r ConvergenceRecord>,
}

impl Amount {
    fn new(runs: Vec<f64>) -> Self {
        let replicates = Replicates::of_median(&runs, RESAMPLES, SEED);
        Self { runs, replicates }
    }

    pub(super) fn median(&self) -> f64 {
        median(self.runs.clone())
    }

    fn spread(&self) -> Spread {
        let (lower, middle, upper) = quartiles(&self.runs).unwrap_or((f64::NAN, f64::NAN, f64::NAN));
        let interval = self.replicates.as_ref().map(|all| all.interval(CONFIDENCE));
        let (low, high) = interval.map_or((0.0, f64::INFINITY), |interval| (interval.low, interval.high));
        // Logarithms and back leave the last digits to rounding.
        let (low, high) = (low.min(middle), high.max(middle));
        let [median, low, high, lower_quartile, upper_quartile] = [middle, low, high, lower, upper].map(Number);
        Spread { median, low, high, lower_quartile, upper_quartile }
    }
}

impl<'r> Needed<'r> {
    pub(super) fn new(
        result: &TargetResult,
        records: &'r Records,
        loss: f64,
        time: Option<(&CellTime, Option<&StepTimeReport>)>,
    ) -> Result<Self> {
        let found = result.repeats.iter().map(|key| records.get(key).context("a record that was there"));
        let found = found.collect::<Result<Vec<_>>>()?;
        let trials: Vec<Vec<f64>> =
            result.tried.iter().map(|tried| tried.scores.iter().map(|score| score.steps).collect()).collect();
        let of = |count: fn(&ConvergenceRecord, f64) -> ToTarget| -> Vec<f64> {
            found.iter().map(|record| count(record, loss).or_infinite()).collect()
        };
        let (steps, samples) = (of(ConvergenceRecord::steps_to), of(ConvergenceRecord::samples_to));
        let time = time.map(|(time, line)| {
            let runs = steps.iter().zip(&samples).map(|(steps, samples)| time.of_run(*steps, *samples, line)).collect();
            let Amount { runs, replicates } = Amount::new(runs);
            Amount { runs, replicates: replicates.map(|all| all.times(&time.relative)) }
        });
        Ok(Self {
            steps: Amount::new(steps),
            samples: Amount::new(samples),
            time,
            regret: regret_of_choice(&trials, CHOICES, SEED, CONFIDENCE).unwrap_or(1.0),
            loss,
            records: found,
        })
    }

    pub(super) fn report(&self, result: &TargetResult) -> CellTarget {
        let ends: Vec<ToTarget> = self.records.iter().map(|record| record.steps_to(self.loss)).collect();
        let mut outcomes: Vec<Outcome> = ends.iter().copied().map(outcome).collect();
        let run = |(record, end): (&&ConvergenceRecord, &ToTarget)| {
            let reached = |to: ToTarget| Some(to.or_infinite()).filter(|count| count.is_finite());
            let samples = reached(record.samples_to(self.loss));
            RunReport {
                key: record.key.clone(),
                digest: short(&record.digest).into(),
                outcome: outcome(*end),
                steps: reached(*end),
                samples,
            }
        };
        let runs = self.records.iter().zip(&ends).map(run).collect();
        outcomes.sort_unstable();
        CellTarget {
            outcome: outcomes[outcomes.len() / 2],
            tuning: tuning(result, self.regret),
            success: success_rate(&ends, CONFIDENCE).expect("a study has repeats").into(),
            steps: self.steps.spread(),
            samples: self.samples.spread(),
            seconds: self.time.as_ref().map(Amount::spread),
            expected_running_time: Number(expected_running_time(&ends).unwrap_or(f64::NAN)),
            runs,
        }
    }
}

/// The first 16 digits.
fn short(digest: &str) -> &str {
    digest.get(..16).unwrap_or(digest)
}

/// One digest over the repeats of all targets.
pub(super) fn convergence(targets: &[CellTarget]) -> String {
    let runs = targets.iter().flat_map(|target| &target.runs);
    let lines: BTreeSet<String> = runs.map(|run| format!("{} {}\n", run.key, run.digest)).collect();
    short(&sha256(&lines.into_iter().collect::<String>())).into()
}

fn outcome(end: ToTarget) -> Outcome {
    match end {
        ToTarget::Reached(_) => Outcome::Complete,
        ToTarget::Censored(_) => Outcome::Censored,
        ToTarget::Diverged(_) => Outcome::Diverged,
    }
}

fn tuning(result: &TargetResult, regret: f64) -> TuningReport {
    let TargetResult { chosen, tried, .. } = result;
    let rule = chosen.candidate.rule;
    let trial = |tried: &Tried| TrialReport {
        rule: Some(tried.candidate.rule).filter(|own| *own != rule),
        learning_rate: tried.candidate.learning_rate,
        steps: tried.scores.iter().map(|score| Some(score.steps).filter(|steps| steps.is_finite())).collect(),
    };
    let line = tried.iter().filter(|tried| tried.candidate.rule == rule);
    let line: Vec<(f64, f64)> = line.map(|tried| (tried.candidate.learning_rate, tried.steps())).collect();
    let medians: Vec<f64> = tried.iter().map(Tried::steps).collect();
    TuningReport {
        rule,
        learning_rate: chosen.candidate.learning_rate,
        vertex: chosen.best_rate.map(|best| Estimate::from(best.rate)),
        at_border: chosen.at_border,
        widened: chosen.widened,
        trials: tried.iter().map(trial).collect(),
        regret,
        curve: tuning_curve(&medians).unwrap_or_default().into_iter().map(Number).collect(),
        good_rates: good_rates(&line, GOOD).map(|good| GoodRates {
            low: good.low,
            high: good.high,
            decades: good.decades(),
            open_below: good.open_below,
            open_above: good.open_above,
        }),
    }
}
