//! Faults that are planted in a run, and found.

use super::lines;
use crate::difference::records::{Again, compare, folders, repeat};
use crate::difference::replay::{Fault, record_claim};
use crate::difference::search::{Claim, Search, most_runs};
use crate::difference::vectors::vector_difference;
use crate::study::definition::Study;
use crate::study::facts::{StudyFacts, WorkloadFacts};
use crate::study::protocol::VERSION;
use crate::study::record::ConvergenceRecord;
use crate::study::runner::{Runner, TrainingRunner};
use crate::study::specification::Specification;
use crate::study::store::{FACTS, Records, StudyFolder};
use crate::study::workload::Workload;
use simdescent::kernels::isa::{Isa, active};
use simdescent::kernels::{Exec, Par, Team};
use simdescent::{KernelCall, LearningRate, Phase, Probe, Rule, Settings};
use std::sync::atomic::AtomicBool;

const STUDY: &str = "name = 'network'\noptimizers = ['sgd']\nbatch-sizes = [40]\nrepeats = 3\n[tuning]\npoints = 4\nseeds = 2\n\
    [[workloads]]\nname = 'teacher'\nproblem = { workload = 'teacher-student' }\nbudget-samples = 20_000\n";

/// Turns one bit of one element of a result over, as a lane that is computed wrongly does, in step 317; no lower one, which the next
/// rounding might remove.
struct Flip {
    step: u64,
    call: (Phase, Option<usize>, &'static str),
}

impl Probe for Flip {
    fn called(&mut self, call: KernelCall, result: &mut [f32]) {
        self.step += u64::from(call.phase == Phase::Batch);
        if self.step == 317 && (call.phase, call.layer, call.result) == self.call {
            let lane = result.iter().position(|x| *x != 0.0).expect("a result that is not all zeros");
            result[lane] = f32::from_bits(result[lane].to_bits() ^ 1 << 12);
        }
    }
}

/// The fault, on two threads only.
fn planted(exec: Exec<'_>, call: (Phase, Option<usize>, &'static str)) -> Option<Box<dyn Probe>> {
    (exec.par().threads() == 2).then(|| Box::new(Flip { step: 0, call }) as Box<dyn Probe>)
}

struct Example {
    study: Study,
    workload: Workload,
}

impl Example {
    fn new() -> Self {
        let study: Study = toml::from_str(STUDY).unwrap();
        let workload = Workload::load(&study.workloads[0], &study).unwrap();
        Self { study, workload }
    }

    fn specification(&self, rule: Rule, trial: u64) -> Specification {
        Specification {
            protocol: VERSION,
            values: simdescent::VALUE_VERSION,
            training: self.workload.problem.training.digest(),
            evaluation: self.workload.evaluation().digest(),
            model: self.workload.model().canonical(),
            settings: Settings {
                rule,
                trial,
                learning_rate: LearningRate::Constant { rate: 0.01 },
                batch_size: 40,
                ..self.workload.settings
            },
            budget: 20_000,
            target: None,
        }
    }

    fn record(&self, exec: Exec<'_>, specification: &Specification) -> ConvergenceRecord {
        let runner = TrainingRunner { exec, workloads: vec![self.workload.training_data()] };
        runner.run(0, specification, &AtomicBool::new(false)).unwrap().unwrap()
    }

    fn search(&self, rule: Rule, fault: Option<Fault>) -> Search {
        let team = Team::new(2).unwrap();
        let sides = [Exec::new(active(), Par::Seq), Exec::new(active(), Par::Team(&team))];
        let record = self.record(sides[0], &self.specification(rule, 0));
        let again = Again { sides: &sides, stop: &AtomicBool::new(false), fault };
        let claims = [Claim { steps: None, text: record_claim(&record, None) }];
        repeat(self.workload.training_data(), &record, (0, None, &claims), &again).unwrap().unwrap()
    }
}

#[test]
fn a_fault_in_one_lane_at_step_317_is_named_with_its_kernel() {
    let example = Example::new();
    // Adam on 40 samples steps after the backward pass, SGD within it.
    let adam: [(Fault, Phase, Option<usize>, &str); 4] = [
        (|e| planted(e, (Phase::Forward, Some(1), "outputs")), Phase::Forward, Some(1), "gemm_fused"),
        (|e| planted(e, (Phase::Loss, None, "gradient of the outputs")), Phase::Loss, None, "pointwise_in_place"),
        (|e| planted(e, (Phase::Backward, Some(0), "gradient of the weights")), Phase::Backward, Some(0), "gemm"),
        (|e| planted(e, (Phase::Optimizer, None, "second state")), Phase::Optimizer, None, "fused_step"),
    ];
    let sgd: [(Fault, Phase, Option<usize>, &str); 2] = [
        (|e| planted(e, (Phase::Backward, Some(1), "gradient of the bias")), Phase::Backward, Some(1), "gemv_t"),
        (
            |e| planted(e, (Phase::Backward, Some(0), "weights after the step")),
            Phase::Backward,
            Some(0),
            "gemm_fused with Update",
        ),
    ];
    let all = adam.map(|fault| (Rule::ADAM, fault)).into_iter().chain(sgd.map(|fault| (Rule::Sgd, fault)));
    for (rule, (fault, phase, layer, kernel)) in all {
        let found = example.search(rule, Some(fault));
        let parting = found.found.as_ref().unwrap_or_else(|| panic!("{phase:?} {kernel}: not found"));
        assert_eq!(parting.step, 317, "{phase:?} {kernel}");
        let call = parting.call.as_ref().unwrap();
        assert_eq!((call.phase, call.layer, &*call.kernel, call.differ), (phase, layer, kernel, 1));
        assert_eq!((parting.sides[0].threads, parting.sides[1].threads), (1, 2), "the side of the file is the first");
        assert_eq!([&found.sides[0].gives, &found.sides[1].gives], [&vec![true], &vec![false]]);
        assert_eq!(found.steps, 508);
        assert!(found.runs <= most_runs(found.steps), "{} runs, at most {}", found.runs, most_runs(found.steps));
        assert_eq!((found.runs, most_runs(508)), (4, 16));
    }
}

#[test]
fn without_a_fault_all_sides_give_the_record() {
    let found = Example::new().search(Rule::ADAM, None);
    assert_eq!((found.found, found.runs), (None, 2));
    assert!(found.sides.iter().all(|side| side.gives == [true]));
}

/// The probes change no bit: the step with one is the step without.
#[test]
fn a_probe_that_looks_changes_nothing() {
    struct Looks;
    impl Probe for Looks {
        fn called(&mut self, _: KernelCall, _: &mut [f32]) {}
    }
    let example = Example::new();
    let exec = Exec::new(Isa::scalar(), Par::Seq);
    for rule in [Rule::Sgd, Rule::ADAM, Rule::LAMB, Rule::MUON] {
        let specification = example.specification(rule, 3);
        let data = example.workload.training_data();
        let mut probed = crate::study::runner::Run::new(exec, data, &specification).unwrap();
        probed.trainer.set_probe(Some(Box::new(Looks)));
        while probed.outcome.is_none() {
            probed.step();
        }
        assert_eq!(probed.record().unwrap(), example.record(exec, &specification), "{}", rule.name());
    }
}

/// Two folders: one run has other bits from step 317 on, one is missing in the second.
#[test]
fn folders_name_interval_step_and_whose_bits_are_given_here() {
    let example = Example::new();
    let fault: Fault = |e| planted(e, (Phase::Backward, Some(0), "gradient of the weights"));
    let team = Team::new(2).unwrap();
    let sides = [Exec::new(active(), Par::Seq), Exec::new(active(), Par::Team(&team))];
    let right = example.record(sides[0], &example.specification(Rule::ADAM, 0));
    let wrong = {
        let data = example.workload.training_data();
        let mut run = crate::study::runner::Run::new(sides[0], data, &right.specification).unwrap();
        run.trainer.set_probe(fault(sides[1]));
        while run.outcome.is_none() {
            run.step();
        }
        run.record().unwrap()
    };
    assert_ne!(right.chain, wrong.chain, "the fault is no rounding");
    let other = example.record(sides[0], &example.specification(Rule::ADAM, 1));
    let found = example.workload.facts(&example.study).unwrap();
    let known = WorkloadFacts { initial_loss: 1.0, reference_loss: 0.0, targets: vec![0.1, 0.01, 0.001], ..found };
    let facts = StudyFacts::new(&example.study, vec![known]);
    let dir = tempfile::tempdir().unwrap();
    let folder = |name: &str, records: &[ConvergenceRecord]| {
        let folder = StudyFolder::create(&dir.path().join(name)).unwrap();
        folder.write_json(FACTS, &facts).unwrap();
        folder.open_records().unwrap().0.add(records).unwrap();
        folder
    };
    let (a, b) = (folder("a", &[right.clone(), other]), folder("b", &[wrong]));
    let again = Again { sides: &sides, stop: &AtomicBool::new(false), fault: Some(fault) };
    let report = folders(&a, &b, Some(&again)).unwrap().unwrap();
    let counts = report.records.unwrap();
    assert_eq!((counts.in_both, counts.only_in_a, counts.only_in_b, counts.differ), (1, 1, 0, 1));
    let run = &report.runs[0];
    assert!(run.after_step < 317 && run.by_step.unwrap() >= 317, "{run:?}");
    assert!(run.by_step.unwrap() - run.after_step < 20, "one interval of the grid: {run:?}");
    let search = report.search.as_ref().unwrap();
    assert_eq!([&search.sides[0].gives[..], &search.sides[1].gives[..]], [[true, false], [false, true]]);
    assert_eq!(search.found.as_ref().unwrap().step, 317);
    let text = lines(&report).join("\n");
    assert!(
        text.contains("part in step 317") && text.contains("gemm (backward, layer 1: gradient of the weights)"),
        "{text}"
    );

    // On a machine without the fault: whose bits are right, and no step.
    let again = Again { fault: None, ..again };
    let report = folders(&a, &b, Some(&again)).unwrap().unwrap();
    let text = lines(&report).join("\n");
    assert!(!report.equal && text.contains("all 2 sides here give A"), "{text}");
    // What is not there is no difference of bits.
    let a_again = folder("c", std::slice::from_ref(&right));
    let report = folders(&a, &a_again, None).unwrap().unwrap();
    let text = lines(&report).join("\n");
    assert!(report.equal && text.contains("they differ only in what is not there"), "{text}");
}

#[test]
fn other_specifications_are_named_by_field() {
    let example = Example::new();
    let exec = Exec::new(Isa::scalar(), Par::Seq);
    let facts = |study: &Study| StudyFacts::new(study, vec![example.workload.facts(study).unwrap()]);
    let seeded = Study { seed: 2, ..example.study.clone() };
    let records = |seed: u64| {
        let mut specification = example.specification(Rule::Sgd, 0);
        specification.settings.seed = seed;
        specification.budget = 400;
        let mut records = Records::default();
        records.add(example.record(exec, &specification), "here").unwrap();
        records
    };
    let report = compare(vec![], &[facts(&example.study), facts(&seeded)], &[records(1), records(2)]).unwrap();
    let fields: Vec<_> = report.fields.iter().map(|difference| difference.field.as_str()).collect();
    assert_eq!(fields, ["study.seed", "run.settings.seed"]);
    assert!(!report.equal && report.records.unwrap().in_both == 0);
}

#[test]
fn vectors_differ_by_bits() {
    let found = vector_difference("x".into(), &[0.0, 1.0, f32::NAN, 2.0], &[-0.0, 1.0, -f32::NAN, 3.0]).unwrap();
    assert_eq!((found.differ, found.of, found.first), (2, 4, 0));
    assert!(vector_difference("x".into(), &[1.0], &[1.0]).is_none());
    assert_eq!(vector_difference("x".into(), &[1.0], &[1.0, 2.0]).unwrap().first, 1);
}
