use super::*;
use crate::dataset::Dataset;
use crate::initializer::Initializer;
use crate::model::{Linear, Mlp};
use crate::random::{Purpose, Stream, StreamKey};
use crate::synthetic;
use simdescent_kernels::activation::Activation;
use simdescent_kernels::{Par, isa};
use std::f64::consts::LN_2;

fn stream(purpose: Purpose) -> Stream {
    Stream::new(StreamKey::new(purpose, 4))
}

/// A model whose outputs are these weights times the one feature 1.
fn constant(outputs: &[f32]) -> Mlp {
    let widths = [1, outputs.len()];
    let mut model = Mlp::new(&widths, Activation::Relu, Initializer::Zeros, &mut stream(Purpose::Weights));
    model.parameters_mut()[..outputs.len()].copy_from_slice(outputs);
    model
}

/// The identity on one feature.
fn identity() -> Linear {
    let mut model = Linear::new(1, false);
    model.parameters_mut()[0] = 1.0;
    model
}

fn metrics(loss: Loss, data: &Dataset, model: &mut impl Model) -> Metrics {
    Evaluator::new(loss, data).unwrap().metrics(Exec::default(), model)
}

fn table(inputs: &[f32], targets: Targets) -> Dataset {
    Dataset::new("t", inputs.to_vec(), 1, targets).unwrap()
}

fn labels(labels: &[u32], classes: usize) -> Targets {
    Targets::Labels { labels: labels.to_vec(), classes }
}

#[test]
fn numbers_have_errors_and_no_classes() {
    let data = table(&[2.5, 0.0, 2.0, 8.0], Targets::Values(vec![3.0, -0.5, 2.0, 7.0]));
    let m = metrics(Loss::Squared, &data, &mut identity());
    assert_eq!((m.rows, m.loss, m.regression.unwrap().mae, m.classification), (4, 0.375, 0.5, None));
}

#[test]
fn no_knowledge_costs_the_logarithm_of_the_classes() {
    for classes in [2, 3, 10] {
        let data = table(&[1.0; 4], labels(&[0, 1, 1, 0], classes));
        let m = metrics(Loss::SoftmaxCrossEntropy, &data, &mut constant(&vec![0.0; classes]));
        let c = m.classification.unwrap();
        assert!((c.log_loss.unwrap() - libm::log(classes as f64)).abs() < 1e-15, "{c:?}");
        // Everything is taken for class 0, with probability 1/classes; every score is a tie.
        assert_eq!((c.accuracy, c.auc), (0.5, Some(0.5)));
        assert!((c.calibration.unwrap().expected_error - (0.5 - 1.0 / classes as f64)).abs() < 1e-15);
        assert_eq!(c.confusion.unwrap().class(0).precision, Some(0.5));
    }
    let data = table(&[0.0; 4], labels(&[0, 1, 1, 0], 2));
    let c = metrics(Loss::Logistic, &data, &mut identity()).classification.unwrap();
    assert_eq!((c.log_loss, c.auc), (Some(LN_2), Some(0.5)));
}

/// Logits ln 3, 0, −ln 3: probabilities ¾, ½, ¼.
#[test]
fn logistic_by_hand() {
    let z = 3f32.ln();
    let data = table(&[z, 0.0, -z, -z], labels(&[1, 1, 0, 1], 2));
    let m = metrics(Loss::Logistic, &data, &mut identity());
    let c = m.classification.unwrap();
    // −(ln ¾ + ln ½ + ln ¾ + ln ¼)/4; of three pairs two are won and one is a tie.
    let want = -(2.0 * libm::log(0.75) + libm::log(0.5) + libm::log(0.25)) / 4.0;
    assert!((c.log_loss.unwrap() - want).abs() < 1e-7 && (m.loss - want).abs() < 1e-6, "{c:?}");
    assert_eq!((c.accuracy, c.auc), (0.5, Some(2.5 / 3.0)));
    assert_eq!(c.confusion.unwrap().rows(), [[1, 0], [2, 1]]);
    // Half sure and wrong; ¾ sure and right in 2 of 3.
    let error = 0.25 * 0.5 + 0.75 * (0.75 - 2.0 / 3.0);
    assert!((c.calibration.unwrap().expected_error - error).abs() < 1e-7);
    // A target between 0 and 1 counts by its part: the entropy of ¼ where the model says ¼.
    let soft = table(&[-z], Targets::Values(vec![0.25]));
    let c = metrics(Loss::Logistic, &soft, &mut identity()).classification.unwrap();
    assert!((c.log_loss.unwrap() - (0.25 * libm::log(4.0) + 0.75 * libm::log(4.0 / 3.0))).abs() < 1e-7, "{c:?}");
}

/// A margin is no probability; everything else is that of the logistic model.
#[test]
fn a_hinge_has_classes_but_no_probabilities() {
    let data = table(&[1.5, 0.2, -0.3, -2.0], labels(&[1, 0, 0, 1], 2));
    let logistic = metrics(Loss::Logistic, &data, &mut identity()).classification.unwrap();
    for loss in [Loss::Hinge, Loss::SquaredHinge] {
        let c = metrics(loss, &data, &mut identity()).classification.unwrap();
        assert_eq!(c, Classification { log_loss: None, calibration: None, ..logistic.clone() });
        assert_eq!((c.accuracy, c.auc), (0.5, Some(0.5)));
    }
}

/// The model says ln of the mean.
#[test]
fn poisson_is_compared_in_the_unit_of_the_targets() {
    let data = table(&[0.0, 3f32.ln()], Targets::Values(vec![2.0, 3.0]));
    let r = metrics(Loss::Poisson, &data, &mut identity()).regression.unwrap();
    assert!((r.mae - 0.5).abs() < 1e-6 && (r.rmse - 0.5f64.sqrt()).abs() < 1e-6, "{r:?}");
    let squared = metrics(Loss::Squared, &data, &mut identity()).regression;
    for loss in [Loss::Absolute, Loss::Huber { delta: 1.0 }, Loss::Quantile { tau: 0.2 }] {
        assert_eq!(metrics(loss, &data, &mut identity()).regression, squared);
    }
}

/// Logits (0, z) are the logistic model of z.
#[test]
fn two_classes_of_softmax_are_the_logistic_model() {
    let data = synthetic::gaussian_mixture(1000, 5, 2, 1.0, &mut stream(Purpose::Data));
    let mut logistic = Linear::new(5, true);
    let mut softmax = Mlp::new(&[5, 2], Activation::Relu, Initializer::Zeros, &mut stream(Purpose::Weights));
    for i in 0..6 {
        let w = stream(Purpose::Weights).normal() as f32 * (i as f32 - 2.5);
        logistic.parameters_mut()[i] = w;
        softmax.parameters_mut()[2 * i + 1] = w;
    }
    let a = metrics(Loss::Logistic, &data, &mut logistic).classification.unwrap();
    let b = metrics(Loss::SoftmaxCrossEntropy, &data, &mut softmax).classification.unwrap();
    assert!(
        (a.log_loss.unwrap() - b.log_loss.unwrap()).abs() < 1e-6 && (a.auc.unwrap() - b.auc.unwrap()).abs() < 1e-5,
        "{a:?} {b:?}"
    );
    assert_eq!((a.accuracy, &a.confusion), (b.accuracy, &b.confusion));
    let [a, b] = [a, b].map(|c| c.calibration.unwrap().expected_error);
    assert!((a - b).abs() < 1e-3, "{a} {b}");
}

/// A mean over classes against the rest, of those that have rows.
#[test]
fn the_auc_of_many_classes_leaves_out_those_without_rows() {
    let data = Dataset::new("t", vec![1.0, 0.0, 0.0, 1.0, 1.0, 0.0], 2, labels(&[0, 1, 1], 4)).unwrap();
    let mut model = Mlp::new(&[2, 4], Activation::Relu, Initializer::Zeros, &mut stream(Purpose::Weights));
    // Feature 0 speaks for class 0, feature 1 for class 1: the third row is taken for class 0.
    model.parameters_mut()[0] = 1.0;
    model.parameters_mut()[5] = 1.0;
    let c = metrics(Loss::SoftmaxCrossEntropy, &data, &mut model).classification.unwrap();
    assert_eq!(c.auc, Some(0.75)); // one pair won, one tied, for either class
    let confusion = c.confusion.unwrap();
    assert_eq!(confusion.rows()[..2], [[1, 0, 0, 0], [1, 1, 0, 0]]);
    assert_eq!(confusion.class(3).f1, None);
}

#[test]
fn loss_and_accuracy_are_those_of_evaluate_and_rows_add_up() {
    let data = synthetic::gaussian_mixture(1300, 8, 5, 2.0, &mut stream(Purpose::Data));
    let mut model = Mlp::new(&[8, 12, 5], Activation::Tanh, Initializer::HeNormal, &mut stream(Purpose::Weights));
    let evaluator = Evaluator::new(Loss::SoftmaxCrossEntropy, &data).unwrap();
    let exec = Exec::default();
    let plain = evaluator.evaluate(exec, &mut model);
    let m = evaluator.metrics(exec, &mut model);
    let c = m.classification.unwrap();
    assert_eq!((m.loss, Some(c.accuracy)), (plain.loss, plain.accuracy));
    assert!((c.log_loss.unwrap() / m.loss - 1.0).abs() < 1e-6, "{c:?} and {}", m.loss);
    let rows = evaluator.row_losses(exec, &mut model);
    assert_eq!(rows.len(), 1300);
    assert!((rows.iter().sum::<f64>() / 1300.0 / m.loss - 1.0).abs() < 1e-6);
    let right: u64 = (0..5).map(|k| c.confusion.as_ref().unwrap().rows()[k][k]).sum();
    assert_eq!(right as f64 / 1300.0, c.accuracy);
}

/// Golden bits, the same on every platform and instruction set.
#[test]
fn the_bits_are_stable() {
    let data = synthetic::gaussian_mixture(700, 8, 5, 1.0, &mut stream(Purpose::Data));
    for &isa in isa::available() {
        let mut model = Mlp::new(&[8, 12, 5], Activation::Tanh, Initializer::HeNormal, &mut stream(Purpose::Weights));
        let evaluator = Evaluator::new(Loss::SoftmaxCrossEntropy, &data).unwrap();
        let c = evaluator.metrics(Exec::new(isa, Par::Seq), &mut model).classification.unwrap();
        let numbers = [c.log_loss.unwrap(), c.auc.unwrap(), c.calibration.unwrap().expected_error];
        assert_eq!(
            numbers.map(|x| format!("{:016x}", x.to_bits())).join(" "),
            "3ffba2e7759785ff 3fe25b38372bad3e 3fc76aeeff233388",
            "{isa}"
        );
    }
}

#[test]
fn a_model_that_diverged_has_no_quality_but_panics_nowhere() {
    for broken in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
        let data = table(&[1.0, 1.0, 1.0], labels(&[0, 1, 2], 3));
        let c = metrics(Loss::SoftmaxCrossEntropy, &data, &mut constant(&[0.0, broken, 1.0])).classification.unwrap();
        if broken.is_nan() {
            assert_eq!((c.accuracy, c.auc, &c.calibration), (0.0, None, &None));
            assert!(c.log_loss.unwrap().is_nan());
            assert_eq!(c.confusion.unwrap().undecided(), [1, 1, 1]);
        }
        let mut line = identity();
        line.parameters_mut()[0] = broken;
        let c = metrics(Loss::Logistic, &table(&[1.0, -1.0], labels(&[0, 1], 2)), &mut line).classification.unwrap();
        assert_eq!(c.auc.is_none(), broken.is_nan());
        let values = table(&[1.0, 0.0], Targets::Values(vec![0.0, 1.0]));
        assert!(!metrics(Loss::Squared, &values, &mut line).regression.unwrap().rmse.is_finite() || broken == f32::MAX);
    }
}
