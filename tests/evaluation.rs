//! Learning curve, cross-validation and over-fitting in whole training runs, against closed forms.

use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{
    ConfigError, CrossValidation, Dataset, Evaluator, FitOptions, Generalization, KFold, LearningRate, Linear, Loss,
    Metric, Metrics, Model, Regression, Rule, Sampling, Scores, Settings, Stop, Targets, Trainer, TrainingSpec,
    Verdict, cross_validate, learning_curve, synthetic,
};
use simdescent_kernels::{Exec, Par, isa};

const FEATURES: usize = 5;

fn regression(rows: usize, seed: u64) -> Dataset {
    synthetic::linear(rows, FEATURES, 1.0, &mut Stream::new(StreamKey::new(Purpose::Data, seed)))
}

/// Gradient descent that reaches the least-squares solution.
fn descent() -> TrainingSpec {
    let settings = Settings {
        learning_rate: LearningRate::Constant { rate: 0.1 },
        batch_size: 1 << 20,
        sampling: Sampling::FixedOrder,
        ..Settings::default()
    };
    let options = FitOptions { steps: 400, samples: None, validate_every: 400, early_stopping: None };
    TrainingSpec { settings, options }
}

fn model() -> Linear {
    Linear::new(FEATURES, false)
}

/// Least squares with noise σ² = 1: training loss 1 − d/n, loss on new rows 1 + d/(n − d − 1), on average.
#[test]
fn the_learning_curve_of_least_squares_is_its_closed_form() {
    let (sizes, seeds) = ([20, 40, 160], 30);
    let mut mean = [(0.0, 0.0); 3];
    for seed in 0..seeds {
        let (training, held_out) = regression(1160, seed).split_at(160).unwrap();
        let validation = Evaluator::new(Loss::Squared, &held_out).unwrap();
        let train = |part: &Dataset| Scores::train(Exec::default(), model(), part, &validation, descent());
        let curve = learning_curve(&training, &sizes, train).unwrap();
        for (mean, point) in mean.iter_mut().zip(&curve) {
            mean.0 += point.scores.training.loss / seeds as f64;
            mean.1 += point.scores.validation.loss / seeds as f64;
        }
        assert_eq!(curve.iter().map(|point| point.rows).collect::<Vec<_>>(), sizes);
    }
    for ((training, validation), n) in mean.into_iter().zip(sizes.map(|n| n as f64)) {
        let d = FEATURES as f64;
        // Four standard errors of the mean of 30 sums of n − d squares; the same for the excess on new rows.
        let tolerance = 4.0 * (2.0 / (n - d) / 30.0).sqrt();
        assert!((training / (1.0 - d / n) - 1.0).abs() < tolerance, "{n}: {training}");
        assert!((validation / (1.0 + d / (n - d - 1.0)) - 1.0).abs() < tolerance, "{n}: {validation}");
    }
    let (training, _) = regression(20, 1).split_at(10).unwrap();
    let validation = Evaluator::new(Loss::Squared, &training).unwrap();
    for rows in [0, 11] {
        let train = |part: &Dataset| Scores::train(Exec::default(), model(), part, &validation, descent());
        let result = learning_curve(&training, &[rows], train);
        assert!(result.unwrap_err().to_string().contains("needs 1 to 10 rows"));
    }
}

/// Leave one out of least squares: the error of a row left out is its residual over 1 − its leverage (Allen's PRESS, 1974).
#[test]
fn leaving_one_out_is_press() {
    let (x, y) = ([0.5f32, 1.0, -1.5, 2.0, -0.5, 0.25], [1.0f32, 1.5, -2.0, 3.5, 0.0, 0.75]);
    let data = Dataset::new("t", x.to_vec(), 1, Targets::Values(y.to_vec())).unwrap();
    let folds = KFold { folds: 6, stratified: false, trial: 0, seed: 1 };
    let found = cross_validate(Exec::default(), |_| Linear::new(1, false), &data, descent(), folds, false).unwrap();
    let (x, y) = (x.map(f64::from), y.map(f64::from));
    let xx: f64 = x.iter().map(|x| x * x).sum();
    let w = x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>() / xx;
    let press: f64 = x.iter().zip(y).map(|(x, y)| ((y - w * x) / (1.0 - x * x / xx)).powi(2)).sum();
    let loss = found.mean(Metric::Loss).unwrap();
    assert!((loss / (press / 6.0) - 1.0).abs() < 1e-5, "{loss} and {}", press / 6.0);
    assert_eq!((found.folds.len(), found.mean(Metric::Accuracy)), (6, None));
}

#[test]
fn summaries_of_folds_by_hand() {
    let metrics = |loss, mae| {
        let regression = Regression { rmse: 1.0, mae, r2: None };
        Metrics { rows: 1, loss, regression: Some(regression), classification: None }
    };
    let fold = |loss, mae| {
        let (training, validation) = (metrics(9.0, 9.0), metrics(loss, mae));
        Scores { training, validation, stop: Stop::Steps, steps: 1 }
    };
    let found = CrossValidation { folds: vec![fold(1.0, 0.5), fold(2.0, 1.0), fold(6.0, 0.75)] };
    // Deviations −2, −1, 3 and −¼, ¼, 0.
    assert_eq!((found.mean(Metric::Loss), found.deviation(Metric::Loss)), (Some(3.0), Some(7f64.sqrt())));
    assert_eq!((found.mean(Metric::Mae), found.deviation(Metric::Mae)), (Some(0.75), Some(0.25)));
    assert_eq!((found.mean(Metric::R2), found.deviation(Metric::Accuracy)), (None, None));
}

/// Inputs far from 0 diverge unless each fold is standardized, with the same bits on every instruction set.
#[test]
fn folds_are_standardized_by_what_they_may_see() {
    let data = synthetic::gaussian_mixture(200, FEATURES, 2, 3.0, &mut Stream::new(StreamKey::new(Purpose::Data, 3)));
    let inputs = data.inputs().iter().map(|x| 100.0 * x + 1000.0).collect();
    let far = Dataset::new("far", inputs, FEATURES, data.targets().clone()).unwrap();
    let mut training = descent();
    training.settings = Settings { loss: Loss::Logistic, rule: Rule::ADAM, batch_size: 32, ..training.settings };
    let folds = KFold { folds: 5, stratified: true, trial: 0, seed: 1 };
    let run = |exec, standardize| {
        cross_validate(exec, |_| Linear::new(FEATURES, true), &far, training, folds, standardize).unwrap()
    };
    let found = run(Exec::default(), true);
    assert!(found.mean(Metric::Accuracy).unwrap() > 0.9, "{found:?}");
    let loss = |found: &CrossValidation| found.mean(Metric::Loss).unwrap();
    assert!(loss(&run(Exec::default(), false)) > 10.0 * loss(&found));
    for &isa in isa::available() {
        assert_eq!(run(Exec::new(isa, Par::Seq), true), found, "{isa}");
    }
    let too_many = KFold { folds: 201, ..folds };
    let result = cross_validate(Exec::default(), |_| Linear::new(5, true), &far, training, too_many, true);
    assert!(matches!(result, Err(ConfigError::Resampling(_))));
}

/// 15 weights on 18 rows over-fit and get worse; on 2000 rows they do not.
#[test]
fn the_verdict_sees_over_fitting() {
    let data = synthetic::linear(4000, 15, 1.0, &mut Stream::new(StreamKey::new(Purpose::Data, 4)));
    let verdict = |rows, steps| {
        let (training, held_out) = data.clone().split_at(rows).unwrap();
        let [seen, validation] = [&training, &held_out].map(|data| Evaluator::new(Loss::Squared, data).unwrap());
        let TrainingSpec { settings, options } = descent();
        let settings = Settings { batch_size: rows, ..settings };
        let mut trainer = Trainer::new(Exec::default(), Linear::new(15, true), &training, settings).unwrap();
        let options = FitOptions { steps, validate_every: 5, ..options };
        let fit = trainer.fit(&validation, options).unwrap();
        let lowest = fit.best.map(|best| fit.validations[best].evaluation.loss);
        let exec = Exec::default();
        let model = trainer.model_mut();
        let found = Generalization::new(&seen.row_losses(exec, model), &validation.row_losses(exec, model), lowest);
        assert!((found.validation_loss / fit.validations.last().unwrap().evaluation.loss - 1.0).abs() < 1e-6);
        assert!(model.parameters().iter().all(|w| w.is_finite()));
        found.verdict
    };
    assert_eq!(verdict(18, 5000), Verdict::Overtrained);
    assert_eq!(verdict(2000, 500), Verdict::Generalizes);
}
