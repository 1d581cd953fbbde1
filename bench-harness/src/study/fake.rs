//! A small study whose runs and times are formulas: what a report has to say of it is known.

use super::analysis::{Known, analyze};
use super::definition::{LossOn, Study};
use super::facts::{DataFacts, ReferenceSource, StudyFacts, WorkloadFacts};
use super::machine::{Machine, Session};
use super::protocol::next_evaluation;
use super::record::{ConvergenceRecord, Curve, Outcome};
use super::result::Report;
use super::runner::Runner;
use super::schedule::{Done, Task, Workshop};
use super::self_check::{Check, SelfCheck};
use super::specification::Specification;
use super::store::{RecordFile, Records};
use super::throughput::{Block, Throughput, ThroughputLine, ThroughputRecord, Work};
use crate::base::progress::Progress;
use crate::environment::Environment;
use crate::environment::disturbance::Disturbance;
use crate::environment::limits::{Bandwidth, Limits};
use anyhow::Result;
use simdescent::{LearningRate, Loss, Rule};
use std::sync::atomic::AtomicBool;

const STUDY: &str = r#"
name = "fake"
optimizers = ["sgd", "adam"]
batch-sizes = [8, 64, 512]
repeats = 7
[tuning]
points = 8
seeds = 2
[throughput]
rounds = 9
[[workloads]]
name = "valley"
problem = { workload = "linear" }
loss-on = "training"
budget-samples = 200_000
[[workloads]]
name = "cliff, narrow"
problem = { workload = "linear" }
budget-samples = 60_000
"#;

/// The rate at which a rule is best, the same at every batch size.
pub(crate) fn best_rate(rule: Rule) -> f64 {
    if rule == Rule::Sgd { 0.2 } else { 0.01 }
}

/// Steps in which the gap becomes smaller by the factor e, at the best rate and with mean luck.
pub(crate) fn time_constant(rule: Rule, batch_size: usize) -> f64 {
    let hyperbola = 10.0 + 2000.0 / batch_size as f64;
    if rule == Rule::Sgd { hyperbola } else { 0.5 * hyperbola + 12.0 }
}

/// Seconds of a step.
pub(crate) fn step_time(rule: Rule, batch_size: usize) -> f64 {
    let per_step = if rule == Rule::Sgd { 1e-6 } else { 3e-6 };
    per_step + 5e-8 * batch_size as f64
}

/// Does no training: the gap falls exponentially, more slowly away from the best rate, and explodes far above it.
struct FakeRunner;

impl Runner for FakeRunner {
    fn run(&self, workload: usize, specification: &Specification, _: &AtomicBool) -> Result<Option<ConvergenceRecord>> {
        let Specification { settings, budget, target, .. } = specification;
        // A batch that grows takes its rate along.
        let LearningRate::Constant { rate } = settings.learning_rate else { unreachable!("of the study above") };
        let away = libm::log(rate / best_rate(settings.rule));
        // The luck of a trial is the same for all: pairs.
        let luck = 1.0 + 0.05 * ((settings.trial * 7 % 10) as f64 - 4.5) / 4.5;
        let narrow = if workload == 1 { 6.0 } else { 1.0 };
        let slower = luck * libm::exp(0.3 * narrow * away * away);
        let (mut curve, mut outcome, mut samples, mut steps) = (Curve::default(), Outcome::Censored, 0, 0);
        let mut fallen = 0.0;
        while samples < *budget {
            let due = next_evaluation(samples).min(*budget);
            while samples < due {
                let batch_size = settings.plan(steps, samples, &[]).batch_size;
                fallen += 1.0 / (slower * time_constant(settings.rule, batch_size));
                samples += batch_size as u64;
                steps += 1;
            }
            if away > 1.5 / narrow {
                outcome = Outcome::Diverged;
                break;
            }
            curve.push(steps, samples, 0.25 + libm::exp(-fallen));
            if target.is_some_and(|target| curve.holds(target)) {
                outcome = Outcome::Complete;
                break;
            }
        }
        let key = specification.key()?;
        let chain = vec!["0".repeat(16); curve.loss.len()];
        let digest = key.clone();
        let specification = specification.clone();
        Ok(Some(ConvergenceRecord { key, specification, outcome, initial_loss: 1.25, curve, chain, digest }))
    }
}

/// Says nothing.
pub(crate) struct Quiet;

impl Progress for Quiet {
    fn advance(&self) {}
}

pub(crate) fn facts() -> StudyFacts {
    let study = Study::parse(STUDY).unwrap();
    let data = |name: &str, rows| DataFacts { name: name.into(), rows, features: 64, sha256: format!("{name}{rows}") };
    let workload = |(name, loss_on, budget): (&str, LossOn, u64)| WorkloadFacts {
        name: name.into(),
        model: "linear 64-1".into(),
        canonical_model: "linear 64-1".into(),
        parameters: 65,
        loss: Loss::Squared,
        target_scaling: None,
        training: data(name, 4000),
        evaluation: data(name, if loss_on == LossOn::Training { 4000 } else { 1000 }),
        loss_on,
        budget,
        batch_sizes: vec![8, 64, 512],
        initial_loss: 1.25,
        reference_loss: 0.25,
        reference: ReferenceSource::Given,
        targets: WorkloadFacts::targets(1.25, 0.25, &study.targets),
    };
    let workloads =
        [("valley", LossOn::Training, 200_000), ("cliff, narrow", LossOn::Validation, 60_000)].map(workload);
    StudyFacts::new(&study, workloads.into())
}

/// The records of all runs of all cells.
pub(crate) fn records(facts: &StudyFacts) -> Records {
    let mut records = Records::default();
    let done = with_workshop(&mut records, |workshop| workshop.cells(facts, &facts.cells().unwrap()));
    assert_eq!(done, Done::All);
    records
}

/// What all these records say; with times and a self-check, or without.
pub(crate) fn report(timed: bool) -> Report {
    let facts = facts();
    let throughput = if timed { throughput(&facts) } else { Throughput::default() };
    let records = records(&facts);
    let self_check = timed.then(self_check);
    analyze(Known { facts: &facts, records: &records, throughput: &throughput, machine: None, self_check }).unwrap()
}

/// Adds the records of these runs.
pub(crate) fn run(records: &mut Records, tasks: Vec<Task>) {
    assert_eq!(with_workshop(records, |workshop| workshop.runs(tasks)), Done::All);
}

fn with_workshop(records: &mut Records, work: impl FnOnce(&mut Workshop<'_, FakeRunner>) -> Result<Done>) -> Done {
    let dir = tempfile::tempdir().unwrap();
    let (mut file, _) = RecordFile::open(&dir.path().join("records.jsonl")).unwrap();
    let stop = AtomicBool::new(false);
    let mut workshop =
        Workshop { runner: &FakeRunner, jobs: 2, stop: &stop, progress: &Quiet, records, file: &mut file };
    work(&mut workshop).unwrap()
}

fn environment() -> Environment {
    let text = |text: &str| text.to_owned();
    Environment {
        cpu: text("Some CPU"),
        logical_cores: 2,
        os: text("linux"),
        isa: text("avx2"),
        isas_available: vec![text("scalar"), text("avx2")],
        threads: 1,
        rustc: text("rustc 1.89.0"),
        target: text("x86_64-unknown-linux-gnu"),
        build_profile: text("release"),
        version: text("0.1.0"),
        commit: text("0123456789"),
    }
}

pub(crate) fn machine() -> Machine {
    Machine::of(&environment())
}

/// The times of all cells: rounds vary by 2 %, all cells of a round alike, and the fourth round was disturbed.
pub(crate) fn throughput(facts: &StudyFacts) -> Throughput {
    let bandwidth =
        |(bytes, level, copy)| Bandwidth { bytes, level: Some(String::from(level)), read: 2.0 * copy, copy };
    let limits = Limits {
        peak_flops: 1e11,
        bandwidths: [(16 << 10, "L1", 2e11), (256 << 10, "L2", 8e10), (64 << 20, "memory", 1e10)].map(bandwidth).into(),
    };
    let session = Session {
        started: "2026-01-02T03:04:05Z".into(),
        environment: environment(),
        limits: [limits.clone(), limits],
    };
    let mut lines = vec![ThroughputLine::Session(Box::new(session))];
    for (place, cell) in facts.cells().unwrap().iter().enumerate() {
        let specification = facts.throughput(cell, &machine()).unwrap();
        let batch = cell.batch_size as u64;
        let block = |round: usize| {
            let disturbed = if round == 3 { 3.0 } else { 1.0 };
            let relative = 1.0 + 0.02 * (round as f64 * 5.0 % 9.0 - 4.0) / 4.0;
            let seconds = 100.0 * disturbed * relative * step_time(cell.optimizer.rule, cell.batch_size);
            let disturbance = Disturbance {
                load: Some(0.5),
                involuntary_switches: Some(u64::from(round == 3)),
                stolen_ticks: None,
                throttled: None,
            };
            Block { round, place, steps: 100, samples: 100 * batch, seconds, disturbance }
        };
        let work = Work { flops: 256.0 * batch as f64, bytes: 256.0 * batch as f64 + 520.0, working_set: 1e6 };
        let blocks = (0..facts.study.throughput.rounds).map(block).collect();
        let key = specification.key().unwrap();
        lines.push(ThroughputLine::Cell(Box::new(ThroughputRecord { key, specification, work, blocks })));
    }
    Throughput::new(lines)
}

pub(crate) fn self_check() -> SelfCheck {
    let check = |name: &str, measured, ok| Check {
        name: name.into(),
        measured,
        low: measured - 0.1,
        high: measured + 0.1,
        expected: 1.0,
        ok,
    };
    SelfCheck { checks: vec![check("variance", 1.05, true), check("noise scale", 1.25, false)] }
}
