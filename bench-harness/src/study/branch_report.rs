//! What a report says of branches: the critical batch size along training, and what the batch schedule that it implies saves.

use super::branches::{Checkpoint, Trunk, fresh_trials};
use super::definition::Coupling;
use super::estimate::Estimate;
use super::record::ConvergenceRecord;
use super::specification::Specification;
use super::store::Records;
use crate::base::number::Number;
use anyhow::Result;
use serde::{Deserialize, Serialize};
use simdescent::Milestones;
use simdescent_measure::statistics::{Gains, Replicates, batch_in_pace_interval, largest_batch_in_pace, median, paces};

/// The pace of a branch that falls behind as if it needed 1.2 times the samples, as at B₂₀.
const LEAST_PACE: f64 = 1.0 / 1.2;
const CONFIDENCE: f64 = 0.95;
const RESAMPLES: usize = 2000;
const SEED: u64 = 1;
/// A gap counts as at least this part of that of the target: evaluations may fall below the reference loss.
const SMALLEST_GAP: f64 = 0.1;

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
    pub(crate) seeds: usize,
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
    pub(crate) branches: Vec<Pace>,
    /// The largest batch that keeps at least 1/1.2 of the pace, as all smaller ones do; `None` where the run itself gains nothing.
    pub(crate) critical_batch_size: Option<Estimate>,
    /// Whether the largest batch tried keeps it, so that the critical one is larger.
    pub(crate) open: bool,
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
    /// Runs that reached the target.
    pub(crate) reached: usize,
    /// Medians over those of the fixed batch; infinite if most runs missed.
    pub(crate) steps: Estimate,
    pub(crate) samples: Estimate,
}

/// A ratio with its interval.
pub(crate) fn of_fixed(ratio: &Estimate) -> String {
    if !ratio.value.0.is_finite() {
        return "misses".into();
    }
    format!("{:.2} [{:.2}, {:.2}]", ratio.value.0, ratio.low.0, ratio.high.0)
}

impl BranchReport {
    /// Whether the schedule that follows takes fewer steps than the fixed batch, as far as its interval says.
    pub(crate) fn saves_steps(&self) -> bool {
        self.tried.is_some_and(|tried| tried.steps.high.0 < 1.0)
    }

    /// Where the batch grows by the schedule, and to what.
    pub(crate) fn grown(&self) -> impl Iterator<Item = &Growth> {
        let last = |i: usize| self.schedule.get(i + 1).is_none_or(|next| next.samples > self.schedule[i].samples);
        self.schedule.iter().enumerate().filter(move |(i, _)| last(*i)).map(|(_, growth)| growth)
    }

    /// What they say, in a sentence.
    pub(crate) fn sentence(&self) -> String {
        let name = format!("{} {}", self.optimizer, self.variant);
        let start = format!("{} from batch {}", name.trim_end(), self.batch_size);
        let Some(TriedSchedule { runs, reached, steps, samples }) = self.tried else {
            let nothing = self.checkpoints.iter().all(|at| at.critical_batch_size.is_none());
            return match self.schedule.is_empty() {
                _ if nothing => format!(
                    "{start}: with fresh seeds the run itself gains nothing, so that no branch can be compared."
                ),
                true => format!("{start}: no batch twice as large keeps pace all the way to the target."),
                false => format!("{start}: the schedule was not tried."),
            };
        };
        let grown: Vec<String> =
            self.grown().map(|at| format!("{} after {} samples", at.batch_size, at.samples)).collect();
        let start = format!("{start} to {}", grown.join(", "));
        if !steps.value.0.is_finite() {
            return format!(
                "{start}: misses the target in {} of {runs} runs, so the schedule saves nothing.",
                runs - reached
            );
        }
        let (times, more) = (of_fixed(&steps), of_fixed(&samples));
        match self.saves_steps() {
            true => format!("{start}: takes {times} of the steps and {more} of the samples."),
            false => {
                format!("{start}: is not known to save steps, with {times} of the steps and {more} of the samples.")
            }
        }
    }
}

/// What the branches of these runs say, as far as they are there.
pub(crate) fn branch_reports(
    trunks: &[Trunk<'_>],
    reference_loss: f64,
    repeats: u64,
    records: &Records,
) -> Result<Vec<BranchReport>> {
    let mut reports = vec![];
    for trunk in trunks {
        let Some(checkpoints) = checkpoints(trunk, reference_loss, records)? else { continue };
        let schedule = implied(trunk.cell.batch_size, &checkpoints);
        let tried = tried(trunk, &schedule, repeats, records)?;
        reports.push(BranchReport {
            optimizer: trunk.cell.optimizer.label.clone(),
            variant: trunk.cell.variant.name.clone(),
            batch_size: trunk.cell.batch_size,
            target: trunk.target,
            rate_scaling: trunk.rate_scaling(),
            seeds: trunk.trials().count(),
            checkpoints,
            schedule,
            tried,
        });
    }
    Ok(reports)
}

/// The runs of the schedule that complete branches imply; none if it is the fixed batch.
pub(super) fn schedule_of(
    trunk: &Trunk<'_>,
    reference_loss: f64,
    repeats: u64,
    records: &Records,
) -> Result<Vec<Specification>> {
    let checkpoints = checkpoints(trunk, reference_loss, records)?.unwrap_or_default();
    let schedule = implied(trunk.cell.batch_size, &checkpoints);
    if schedule.is_empty() {
        return Ok(vec![]);
    }
    let at: Vec<u64> = schedule.iter().map(|growth| growth.samples).collect();
    fresh_trials(repeats).map(|trial| trunk.scheduled(&at, trial)).collect()
}

/// The batch doubles wherever the critical one, there and at all later points, is twice as large.
fn implied(batch_size: usize, checkpoints: &[CheckpointReport]) -> Vec<Growth> {
    let (mut schedule, mut size) = (vec![], batch_size);
    for (i, CheckpointReport { samples, .. }) in checkpoints.iter().enumerate() {
        let critical = checkpoints[i..].iter().filter_map(|at| at.critical_batch_size.map(|batch| batch.value.0));
        let smallest = critical.reduce(f64::min).unwrap_or(0.0);
        // A hair less than a power of two is one.
        while 2.0 * size as f64 <= 1.001 * smallest && schedule.len() < Milestones::MOST {
            size *= 2;
            schedule.push(Growth { samples: *samples, batch_size: size });
        }
    }
    schedule
}

/// `None` unless all branches are there.
fn checkpoints(trunk: &Trunk<'_>, reference_loss: f64, records: &Records) -> Result<Option<Vec<CheckpointReport>>> {
    let least = SMALLEST_GAP * (trunk.result.target - reference_loss);
    let mut reports = vec![];
    for Checkpoint { samples, batch_sizes } in trunk.checkpoints() {
        let mut gains: Vec<Gains> =
            std::iter::once(trunk.cell.batch_size).chain(batch_sizes.clone()).map(|b| (b as f64, vec![])).collect();
        for trial in trunk.trials() {
            let Some(base) = records.of(&trunk.base(trial))? else { return Ok(None) };
            let at = |samples: u64| log_gap(base, samples as f64, reference_loss, least);
            let before = at(samples);
            gains[0].1.push(before - at(2 * samples));
            for (i, &batch_size) in batch_sizes.iter().enumerate() {
                let Some(branch) = records.of(&trunk.branch(samples, batch_size, trial)?)? else { return Ok(None) };
                let end = branch.curve.samples.last().copied().unwrap_or(0);
                let gap = libm::log((branch.final_loss() - reference_loss).max(least));
                // A last batch may end a little later: the run that is left is looked at there.
                gains[i + 1].1.push(before - gap - (at(2 * samples) - at(end.max(2 * samples))));
            }
        }
        let limit = largest_batch_in_pace(&gains, LEAST_PACE);
        let interval = batch_in_pace_interval(&gains, LEAST_PACE, RESAMPLES, CONFIDENCE);
        let paces = paces(&gains).unwrap_or_else(|| vec![f64::NAN; gains.len()]);
        reports.push(CheckpointReport {
            samples,
            branches: batch_sizes
                .iter()
                .zip(&paces[1..])
                .map(|(&batch_size, &pace)| Pace { batch_size, pace: Number(pace) })
                .collect(),
            critical_batch_size: limit.map(|limit| {
                let (low, high) = interval.map_or((0.0, f64::INFINITY), |interval| (interval.low, interval.high));
                Estimate { value: Number(limit.batch_size), low: Number(low), high: Number(high) }
            }),
            open: limit.is_some_and(|limit| limit.open),
        });
    }
    Ok(Some(reports).filter(|reports| !reports.is_empty()))
}

/// ln of the gap to the reference loss after so many samples, a line over ln samples between two evaluations; of a run that diverged
/// before, +∞.
fn log_gap(run: &ConvergenceRecord, samples: f64, reference_loss: f64, least: f64) -> f64 {
    let gap = |i: usize| libm::log((run.curve.loss[i] - reference_loss).max(least));
    let log = |i: usize| libm::log(run.curve.samples[i] as f64);
    match run.curve.samples.iter().position(|seen| *seen as f64 >= samples) {
        None => f64::INFINITY,
        Some(0) => gap(0),
        Some(i) => {
            let part = (libm::log(samples) - log(i - 1)) / (log(i) - log(i - 1));
            gap(i - 1) + part * (gap(i) - gap(i - 1))
        }
    }
}

/// `None` unless all its runs are there.
fn tried(trunk: &Trunk<'_>, schedule: &[Growth], repeats: u64, records: &Records) -> Result<Option<TriedSchedule>> {
    let at: Vec<u64> = schedule.iter().map(|growth| growth.samples).collect();
    if at.is_empty() {
        return Ok(None);
    }
    let target = trunk.result.target;
    let mut runs = vec![];
    for trial in fresh_trials(repeats) {
        let Some(run) = records.of(&trunk.scheduled(&at, trial)?)? else { return Ok(None) };
        runs.push(run);
    }
    let fixed: Vec<&ConvergenceRecord> = trunk.result.repeats.iter().filter_map(|key| records.get(key)).collect();
    let ratio = |of: fn(&ConvergenceRecord, f64) -> f64| {
        let [own, fixed] = [&runs, &fixed].map(|runs| runs.iter().map(|run| of(run, target)).collect::<Vec<f64>>());
        let resampled = |runs: &[f64]| Replicates::of_median(runs, RESAMPLES, SEED);
        let interval = resampled(&own).zip(resampled(&fixed)).map(|(own, fixed)| own.over(&fixed).interval(CONFIDENCE));
        let (low, high) = interval.map_or((0.0, f64::INFINITY), |interval| (interval.low, interval.high));
        let value = median(own) / median(fixed);
        Estimate { value: Number(value), low: Number(low.min(value)), high: Number(high.max(value)) }
    };
    Ok(Some(TriedSchedule {
        runs: runs.len(),
        reached: runs.iter().filter(|run| run.steps_to(target).or_infinite().is_finite()).count(),
        steps: ratio(|run, target| run.steps_to(target).or_infinite()),
        samples: ratio(|run, target| run.samples_to(target).or_infinite()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::analysis::{Known, analyze};
    use crate::study::fake;
    use crate::study::throughput::Throughput;

    /// The gap of SGD falls by 1/(10 + 2000/B) in a step, so from 8 on a fifth more samples are needed at 10 B + 2000 = 1.2·2080.
    #[test]
    fn branches_find_the_critical_batch_size_and_their_schedule_saves_what_the_formula_says() {
        let mut facts = fake::facts();
        facts.study.branches = true;
        let mut records = fake::records(&facts);
        let mut stages = 0;
        loop {
            let missing = facts.missing_branches(&records).unwrap();
            if missing.is_empty() {
                break;
            }
            stages += 1;
            fake::run(&mut records, missing);
        }
        assert_eq!(stages, 2, "branches, then what they imply");
        let throughput = Throughput::default();
        let known =
            Known { facts: &facts, records: &records, throughput: &throughput, machine: None, self_check: None };
        let report = analyze(known).unwrap();
        let sgd = report.workloads[0].branches.iter().find(|branch| branch.optimizer == "sgd").unwrap();
        assert_eq!((sgd.batch_size, sgd.target, sgd.seeds, sgd.rate_scaling), (8, 2, 7, Coupling::Linear));
        assert_eq!(sgd.checkpoints.len(), 3);
        for checkpoint in &sgd.checkpoints {
            for Pace { batch_size, pace } in &checkpoint.branches {
                let formula = 2080.0 / (10.0 * *batch_size as f64 + 2000.0);
                assert!((pace.0 / formula - 1.0).abs() < 0.03, "{batch_size}: {} is not {formula}", pace.0);
            }
            let critical = checkpoint.critical_batch_size.unwrap();
            assert!((critical.value.0 / 49.6 - 1.0).abs() < 0.1 && !checkpoint.open, "{critical:?}");
            assert!(critical.low.0 <= critical.value.0 && critical.value.0 <= critical.high.0);
        }
        let first = sgd.checkpoints[0].samples;
        let doubled = [16, 32].map(|batch_size| Growth { samples: first, batch_size });
        assert_eq!(sgd.schedule, doubled, "to 32 at once, and never to 64");
        let tried = sgd.tried.unwrap();
        // Of ln(1000) an eighth in steps of 260, the rest in steps of 72.5.
        let steps = 1.0 / 8.0 + 7.0 / 8.0 * 72.5 / 260.0;
        let samples = 1.0 / 8.0 + 7.0 / 8.0 * 72.5 / 260.0 * 4.0;
        assert_eq!((tried.runs, tried.reached), (7, 7));
        assert!((tried.steps.value.0 / steps - 1.0).abs() < 0.05, "{} is not {steps}", tried.steps.value.0);
        assert!((tried.samples.value.0 / samples - 1.0).abs() < 0.05, "{} is not {samples}", tried.samples.value.0);
        let sentence = sgd.sentence();
        assert!(
            sentence.starts_with(&format!("sgd from batch 8 to 32 after {first} samples: takes 0.3")),
            "{sentence}"
        );
    }

    #[test]
    fn the_schedule_doubles_as_far_as_all_that_comes_allows() {
        let checkpoint = |samples: u64, critical: f64| CheckpointReport {
            samples,
            branches: vec![],
            critical_batch_size: (critical > 0.0).then(|| {
                let value = Number(critical);
                Estimate { value, low: value, high: value }
            }),
            open: false,
        };
        let grown = |all: &[(u64, f64)]| {
            let checkpoints: Vec<_> = all.iter().map(|(samples, critical)| checkpoint(*samples, *critical)).collect();
            implied(8, &checkpoints).iter().map(|growth| (growth.samples, growth.batch_size)).collect::<Vec<_>>()
        };
        let grows = [(200, 16), (800, 32), (800, 64), (800, 128)];
        assert_eq!(grown(&[(100, 15.9), (200, 70.0), (400, 20.0), (800, 128.0)]), grows, "70 would be too much at 400");
        assert_eq!(grown(&[(100, 8.0), (200, 0.0)]), []);
        assert_eq!(grown(&[(100, 1e9)]).len(), 16, "as many milestones as there may be");
    }
}
