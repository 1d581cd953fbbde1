//! What the optimizers do, from closed forms, and which of them are special cases of others.

use crate::compare::assert_bits;
use crate::execs::for_each_isa;
use crate::inputs::{Kind, numbers};
use simdescent_kernels::Exec;
use simdescent_kernels::optimizer::{
    AdaGrad, Adam, Averaging, CoupledDecay, DecoupledDecay, Momentum, Nesterov, RmsProp, Sgd, UpdateRule, fused_step,
};

/// Where `steps` steps against the constant gradient `g` lead from 0.
pub(crate) fn against_constant<R: UpdateRule<f64, S>, const S: usize>(
    exec: Exec<'_>,
    g: f64,
    steps: u64,
    rule: impl Fn(u64) -> R,
) -> f64 {
    let (mut w, mut state) = ([0.0; 7], [[0.0; 7]; S]);
    for t in 1..=steps {
        fused_step(exec, &rule(t), &mut w, &[g; 7], state.each_mut().map(|s| &mut s[..]));
    }
    assert!(w.iter().all(|&x| x == w[0]), "equal parameters stay equal: {w:?}");
    w[0]
}

#[track_caller]
pub(crate) fn assert_near(got: f64, want: f64, tolerance: f64, what: &str) {
    assert!((got - want).abs() <= tolerance * want.abs(), "{what}: {got} instead of {want}");
}

/// The displacement under a constant gradient: what depends on |g|, what only on its sign, and how on the time.
#[test]
fn constant_gradient() {
    let (lr, steps) = (0.1, 10);
    for_each_isa(|exec, label| {
        for g in [1.0, -2.5, 300.0] {
            let what = |name: &str| format!("{name}, {label}, g = {g}");
            let sign = f64::signum(g);

            let got = against_constant(exec, g, steps, |_| Sgd { learning_rate: lr });
            assert_near(got, -lr * 10.0 * g, 1e-14, &what("SGD"));

            // −ηg Σ (1 − μᵏ)/(1 − μ)
            let mu = 0.9;
            let series = |k: i32| (1..=k).map(|k| (1.0 - f64::powi(mu, k)) / (1.0 - mu)).sum::<f64>();
            let got = against_constant(exec, g, steps, |_| Momentum { learning_rate: lr, momentum: mu });
            assert_near(got, -lr * g * series(10), 1e-13, &what("momentum"));
            // The look-ahead is one step of the velocity ahead: v₂ + … + vₜ₊₁.
            let got = against_constant(exec, g, steps, |_| Nesterov { learning_rate: lr, momentum: mu });
            assert_near(got, -lr * g * (series(11) - 1.0), 1e-13, &what("Nesterov"));

            // −η Σ 1/√k
            let got = against_constant(exec, g, steps, |_| AdaGrad { learning_rate: lr, epsilon: 1e-12 });
            assert_near(got, sign * -0.502_099_789_9, 1e-9, &what("AdaGrad"));

            // −η Σ 1/√(1 − ρᵏ)
            let rule = RmsProp { learning_rate: lr, decay: Averaging::new(0.9), epsilon: 1e-12 };
            let got = against_constant(exec, g, steps, |_| rule);
            assert_near(got, sign * -1.733_250, 3e-7, &what("RMSprop"));
            let want: f64 = (1..=10).map(|k| -lr / (1.0 - f64::powi(0.9, k)).sqrt()).sum();
            assert_near(got, sign * want, 1e-11, &what("RMSprop"));

            // −ηt
            let got = against_constant(exec, g, steps, |t| Adam::at_step(t, lr, 0.9, 0.999, 1e-14));
            assert_near(got, -sign, 1e-12, &what("Adam"));
        }
    });
}

/// The same in `f32` at averages so slow that 1 − β of a rounded β would be 1.3 % and 19 % off: 0.9934 η and 0.916 η in the first step.
#[test]
fn slow_averages_of_adam() {
    for_each_isa(|exec, label| {
        for (beta2, g) in [0.999, 0.999_999, 0.999_999_9].into_iter().flat_map(|b| [(b, 1e-4f32), (b, -1e6)]) {
            let mut state = [[0.0; 7]; 2];
            for t in 1..=100 {
                let (mut w, rule) = ([0.0; 7], Adam::at_step(t, 0.01, 0.9, beta2, 1e-12));
                fused_step(exec, &rule, &mut w, &[g; 7], state.each_mut().map(|s| &mut s[..]));
                let want = -0.01 * f64::from(g.signum());
                assert_near(f64::from(w[0]), want, 1e-6, &format!("step {t}, β₂ = {beta2}, {label}, g = {g}"));
            }
        }
    });
}

/// η·sign(g) in the first step, for any gradient much larger than ε.
#[test]
fn first_step_of_adam() {
    for_each_isa(|exec, label| {
        for g in [1e-4, 3.0, -0.02, -1e6] {
            let got = against_constant(exec, g, 1, |t| Adam::at_step(t, 0.01, 0.9, 0.999, 1e-12));
            assert_near(got, -0.01 * f64::signum(g), 1e-7, &format!("{label}, g = {g}"));
        }
    });
}

/// The decay alone (no gradient): (1 − ηλ)ᵗ, coupled or not, for SGD; for Adam only when decoupled.
#[test]
fn decay_without_gradient() {
    let (lr, lambda) = (0.1, 0.5);
    type Step<'a> = &'a dyn Fn(Exec<'_>, &mut [f64], &[f64]);
    let after = |exec: Exec<'_>, steps, step: Step<'_>| {
        let mut w = [2.0; 5];
        (0..steps).for_each(|_| step(exec, &mut w, &[0.0; 5]));
        w[4]
    };
    for_each_isa(|exec, label| {
        let want = 2.0 * 0.95f64.powi(8);
        let sgd = Sgd { learning_rate: lr };
        let coupled = CoupledDecay { lambda, rule: sgd };
        let got = after(exec, 8, &|exec, w, g| fused_step(exec, &coupled, w, g, []));
        assert_near(got, want, 1e-14, &format!("coupled decay of SGD, {label}"));
        let decoupled = DecoupledDecay { rate: lr * lambda, rule: sgd };
        let got = after(exec, 8, &|exec, w, g| fused_step(exec, &decoupled, w, g, []));
        assert_near(got, want, 1e-14, &format!("decoupled decay of SGD, {label}"));
        let adam = Adam::at_step(1, lr, 0.9, 0.999, 1e-8);
        let decoupled = DecoupledDecay { rate: lr * lambda, rule: adam };
        let got = after(exec, 1, &|exec, w, g| fused_step(exec, &decoupled, w, g, [&mut [0.0; 5], &mut [0.0; 5]]));
        assert_near(got, 1.9, 1e-14, &format!("AdamW, {label}"));
        let coupled = CoupledDecay { lambda, rule: adam };
        let got = after(exec, 1, &|exec, w, g| fused_step(exec, &coupled, w, g, [&mut [0.0; 5], &mut [0.0; 5]]));
        assert_near(got, 2.0 - lr, 1e-6, &format!("coupled decay of Adam, {label}")); // normalised away
    });
}

/// Parameters after three steps on gradients that vary.
fn path<R: UpdateRule<f64, S>, const S: usize>(exec: Exec<'_>, rule: impl Fn(u64) -> R) -> Vec<f64> {
    let n = 37;
    let mut w = numbers(Kind::Ordinary, n, 1);
    let mut state = [const { [0.0; 37] }; S];
    for t in 1..=3 {
        let gradient = numbers(Kind::Ordinary, n, 1 + t);
        fused_step(exec, &rule(t), &mut w, &gradient, state.each_mut().map(|s| &mut s[..]));
    }
    w
}

#[test]
fn special_cases_of_other_rules() {
    let lr = 0.1;
    for_each_isa(|exec, label| {
        let sgd = path(exec, |_| Sgd { learning_rate: lr });
        let same = |name: &str, got: Vec<f64>, want: &[f64]| assert_bits(&got, want, format_args!("{name}, {label}"));
        same("momentum 0", path(exec, |_| Momentum { learning_rate: lr, momentum: 0.0 }), &sgd);
        same("Nesterov 0", path(exec, |_| Nesterov { learning_rate: lr, momentum: 0.0 }), &sgd);
        let rule = Sgd { learning_rate: lr };
        same("coupled decay 0", path(exec, |_| CoupledDecay { lambda: 0.0, rule }), &sgd);
        same("decoupled decay 0", path(exec, |_| DecoupledDecay { rate: 0.0, rule }), &sgd);

        let adam_at = |t| Adam::at_step(t, lr, 0.9, 0.999, 1e-8);
        let adam = path(exec, adam_at);
        same("AdamW 0", path(exec, |t| DecoupledDecay { rate: 0.0, rule: adam_at(t) }), &adam);
        same("Adam with decay 0", path(exec, |t| CoupledDecay { lambda: 0.0, rule: adam_at(t) }), &adam);
        assert!(adam != sgd);

        // β₁ = 0 and a bias that is gone: RMSprop.
        let rmsprop = path(exec, |_| RmsProp { learning_rate: lr, decay: Averaging::new(0.9), epsilon: 1e-8 });
        let late = path(exec, |t| Adam::at_step(1_000_000 + t, lr, 0.0, 0.9, 1e-8));
        for (&got, &want) in late.iter().zip(&rmsprop) {
            assert_near(got, want, 1e-13, &format!("late Adam without momentum, {label}"));
        }
    });
}
