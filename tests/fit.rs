//! Schedules, batch growth, dropout and early stopping in whole training runs.

use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{
    BatchGrowth, Checkpoint, ConfigError, Dataset, Dropout, EarlyStopping, Evaluator, FitOptions, FitProgress,
    Initializer, LearningRate, Linear, Loss, Mlp, Model, Plateau, ReduceOnPlateau, Rule, Sampling, Settings, Step,
    Stop, Trainer, synthetic,
};
use simdescent_kernels::activation::Activation;
use simdescent_kernels::{Exec, Par, Team, isa};

fn stream(purpose: Purpose) -> Stream {
    Stream::new(StreamKey::new(purpose, 4))
}

fn regression(rows: usize, features: usize, noise: f64) -> Dataset {
    synthetic::linear(rows, features, noise, &mut stream(Purpose::Data))
}

/// 18 noisy rows for 15 features, and as many as one likes to see the overfitting.
fn overfitting() -> (Dataset, Dataset) {
    regression(500, 15, 1.0).split_at(18).unwrap()
}

fn descent(rate: f64) -> Settings {
    let learning_rate = LearningRate::Constant { rate };
    Settings { learning_rate, batch_size: 18, sampling: Sampling::FixedOrder, ..Settings::default() }
}

#[test]
fn early_stopping_ends_an_overfitting_run_at_its_best_weights() {
    let (training, held_out) = overfitting();
    let validation = Evaluator::new(Loss::Squared, &held_out).unwrap();
    let run = |early_stopping| {
        let mut trainer = Trainer::new(Exec::default(), Linear::new(15, true), &training, descent(0.05)).unwrap();
        let options = FitOptions { steps: 5000, samples: None, validate_every: 5, early_stopping };
        let fit = trainer.fit(&validation, options).unwrap();
        let left = validation.evaluate(Exec::default(), trainer.model_mut()).loss;
        (fit, left, trainer.history().steps())
    };
    let (full, overfitted, steps) = run(None);
    assert_eq!((full.stop, steps, full.validations.len()), (Stop::Steps, 5000, 1001));
    let (fit, restored, steps) = run(Some(EarlyStopping { patience: 4, min_delta: 0.0 }));
    let best = fit.best.unwrap();
    assert_eq!(fit.stop, Stop::Early);
    assert_eq!(best + 5, fit.validations.len(), "four validations after the best");
    assert_eq!(steps, 5 * (fit.validations.len() as u64 - 1));
    assert_eq!(restored, fit.validations[best].evaluation.loss, "to the bit");
    assert!(restored < 0.8 * overfitted, "{restored} and {overfitted}");
    // The run itself is the same as without stopping.
    assert_eq!(full.validations[..fit.validations.len()], fit.validations);
    // A large min_delta ends it sooner, and still gives the lowest of all validations.
    let (impatient, restored, _) = run(Some(EarlyStopping { patience: 4, min_delta: 0.5 }));
    assert!(impatient.validations.len() < fit.validations.len());
    let lowest = impatient.validations.iter().map(|v| v.evaluation.loss).fold(f64::INFINITY, f64::min);
    assert_eq!(restored, lowest);
}

#[test]
fn a_diverging_run_stops_and_goes_back() {
    let (training, held_out) = overfitting();
    let validation = Evaluator::new(Loss::Squared, &held_out).unwrap();
    let early = Some(EarlyStopping { patience: 100_000, min_delta: 0.0 });
    for (early_stopping, small) in [(early, true), (None, false)] {
        let mut trainer = Trainer::new(Exec::default(), Linear::new(15, true), &training, descent(10.0)).unwrap();
        let options = FitOptions { steps: 10_000, samples: None, validate_every: 3, early_stopping };
        let fit = trainer.fit(&validation, options).unwrap();
        assert_eq!(fit.stop, Stop::Diverged);
        assert!(trainer.history().steps() < 200);
        assert_eq!(trainer.model().parameters().iter().all(|w| w.abs() < 10.0), small);
    }
}

#[test]
fn a_fit_ends_at_its_steps_or_samples_and_can_go_on() {
    let (training, held_out) = overfitting();
    let validation = Evaluator::new(Loss::Squared, &held_out).unwrap();
    let settings = Settings { batch_size: 4, ..descent(0.01) };
    let mut trainer = Trainer::new(Exec::default(), Linear::new(15, true), &training, settings).unwrap();
    let options = FitOptions { steps: 7, samples: None, validate_every: 3, early_stopping: None };
    let steps = |fit: simdescent::Fit| fit.validations.iter().map(|v| v.step).collect::<Vec<_>>();
    assert_eq!(steps(trainer.fit(&validation, options).unwrap()), [0, 3, 6, 7]);
    let options = FitOptions { steps: 100, samples: Some(30), ..options };
    let fit = trainer.fit(&validation, options).unwrap();
    // An epoch is four batches of 4 and one of 2: 26 samples before, at least 30 more after nine steps.
    assert_eq!((fit.stop, fit.validations[0].samples, fit.validations.last().unwrap().samples), (Stop::Steps, 26, 58));
    assert_eq!(steps(fit), [7, 10, 13, 16]);
}

#[test]
fn wrong_options_are_refused() {
    let (training, held_out) = overfitting();
    let validation = Evaluator::new(Loss::Squared, &held_out).unwrap();
    let mut trainer = Trainer::new(Exec::default(), Linear::new(15, true), &training, descent(0.1)).unwrap();
    let good = FitOptions { steps: 1, samples: None, validate_every: 1, early_stopping: None };
    let stopping =
        |patience, min_delta| FitOptions { early_stopping: Some(EarlyStopping { patience, min_delta }), ..good };
    for bad in [FitOptions { validate_every: 0, ..good }, stopping(0, 0.0), stopping(1, -1.0), stopping(1, f64::NAN)] {
        assert!(matches!(trainer.fit(&validation, bad), Err(ConfigError::Fit(_))), "{bad:?}");
    }
}

#[test]
fn a_plateau_of_the_validation_loss_reduces_the_rate() {
    let (training, held_out) = overfitting();
    let validation = Evaluator::new(Loss::Squared, &held_out).unwrap();
    let plateau = Plateau { patience: 3, min_delta: 1e-3, cooldown: 0 };
    let schedule = ReduceOnPlateau { rate: 0.05, factor: 0.1, floor: 0.0, plateau };
    let settings = Settings { learning_rate: LearningRate::ReduceOnPlateau(schedule), ..descent(0.05) };
    let mut trainer = Trainer::new(Exec::default(), Linear::new(15, true), &training, settings).unwrap();
    assert_eq!(trainer.plan().learning_rate, 0.05);
    trainer
        .fit(&validation, FitOptions { steps: 500, samples: None, validate_every: 5, early_stopping: None })
        .unwrap();
    assert_eq!(trainer.history().validation().len(), 101);
    let plateaus = plateau.count(trainer.history().validation());
    assert!(plateaus >= 2, "{plateaus}");
    assert_eq!(trainer.plan().learning_rate, schedule.after(trainer.history().validation()));
    assert!(trainer.plan().learning_rate < 0.001);
}

/// Growth where the schedule would decay: the batches the trainer takes, and their loss beside that of the decay.
#[test]
fn a_trainer_grows_its_batch_and_ends_where_the_decay_ends() {
    let data = regression(4096, 20, 1.0);
    let run = |batch_growth| {
        let learning_rate = LearningRate::Step(Step { rate: 0.02, factor: 0.25, every: 256 });
        let settings = Settings { learning_rate, batch_size: 16, batch_growth, ..Settings::default() };
        let mut trainer = Trainer::new(Exec::default(), Linear::new(20, false), &data, settings).unwrap();
        let mut sizes = vec![];
        while trainer.history().samples() < 3 * 4096 {
            let before = trainer.history().samples();
            trainer.step();
            sizes.push(trainer.history().samples() - before);
        }
        let loss = Evaluator::new(Loss::Squared, &data).unwrap().evaluate(Exec::default(), trainer.model_mut()).loss;
        (loss, sizes)
    };
    let (grown, sizes) = run(BatchGrowth::InsteadOfDecay { largest: 256 });
    assert_eq!(sizes.len(), 256 + 64 + 16);
    assert!(sizes[..256].iter().all(|&n| n == 16) && sizes[256..320].iter().all(|&n| n == 64));
    assert!(sizes[320..].iter().all(|&n| n == 256));
    let (decayed, _) = run(BatchGrowth::Fixed);
    assert!((grown / decayed - 1.0).abs() < 0.005, "{grown} and {decayed}");
}

#[test]
fn dropout_gives_the_same_trajectory_on_every_instruction_set_and_thread_count() {
    fn digest(exec: Exec<'_>, rate: f32) -> String {
        let data = synthetic::gaussian_mixture(300, 40, 5, 3.0, &mut stream(Purpose::Data));
        let widths = [40, 64, 48, 5];
        let mlp = Mlp::new(&widths, Activation::Relu, Initializer::HeNormal, &mut stream(Purpose::Weights));
        let mlp = mlp.with_dropout(Dropout::new(rate, 0, 3).unwrap());
        let settings = Settings {
            loss: Loss::SoftmaxCrossEntropy,
            rule: Rule::ADAM,
            batch_size: 64,
            seed: 3,
            ..Settings::default()
        };
        let mut trainer = Trainer::new(exec, Box::new(mlp), &data, settings).unwrap();
        (0..20).for_each(|_| _ = trainer.step());
        trainer.digest()
    }
    let want = digest(Exec::default(), 0.5);
    assert_ne!(digest(Exec::default(), 0.0), want, "dropout does something, through a box too");
    for &isa in isa::available() {
        assert_eq!(digest(Exec::new(isa, Par::Seq), 0.5), want, "{isa}");
        for threads in [2, 3, 4] {
            let team = Team::new(threads).unwrap();
            assert_eq!(digest(Exec::new(isa, Par::Team(&team)), 0.5), want, "{isa}, {threads} threads");
        }
    }
    assert_eq!(want, "cb530a5b0061a8fe834f2a256bf24a692399aeb39c41811c56b935aa96a353a9");
}

#[test]
fn settings_survive_json() {
    let settings = Settings {
        learning_rate: LearningRate::Step(Step { rate: 0.1, factor: 0.5, every: 10 }),
        batch_growth: BatchGrowth::Seesaw { largest: 64 },
        ..Settings::default()
    };
    let text = serde_json::to_string(&settings).unwrap();
    assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings, "{text}");
}

/// Paused anywhere, on disk in between: validations, early stopping, plateaus, weights and digest are those of one go.
#[test]
fn a_fit_in_pieces_is_the_fit_in_one_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let (training, held_out) = overfitting();
    let validation = Evaluator::new(Loss::Squared, &held_out).unwrap();
    let plateau = Plateau { patience: 3, min_delta: 1e-3, cooldown: 0 };
    let schedule = ReduceOnPlateau { rate: 0.05, factor: 0.5, floor: 0.0, plateau };
    for (early, rule) in
        [(None, Rule::Sgd), (Some(30), Rule::Sgd), (Some(3), Rule::ADAM), (Some(9), Rule::SCHEDULE_FREE)]
    {
        let settings = Settings {
            rule,
            learning_rate: LearningRate::ReduceOnPlateau(schedule),
            sampling: Sampling::Reshuffled,
            batch_size: 5,
            ..Settings::default()
        };
        let early_stopping = early.map(|patience| EarlyStopping { patience, min_delta: 1e-3 });
        let options = FitOptions { steps: 200, samples: None, validate_every: 7, early_stopping };
        let new = || Trainer::new(Exec::default(), Linear::new(15, true), &training, settings).unwrap();
        let mut whole = new();
        let wanted = whole.fit(&validation, options).unwrap();

        let (mut trainer, mut progress) = (new(), FitProgress::default());
        let mut pause = 0;
        let stop = loop {
            // 0, 11, 22, …: at the start, between validations, and at one.
            if let Some(stop) = trainer.fit_until(&validation, options, &mut progress, pause).unwrap() {
                break stop;
            }
            assert_eq!(trainer.history().steps(), pause);
            pause += 11;
            trainer.fit_checkpoint(&progress).unwrap().write(&path).unwrap();
            let checkpoint = Checkpoint::read(&path).unwrap();
            assert_eq!(checkpoint.fit, Some(progress));
            trainer = Trainer::resume(Exec::default(), Linear::new(15, true), &training, &checkpoint).unwrap();
            progress = checkpoint.fit.unwrap();
        };
        // A finished fit stays finished.
        assert_eq!(trainer.fit_until(&validation, options, &mut progress, u64::MAX).unwrap(), Some(stop));
        let weights = trainer.fit_checkpoint(&progress).unwrap().weights;
        assert_eq!(trainer.end_fit(progress, stop), wanted, "{rule:?}");
        assert_eq!((trainer.digest(), trainer.history()), (whole.digest(), whole.history()));
        assert!(pause > 11 && trainer.plan() == whole.plan());
        assert_eq!(weights, whole.at_result(options, |model| model.parameters().to_vec()));
    }
    let (mut trainer, mut progress) = (
        Trainer::new(Exec::default(), Linear::new(15, true), &training, descent(0.1)).unwrap(),
        FitProgress::default(),
    );
    let options = FitOptions { steps: 9, samples: None, validate_every: 2, early_stopping: None };
    trainer.fit_until(&validation, options, &mut progress, 5).unwrap();
    let options = FitOptions { early_stopping: Some(EarlyStopping { patience: 1, min_delta: 0.0 }), ..options };
    let error = trainer.fit_until(&validation, options, &mut progress, 9).unwrap_err();
    assert!(error.to_string().contains("in the middle"), "{error}");
}
