//! Every loss trains a model to the minimum it is known for.

use simdescent::kernels::{Exec, Par, Team, isa};
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{
    ConfigError, Dataset, Evaluation, Evaluator, Initializer, LearningRate, Linear, Loss, Mlp, Model, Rule, Sampling,
    Settings, Targets, Trainer, synthetic,
};
use simdescent_kernels::activation::Activation;

fn settings(loss: Loss, rate: f64, rows: usize) -> Settings {
    Settings {
        loss,
        rule: Rule::Sgd,
        learning_rate: LearningRate::Constant { rate },
        batch_size: rows,
        sampling: Sampling::FixedOrder,
        ..Settings::default()
    }
}

/// One feature that is always 1: the weight is the best constant.
fn numbers() -> Dataset {
    let mut values: Vec<f32> = (0..=100).map(|i| i as f32).collect();
    values[100] = 150.0;
    Dataset::new("numbers", vec![1.0; 101], 1, Targets::Values(values)).unwrap()
}

#[test]
fn the_best_constant_is_the_one_of_the_loss() {
    let (data, mean) = (numbers(), 5100.0f32 / 101.0);
    for (loss, rate, want, tolerance) in [
        (Loss::Squared, 0.25, mean, 1e-3),
        (Loss::Huber { delta: 1e3 }, 0.5, mean, 1e-3), // all residuals are in the parabola
        (Loss::Huber { delta: 1e-3 }, 1e4, 50.0, 1.0), // hardly any is: the median
        (Loss::Absolute, 10.0, 50.0, 1.0),
        (Loss::Quantile { tau: 0.9 }, 20.0, 90.0, 1.0),
        (Loss::Quantile { tau: 0.1 }, 20.0, 10.0, 1.0),
        (Loss::Poisson, 0.01, mean.ln(), 1e-4),
    ] {
        let mut trainer =
            Trainer::new(Exec::default(), Linear::new(1, false), &data, settings(loss, rate, 101)).unwrap();
        (0..200).for_each(|_| _ = trainer.step());
        let got = trainer.model().parameters()[0];
        assert!((got - want).abs() <= tolerance, "{loss:?}: {got} instead of {want}");
        let Evaluation { accuracy, .. } =
            Evaluator::new(loss, &data).unwrap().evaluate(Exec::default(), trainer.model_mut());
        assert_eq!(accuracy, None, "{loss:?}");
    }
}

/// Classes that hardly overlap are told apart, with the same bits everywhere.
#[test]
fn classifiers_classify() {
    let stream = |purpose| Stream::new(StreamKey::new(purpose, 1));
    let two = synthetic::gaussian_mixture(300, 5, 2, 8.0, &mut stream(Purpose::Data));
    let four = synthetic::gaussian_mixture(300, 5, 4, 8.0, &mut stream(Purpose::Data));
    let team = Team::new(2).unwrap();
    let run = |exec, loss| {
        // The curvature of the squared hinge is 2‖x‖², about 140.
        let (data, rate, model): (_, _, Box<dyn Model>) = match loss {
            Loss::SmoothedSoftmaxCrossEntropy { .. } | Loss::SoftmaxCrossEntropy => {
                let mut weights = stream(Purpose::Weights);
                (&four, 0.05, Box::new(Mlp::new(&[5, 16, 4], Activation::Gelu, Initializer::HeNormal, &mut weights)))
            }
            _ => (&two, 0.01, Box::new(Linear::new(5, true))),
        };
        let mut trainer = Trainer::new(exec, model, data, settings(loss, rate, 50)).unwrap();
        (0..200).for_each(|_| _ = trainer.step());
        let digest = trainer.digest();
        let Evaluation { loss: end, accuracy } =
            Evaluator::new(loss, data).unwrap().evaluate(exec, trainer.model_mut());
        assert!(accuracy.unwrap() > 0.93, "{loss:?}: {accuracy:?}");
        (end, digest)
    };
    for loss in [
        Loss::Logistic,
        Loss::Hinge,
        Loss::SquaredHinge,
        Loss::SoftmaxCrossEntropy,
        Loss::SmoothedSoftmaxCrossEntropy { label_smoothing: 0.1 },
    ] {
        let want = run(Exec::default(), loss);
        for &isa in isa::available() {
            for par in [Par::Seq, Par::Team(&team)] {
                assert_eq!(run(Exec::new(isa, par), loss), want, "{loss:?}, {isa}");
            }
        }
        if let Loss::SmoothedSoftmaxCrossEntropy { label_smoothing } = loss {
            // The entropy of the smoothed labels is the least there is.
            let (other, label) = (f64::from(label_smoothing) / 4.0, 1.0 - 0.75 * f64::from(label_smoothing));
            let least = -(3.0 * other * other.ln() + label * label.ln());
            assert!((least..least + 0.25).contains(&want.0), "{} is not near {least}", want.0);
        }
    }
}

#[test]
fn what_does_not_go_with_a_loss_is_refused() {
    let numbers = numbers();
    let labels = Targets::Labels { labels: vec![0, 1, 2], classes: 3 };
    let three = Dataset::new("three", vec![1.0; 3], 1, labels).unwrap();
    let below = Dataset::new("below", vec![1.0; 2], 1, Targets::Values(vec![1.0, -1.0])).unwrap();
    let refused = |loss: Loss, data: &Dataset| {
        let error = Trainer::new(Exec::default(), Linear::new(1, false), data, settings(loss, 0.1, 2)).err();
        assert_eq!(Evaluator::new(loss, data).err(), error, "evaluation says the same");
        error.expect("an error").to_string()
    };
    for (loss, data, message) in [
        (Loss::Hinge, &numbers, "dataset numbers: the hinge loss needs targets -1 and 1, the data has 0"),
        (Loss::SquaredHinge, &three, "dataset three: the squared_hinge loss needs two classes, the data has 3"),
        (Loss::Logistic, &numbers, "dataset numbers: the logistic loss needs targets in [0, 1], the data has 2"),
        (Loss::Poisson, &below, "dataset below: the poisson loss needs targets of at least 0, the data has -1"),
        (Loss::SoftmaxCrossEntropy, &numbers, "dataset numbers: the cross-entropy loss needs class labels"),
        (Loss::Huber { delta: 0.0 }, &numbers, "loss huber: delta has to be positive"),
        (Loss::Huber { delta: f32::NAN }, &numbers, "loss huber: delta has to be positive"),
        (Loss::Quantile { tau: 1.0 }, &numbers, "loss quantile: tau has to be between 0 and 1"),
        (
            Loss::SmoothedSoftmaxCrossEntropy { label_smoothing: 1.5 },
            &three,
            "loss smoothed_softmax_cross_entropy: label_smoothing has to be in [0, 1]",
        ),
    ] {
        let got = refused(loss, data);
        assert!(got.starts_with(message), "{got:?} instead of {message:?}");
    }
    // Hinge takes -1 and 1, and two classes.
    let two = Targets::Labels { labels: vec![0, 1], classes: 2 };
    let two = Dataset::new("two", vec![1.0, 2.0], 1, two).unwrap();
    for data in [&below, &two] {
        assert!(!matches!(Evaluator::new(Loss::Hinge, data), Err(ConfigError::Targets { .. })));
    }
}

#[test]
fn the_name_of_a_loss_is_its_name_in_json() {
    for loss in [Loss::Squared, Loss::SquaredHinge, Loss::SoftmaxCrossEntropy, Loss::Poisson] {
        assert_eq!(serde_json::to_string(&loss).unwrap(), format!("\"{}\"", loss.name()));
    }
    let huber: Loss = serde_json::from_str(r#"{"huber": {"delta": 0.5}}"#).unwrap();
    assert_eq!(huber, Loss::Huber { delta: 0.5 });
}
