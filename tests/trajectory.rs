//! Same seed, same bits: whole training runs on every instruction set and number of threads, against golden digests.

use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{
    Initializer, InverseTime, LearningRate, Linear, Loss, Mlp, Model, Rule, Sampling, Settings, Trainer, synthetic,
};
use simdescent_kernels::activation::Activation;
use simdescent_kernels::{Exec, Par, Team, isa};

/// SHA-256 over loss curve and final weights, per optimizer: linear regression, logistic regression, and an MLP.
///
/// A change here is a breaking change of every published result: CHANGELOG.md has to say so.
const GOLDEN: [(&str, [&str; 3]); 7] = [
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
];

fn stream(purpose: Purpose) -> Stream {
    Stream::new(StreamKey::new(purpose, 11))
}

fn digest(exec: Exec<'_>, model: impl Model, data: &simdescent::Dataset, loss: Loss, rule: Rule, rate: f64) -> String {
    let settings = Settings {
        loss,
        rule,
        learning_rate: LearningRate::InverseTime(InverseTime { rate, decay: 0.5, steps: 20 }),
        l2: 0.001,
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

#[test]
fn every_instruction_set_and_thread_count_gives_the_golden_trajectory() {
    let names: Vec<_> = isa::available().iter().map(|isa| isa.name()).collect();
    eprintln!("instruction sets exercised: {}", names.join(" "));
    for missing in isa::NAMES.iter().filter(|name| !names.contains(name)) {
        eprintln!("NOT exercised, not available on this CPU: {missing}");
    }
    let pools: Vec<_> = (1..=4).map(|n| rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap()).collect();
    let teams: Vec<_> = (1..=4).map(|n| Team::new(n).unwrap()).collect();
    let data = data();
    let mut seen = vec![];
    for rule in Rule::ALL {
        let mut all = vec![];
        for &isa in isa::available() {
            all.push((format!("{isa}, sequential"), digests(Exec::new(isa, Par::Seq), rule, &data)));
            for pool in &pools {
                let label = format!("{isa}, {} threads of rayon", pool.current_num_threads());
                all.push((label, pool.install(|| digests(Exec::new(isa, Par::Rayon), rule, &data))));
            }
            for team in &teams {
                all.push((format!("{isa}, {team:?}"), digests(Exec::new(isa, Par::Team(team)), rule, &data)));
            }
        }
        for (label, digests) in &all {
            assert_eq!(digests, &all[0].1, "{}: {label} differs from {}", rule.name(), all[0].0);
        }
        seen.push((rule.name(), all.swap_remove(0).1));
    }
    let golden: Vec<_> = GOLDEN.iter().map(|(name, d)| (*name, d.map(str::to_owned))).collect();
    assert_eq!(seen, golden, "every instruction set agrees, but not with the golden digests");
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
