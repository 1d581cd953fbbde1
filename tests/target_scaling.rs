//! Targets far from 0 and 1, scaled for training: an affine change of unit changes nothing.

use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{
    Dataset, EarlyStopping, Evaluator, FitOptions, Initializer, Lbfgs, Linear, Loss, Mlp, Model, Settings, Stop,
    TargetScaling, Targets, Trainer, synthetic,
};
use simdescent_kernels::{Exec, activation::Activation};

/// Targets near 1, and the same ones in another unit.
fn data() -> (Dataset, Dataset) {
    let data = synthetic::linear(400, 6, 0.2, &mut Stream::new(StreamKey::new(Purpose::Data, 5)));
    let Targets::Values(values) = data.targets() else { unreachable!() };
    // Powers of two, so that scaling back is exact.
    let far = Targets::Values(values.iter().map(|y| 1024.0 * y + 4096.0).collect());
    let far = data.clone().with_targets(far).unwrap();
    (data, far)
}

fn network() -> Mlp {
    let mut stream = Stream::new(StreamKey::new(Purpose::Weights, 2));
    Mlp::new(&[6, 16, 1], Activation::Relu, Initializer::HeNormal, &mut stream)
}

/// (how a network of default settings does, the lowest validation loss in the targets' unit)
fn fitted(data: &Dataset, loss: Loss, target_scaling: Option<TargetScaling>) -> (Stop, f64) {
    let (training, validation) = data.clone().split_at(320).unwrap();
    let settings = Settings { loss, target_scaling, ..Settings::default() };
    let mut trainer = Trainer::new(Exec::default(), network(), &training, settings).unwrap();
    let early_stopping = Some(EarlyStopping { patience: 10, min_delta: 0.0 });
    let options = FitOptions { steps: 500, samples: None, validate_every: 50, early_stopping };
    let fit = trainer.fit(&settings.evaluator(&validation).unwrap(), options).unwrap();
    (fit.stop, fit.best.map_or(f64::NAN, |best| fit.validations[best].evaluation.loss))
}

#[test]
fn the_default_rate_trains_on_any_unit_and_losses_are_in_it() {
    let (near, far) = data();
    assert_eq!(fitted(&far, Loss::Squared, None).0, Stop::Diverged);
    // The loss in the unit of the targets is that many times the other one.
    let delta = |delta| Loss::Huber { delta };
    for (near_loss, far_loss, factor) in [
        (Loss::Squared, Loss::Squared, 1024.0 * 1024.0),
        (Loss::Absolute, Loss::Absolute, 1024.0),
        (Loss::Quantile { tau: 0.8 }, Loss::Quantile { tau: 0.8 }, 1024.0),
        (delta(0.5), delta(512.0), 1024.0 * 1024.0),
    ] {
        let scaled = |data: &Dataset, loss| {
            let scaling = TargetScaling::fit(loss, &data.clone().split_at(320).unwrap().0).unwrap();
            fitted(data, loss, Some(scaling)).1
        };
        let (a, b) = (scaled(&near, near_loss), scaled(&far, far_loss));
        assert!((b / factor / a - 1.0).abs() < 0.01, "{}: {a} and {b}", near_loss.name());
    }
}

/// Of a linear model the minimum does not depend on the scaling.
#[test]
fn lbfgs_finds_the_same_line_and_coefficients_are_in_the_unit_of_the_targets() {
    let (_, far) = data();
    let minimum = |target_scaling| {
        let settings = Settings { target_scaling, ..Settings::default() };
        let mut model = Linear::new(6, true);
        Lbfgs::default().train(Exec::default(), &mut model, &far, &settings).unwrap();
        let metrics = settings.evaluator(&far).unwrap().metrics(Exec::default(), &mut model);
        let found = model.coefficients().unwrap().remove(0);
        (target_scaling.map_or(found.clone(), |scaling| found.in_target_units(scaling)), metrics.regression.unwrap())
    };
    let scaling = TargetScaling::fit(Loss::Squared, &far).unwrap();
    assert!(scaling.mean > 3000.0 && scaling.deviation > 500.0, "{scaling:?}");
    let ((plain, quality), (scaled, scaled_quality)) = (minimum(None), minimum(Some(scaling)));
    assert!((scaled_quality.rmse / quality.rmse - 1.0).abs() < 1e-3, "{quality:?} {scaled_quality:?}");
    for (a, b) in plain.weights.iter().zip(&scaled.weights) {
        assert!((a - b).abs() < 1e-3 * quality.rmse, "{plain:?} {scaled:?}");
    }
    assert!((plain.intercept - scaled.intercept).abs() < 1e-2 * quality.rmse);
}

#[test]
fn an_evaluator_in_another_unit_is_refused() {
    let (_, far) = data();
    let target_scaling = Some(TargetScaling::fit(Loss::Squared, &far).unwrap());
    let settings = Settings { target_scaling, ..Settings::default() };
    let mut trainer = Trainer::new(Exec::default(), Linear::new(6, true), &far, settings).unwrap();
    let options = FitOptions { steps: 1, samples: None, validate_every: 1, early_stopping: None };
    let message = trainer.fit(&Evaluator::new(Loss::Squared, &far).unwrap(), options).unwrap_err().to_string();
    assert!(message.contains("take Settings::evaluator"), "{message}");
    let settings = Settings { loss: Loss::Poisson, ..settings };
    let message = Trainer::new(Exec::default(), Linear::new(6, true), &far, settings).err().unwrap().to_string();
    assert!(message.contains("not for poisson"), "{message}");
}
