//! Comparisons of a small study whose runs and times are formulas.

use super::lines;
use crate::comparison::compare::compare;
use crate::comparison::result::CompareReport;
use crate::comparison::speed::Rules;
use crate::comparison::subject::Subject;
use crate::comparison::warning::Warning;
use crate::study::analysis::{Known, analyze};
use crate::study::fake;
use crate::study::result::Report;

fn report() -> Report {
    let facts = fake::facts();
    let (records, throughput) = (fake::records(&facts), fake::throughput(&facts));
    analyze(Known { facts: &facts, records: &records, throughput: &throughput, machine: None, self_check: None })
        .unwrap()
}

/// A machine that is so many times faster, of which a part is its peak. Rounds vary otherwise than those of the first.
fn faster(report: &Report, by: f64, peak: f64) -> Report {
    let mut other = report.clone();
    for cell in other.workloads.iter_mut().flat_map(|workload| &mut workload.cells) {
        let times = cell.throughput.as_mut().unwrap();
        times.rounds.iter_mut().for_each(|seconds| *seconds /= by);
        (times.flops_per_second, times.bytes_per_second) = (times.flops_per_second * by, times.bytes_per_second * by);
        times.share_of_peak *= by / peak;
        times.share_of_bandwidth *= by / peak;
    }
    let session = &mut other.throughput.as_mut().unwrap().session;
    session.environment.cpu = "Another CPU".into();
    session.limits.iter_mut().for_each(|limits| limits.peak_flops *= peak);
    other
}

fn compared(reports: Vec<Report>, rules: &Rules) -> CompareReport {
    let subjects: Vec<Subject> = reports
        .into_iter()
        .enumerate()
        .map(|(i, mut report)| {
            // The disturbed round: 3 times as long, in which no verdict of a few percent can hold.
            for cell in report.workloads.iter_mut().flat_map(|workload| &mut workload.cells) {
                cell.throughput.as_mut().unwrap().rounds.remove(3);
            }
            Subject::of_sweep(format!("report {i}"), report)
        })
        .collect();
    compare(&subjects, rules)
}

const RULES: Rules = Rules { margin: 0.03, confidence: 0.95, only_if_ratio: None, filter: None };

#[test]
fn a_ratio_is_that_of_the_peaks_times_that_of_the_shares() {
    let first = report();
    let found = compared(vec![first.clone(), faster(&first, 1.9, 1.6), faster(&first, 0.5, 0.5)], &RULES);
    let pair = &found.pairs[0];
    assert_eq!((pair.verdicts.faster, pair.cells.len()), (12, 12));
    for cell in &pair.cells {
        let why = cell.why.as_ref().unwrap();
        assert!((cell.ratio.value.0 - 1.9).abs() < 1e-9 && (why.limits - 1.6).abs() < 1e-9, "{cell:?}");
        assert!(
            (why.limits * why.efficiency - cell.ratio.value.0).abs() < 1e-9 && why.limit == "bandwidth",
            "{cell:?}"
        );
    }
    assert_eq!(found.subjects.iter().map(|subject| subject.rank).collect::<Vec<_>>(), [Some(2), Some(1), Some(3)]);
    assert!((found.subjects[1].speed.unwrap().value.0 - 1.9).abs() < 1e-9);
    assert_eq!(found.pairs[1].verdicts.slower, 12);
    assert!(found.slower() && !found.inconclusive() && !found.bits_differ());
    let text = lines(&found, true).join("\n");
    assert!(text.contains("1.60 of the bandwidth × 1.19 of its use"), "{text}");
    assert!(text.contains("by geometric mean: 1. B  2. A  3. C"), "{text}");
    assert!(crate::report::page::comparison::page(&found).unwrap().contains("Another CPU"));
}

#[test]
fn no_verdict_where_the_interval_spans_one() {
    let first = report();
    let mut noisy = first.clone();
    for cell in noisy.workloads.iter_mut().flat_map(|workload| &mut workload.cells) {
        let rounds = &mut cell.throughput.as_mut().unwrap().rounds;
        rounds.iter_mut().enumerate().for_each(|(i, seconds)| *seconds *= if i % 2 == 0 { 1.4 } else { 0.8 });
    }
    let found = compared(vec![first.clone(), noisy], &RULES);
    for cell in &found.pairs[0].cells {
        let spans = cell.ratio.low.0 <= 1.0 && cell.ratio.high.0 >= 1.0;
        assert!(spans && cell.verdict.name() == "inconclusive", "{cell:?}");
    }
    assert!(found.inconclusive() && !found.slower());
    // Equal times are equivalent, which is a verdict of its own.
    let same = compared(vec![first.clone(), first], &RULES);
    assert_eq!(same.pairs[0].verdicts.equivalent, 12);
    assert!(!same.inconclusive());
}

#[test]
fn filters_show_less_and_judge_the_same() {
    let first = report();
    let mut other = faster(&first, 1.1, 1.0);
    other.workloads[0].cells[1] = faster(&first, 1.5, 1.0).workloads[0].cells[1].clone();
    let rules = Rules { only_if_ratio: Some(1.2), ..RULES };
    let found = compared(vec![first.clone(), other.clone()], &rules);
    assert_eq!((found.pairs[0].cells.len(), found.pairs[0].verdicts.faster), (1, 12));
    assert_eq!(found.pairs[0].cells[0].name, "valley, sgd, batch 64");
    let rules = Rules { filter: Some("narrow, adam".into()), ..RULES };
    assert_eq!(compared(vec![first, other], &rules).pairs[0].cells.len(), 3);
}

#[test]
fn the_first_cell_with_other_bits_is_named_and_other_runs_are_no_fault() {
    let first = report();
    let bits = |other: &Report| compared(vec![first.clone(), other.clone()], &RULES).pairs[0].bits.clone().unwrap();
    let same = bits(&first);
    assert_eq!((same.cells_in_both, same.equal, same.differ), (12, 12, 0));
    let mut wrong = first.clone();
    let cell = &mut wrong.workloads[1].cells[2];
    cell.targets[0].runs[3].digest = "0123456789abcdef".into();
    cell.convergence = "fedcba9876543210".into();
    let found = bits(&wrong);
    assert_eq!((found.equal, found.differ, found.other_runs), (11, 1, 0));
    assert_eq!(found.first_difference.unwrap().cell, "cliff, narrow, sgd, batch 512");
    assert!(compared(vec![first.clone(), wrong], &RULES).bits_differ());
    // Another seed: other keys.
    let mut other = first.clone();
    for run in other.workloads[0].cells[0].targets.iter_mut().flat_map(|target| &mut target.runs) {
        run.key = format!("other {}", run.key);
    }
    other.workloads[0].cells[0].convergence = "fedcba9876543210".into();
    let found = bits(&other);
    assert_eq!((found.equal, found.differ, found.other_runs), (11, 0, 1));
    // Reports of before have no digests.
    let mut old = first.clone();
    old.workloads[0].cells[0].convergence = String::new();
    let found = compared(vec![first.clone(), old], &RULES);
    assert!(found.pairs[0].bits.is_none() && found.warnings.iter().any(|w| w.warning == Warning::NoDigests));
}

#[test]
fn whatever_differs_has_a_warning_with_advice() {
    let first = report();
    let mut other = first.clone();
    (other.value_version, other.protocol_version, other.missing.cells) = (99, 98, 3);
    other.study.seed = 7;
    let timed = other.throughput.as_mut().unwrap();
    let environment = &mut timed.session.environment;
    environment.cpu = "x".into();
    environment.isa = "scalar".into();
    environment.threads = 8;
    environment.commit = "y".into();
    environment.rustc = "z".into();
    environment.build_profile = "debug".into();
    timed.disturbance.load = Some(17.0);
    other.self_check = Some(fake::self_check());
    let found = compared(vec![first.clone(), other], &RULES);
    let of_other: Vec<Warning> = found.warnings.iter().filter(|w| w.subject == 1).map(|w| w.warning).collect();
    use Warning::{
        Build, Commit, Compiler, Cpu, Disturbed, Isa, Protocol, SelfCheck, Study, Threads, Unfinished, ValueVersion,
    };
    let all =
        [ValueVersion, Protocol, Study, Cpu, Isa, Threads, Commit, Compiler, Build, Disturbed, SelfCheck, Unfinished];
    assert_eq!(of_other, all);
    assert!(found.warnings.iter().all(|warning| !warning.advice.is_empty() && !warning.what.is_empty()));
    let study = found.warnings.iter().find(|w| w.warning == Study).unwrap();
    assert_eq!(study.what, "seed: 1 and 7");
    let mut untimed = first.clone();
    untimed.throughput = None;
    untimed.workloads.iter_mut().flat_map(|w| &mut w.cells).for_each(|cell| cell.throughput = None);
    let subjects = [first, untimed].map(|report| Subject::of_sweep("r".into(), report));
    let found = compare(&subjects, &RULES);
    assert!(found.warnings.iter().any(|w| w.warning == Warning::NoTimes) && found.inconclusive());
    assert_eq!(found.subjects[0].speed, None::<crate::study::estimate::Estimate>);
}

/// The name of a workload does not tell its layers.
#[test]
fn cells_of_other_models_are_not_compared() {
    let first = report();
    let mut other = faster(&first, 1.2, 1.0);
    other.workloads[0].facts.model = "mlp 7-8-1".into();
    let found = compared(vec![first.clone(), other.clone(), first.clone()], &RULES);
    let pair = &found.pairs[0];
    let others = first.workloads[0].cells.len();
    let common = 12 - others;
    assert_eq!((pair.verdicts.faster, pair.cells.len(), pair.only_once), (common, common, 2 * others));
    assert!(pair.cells.iter().all(|cell| !cell.name.starts_with("valley")), "{:?}", pair.cells);
    assert_eq!(pair.bits.as_ref().unwrap().cells_in_both, common);
    assert!((found.subjects[1].speed.unwrap().value.0 - 1.2).abs() < 1e-9);
    let warnings: Vec<_> = found.warnings.iter().filter(|w| w.warning == Warning::Model).collect();
    assert!(warnings.len() == 1 && warnings[0].subject == 1, "{warnings:?}");
    assert_eq!(warnings[0].what, "valley: linear 64-1 with 65 parameters and mlp 7-8-1 with 65 parameters");
    // Nothing in common is no verdict.
    other.workloads[1].facts.parameters += 1;
    let found = compared(vec![first, other], &RULES);
    assert!(found.inconclusive() && found.subjects[1].speed.is_none());
    assert!(lines(&found, true).join("\n").contains("times: none in common"));
}

#[test]
fn one_is_no_plural() {
    let first = report();
    let mut other = first.clone();
    other.study.seed = 7;
    other.study.data_seed = 7;
    other.missing.cells = 1;
    let timed = other.throughput.as_mut().unwrap();
    timed.session.environment.threads = 1;
    let text = lines(&compared(vec![first, other], &RULES), true).join("\n");
    for part in [", 1 thread, commit", "and 1 field more", "1 cell is missing"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn benches_are_compared_by_processes_and_only_if_both_were_quiet() {
    let bench =
        |ours: f64, again: f64| Subject::of_bench("bench".into(), &crate::timing::fake::report(ours, 3e-6, again));
    let found = compare(&[bench(2e-6, 1.0), bench(1e-6, 1.0)], &RULES);
    let pair = &found.pairs[0];
    assert!(!pair.cells.is_empty() && pair.verdicts.faster == pair.cells.len() && pair.bits.is_none());
    assert!(pair.cells.iter().all(|cell| (cell.ratio.value.0 - 2.0).abs() < 1e-6), "{:?}", pair.cells);
    assert!(pair.cells.iter().all(|cell| (cell.why.as_ref().unwrap().limits - 1.0).abs() < 1e-9));
    assert!(found.warnings.is_empty(), "{:?}", found.warnings);
    let found = compare(&[bench(2e-6, 1.0), bench(1e-6, 1.5)], &RULES);
    let pair = &found.pairs[0];
    assert!(pair.verdicts.inconclusive == pair.cells.len() && found.inconclusive());
    assert!(found.warnings.iter().any(|w| w.warning == Warning::NotQuiet && w.subject == 1));
}
