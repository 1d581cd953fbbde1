//! From the times of several processes to a report: pure.

use super::plan::BenchPlan;
use super::process::{ProcessTimes, RoundTimes};
use super::result::{
    Against, BenchReport, CaseLimit, CaseReport, CaseWork, Contestant, Control, ControlRatio, Disturbances, Kind, Peer,
    SCHEMA_VERSION, Unit,
};
use crate::environment::Environment;
use crate::environment::limits::{Bandwidth, ThreadLimits};
use anyhow::{Context, Result, ensure};
use simdescent_benches::cases::{self, CONTROL_GROUP, Case};
use simdescent_benches::contest::OURS_ON_ONE_THREAD;
use simdescent_measure::roofline::{Bound, Roof};
use simdescent_measure::statistics::{SpeedUp, geometric_mean_ratio, interquartile_half_range, median, speed_verdicts};

/// Of the control's intervals, all together.
const CONTROL_CONFIDENCE: f64 = 0.99;

/// What is known before anything is timed.
pub(crate) struct Head {
    pub(crate) started: String,
    pub(crate) seconds: f64,
    pub(crate) environment: Environment,
    pub(crate) plan: BenchPlan,
    pub(crate) peers: Vec<Peer>,
}

/// What the processes say together.
pub(crate) fn analyze(head: Head, processes: Vec<ProcessTimes>) -> Result<BenchReport> {
    let Head { started, seconds, environment, plan, peers } = head;
    let (mut cases, mut control, mut limits) = (vec![], vec![], vec![]);
    for &threads in &plan.threads {
        let of: Vec<&ProcessTimes> = processes.iter().filter(|process| process.threads == threads).collect();
        ensure!(of.len() >= 2, "an interval needs two processes at least");
        let allowed = median_limits(&of);
        for case in plan.cases(threads) {
            let (contestants, medians) = medians_of(&case.name, &of)?;
            if case.group() == CONTROL_GROUP {
                control.push((case.name, threads, medians));
            } else {
                cases.push(case_report(&case, threads, contestants, medians, &allowed, plan.confidence)?);
            }
        }
        limits.push(allowed);
    }
    let control = control_of(control)?;
    if control.quiet {
        give_verdicts(&mut cases, &plan);
    }
    let rounds: Vec<&RoundTimes> =
        processes.iter().flat_map(|process| &process.cases).flat_map(|case| &case.rounds).collect();
    Ok(BenchReport {
        schema_version: SCHEMA_VERSION,
        kind: Kind::Bench,
        started,
        seconds,
        environment,
        plan,
        peers,
        limits,
        control,
        disturbances: disturbances(&rounds),
        cases,
        processes,
    })
}

/// The contestants of a case, and for each its median seconds by process.
fn medians_of(name: &str, processes: &[&ProcessTimes]) -> Result<(Vec<String>, Vec<Vec<f64>>)> {
    let find = |process: &&ProcessTimes| process.cases.iter().find(|case| case.name == name).cloned();
    let found: Option<Vec<_>> = processes.iter().map(find).collect();
    let found = found.filter(|found| found.iter().all(|case| case.contestants == found[0].contestants));
    let found = found.with_context(|| format!("{name}: not every process has timed it with the same contestants"))?;
    let contestants = found[0].contestants.clone();
    let of = |i: usize| -> Vec<f64> {
        let of_process =
            |case: &super::process::CaseTimes| median(case.rounds.iter().map(|round| round.seconds[i]).collect());
        found.iter().map(of_process).collect()
    };
    let medians = (0..contestants.len()).map(of).collect();
    Ok((contestants, medians))
}

fn case_report(
    case: &Case,
    threads: usize,
    contestants: Vec<String>,
    medians: Vec<Vec<f64>>,
    allowed: &ThreadLimits,
    confidence: f64,
) -> Result<CaseReport> {
    let limit = limit_of(case, allowed);
    let no_time = || format!("{}: a time that is not positive", case.name);
    let contestant = |(name, by_process): (&String, &Vec<f64>)| {
        let pairs: Vec<(f64, f64)> = by_process.iter().map(|&seconds| (seconds, 1.0)).collect();
        let seconds = geometric_mean_ratio(&pairs, confidence).with_context(no_time)?;
        Ok(Contestant {
            name: name.clone(),
            share_of_limit: limit.seconds / seconds.value,
            seconds: seconds.into(),
            by_process: by_process.clone(),
        })
    };
    let reports = contestants.iter().zip(&medians).map(contestant).collect::<Result<Vec<_>>>()?;
    let against = |(name, theirs): (&String, &Vec<f64>)| {
        let ratio = SpeedUp::of_pairs(&pairs(&medians[0], theirs)).with_context(no_time)?.ratio(confidence);
        Ok(Against { name: name.clone(), ratio: ratio.into(), verdict: None })
    };
    let against = contestants.iter().zip(&medians).skip(1).map(against).collect::<Result<Vec<_>>>()?;
    Ok(CaseReport {
        name: case.name.clone(),
        group: case.group().to_owned(),
        threads,
        bits: case.bits,
        work: work_of(case),
        limit,
        contestants: reports,
        against,
    })
}

fn pairs(ours: &[f64], theirs: &[f64]) -> Vec<(f64, f64)> {
    ours.iter().copied().zip(theirs.iter().copied()).collect()
}

fn work_of(case: &Case) -> CaseWork {
    let cases::Work { flops, read, written, working_set, amount, unit } = case.work;
    let unit = match unit {
        cases::Unit::Flops => Unit::Flops,
        cases::Unit::Bytes => Unit::Bytes,
        cases::Unit::Elements => Unit::Elements,
        cases::Unit::Samples => Unit::Samples,
    };
    CaseWork { flops, bytes_read: read, bytes_written: written, working_set, amount, unit }
}

/// By the one formula of [`Roof::least_seconds`].
fn limit_of(case: &Case, allowed: &ThreadLimits) -> CaseLimit {
    let cases::Work { flops, read, written, working_set, .. } = case.work;
    let peak_flops = if case.bits == 64 { allowed.peak_flops_f64 } else { allowed.peak_flops_f32 };
    let bandwidth = allowed.bandwidth(working_set);
    let (reading, copying) = bandwidth.map_or((f64::INFINITY, f64::INFINITY), |b| (b.read, b.copy));
    let (seconds, bound) = Roof { peak_flops, read: reading, copy: copying }.least_seconds(flops, read, written);
    let level = bandwidth.and_then(|bandwidth| bandwidth.level.as_deref()).unwrap_or("memory");
    let name = match bound {
        Bound::Arithmetic => "FMA".into(),
        Bound::Reading => format!("reading {level}"),
        Bound::Copying => format!("copying {level}"),
    };
    CaseLimit { name, seconds }
}

fn median_limits(processes: &[&ProcessTimes]) -> ThreadLimits {
    let all: Vec<&ThreadLimits> = processes.iter().flat_map(|process| &process.limits).collect();
    let of = |value: &dyn Fn(&ThreadLimits) -> f64| median(all.iter().map(|limits| value(limits)).collect());
    let bandwidths = all[0].bandwidths.iter().enumerate().map(|(i, bandwidth)| Bandwidth {
        bytes: bandwidth.bytes,
        level: bandwidth.level.clone(),
        read: of(&|limits| limits.bandwidths[i].read),
        copy: of(&|limits| limits.bandwidths[i].copy),
    });
    ThreadLimits {
        threads: all[0].threads,
        peak_flops_f32: of(&|limits| limits.peak_flops_f32),
        peak_flops_f64: of(&|limits| limits.peak_flops_f64),
        bandwidths: bandwidths.collect(),
    }
}

/// Each interval is so wide that all hold at once with the confidence of the control (Bonferroni).
fn control_of(control: Vec<(String, usize, Vec<Vec<f64>>)>) -> Result<Control> {
    let each = 1.0 - (1.0 - CONTROL_CONFIDENCE) / control.len().max(1) as f64;
    let ratio = |(case, threads, medians): (String, usize, Vec<Vec<f64>>)| {
        let speed_up = SpeedUp::of_pairs(&pairs(&medians[0], &medians[1])).context("a time that is not positive")?;
        Ok(ControlRatio { case, threads, ratio: speed_up.ratio(each).into() })
    };
    let ratios = control.into_iter().map(ratio).collect::<Result<Vec<_>>>()?;
    let quiet = ratios.iter().all(|control| control.ratio.contains_one());
    Ok(Control { confidence: CONTROL_CONFIDENCE, ratios, quiet })
}

/// One family: every comparison with another, not that with ourselves on one thread.
fn give_verdicts(cases: &mut [CaseReport], plan: &BenchPlan) {
    let mut family = vec![];
    let mut places: Vec<&mut Against> = vec![];
    for case in cases {
        let ours = case.contestants[0].by_process.clone();
        for (against, other) in case.against.iter_mut().zip(&case.contestants[1..]) {
            let speed_up = SpeedUp::of_pairs(&pairs(&ours, &other.by_process));
            if let Some(speed_up) = speed_up.filter(|_| against.name != OURS_ON_ONE_THREAD) {
                family.push(speed_up);
                places.push(against);
            }
        }
    }
    let verdicts = speed_verdicts(&family, plan.margin, plan.confidence);
    for (against, verdict) in places.into_iter().zip(verdicts) {
        against.verdict = Some(verdict.into());
    }
}

fn disturbances(rounds: &[&RoundTimes]) -> Disturbances {
    let with = |count: &dyn Fn(&RoundTimes) -> Option<u64>| {
        let counts: Option<Vec<u64>> = rounds.iter().map(|round| count(round)).collect();
        counts.map(|counts| counts.into_iter().filter(|&count| count > 0).count())
    };
    let loads: Option<Vec<f64>> = rounds.iter().map(|round| round.disturbance.load).collect();
    let calibration = |i: usize| -> Vec<f64> { rounds.iter().map(|round| round.calibration[i]).collect() };
    let spread = |i: usize| interquartile_half_range(calibration(i)) / median(calibration(i));
    let worst = |i: usize| calibration(i).into_iter().fold(0.0, f64::max) / median(calibration(i));
    Disturbances {
        rounds: rounds.len(),
        rounds_with_stolen_time: with(&|round| round.disturbance.stolen_ticks),
        rounds_with_involuntary_switches: with(&|round| round.disturbance.involuntary_switches),
        throttled: rounds.iter().map(|round| round.disturbance.throttled).sum(),
        load: loads.filter(|loads| !loads.is_empty()).map(median),
        calibration_spread: [spread(0), spread(1)],
        calibration_worst: [worst(0), worst(1)],
    }
}

#[cfg(test)]
mod tests {
    use crate::timing::fake::report;
    use crate::timing::result::Verdict;

    #[test]
    fn a_case_has_its_times_its_limit_and_its_verdict() {
        let report = report(2e-5, 3e-5, 1.0);
        assert!(report.control.quiet && report.cases.iter().all(|case| case.group != "control"));
        let case = report.cases.iter().find(|case| case.name == "gemm/f32/64x64x64").unwrap();
        // Medians of rounds are 1.1 times the first one, whose processes are 1.00 to 1.04 times 20 µs.
        assert!((case.ours().by_process[4] - 1.1 * 2e-5 * 1.04).abs() < 1e-12);
        assert!((case.ours().seconds.value / (1.1 * 2e-5 * 1.02) - 1.0).abs() < 1e-3);
        // 2·64³ flops at 10¹¹ per second; its bytes take less.
        assert_eq!((&*case.limit.name, case.limit.seconds), ("FMA", 2.0 * 64f64.powi(3) / 1e11));
        assert!((case.ours().share_of_limit - 5.24288e-6 / case.ours().seconds.value).abs() < 1e-12);
        let against = &case.against[0];
        assert_eq!((&*against.name, against.verdict), ("plain", Some(Verdict::Faster)));
        assert!(against.ratio.low.unwrap() < 1.5 && against.ratio.high.unwrap() > 1.499, "{against:?}");
        let vector = report.cases.iter().find(|case| case.name == "dot/f32/2000").unwrap();
        assert_eq!((&*vector.limit.name, vector.limit.seconds), ("reading L1", 16_000.0 / 3e11));
        let moving = report.cases.iter().find(|case| case.name == "axpy/f32/2000").unwrap();
        // Two vectors are read and one is written.
        let seconds = 16_000.0 / 2e11 + 8_000.0 / 3e11;
        assert!(moving.limit.name == "copying L1" && (moving.limit.seconds / seconds - 1.0).abs() < 1e-12);
        let d = report.disturbances;
        assert_eq!((d.rounds_with_stolen_time, d.throttled), (Some(0), None));
        assert_eq!(d.rounds_with_involuntary_switches, Some(d.rounds / 3 * 2));
    }

    #[test]
    fn who_is_as_fast_or_faster_is_told_so() {
        let verdict = |other| report(2e-5, other, 1.0).cases[0].against[0].verdict;
        assert_eq!(verdict(2e-5), Some(Verdict::Equivalent));
        assert_eq!(verdict(1e-5), Some(Verdict::Slower));
    }

    /// One kernel that is five percent slower than itself.
    #[test]
    fn a_run_that_tells_equals_apart_has_no_verdicts() {
        let report = report(2e-5, 3e-5, 1.05);
        assert!(!report.control.quiet);
        assert!(report.cases.iter().flat_map(|case| &case.against).all(|against| against.verdict.is_none()));
    }
}
