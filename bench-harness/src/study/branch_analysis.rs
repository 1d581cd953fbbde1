//! What branches say: how large a batch keeps pace, the schedule that follows, and what that saves. A pure function of records.

use super::branch_report::{BranchReport, CheckpointReport, Growth, Pace, TriedSchedule};
use super::branches::{Checkpoint, Trunk, fresh_trials};
use super::cell::{Cell, TargetResult};
use super::estimate::Estimate;
use super::record::ConvergenceRecord;
use super::specification::Specification;
use super::store::Records;
use crate::base::number::Number;
use anyhow::Result;
use simdescent::Milestones;
use simdescent_measure::statistics::{Gains, Replicates, batch_in_pace_interval, largest_batch_in_pace, median, paces};

/// The pace of a branch that falls behind as if it needed 1.2 times the samples, as at B₂₀.
const LEAST_PACE: f64 = 1.0 / 1.2;
const CONFIDENCE: f64 = 0.95;
const RESAMPLES: usize = 2000;
const SEED: u64 = 1;
/// A gap counts as at least this part of that of the target: evaluations may fall below the reference loss.
const SMALLEST_GAP: f64 = 0.1;

/// What the branches of these runs say, as far as they are there.
pub(crate) fn branch_reports(
    trunks: &[Trunk<'_>],
    done: &[(&Cell, &[TargetResult])],
    (reference_loss, repeats): (f64, u64),
    records: &Records,
) -> Result<Vec<BranchReport>> {
    let mut reports = vec![];
    for trunk in trunks {
        let Some(checkpoints) = checkpoints(trunk, reference_loss, records)? else { continue };
        let schedule = implied(trunk.cell.batch_size, &checkpoints);
        let tried = tried(trunk, &schedule, (done, repeats), records)?;
        reports.push(BranchReport {
            optimizer: trunk.cell.optimizer.label.clone(),
            variant: trunk.cell.variant.name.clone(),
            batch_size: trunk.cell.batch_size,
            target: trunk.target,
            rate_scaling: trunk.rate_scaling(),
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

/// The batch doubles wherever the critical one, there and at all later points, is twice as large; where one is unknown, not before it.
fn implied(batch_size: usize, checkpoints: &[CheckpointReport]) -> Vec<Growth> {
    let (mut schedule, mut size) = (vec![], batch_size);
    for (i, CheckpointReport { samples, .. }) in checkpoints.iter().enumerate() {
        let critical = checkpoints[i..].iter().map(|at| at.critical_batch_size.map_or(0.0, |batch| batch.value.0));
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
            let own = before - at(2 * samples);
            // A seed with which the run itself diverges says nothing of larger batches.
            if !own.is_finite() {
                continue;
            }
            gains[0].1.push(own);
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
        let behind = paces[1..].iter().position(|pace| *pace < LEAST_PACE);
        reports.push(CheckpointReport {
            samples,
            seeds: gains[0].1.len(),
            diverges: behind.filter(|&i| paces[i + 1] == f64::NEG_INFINITY).map(|i| batch_sizes[i]),
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
fn tried(
    trunk: &Trunk<'_>,
    schedule: &[Growth],
    (done, repeats): (&[(&Cell, &[TargetResult])], u64),
    records: &Records,
) -> Result<Option<TriedSchedule>> {
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
    let steps = |run: &ConvergenceRecord| run.steps_to(target).or_infinite();
    let samples = |run: &ConvergenceRecord| run.samples_to(target).or_infinite();
    let of = |runs: &[&ConvergenceRecord], count: &dyn Fn(&ConvergenceRecord) -> f64| -> Vec<f64> {
        runs.iter().map(|run| count(run)).collect()
    };
    let repeats_of = |result: &TargetResult| -> Vec<&ConvergenceRecord> {
        result.repeats.iter().filter_map(|key| records.get(key)).collect()
    };
    let fixed = repeats_of(trunk.result);
    let ratio = |count: &dyn Fn(&ConvergenceRecord) -> f64| {
        let [own, fixed] = [&runs, &fixed].map(|runs| of(runs, count));
        let resampled = |runs: &[f64]| Replicates::of_median(runs, RESAMPLES, SEED);
        let interval = resampled(&own).zip(resampled(&fixed)).map(|(own, fixed)| own.over(&fixed).interval(CONFIDENCE));
        let (low, high) = interval.map_or((0.0, f64::INFINITY), |interval| (interval.low, interval.high));
        let value = median(own) / median(fixed);
        Estimate { value: Number(value), low: Number(low.min(value)), high: Number(high.max(value)) }
    };
    let needs = |runs: &[&ConvergenceRecord]| (median(of(runs, &steps)), median(of(runs, &samples)));
    let same = |cell: &Cell| {
        (cell.workload, &cell.optimizer.label, &cell.variant.name)
            == (trunk.cell.workload, &trunk.cell.optimizer.label, &trunk.cell.variant.name)
    };
    let others = done.iter().filter(|(cell, targets)| same(cell) && targets.len() > trunk.target);
    let others = others.map(|(cell, targets)| (cell.batch_size, needs(&repeats_of(&targets[trunk.target]))));
    let reached = |runs: &[&ConvergenceRecord]| of(runs, &steps).into_iter().filter(|steps| steps.is_finite()).count();
    let samples_ratio = ratio(&samples);
    Ok(Some(TriedSchedule {
        runs: runs.len(),
        reached: reached(&runs),
        fixed_reached: reached(&fixed),
        steps: ratio(&steps),
        samples: samples_ratio,
        better_fixed: better_fixed(needs(&runs).0, (&samples_ratio, needs(&fixed).1), others),
    }))
}

/// Of other batch sizes, with (steps, samples) to the target, that with the fewest steps, if these are fewer than the schedule's `own_steps`, at
/// no more samples than it may need: the upper end of `ratio`, which is to the samples of the `fixed` batch.
fn better_fixed(
    own_steps: f64,
    (ratio, fixed): (&Estimate, f64),
    others: impl Iterator<Item = (usize, (f64, f64))>,
) -> Option<usize> {
    let better = others.filter(|(_, (steps, samples))| *steps < own_steps && *samples <= ratio.high.0 * fixed);
    better.min_by(|a, b| a.1.0.total_cmp(&b.1.0)).map(|(batch_size, _)| batch_size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::format_number::si;
    use crate::study::analysis::{Known, analyze};
    use crate::study::definition::Coupling;
    use crate::study::fake;
    use crate::study::record::{Curve, Outcome};
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
        assert_eq!((sgd.batch_size, sgd.target, sgd.rate_scaling), (8, 2, Coupling::Linear));
        assert_eq!(sgd.checkpoints.len(), 3);
        assert!(sgd.checkpoints.iter().all(|at| at.seeds == 7 && at.diverges.is_none()));
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
        assert_eq!((tried.runs, tried.reached, tried.fixed_reached), (7, 7, 7));
        assert!((tried.steps.value.0 / steps - 1.0).abs() < 0.05, "{} is not {steps}", tried.steps.value.0);
        assert!((tried.samples.value.0 / samples - 1.0).abs() < 0.05, "{} is not {samples}", tried.samples.value.0);
        // Batch 64 throughout takes 41.25/260 of the steps, and 1.27 times the samples.
        assert!(tried.better_fixed.is_none() && sgd.saves_steps());
        let sentence = sgd.sentence();
        let wanted = format!("sgd: batch 8, then 32 from {} samples on: 0.3", si(first as f64));
        assert!(sentence.starts_with(&wanted) && sentence.ends_with(" of batch 8 throughout."), "{sentence}");
        let flags =
            format!("--batch-size 8 --batch-growth milestones --growth-at {first},{first} --rate-scaling linear");
        assert_eq!(sgd.flags(), Some(flags));
    }

    /// One seed of the run itself diverges: the others are compared. One of a branch diverges: it is said.
    #[test]
    fn seeds_that_diverge_are_told_apart() {
        let mut facts = fake::facts();
        facts.study.branches = true;
        let mut records = fake::records(&facts);
        let missing = facts.missing_branches(&records).unwrap();
        fake::run(&mut records, missing);
        let cells = facts.cells().unwrap();
        let done = facts.done(&cells, &records).unwrap();
        let done: Vec<_> = done.iter().map(|(cell, targets)| (*cell, &targets[..])).collect();
        let trunks = facts.trunks(&done, &records);
        let trunk =
            trunks.iter().find(|trunk| trunk.cell.workload == 0 && trunk.cell.optimizer.label == "sgd").unwrap();
        let samples = trunk.checkpoints()[0].samples;
        let first = trunk.trials().start;
        let diverged = |run: Specification| {
            let mut record = records.of(&run).unwrap().unwrap().clone();
            record.outcome = Outcome::Diverged;
            record.curve = Curve::default();
            record
        };
        let (base, branch) = (diverged(trunk.base(first)), diverged(trunk.branch(samples, 32, first + 1).unwrap()));
        let with = |changed: &ConvergenceRecord| {
            let mut others = Records::default();
            for record in records.iter() {
                let record = if record.key == changed.key { changed } else { record };
                others.add(record.clone(), "a test").unwrap();
            }
            checkpoints(trunk, 0.25, &others).unwrap().unwrap().remove(0)
        };
        let six = with(&base);
        assert_eq!((six.seeds, six.diverges), (6, None));
        assert!((six.critical_batch_size.unwrap().value.0 / 49.6 - 1.0).abs() < 0.1, "{six:?}");
        let stopped = with(&branch);
        assert_eq!((stopped.seeds, stopped.diverges), (7, Some(32)));
        assert_eq!(stopped.critical_batch_size.unwrap().value.0, 16.0, "{stopped:?}");
    }

    #[test]
    fn a_fixed_batch_is_better_with_fewer_steps_and_no_more_samples() {
        let batches = [(8, (400.0, 3200.0)), (32, (90.0, 2880.0)), (64, (60.0, 3840.0)), (128, (50.0, 6400.0))];
        // In the median the schedule needs the samples of the fixed batch, 1000, but it may need as many as `samples`.
        let better = |steps, samples: f64| {
            let ratio = Estimate { value: Number(1.0), low: Number(0.9), high: Number(samples / 1000.0) };
            better_fixed(steps, (&ratio, 1000.0), batches.into_iter())
        };
        assert_eq!(better(100.0, 3000.0), Some(32));
        assert_eq!(better(100.0, 3840.0), Some(64), "the one with the fewest steps");
        assert_eq!(better(90.0, 3000.0), None, "as many steps are no fewer");
        assert_eq!(better(f64::INFINITY, f64::INFINITY), Some(128), "a schedule that misses");
    }

    #[test]
    fn the_schedule_doubles_as_far_as_all_that_comes_allows() {
        let checkpoint = |samples: u64, critical: f64| CheckpointReport {
            samples,
            seeds: 7,
            diverges: None,
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
        assert_eq!(grown(&[(100, 64.0), (200, 0.0)]), [], "what is unknown allows nothing");
        assert_eq!(grown(&[(100, 0.0), (200, 16.0)]), [(200, 16)]);
        assert_eq!(grown(&[(100, 1e9)]).len(), 16, "as many milestones as there may be");
    }
}
