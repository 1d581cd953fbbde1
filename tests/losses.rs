//! Every loss trains a model to the minimum it is known for; so does the weighted mean of losses.

use simdescent::kernels::{Exec, Par, Team, isa};
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{
    ConfigError, Dataset, Evaluation, Evaluator, Initializer, Lbfgs, LearningRate, Linear, Loss, Mlp, Model, Rule,
    Sampling, Settings, Targets, Trainer, synthetic,
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

/// A linear model of two features, or softmax regression of three classes.
fn model_for(loss: Loss) -> Box<dyn Model> {
    match loss {
        Loss::SoftmaxCrossEntropy | Loss::SmoothedSoftmaxCrossEntropy { .. } => {
            let mut stream = Stream::new(StreamKey::new(Purpose::Weights, 1));
            Box::new(Mlp::new(&[2, 3], Activation::Relu, Initializer::Zeros, &mut stream))
        }
        _ => Box::new(Linear::new(2, true)),
    }
}

/// Curve and weights after some steps, and the loss there.
fn trained(data: &Dataset, settings: Settings) -> (Vec<f32>, f64) {
    let mut trainer = Trainer::new(Exec::default(), model_for(settings.loss), data, settings).unwrap();
    (0..40).for_each(|_| _ = trainer.step());
    let evaluator = Evaluator::new(settings.loss, data).unwrap();
    let loss = evaluator.evaluate(Exec::default(), trainer.model_mut()).loss;
    let rows = evaluator.row_losses(Exec::default(), trainer.model_mut());
    let mean = rows.iter().sum::<f64>() / rows.len() as f64;
    assert!((mean - loss).abs() <= 1e-5 * loss, "rows have a mean of {mean}, the set {loss}");
    ([trainer.history().losses(), trainer.model().parameters()].concat(), loss)
}

fn assert_near(a: &(Vec<f32>, f64), b: &(Vec<f32>, f64), what: impl std::fmt::Debug) {
    let near = |a: f64, b: f64| (a - b).abs() <= 2e-5 * (1.0 + b.abs());
    assert!(near(a.1, b.1), "{what:?}: losses {} and {}", a.1, b.1);
    assert!(a.0.iter().zip(&b.0).all(|(&a, &b)| near(a.into(), b.into())), "{what:?}: {:?} and {:?}", a.0, b.0);
}

const WEIGHED: [Loss; 6] = [
    Loss::Squared,
    Loss::Logistic,
    Loss::SquaredHinge,
    Loss::Poisson,
    Loss::SoftmaxCrossEntropy,
    Loss::SmoothedSoftmaxCrossEntropy { label_smoothing: 0.2 },
];

/// More than one block of an evaluation, of as many classes as the loss has.
fn classes(loss: Loss, rows: usize) -> Dataset {
    let stream = || Stream::new(StreamKey::new(Purpose::Data, 3));
    match loss {
        Loss::SoftmaxCrossEntropy | Loss::SmoothedSoftmaxCrossEntropy { .. } => {
            synthetic::gaussian_mixture(rows, 2, 3, 2.0, &mut stream())
        }
        _ => synthetic::gaussian_mixture(rows, 2, 2, 2.0, &mut stream()),
    }
}

/// A row of weight k is k rows (up to rounding); equal weights are none, to the bit if they are powers of two.
#[test]
fn weights_are_numbers_of_rows() {
    for loss in WEIGHED {
        let data = classes(loss, 700);
        let counts: Vec<u32> = (0..700).map(|i| i % 4).collect();
        let repeated: Vec<u32> = (0..700).flat_map(|i| vec![i; counts[i as usize] as usize]).collect();
        let weights: Vec<f32> = counts.iter().map(|&n| n as f32).collect();
        for class_weights in [None, Some([0.5, 2.0, 1.5]), Some([0.0, 1.0, 1.0])] {
            let weigh = |data: Dataset| match class_weights {
                Some(c) => {
                    let classes = data.targets().classes().unwrap();
                    data.with_class_weights(c[..classes].to_vec()).unwrap()
                }
                None => data,
            };
            let weighted = weigh(data.clone().with_weights(weights.clone()).unwrap());
            let many = weigh(data.select(&repeated));
            let rate = 0.02;
            let by_weight = trained(&weighted, settings(loss, rate, weighted.rows()));
            assert_near(&by_weight, &trained(&many, settings(loss, rate, many.rows())), (loss, class_weights));

            let shuffled = Settings { sampling: Sampling::Reshuffled, ..settings(loss, rate, 64) };
            let plain = trained(&weigh(data.clone()), shuffled);
            for weight in [1.0, 0.25] {
                let equal = weigh(data.clone().with_weights(vec![weight; 700]).unwrap());
                assert_eq!(trained(&equal, shuffled), plain, "{loss:?}, {weight}");
            }
        }
    }
}

/// Rows that count nothing could be any rows: no bit of curve, weights or loss depends on them, in whatever order they come.
#[test]
fn a_class_of_weight_zero_is_ignored() {
    for loss in WEIGHED {
        // With smoothing, a class of weight 0 is still a class of the others' rows; no row of it counts if the rows' weights say so.
        let smoothed = matches!(loss, Loss::SmoothedSoftmaxCrossEntropy { .. });
        let data = classes(loss, 600);
        let Targets::Labels { labels, classes } = data.targets().clone() else { panic!("classes") };
        let mut class_weights = vec![1.0; classes];
        class_weights[0] = 0.0;
        let ignoring = |data: Dataset| {
            if smoothed {
                return data.with_weights(labels.iter().map(|&k| class_weights[k as usize]).collect()).unwrap();
            }
            data.with_class_weights(class_weights.clone()).unwrap()
        };
        let mut inputs = data.inputs().to_vec();
        (0..1200).filter(|i| labels[i / 2] == 0).for_each(|i| inputs[i] += 1e6);
        let elsewhere = Dataset::new("elsewhere", inputs, 2, data.targets().clone()).unwrap();
        let shuffled = Settings { sampling: Sampling::Reshuffled, ..settings(loss, 0.02, 50) };
        let seen = trained(&ignoring(data.clone()), shuffled);
        assert_eq!(trained(&ignoring(elsewhere), shuffled), seen, "{loss:?}");
        // All at once, it is as if those rows were not there.
        let rest: Vec<u32> = (0..600).filter(|&i| labels[i as usize] != 0).collect();
        let rest = data.select(&rest);
        let without = trained(&rest, settings(loss, 0.02, rest.rows()));
        assert_near(&trained(&ignoring(data), settings(loss, 0.02, 600)), &without, loss);
    }
}

#[test]
fn no_smoothing_is_none_to_the_bit() {
    let none = Loss::SmoothedSoftmaxCrossEntropy { label_smoothing: 0.0 };
    let data = classes(none, 600);
    let weights = (0..600).map(|i| (i % 7) as f32 * 0.3).collect();
    let weighted = data.clone().with_weights(weights).unwrap().with_class_weights(vec![0.3, 2.0, 1.0]).unwrap();
    for data in [data, weighted] {
        let run = |loss| trained(&data, Settings { sampling: Sampling::Reshuffled, ..settings(loss, 0.1, 50) });
        assert_eq!(run(none), run(Loss::SoftmaxCrossEntropy));
    }
}

/// One feature that is always 1, by L-BFGS: closed forms of the best constant.
#[test]
fn the_weighted_minimum_is_the_one_of_the_weights() {
    let constant = |targets: Targets| Dataset::new("t", vec![1.0; targets.rows()], 1, targets).unwrap();
    let minimum = |data: &Dataset, loss, outputs: usize| {
        let mut stream = Stream::new(StreamKey::new(Purpose::Weights, 1));
        let mut model = Mlp::new(&[1, outputs], Activation::Relu, Initializer::Zeros, &mut stream);
        Lbfgs::default().train(Exec::default(), &mut model, data, &Settings { loss, ..Settings::default() }).unwrap();
        let (weights, biases) = model.parameters().split_at(outputs);
        weights.iter().zip(biases).map(|(w, b)| w + b).collect::<Vec<_>>()
    };
    let numbers = constant(Targets::Values(vec![1.0, 2.0, 6.0])).with_weights(vec![1.0, 0.5, 2.5]).unwrap();
    assert!((minimum(&numbers, Loss::Squared, 1)[0] - 17.0 / 4.0).abs() < 1e-5);

    // One row in four is of class 1: its log-odds are ln ⅓, and of balanced classes 0.
    let labels = constant(Targets::Labels { labels: vec![0, 0, 1, 0], classes: 2 });
    assert!((minimum(&labels, Loss::Logistic, 1)[0] + 3f32.ln()).abs() < 1e-4);
    let balanced = labels.balanced_class_weights().unwrap();
    let labels = labels.with_class_weights(balanced).unwrap();
    assert!(minimum(&labels, Loss::Logistic, 1)[0].abs() < 1e-5);
    let z = minimum(&labels, Loss::SoftmaxCrossEntropy, 2);
    assert!((z[1] - z[0]).abs() < 1e-5, "{z:?}");

    // Probabilities: the model says their weighted mean, each class by its weight.
    let targets = Targets::Probabilities { values: vec![0.5, 0.25, 0.25, 0.0, 0.5, 0.5], classes: 3 };
    let soft = constant(targets).with_weights(vec![3.0, 1.0]).unwrap();
    for (class_weights, mean) in [([1.0; 3], [1.5, 1.25, 1.25]), ([2.0, 1.0, 4.0], [3.0, 1.25, 5.0])] {
        let soft = soft.clone().with_class_weights(class_weights.to_vec()).unwrap();
        let z = minimum(&soft, Loss::SoftmaxCrossEntropy, 3);
        for k in 1..3 {
            assert!((z[k] - z[0] - f32::ln(mean[k] / mean[0])).abs() < 1e-4, "{class_weights:?}: {z:?}");
        }
    }
    // Of two classes, the logistic model takes the probability of the second.
    let two = constant(Targets::Probabilities { values: vec![0.5, 0.5, 0.9, 0.1], classes: 2 });
    assert!((minimum(&two, Loss::Logistic, 1)[0] - f32::ln(0.3 / 0.7)).abs() < 1e-4);
}

/// A label is the probability 1 of its class, in training and in every metric.
#[test]
fn sure_probabilities_are_labels() {
    let data = classes(Loss::SoftmaxCrossEntropy, 600);
    let Targets::Labels { labels, classes } = data.targets() else { panic!("classes") };
    let mut values = vec![0.0; 600 * classes];
    labels.iter().enumerate().for_each(|(i, &k)| values[i * classes + k as usize] = 1.0);
    let sure = data.clone().with_targets(Targets::Probabilities { values, classes: *classes }).unwrap();
    for loss in &WEIGHED[4..] {
        let shuffled = Settings { sampling: Sampling::Reshuffled, ..settings(*loss, 0.1, 50) };
        assert_near(&trained(&sure, shuffled), &trained(&data, shuffled), loss);
        let mut trainer = Trainer::new(Exec::default(), model_for(*loss), &data, shuffled).unwrap();
        (0..40).for_each(|_| _ = trainer.step());
        let mut metrics = |data| {
            let metrics = Evaluator::new(*loss, data).unwrap().metrics(Exec::default(), trainer.model_mut());
            metrics.classification.unwrap()
        };
        let (a, b) = (metrics(&sure), metrics(&data));
        assert!((a.log_loss.unwrap() - b.log_loss.unwrap()).abs() < 1e-12, "{a:?} {b:?}");
        assert_eq!((a.accuracy, a.auc, a.confusion, a.calibration), (b.accuracy, b.auc, b.confusion, b.calibration));
    }
    let refused = Evaluator::new(Loss::Squared, &sure).unwrap_err().to_string();
    assert!(refused.contains("the squared loss takes no probabilities of 3 classes"), "{refused}");
    let nothing = data.with_class_weights(vec![1.0, 0.0, 0.0]).unwrap();
    let other: Vec<u32> = (0..600).filter(|&i| labels_of(&nothing)[i as usize] != 0).collect();
    let refused = Evaluator::new(Loss::SoftmaxCrossEntropy, &nothing.select(&other)).unwrap_err().to_string();
    assert!(refused.contains("add up to 0: nothing counts"), "{refused}");
}

fn labels_of(data: &Dataset) -> &[u32] {
    let Targets::Labels { labels, .. } = data.targets() else { panic!("classes") };
    labels
}
