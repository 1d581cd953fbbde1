//! The project's reference example against its closed form.

use simdescent::{
    Dataset, Evaluator, LearningRate, Linear, Loss, Model, Modifiers, Rule, Sampling, Settings, Targets, Trainer,
    synthetic,
};
use simdescent_kernels::Exec;

/// (Σx²/n, w* = Σxy/Σx²) in `f64`.
fn closed_form(data: &Dataset) -> (f64, f64) {
    let Targets::Values(y) = data.targets() else { panic!("a regression") };
    let (mut xx, mut xy) = (0.0, 0.0);
    for (&x, &y) in data.inputs().iter().zip(y) {
        xx += f64::from(x) * f64::from(x);
        xy += f64::from(x) * f64::from(y);
    }
    (xx / data.rows() as f64, xy / xx)
}

#[test]
fn gradient_descent_follows_the_closed_form_at_every_step() {
    let data = synthetic::linear_example();
    let (curvature, optimum) = closed_form(&data);
    let rate = 0.01;
    let settings = Settings {
        loss: Loss::Squared,
        rule: Rule::Sgd,
        learning_rate: LearningRate::Constant { rate },
        l2: 0.0,
        modifiers: Modifiers::NONE,
        batch_size: data.rows(),
        sampling: Sampling::FixedOrder,
        trial: 0,
        seed: 0,
    };
    let exec = Exec::default();
    let mut trainer = Trainer::new(exec, Linear::new(1, false), &data, settings).unwrap();
    for t in 0..1000 {
        // w_t = w* (1 − (1 − 2ηh)^t), because the gradient of the mean squared error is 2h(w − w*).
        let expected = optimum * (1.0 - (1.0 - 2.0 * rate * curvature).powi(t));
        let w = f64::from(trainer.model().parameters()[0]);
        assert!((w - expected).abs() < 2e-5 * optimum, "step {t}: {w} instead of {expected}");
        trainer.step();
    }
    // 1000 steps leave (1 − 2ηh)^1000 of the way; with no bias the loss stays above zero even at the optimum.
    let w = f64::from(trainer.model().parameters()[0]);
    assert!((w / optimum - 1.0).abs() < 3e-3, "{w} instead of {optimum}");
    let loss = |w: f64| {
        let mut model = Linear::new(1, false);
        model.parameters_mut()[0] = w as f32;
        Evaluator::new(Loss::Squared, &data).unwrap().evaluate(exec, &mut model).loss
    };
    assert!(loss(optimum) > 0.2 && loss(w) >= loss(optimum) && loss(w) < loss(optimum) * 1.001);
    assert!(loss(optimum * 1.01) > loss(optimum) && loss(optimum * 0.99) > loss(optimum));
}
