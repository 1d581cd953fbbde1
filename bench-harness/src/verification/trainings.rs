//! Whole trainings: every optimizer on three models, dropout, sparse rows, schedules of rate and batch size, samplings.

use super::case::{Case, fnv};
use simdescent::kernels::Exec;
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{
    Activation, BatchGrowth, BatchShape, Cosine, Dataset, Dropout, Initializer, InverseTime, LearningRate, Linear,
    Loss, Milestones, Mlp, Model, RateScaling, Rule, Sampling, Settings, Trainer, synthetic,
};

fn stream(purpose: Purpose) -> Stream {
    Stream::new(StreamKey::new(purpose, 11))
}

const STEPS: usize = 15;

fn digest(exec: Exec<'_>, model: impl Model, data: &Dataset, settings: Settings) -> u64 {
    let mut trainer = Trainer::new(exec, model, data, settings).expect("settings that go together");
    (0..STEPS).for_each(|_| _ = trainer.step());
    fnv(trainer.digest().bytes())
}

fn network(widths: &[usize]) -> Mlp {
    Mlp::new(widths, Activation::Tanh, Initializer::XavierNormal, &mut stream(Purpose::Weights))
}

fn settings(loss: Loss, rule: Rule) -> Settings {
    let rate = match rule {
        Rule::Sgd | Rule::Momentum { .. } | Rule::Nesterov { .. } => 0.02,
        Rule::AdaDelta { .. } => 1.0,
        _ => 0.005,
    };
    Settings {
        loss,
        rule,
        learning_rate: LearningRate::InverseTime(InverseTime { rate, decay: 0.5, steps: 20 }),
        l2: 0.001,
        batch_size: 48,
        seed: 42,
        ..Settings::default()
    }
}

fn classes() -> Dataset {
    synthetic::gaussian_mixture(250, 600, 10, 4.0, &mut stream(Purpose::Data))
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = vec![];
    let mut add = |name: String, digest: Box<dyn Fn(Exec<'_>) -> u64>| cases.push(Case { name, digest });
    for rule in Rule::ALL {
        add(
            format!("training by {}", rule.name()),
            Box::new(move |exec| {
                let regression = synthetic::linear(250, 100, 0.1, &mut stream(Purpose::Data));
                let binary = synthetic::gaussian_mixture(250, 70, 2, 2.0, &mut stream(Purpose::Data));
                let linear = digest(exec, Linear::new(100, true), &regression, settings(Loss::Squared, rule));
                let logistic = digest(exec, Linear::new(70, true), &binary, settings(Loss::Logistic, rule));
                let softmax = settings(Loss::SoftmaxCrossEntropy, rule);
                let mlp = digest(exec, network(&[600, 33, 17, 10]), &classes(), softmax);
                linear ^ logistic.rotate_left(1) ^ mlp.rotate_left(2)
            }),
        );
    }
    let sgd = settings(Loss::SoftmaxCrossEntropy, Rule::MOMENTUM);
    let growth = |shape| BatchGrowth::Scheduled { shape, rate: RateScaling::SquareRoot, largest: 200 };
    let milestones = Milestones::new(&[100, 300]).expect("in order");
    let cosine = LearningRate::Cosine(Cosine { rate: 0.02, floor: 0.01, steps: 15 });
    for (name, settings) in [
        (
            "a batch that grows in steps",
            Settings { batch_growth: growth(BatchShape::Step { factor: 2.0, every: 5 }), ..sgd },
        ),
        (
            "a batch that grows geometrically",
            Settings { batch_growth: growth(BatchShape::Geometric { factor: 2.0, steps: 5 }), ..sgd },
        ),
        (
            "a batch that grows at milestones",
            Settings { batch_growth: growth(BatchShape::Milestones { factor: 2.0, at: milestones }), ..sgd },
        ),
        (
            "a batch that grows as Seesaw has it",
            Settings { batch_growth: BatchGrowth::Seesaw { largest: 200 }, learning_rate: cosine, ..sgd },
        ),
        ("a cosine", Settings { learning_rate: cosine, ..sgd }),
        ("samples drawn with replacement", Settings { sampling: Sampling::WithReplacement, ..sgd }),
        ("samples in fixed order", Settings { sampling: Sampling::FixedOrder, ..sgd }),
    ] {
        add(
            format!("training with {name}"),
            Box::new(move |exec| digest(exec, network(&[600, 33, 10]), &classes(), settings)),
        );
    }
    add(
        "training with dropout".into(),
        Box::new(move |exec| {
            let model = network(&[600, 33, 17, 10]).with_dropout(Dropout::new(0.3, 0, 5).expect("a rate"));
            digest(exec, model, &classes(), sgd)
        }),
    );
    add(
        "training on sparse rows".into(),
        Box::new(move |exec| {
            let data = classes();
            let inputs = data.inputs().iter().map(|&x| if x.abs() < 1.0 { 0.0 } else { x }).collect();
            let data = Dataset::new("sparse", inputs, 600, data.targets().clone()).and_then(Dataset::into_sparse);
            digest(exec, network(&[600, 33, 10]), &data.expect("finite numbers"), sgd)
        }),
    );
    cases
}
