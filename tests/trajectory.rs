//! Same seed, same bits: whole training runs on every instruction set and number of threads, against golden digests.

use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{
    Evaluator, Initializer, InverseTime, LearningRate, Linear, Loss, Mlp, Model, Modifiers, Rule, Sampling, Settings,
    Targets, Trainer, synthetic,
};
use simdescent_kernels::activation::Activation;
use simdescent_kernels::{Exec, Par, Team, isa};
use std::sync::LazyLock;

/// SHA-256 over loss curve and final weights, per optimizer: linear regression, logistic regression, and an MLP.
///
/// A change here is a breaking change of every published result: CHANGELOG.md has to say so.
const GOLDEN: &[(&str, [&str; 3])] = &[
    (
        "sgd",
        [
            "80bc813ce06263089ec212a10604bd927e6aac3f55d69a677b7e67425ffa4ad8",
            "6abbc78d0e9b2538208848198209f292923bbc6fc5b096716871222015de10c3",
            "dfb5c317765e73e3de50e4e9ba9d7d085492b03c62de4661dc2b5f36e60d295d",
        ],
    ),
    (
        "momentum",
        [
            "566089b0df9d9bd9563ad89499d171af04d41137456af8764389b13ba9813534",
            "ecee46e6ead9213a9ceb67c0ac8c35a45730b413de6f668f87a2f602c4a55617",
            "5f3778832b44e5c81cf0cf6314c1f9e3e325c19b5cfb181173c0e2ece44a4a84",
        ],
    ),
    (
        "nesterov",
        [
            "d0fd56f028b52c43ea5b8aa72fe56059be2a38d7af7929e53511491f215146ed",
            "e25e37fd84461095638667da3764a2aa8e67cf0a3bb3c56a9cc6c2910b06d93c",
            "6fc6d6178e26351c3ddd3144cf4ae7fc3595acab1e78062eec0049855d494670",
        ],
    ),
    (
        "adagrad",
        [
            "78cf7702a8107a99e91d8dfd53d797431a6d0e33620f08c69fbfff7fd9b9a740",
            "91a238c5eaef5ebcd4ef00e278a1b1c2184c0d2091789fbcb659a8cd4751b24c",
            "2934de6b5e1ddcebc9302ebacd34f630c345b7e4ab6a8dec80492589af908806",
        ],
    ),
    (
        "rmsprop",
        [
            "97245c816a37d883f4160185392f4001f252a087670979f521f7e2983912f685",
            "46a17751c38b50a85379bd8ab42c4b1e9586a2ff1b8d2bbf2ed43654c4db3bae",
            "e39babd8554314dcebf7c8ee820c923f6848803c687c51361db5fafa4ca8c548",
        ],
    ),
    (
        "adam",
        [
            "1d8e0d0509ee9274d917d0b42764c54c66c6c9066ea1d2b37982c3aa1f0bdf08",
            "58df743f09df146448a138e98e53d80391ff38ba465b285660230c77fa1fbf26",
            "4312def96d643a7e7c82a59f8b7f072c4e90fdfa08d20d9fd48388786dc0cc63",
        ],
    ),
    (
        "adamw",
        [
            "c1de1796b6d196cc7a0de78c47865eabbde66eb91e8e86817aa914e0e11caa6e",
            "ea02cc353c7746a3da99d64f8ddebec0adb94c1dd8264e5c91e2fcbee7bf40b0",
            "5d304407ddd3b63bbfb819f105a625c95dfd623b8e74e730d61ba1dc13d22a34",
        ],
    ),
    (
        "centered-rmsprop",
        [
            "fea176ac9f95c07cb5d804c477aa18205464a2615c75504430c4d66cbf73394f",
            "258c00a116caf27668b44ea2dd4918c1df2b66b4509b92ffc9095d3670f678fc",
            "965bb2f36d3fe3f321df62629f60d26b81e6c443557fd1bff7b5878bbe18a887",
        ],
    ),
    (
        "adadelta",
        [
            "cc1ccad10b88008281cfa03e525b2a8c38cb1d8923004251c856c5e451e40b4c",
            "da5a680ad627c54287428748e18c064917c42f39fcbad2f4dcc8271cd457954d",
            "75d11811b9b9e02a5c8bf051aee8220d93276e57aa0615d13336ebdc1d1db262",
        ],
    ),
    (
        "amsgrad",
        [
            "4f72a08f2f87094e6211cdeb1a88ca066aff702b422adce499380e6db0517a6c",
            "f2503739b805b7202d4c7c0c2db739b21532718fae539d01534725ad3dea1377",
            "5a993f660621f14394b3f269c642ad1da929773ca8baf3931c9583f2109c6417",
        ],
    ),
    (
        "adamax",
        [
            "0ada0b58f5874075639755740a4c685f78a7c2f0356076c260371977d8b27a5a",
            "afd6e1cc52eeb099febab8ea6540934f2b710f4c7eae568f111296e1bc04776b",
            "e480db3f5f05038bf0d4885b87674f0ffea638042bd6d3dfa050baf88de1fb24",
        ],
    ),
    (
        "nadam",
        [
            "9f17223c098d4ba51d13decd595cdeeab9d2962110e0f77022875e9502e3ac4f",
            "6752ab3661a3d899a45b69c43661f3a50d8990cc43fae7d35a422a94178385ea",
            "dab35174ffe197d783883aa16e715a709f4a8230b9985452a1be75b53c68e130",
        ],
    ),
    (
        "lion",
        [
            "8ff0d46511344237bc96124a8b8a89eee3c201c0452aa8b98034d1eb88288dcb",
            "9d359351a330ec86f551b0910733d836b927cf2aa17733dfd7937cd2ffb6c035",
            "f3a1c7d27c9d81ef206faf1c83f5f5bc7ab8eefdf47fb7dd2c97cde56915599d",
        ],
    ),
    (
        "schedule-free",
        [
            "096f0d82a8c249311d272e0a6cb87246016e5a148c8b3c0ce4ea7bcee5272c76",
            "552b5779b27f620c269bead8099ae9d9fa3eabb612d4352c47a2ec43875c971b",
            "07df6b6852a81cf486b054d476bd6bb0ad10fb12b90f148a50d47c71a72f5c07",
        ],
    ),
    (
        "lamb",
        [
            "5cba7ede5d10db9fe09ff1f4d7e39234642ff13d3e51dc5855a6c7147fc7b55f",
            "42de52ef09cb528409f17d3555ffa9b71d361485232db58d449a8f3a1d111a79",
            "fb462159c20a7f6055c3c2deb453b10326b2ee47c7dc42deab617805e7dd0ddd",
        ],
    ),
    (
        "adafactor",
        [
            "5724e986ed9ede453888a99de7f812684a97c727da389b1e1621aeadc8843bc9",
            "57af9b94dc5ae14c90498ab2372038bec7a366f43e566091902f02aa5d73621a",
            "62d382e2746dfa2f258e7f2c1f3a9e0b6994c6f11b90efe125ae0812ced6e995",
        ],
    ),
    (
        "muon",
        [
            "bf59e29cf8a0f498523acdee7de200e3690a34b60aa70fe05d5e7ae91dea62a0",
            "67a97cbbc56c8127ad8e2b9da16e2fc28b057c9b50d2187cc9068bd408b93dd2",
            "4d422063632c92d7f9b65779c7902dcace6e083f3f6bbc6f34f0735419faa617",
        ],
    ),
];

/// The same of SGD and Adam with [`Modifiers`].
const MODIFIED: [&str; 2] = [
    "53d48d336f22083eccf990e28abe008bf68161853aba0e741374ca4cbd86b0c8",
    "8cea4cebc8872c6520e4852b1b0cef84be6224e85d5973ea7ef107ed81c0b6ec",
];

fn stream(purpose: Purpose) -> Stream {
    Stream::new(StreamKey::new(purpose, 11))
}

fn digest(exec: Exec<'_>, model: impl Model, data: &simdescent::Dataset, loss: Loss, rule: Rule, rate: f64) -> String {
    modified_digest(exec, model, data, (loss, rule, rate), Modifiers::NONE)
}

fn modified_digest(
    exec: Exec<'_>,
    model: impl Model,
    data: &simdescent::Dataset,
    (loss, rule, rate): (Loss, Rule, f64),
    modifiers: Modifiers,
) -> String {
    let settings = Settings {
        loss,
        rule,
        learning_rate: LearningRate::InverseTime(InverseTime { rate, decay: 0.5, steps: 20 }),
        l2: 0.001,
        modifiers,
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
    /// A sample where the gate emulates the CPU, as the tests of the kernels do.
    const THREADS: &[usize] = if cfg!(target_arch = "aarch64") { &[2, 3] } else { &[1, 2, 3, 4] };
    static POOLS: LazyLock<Vec<rayon::ThreadPool>> = LazyLock::new(|| {
        THREADS.iter().map(|&n| rayon::ThreadPoolBuilder::new().num_threads(n).build().expect("a pool")).collect()
    });
    static TEAMS: LazyLock<Vec<Team>> =
        LazyLock::new(|| THREADS.iter().map(|&n| Team::new(n).expect("a team")).collect());
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
    for (i, rule) in Rule::ALL.into_iter().enumerate().filter(|&(i, _)| takes(i)) {
        let seen = everywhere(rule.name(), |exec| digests(exec, rule, &data));
        let (name, golden) = GOLDEN[i];
        assert_eq!(seen, golden.map(str::to_owned), "{name}: all agree, but not with the golden digests");
    }
}

/// Clipping, decays and L1 at once, around rules with and without state.
#[test]
fn modifiers_have_golden_trajectories_too() {
    let [_, binary, _] = data();
    let modifiers =
        Modifiers { clip_norm: Some(0.5), clip_value: Some(0.05), weight_decay: 0.1, l1: 0.01, flush_subnormals: true };
    let seen = [Rule::Sgd, Rule::ADAM].map(|rule| {
        let settings = (Loss::Logistic, rule, 0.02);
        everywhere(rule.name(), |exec| modified_digest(exec, Linear::new(70, true), &binary, settings, modifiers))
    });
    assert_eq!(seen, MODIFIED);
    // Each of them matters.
    let Modifiers { clip_norm, clip_value, weight_decay, l1, .. } = modifiers;
    for (name, modifiers) in [
        ("clip_norm", Modifiers { clip_norm, ..Modifiers::NONE }),
        ("clip_value", Modifiers { clip_value, ..Modifiers::NONE }),
        ("weight_decay", Modifiers { weight_decay, ..Modifiers::NONE }),
        ("l1", Modifiers { l1, ..Modifiers::NONE }),
    ] {
        let run = |modifiers| {
            let settings = (Loss::Logistic, Rule::Sgd, 0.02);
            modified_digest(Exec::default(), Linear::new(70, true), &binary, settings, modifiers)
        };
        assert_ne!(run(modifiers), run(Modifiers::NONE), "{name}");
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
            modifiers: Modifiers { l1, ..Modifiers::NONE },
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
