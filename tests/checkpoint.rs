//! A run that stopped and went on is the run that did not.

use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{
    Checkpoint, CheckpointError, Dataset, Dropout, Initializer, LastBatch, LearningRate, Linear, Loss, Mlp, Model,
    Plateau, ReduceOnPlateau, Rule, Sampling, Settings, StepTransforms, Trainer, synthetic,
};
use simdescent_kernels::activation::Activation;
use simdescent_kernels::{Exec, Par, isa};

fn stream(purpose: Purpose) -> Stream {
    Stream::new(StreamKey::new(purpose, 4))
}

fn data() -> Dataset {
    synthetic::gaussian_mixture(310, 10, 4, 2.0, &mut stream(Purpose::Data))
}

fn model(hidden: usize) -> Mlp {
    let widths = [10, hidden, 4];
    Mlp::new(&widths, Activation::Relu, Initializer::HeNormal, &mut stream(Purpose::Weights))
        .with_dropout(Dropout::new(0.25, 0, 3).unwrap())
}

fn settings(rule: Rule, sampling: Sampling) -> Settings {
    let plateau = Plateau { patience: 1, min_delta: 0.5, cooldown: 0 };
    let schedule = ReduceOnPlateau { rate: 0.01, factor: 0.5, floor: 0.0, plateau };
    Settings {
        loss: Loss::SoftmaxCrossEntropy,
        rule,
        learning_rate: LearningRate::ReduceOnPlateau(schedule),
        // Seven batches an epoch: step 100 is in the middle of one.
        batch_size: 48,
        sampling,
        seed: 3,
        ..Settings::default()
    }
}

/// Steps, with a validation loss now and then that ends in plateaus.
fn go(trainer: &mut Trainer<'_, Mlp>, steps: u64) {
    for _ in 0..steps {
        trainer.step();
        if trainer.history().steps() % 15 == 0 {
            trainer.record_validation(1.0);
        }
    }
}

#[test]
fn a_resumed_run_is_the_run_that_went_on() {
    let folder = tempfile::tempdir().unwrap();
    let (data, path) = (data(), folder.path().join("run.safetensors"));
    let mut cases: Vec<Settings> = Rule::ALL.iter().map(|&rule| settings(rule, Sampling::Reshuffled)).collect();
    for sampling in [Sampling::FixedOrder, Sampling::WithReplacement] {
        cases.push(settings(Rule::ADAM, sampling));
    }
    let step_transforms = StepTransforms { clip_norm: Some(1.0), l1: 1e-4, ..StepTransforms::NONE };
    cases.push(Settings { last_batch: LastBatch::Drop, step_transforms, ..settings(Rule::ADAM, Sampling::Reshuffled) });
    for settings in cases {
        let exec = Exec::default();
        let mut whole = Trainer::new(exec, model(16), &data, settings).unwrap();
        go(&mut whole, 200);

        let mut half = Trainer::new(exec, model(16), &data, settings).unwrap();
        go(&mut half, 100);
        half.checkpoint().unwrap().write(&path).unwrap();
        drop(half);
        let checkpoint = Checkpoint::read(&path).unwrap();
        // The weights it starts from are overwritten; it goes on with another instruction set.
        let mut other = model(16);
        other.parameters_mut().fill(7.0);
        let exec = Exec::new(isa::available()[0], Par::Seq);
        let mut resumed = Trainer::resume(exec, other, &data, &checkpoint).unwrap();
        assert_eq!(resumed.history().steps(), 100);
        go(&mut resumed, 100);
        assert_eq!(resumed.digest(), whole.digest(), "{settings:?}");
        assert_eq!((resumed.history(), resumed.plan()), (whole.history(), whole.plan()));
        assert!(whole.plan().learning_rate < 0.01);
        let results = [whole, resumed].map(|mut trainer| trainer.checkpoint().unwrap().weights);
        assert_eq!(results[0], results[1]);
    }
}

/// Whether penalties take in biases goes with a run; a file that does not say so is from before it was a choice, when they did.
#[test]
fn a_resumed_run_penalizes_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (data, path) = (data(), folder.path().join("run.safetensors"));
    let resume = || Trainer::resume(Exec::default(), model(16), &data, &Checkpoint::read(&path).unwrap()).unwrap();
    let runs = [false, true].map(|penalize_bias| {
        let settings = Settings { l2: 0.1, penalize_bias, ..settings(Rule::ADAM, Sampling::Reshuffled) };
        let mut whole = Trainer::new(Exec::default(), model(16), &data, settings).unwrap();
        go(&mut whole, 20);
        whole.checkpoint().unwrap().write(&path).unwrap();
        go(&mut whole, 20);
        let mut resumed = resume();
        assert_eq!(resumed.settings(), &settings);
        go(&mut resumed, 20);
        assert_eq!(resumed.digest(), whole.digest(), "{penalize_bias}");
        whole.digest()
    });
    assert_ne!(runs[0], runs[1]);

    // The last of the two files, without the entry: spaces in its place keep the length of the header.
    let (mut bytes, entry) = (std::fs::read(&path).unwrap(), br#"\"penalize_bias\":true,"#);
    let at = bytes.windows(entry.len()).position(|window| window == entry).expect("the entry");
    bytes[at..][..entry.len()].fill(b' ');
    std::fs::write(&path, bytes).unwrap();
    let mut resumed = resume();
    assert!(resumed.settings().penalize_bias);
    go(&mut resumed, 20);
    assert_eq!(resumed.digest(), runs[1]);
}

#[test]
fn weights_are_the_average_where_the_rule_averages() {
    let data = data();
    for rule in [Rule::ADAM, Rule::SCHEDULE_FREE] {
        let mut trainer =
            Trainer::new(Exec::default(), model(16), &data, settings(rule, Sampling::Reshuffled)).unwrap();
        go(&mut trainer, 10);
        let mut loaded = model(16);
        trainer.checkpoint().unwrap().load_weights(&mut loaded).unwrap();
        assert_eq!(loaded.parameters(), trainer.at_average(|model| model.parameters().to_vec()));
        assert_eq!(loaded.parameters() == trainer.model().parameters(), rule == Rule::ADAM);
    }
}

#[test]
fn another_model_or_other_data_are_refused() {
    let data = data();
    let mut trainer =
        Trainer::new(Exec::default(), model(16), &data, settings(Rule::ADAM, Sampling::Reshuffled)).unwrap();
    go(&mut trainer, 10);
    let checkpoint = trainer.checkpoint().unwrap();
    let refused = |model: Mlp, data: &Dataset| match Trainer::resume(Exec::default(), model, data, &checkpoint) {
        Err(CheckpointError::Mismatch(message)) => message,
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("resumed"),
    };
    assert!(refused(model(8), &data).contains("the model [(10, 8)"));
    let mut inputs = data.inputs().to_vec();
    inputs[17] += 1.0;
    let other = Dataset::new("other", inputs, 10, data.targets().clone()).unwrap();
    assert!(refused(model(16), &other).contains("other data than other"));
    let (part, _) = data.clone().split_at(300).unwrap();
    assert!(refused(model(16), &part).contains("other data"));
    let weighted = data.clone().with_weights(vec![1.0; data.rows()]).unwrap();
    assert!(refused(model(16), &weighted).contains("other data"));
    assert!(checkpoint.load_weights(&mut Linear::new(10, true)).is_err());
}

#[test]
fn files_are_replaced_whole_and_equal_runs_make_equal_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let data = data();
    let run = |steps| {
        let mut trainer =
            Trainer::new(Exec::default(), model(16), &data, settings(Rule::ADAM, Sampling::Reshuffled)).unwrap();
        go(&mut trainer, steps);
        let mut checkpoint = trainer.checkpoint().unwrap();
        for note in ["a", "b", "c", "d"] {
            checkpoint.notes.insert(note.into(), "text".into());
        }
        checkpoint.write(&path).unwrap();
        std::fs::read(&path).unwrap()
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    assert_eq!(Checkpoint::read(&path).unwrap().notes["c"], "text");
    // A folder in the way: an error, and no trace.
    let blocked = folder.path().join("folder");
    std::fs::create_dir_all(blocked.join("x")).unwrap();
    let message = Checkpoint::read(&path).unwrap().write(&blocked).unwrap_err().to_string();
    assert!(message.contains("folder: cannot write"), "{message}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    let message = Checkpoint::read(&path).unwrap().write(&folder.path().join("no/such")).unwrap_err().to_string();
    assert!(message.contains("cannot write"), "{message}");
}
