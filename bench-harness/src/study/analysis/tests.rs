//! What a report says of runs and times that are formulas.

use super::*;
use crate::study::definition::FIRST_REPEAT;
use crate::study::fake;
use crate::study::record::Outcome;
use crate::study::result::{Quantity, Verdict};
use simdescent::Rule;

fn report() -> Report {
    let facts = fake::facts();
    let (records, throughput) = (fake::records(&facts), fake::throughput(&facts));
    let machine = fake::machine();
    analyze(Known {
        facts: &facts,
        records: &records,
        throughput: &throughput,
        machine: Some(&machine),
        self_check: None,
    })
    .unwrap()
}

#[track_caller]
fn near(a: f64, b: f64, relative: f64) {
    assert!((a / b - 1.0).abs() < relative, "{a} is not {b}");
}

#[test]
fn cells_are_what_the_formulas_say() {
    let report = report();
    assert_eq!(report.missing, Missing::default());
    assert_eq!(report.workloads.len(), 2);
    for cell in &report.workloads[0].cells {
        let rule = if cell.optimizer == "sgd" { Rule::Sgd } else { Rule::ADAM };
        for (target, share) in cell.targets.iter().zip([0.1, 0.01, 0.001]) {
            assert_eq!((target.outcome, target.runs.len()), (Outcome::Complete, 7));
            let tuning = &target.tuning;
            // Few steps on a grid hardly tell rates apart.
            let coarse = -libm::log(share) * fake::time_constant(rule, cell.batch_size) < 300.0;
            near(tuning.learning_rate, fake::best_rate(rule), if coarse { 0.6 } else { 0.15 });
            assert!(!tuning.at_border && tuning.trials.len() > 8 && tuning.vertex.is_some(), "{tuning:?}");
            assert!(tuning.regret >= 1.0 && tuning.regret < 1.2, "{tuning:?}");
            // The rates at which exp(0.3·x²) is 1.25 are 0.75 decades apart.
            near(tuning.good_rates.as_ref().unwrap().decades, 0.75, 0.2);
            assert_eq!(tuning.curve.len(), tuning.trials.len());
            // Up to the grid of 5 %.
            let wanted = -libm::log(share) * fake::time_constant(rule, cell.batch_size);
            let steps = target.steps.median.0;
            assert!((0.99..1.08).contains(&(steps / wanted)) || steps - wanted < 2.0, "{steps} {wanted}");
            assert_eq!(target.samples.median.0, steps * cell.batch_size as f64);
            let time = target.seconds.as_ref().unwrap();
            near(time.median.0, steps * fake::step_time(rule, cell.batch_size), 0.01);
            assert!(time.low.0 < time.median.0 && time.median.0 < time.high.0);
            assert!(target.steps.low.0 <= steps && steps <= target.steps.high.0);
            assert_eq!(target.success.value.0, 1.0);
        }
        let throughput = cell.throughput.as_ref().unwrap();
        near(throughput.samples_per_second, cell.batch_size as f64 / fake::step_time(rule, cell.batch_size), 0.01);
        near(throughput.share_of_peak, throughput.flops_per_second / 1e11, 1e-12);
        near(throughput.share_of_bandwidth, throughput.bytes_per_second / 1e10, 1e-12);
    }
}

#[test]
fn lines_of_step_times_are_found_despite_a_disturbed_round() {
    for line in &report().workloads[0].step_times {
        near(line.per_step.value.0, if line.optimizer == "sgd" { 1e-6 } else { 3e-6 }, 0.03);
        near(line.per_sample.value.0, 5e-8, 0.01);
    }
}

#[test]
fn winners_are_those_of_the_formulas() {
    let report = report();
    let workload = &report.workloads[0];
    let name = |cell: usize| (workload.cells[cell].optimizer.as_str(), workload.cells[cell].batch_size);
    let hardest = &workload.targets[2];
    // 13.9 steps of SGD at 512, 19 of Adam; samples are fewest at 8, by Adam; time is 93.4·3.4 µs there against 41.25·4.2 µs at 64.
    assert_eq!(hardest.steps.verdict.winner.map(name), Some(("sgd", 512)));
    assert_eq!(hardest.samples.verdict.winner.map(name), Some(("adam", 8)));
    assert_eq!(name(hardest.time.as_ref().unwrap().places[0].cell), ("sgd", 64));
    for ranking in [Some(&hardest.steps), Some(&hardest.samples), hardest.time.as_ref()].into_iter().flatten() {
        assert_eq!(ranking.places.len(), 6);
        assert_eq!(ranking.places[0].ratio.value.0, 1.0);
        assert!(ranking.places.windows(2).all(|pair| pair[0].ratio.value.0 <= pair[1].ratio.value.0));
        assert!(ranking.places[1..].iter().all(|p| p.p_value.is_some() && p.leader_beats_it.is_some()));
    }
    assert_eq!(hardest.steps.places[5].leader_beats_it.unwrap().value.0, 1.0);
    // Seven pairs: 2/2⁷, the smallest of five is multiplied by five.
    assert!((hardest.steps.places[5].p_value.unwrap() - 5.0 / 64.0).abs() < 1e-12);
    assert!(hardest.variance_removed_by_pairing.unwrap() > 0.8, "luck is shared");
    let [five, ten] = &hardest.relaxed[..] else { panic!("5 % and 10 %") };
    assert!(hardest.loss < five.loss && five.loss < ten.loss);
    assert_eq!(five.steps, hardest.steps.verdict);
}

/// Cells that say the same are tied, whatever their order.
#[test]
fn equal_cells_are_tied() {
    let mut facts = fake::facts();
    facts.study.optimizer.insert("again".into(), toml::from_str("rule = 'sgd'").unwrap());
    facts.study.optimizers.push("again".into());
    let records = fake::records(&facts);
    let known =
        Known { facts: &facts, records: &records, throughput: &Throughput::default(), machine: None, self_check: None };
    let report = analyze(known).unwrap();
    let steps = &report.workloads[0].targets[2].steps.verdict;
    assert_eq!((steps.winner, steps.tied.len()), (None, 2));
    assert!(report.workloads[0].targets[2].time.is_none() && report.throughput.is_none());
}

/// A cell that missed may be tied with a leader that nearly did; its name is in the sentence on misses alone.
#[test]
fn tied_cells_that_missed_are_counted_apart() {
    let mut workload = report().workloads.remove(0);
    let ranking = &mut workload.targets[0].steps;
    let leader = ranking.verdict.named()[0];
    let other = (0..workload.cells.len()).find(|&cell| cell != leader).unwrap();
    ranking.verdict = Verdict { winner: None, tied: vec![leader, other] };
    let sentence = |workload: &WorkloadReport| answers(workload, None)[0].steps.clone().unwrap();
    assert!(sentence(&workload).contains("; not to be told apart from it: "), "{}", sentence(&workload));
    workload.cells[other].targets[0].steps.median.0 = f64::INFINITY;
    let missed = sentence(&workload);
    assert!(missed.contains("not excluded either: 1") && !missed.contains("told apart"), "{missed}");
}

#[test]
fn what_is_missing_is_said_and_the_rest_is_reported() {
    let facts = fake::facts();
    let all = fake::records(&facts);
    let mut some = Records::default();
    // Without the repeats of Adam at 512.
    let is_left_out = |record: &crate::study::record::ConvergenceRecord| {
        let settings = &record.specification.settings;
        settings.rule != Rule::Sgd && settings.batch_size == 512 && settings.trial >= FIRST_REPEAT
    };
    for record in all.iter().filter(|record| !is_left_out(record)) {
        some.add(record.clone(), "a test").unwrap();
    }
    let throughput = fake::throughput(&facts);
    let known = Known { facts: &facts, records: &some, throughput: &throughput, machine: None, self_check: None };
    let report = analyze(known).unwrap();
    assert_eq!(report.missing, Missing { cells: 2, timings: 0 });
    assert_eq!(report.workloads[0].cells.len(), 5);
    assert_eq!(report.workloads[0].targets[0].steps.places.len(), 5);
}

#[test]
fn profiles_compare_optimizers_over_workloads() {
    let report = report();
    assert_eq!(report.profiles.len(), 3);
    let steps: Vec<_> = report.profiles[0].iter().filter(|profile| profile.quantity == Quantity::Steps).collect();
    let [sgd, adam] = &steps[..] else { panic!("two optimizers") };
    assert_eq!((sgd.optimizer.as_str(), sgd.ratios.len()), ("sgd", 6), "three batch sizes of two workloads");
    assert!(sgd.score > 0.0 && sgd.score <= 1.0 && adam.score > 0.5);
}

/// A report is a pure function: JSON, read and written again, is the same.
#[test]
fn reports_are_the_same_again_and_can_be_read() {
    let text = serde_json::to_string(&report()).unwrap();
    assert_eq!(text, serde_json::to_string(&report()).unwrap());
    let read: Report = serde_json::from_str(&text).unwrap();
    assert_eq!(serde_json::to_string(&read).unwrap(), text);
}

/// A cell alone, or a leader of whom one seed says nothing, has won nothing.
#[test]
fn nobody_wins_without_evidence() {
    let verdict = |facts: &StudyFacts| {
        let (records, throughput) = (fake::records(facts), Throughput::default());
        let known = Known { facts, records: &records, throughput: &throughput, machine: None, self_check: None };
        analyze(known).unwrap().workloads[0].targets[2].steps.verdict.clone()
    };
    let mut alone = fake::facts();
    alone.study.optimizers.truncate(1);
    alone.workloads[0].batch_sizes = vec![512];
    assert_eq!(verdict(&alone), Verdict { winner: None, tied: vec![0] });
    let mut once = fake::facts();
    assert!(verdict(&once).winner.is_some());
    once.study.repeats = 1;
    assert!(verdict(&once).winner.is_none());
}
