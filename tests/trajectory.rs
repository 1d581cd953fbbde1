//! Same seed, same bits: whole training runs on every instruction set and number of threads, against golden digests.

use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{
    Evaluator, Initializer, InverseTime, LearningRate, Linear, Loss, Mlp, Model, Rule, Sampling, Settings,
    StepTransforms, Targets, Trainer, synthetic,
};
use simdescent_kernels::activation::Activation;
use simdescent_kernels::{Exec, Par, Team, isa};
use std::sync::LazyLock;

mod golden;
mod value_version;
use golden::{GOLDEN, TRANSFORMED};

fn stream(purpose: Purpose) -> Stream {
    Stream::new(StreamKey::new(purpose, 11))
}

fn digest(exec: Exec<'_>, model: impl Model, data: &simdescent::Dataset, loss: Loss, rule: Rule, rate: f64) -> String {
    transformed_digest(exec, model, data, (loss, rule, rate), StepTransforms::NONE)
}

fn transformed_digest(
    exec: Exec<'_>,
    model: impl Model,
    data: &simdescent::Dataset,
    (loss, rule, rate): (Loss, Rule, f64),
    step_transforms: StepTransforms,
) -> String {
    let settings = Settings {
        loss,
        rule,
        learning_rate: LearningRate::InverseTime(InverseTime { rate, decay: 0.5, steps: 20 }),
        l2: 0.001,
        step_transforms,
        batch_size: 48,
        sampling: Sampling::Reshuffled,
        seed: 42,
        ..Settings::default()
    };
    let mut trainer = Trainer::new(exec, model, data, settings).unwrap();
    let losses: Vec<f32> = (0..15).map(|_| trainer.step()).collect();
    assert!(losses.iter().all(|l| l.is_finite()), "{}: {losses:?}", rule.name());
    trainer.digest()
}

/// Data for linear regression, logistic regression, and an MLP with 600 inputs: two K blocks in its first layer.
fn data() -> [simdescent::Dataset; 3] {
    [
        synthetic::linear(250, 100, 0.1, &mut stream(Purpose::Data)),
        synthetic::gaussian_mixture(250, 70, 2, 2.0, &mut stream(Purpose::Data)),
        synthetic::gaussian_mixture(250, 600, 10, 4.0, &mut stream(Purpose::Data)),
    ]
}

/// The digests of the three runs.
fn digests(exec: Exec<'_>, rule: Rule, [regression, binary, classes]: &[simdescent::Dataset; 3]) -> [String; 3] {
    let rate = match rule {
        Rule::Sgd | Rule::Momentum { .. } | Rule::Nesterov { .. } => 0.02,
        Rule::AdaDelta { .. } => 1.0,
        _ => 0.005,
    };
    let mut weights = stream(Purpose::Weights);
    let mlp = Mlp::new(&[600, 33, 17, 10], Activation::Tanh, Initializer::XavierNormal, &mut weights);
    [
        digest(exec, Linear::new(100, true), regression, Loss::Squared, rule, rate),
        digest(exec, Linear::new(70, true), binary, Loss::Logistic, rule, rate),
        digest(exec, mlp, classes, Loss::SoftmaxCrossEntropy, rule, rate),
    ]
}

/// What `run` gives, the same on every instruction set and number of threads.
fn everywhere<R: PartialEq + std::fmt::Debug + Send>(what: &str, run: impl Fn(Exec<'_>) -> R + Sync) -> R {
    static POOLS: LazyLock<Vec<rayon::ThreadPool>> = LazyLock::new(|| {
        (1..=4).map(|n| rayon::ThreadPoolBuilder::new().num_threads(n).build().expect("a pool")).collect()
    });
    static TEAMS: LazyLock<Vec<Team>> = LazyLock::new(|| (1..=4).map(|n| Team::new(n).expect("a team")).collect());
    let mut all = vec![];
    for &isa in isa::available() {
        all.push((format!("{isa}, sequential"), run(Exec::new(isa, Par::Seq))));
        for pool in &*POOLS {
            let label = format!("{isa}, {} threads of rayon", pool.current_num_threads());
            all.push((label, pool.install(|| run(Exec::new(isa, Par::Rayon)))));
        }
        for team in &*TEAMS {
            all.push((format!("{isa}, {team:?}"), run(Exec::new(isa, Par::Team(team)))));
        }
    }
    for (label, result) in &all {
        assert_eq!(result, &all[0].1, "{what}: {label} differs from {}", all[0].0);
    }
    all.swap_remove(0).1
}

#[test]
fn every_instruction_set_and_thread_count_gives_the_golden_trajectory() {
    let names: Vec<_> = isa::available().iter().map(|isa| isa.name()).collect();
    eprintln!("instruction sets exercised: {}", names.join(" "));
    for missing in isa::NAMES.iter().filter(|name| !names.contains(name)) {
        eprintln!("NOT exercised, not available on this CPU: {missing}");
    }
    golden_trajectories(|rule| rule % 2 == 0);
}

/// The other half of the rules, so that both halves run side by side.
#[test]
fn every_other_rule_gives_the_golden_trajectory() {
    golden_trajectories(|rule| rule % 2 == 1);
}

fn golden_trajectories(takes: fn(usize) -> bool) {
    assert!(
        Rule::ALL.iter().map(|rule| rule.name()).eq(GOLDEN.iter().map(|(name, _)| *name)),
        "one entry for each rule"
    );
    let data = data();
    let mut differ = vec![];
    for (i, rule) in Rule::ALL.into_iter().enumerate().filter(|&(i, _)| takes(i)) {
        let seen = everywhere(rule.name(), |exec| digests(exec, rule, &data));
        let (name, golden) = GOLDEN[i];
        if seen != golden {
            differ.push((name, seen));
        }
    }
    assert!(differ.is_empty(), "all agree, but not with the golden digests: {differ:#?}");
}

/// Clipping, decays and L1 at once, around rules with and without state.
#[test]
fn step_transforms_have_golden_trajectories_too() {
    let [_, binary, _] = data();
    let step_transforms = StepTransforms {
        clip_norm: Some(0.5),
        clip_value: Some(0.05),
        weight_decay: 0.1,
        l1: 0.01,
        flush_subnormals: true,
    };
    let seen = [Rule::Sgd, Rule::ADAM].map(|rule| {
        let settings = (Loss::Logistic, rule, 0.02);
        everywhere(rule.name(), |exec| {
            transformed_digest(exec, Linear::new(70, true), &binary, settings, step_transforms)
        })
    });
    assert_eq!(seen, TRANSFORMED);
    // Each of them matters.
    let StepTransforms { clip_norm, clip_value, weight_decay, l1, .. } = step_transforms;
    for (name, step_transforms) in [
        ("clip_norm", StepTransforms { clip_norm, ..StepTransforms::NONE }),
        ("clip_value", StepTransforms { clip_value, ..StepTransforms::NONE }),
        ("weight_decay", StepTransforms { weight_decay, ..StepTransforms::NONE }),
        ("l1", StepTransforms { l1, ..StepTransforms::NONE }),
    ] {
        let run = |step_transforms| {
            let settings = (Loss::Logistic, Rule::Sgd, 0.02);
            transformed_digest(Exec::default(), Linear::new(70, true), &binary, settings, step_transforms)
        };
        assert_ne!(run(step_transforms), run(StepTransforms::NONE), "{name}");
    }
}

/// L1 leaves exact zeros where L2 leaves small numbers.
#[test]
fn l1_selects_features() {
    // Of 100 features, 90 have no influence.
    let mut stream = stream(Purpose::Data);
    let (mut x, mut y) = (vec![], vec![]);
    for _ in 0..400 {
        let row: Vec<f32> = (0..100).map(|_| stream.normal() as f32).collect();
        y.push(row[..10].iter().sum());
        x.extend(row);
    }
    let data = simdescent::Dataset::new("sparse", x, 100, Targets::Values(y)).unwrap();
    let zeros = |l1, l2| {
        let settings = Settings {
            loss: Loss::Squared,
            rule: Rule::Sgd,
            learning_rate: LearningRate::Constant { rate: 0.1 },
            l2,
            step_transforms: StepTransforms { l1, ..StepTransforms::NONE },
            batch_size: 400,
            sampling: Sampling::FixedOrder,
            ..Settings::default()
        };
        let mut trainer = Trainer::new(Exec::default(), Linear::new(100, false), &data, settings).unwrap();
        (0..200).for_each(|_| _ = trainer.step());
        let zeros = |w: &[f32]| w.iter().filter(|&&w| w == 0.0).count();
        let w = trainer.model().parameters();
        (zeros(&w[..10]), zeros(&w[10..]))
    };
    assert_eq!(zeros(0.1, 0.0), (0, 90));
    assert_eq!(zeros(0.0, 0.1), (0, 0));
}

/// The average that schedule-free training is after is better than where its gradient is taken, and evaluating it does not
/// disturb the training.
#[test]
fn schedule_free_training_evaluates_the_average() {
    let data = synthetic::linear(250, 100, 0.1, &mut stream(Purpose::Data));
    let run = |look: bool| {
        let settings = Settings {
            loss: Loss::Squared,
            rule: Rule::SCHEDULE_FREE,
            learning_rate: LearningRate::Constant { rate: 0.1 },
            batch_size: 10,
            sampling: Sampling::Reshuffled,
            seed: 1,
            ..Settings::default()
        };
        let evaluator = Evaluator::new(Loss::Squared, &data).unwrap();
        let mut trainer = Trainer::new(Exec::default(), Linear::new(100, true), &data, settings).unwrap();
        let mut losses = (0.0, 0.0);
        for _ in 0..500 {
            trainer.step();
            if look {
                let average = trainer.at_average(|model| evaluator.evaluate(Exec::default(), model).loss);
                losses = (average, evaluator.evaluate(Exec::default(), trainer.model_mut()).loss);
            }
        }
        (trainer.digest(), losses)
    };
    let ((watched, (average, iterate)), (alone, _)) = (run(true), run(false));
    assert_eq!(watched, alone);
    assert!(average < iterate && average < 0.1, "{average} and {iterate}");
}

#[test]
fn the_seed_matters() {
    let data = synthetic::linear(250, 100, 0.1, &mut stream(Purpose::Data));
    let run = |seed, trial, batch_size| {
        let settings = Settings {
            loss: Loss::Squared,
            rule: Rule::Sgd,
            learning_rate: LearningRate::Constant { rate: 0.01 },
            batch_size,
            sampling: Sampling::Reshuffled,
            trial,
            seed,
            ..Settings::default()
        };
        let mut trainer = Trainer::new(Exec::default(), Linear::new(100, true), &data, settings).unwrap();
        (0..10).for_each(|_| _ = trainer.step());
        trainer.digest()
    };
    assert_eq!(run(1, 0, 10), run(1, 0, 10));
    assert_ne!(run(1, 0, 10), run(2, 0, 10));
    assert_ne!(run(1, 0, 10), run(1, 1, 10));
}

/// A mini-batch of everything in fixed order is gradient descent, to the bit.
#[test]
fn a_full_batch_in_fixed_order_repeats_itself() {
    let data = synthetic::linear(250, 100, 0.1, &mut stream(Purpose::Data));
    let settings = Settings {
        loss: Loss::Squared,
        rule: Rule::Sgd,
        learning_rate: LearningRate::Constant { rate: 0.05 },
        batch_size: 250,
        sampling: Sampling::FixedOrder,
        ..Settings::default()
    };
    let mut a = Trainer::new(Exec::default(), Linear::new(100, true), &data, settings).unwrap();
    let mut b = Trainer::new(Exec::default(), Linear::new(100, true), &data, Settings { seed: 9, ..settings }).unwrap();
    let losses: Vec<f32> = (0..30).map(|_| a.step()).collect();
    (0..30).for_each(|_| _ = b.step());
    assert_eq!(a.digest(), b.digest());
    assert!(losses.windows(2).all(|w| w[1] < w[0]), "gradient descent below 2/L never goes up: {losses:?}");
}

/// A link tells optimizer states and places in the random stream apart that weights and losses do not show yet; and it is the same
/// everywhere.
#[test]
fn links_hash_what_decides_the_rest_of_a_run() {
    let data = synthetic::linear(250, 100, 0.1, &mut stream(Purpose::Data));
    let run = |exec: Exec<'_>, rule, batch_size, sampling| {
        let learning_rate = LearningRate::Constant { rate: 0.01 };
        let settings = Settings { rule, learning_rate, batch_size, sampling, seed: 3, ..Settings::default() };
        let mut trainer = Trainer::new(exec, Linear::new(100, true), &data, settings).unwrap();
        let mut links = vec![[0; 32]];
        for _ in 0..5 {
            trainer.step();
            links.push(trainer.link_digest(*links.last().unwrap()));
        }
        (trainer.digest(), links)
    };
    let links = everywhere("links", |exec| run(exec, Rule::ADAM, 48, Sampling::Reshuffled));
    assert!(links.1.windows(2).all(|pair| pair[0] != pair[1]));
    let exec = Exec::default();
    let sgd = run(exec, Rule::Sgd, 250, Sampling::FixedOrder);
    let momentum = run(exec, Rule::Momentum { momentum: 0.0 }, 250, Sampling::FixedOrder);
    assert!(sgd.0 == momentum.0 && sgd.1[1] != momentum.1[1], "the same weights, another state");
    let one = |seed: u64| {
        let settings = Settings { batch_size: 8, seed, ..Settings::default() };
        let mut trainer = Trainer::new(exec, Linear::new(100, true), &data, settings).unwrap();
        trainer.step();
        trainer
    };
    assert_eq!(one(1).link_digest([0; 32]), one(1).link_digest([0; 32]));
    assert_ne!(one(1).link_digest([0; 32]), one(1).link_digest([1; 32]), "each link is over the one before");
}
