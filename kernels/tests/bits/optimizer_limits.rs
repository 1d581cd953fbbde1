//! What the later optimizers do, from closed forms; iterates worked out by hand; and convergence as theory has it.

use crate::compare::assert_bits;
use crate::execs::for_each_isa;
use crate::inputs::{Effort, effort};
use crate::optimizer_properties::{against_constant, assert_near};
use simdescent_kernels::Exec;
use simdescent_kernels::optimizer::{
    AdaDelta, AdaGrad, Adam, Adamax, AmsGrad, Averaging, CenteredRmsProp, ClipValue, CoupledDecay, DecoupledDecay,
    FlushState, Lion, Momentum, NAdam, Nesterov, Scaled, ScheduleFree, ScheduleFreeOptions, Sgd, SoftThreshold,
    UpdateRule, clip_factor, fused_step, schedule_free_average,
};
use simdescent_kernels::reference::{ForRule, RuleCase, every_rule};

/// The iterates from w = 1 under the gradients 1, −1/2, 1/4, 2, with the state as it is after `start`.
fn iterates<R: UpdateRule<f64, S>, const S: usize>(
    exec: Exec<'_>,
    mut rule: impl FnMut(u64) -> R,
    start: [f64; S],
) -> [f64; 4] {
    let (mut w, mut state, mut t) = ([1.0], start.map(|s| [s]), 0);
    [1.0, -0.5, 0.25, 2.0].map(|g| {
        t += 1;
        fused_step(exec, &rule(t), &mut w, &[g], state.each_mut().map(|s| &mut s[..]));
        w[0]
    })
}

const SCHEDULE_FREE: ScheduleFreeOptions =
    ScheduleFreeOptions { beta1: 0.9, beta2: 0.99, epsilon: 1e-3, weight_decay: 0.5 };

/// From the papers' formulas in 50 digits, with η = 0.1, ε = 1e-3, β₁ = 0.9, β₂ = 0.99, ρ = 0.9.
#[test]
fn iterates_by_hand() {
    let (learning_rate, decay, epsilon) = (0.1, Averaging::new(0.9), 1e-3);
    for_each_isa(|exec, label| {
        let near = |name: &str, got: [f64; 4], want: [f64; 4]| {
            for (step, (got, want)) in got.into_iter().zip(want).enumerate() {
                assert_near(got, want, 1e-14, &format!("{name}, {label}, step {}", step + 1));
            }
        };
        let got = iterates(exec, |_| CenteredRmsProp { learning_rate, decay, epsilon }, [0.0; 2]);
        let want = [0.6677740863787376, 0.8158129424575631, 0.7392716172245445, 0.43607395990925435];
        near("centered RMSprop", got, want);
        let got = iterates(exec, |_| AdaDelta { learning_rate: 1.0, decay, epsilon }, [0.0; 2]);
        near("AdaDelta", got, [0.9004962809790011, 0.965986787824311, 0.9298032377100763, 0.7935693302248735]);
        let got = iterates(exec, |t| AmsGrad::at_step(t, 0.1, 0.9, 0.5, epsilon), [0.0; 3]);
        near("AMSGrad", got, [0.9000999000999002, 0.8743473378628127, 0.8446097710665469, 0.7952291022907244]);
        let got = iterates(exec, |t| Adamax::at_step(t, 0.1, 0.9, 0.99, epsilon), [0.0; 2]);
        near("Adamax", got, [0.9000999000999002, 0.8788558597171038, 0.855912549489681, 0.8188708784089667]);
        let mut product = 1.0;
        let got = iterates(exec, |t| NAdam::at_step(t, &mut product, 0.1, 0.9, 0.99, epsilon), [0.0; 2]);
        near("NAdam", got, [0.8944603618026585, 0.935575186874783, 0.9083224953650358, 0.7992396382387964]);
        let rule = DecoupledDecay {
            rate: 0.05,
            rule: Lion { learning_rate, beta1: Averaging::new(0.9), beta2: Averaging::new(0.99) },
        };
        near("Lion", iterates(exec, |_| rule, [0.0]), [0.85, 0.9075, 0.762125, 0.62401875]);
    });
}

/// With rates of 0.1·t and weight decay; the average too.
#[test]
fn schedule_free_iterates_by_hand() {
    for_each_isa(|exec, label| {
        let (mut y, mut z, mut v, mut squares) = ([1.0], [1.0], [0.0], 0.0);
        let want = [0.8500999000999001, 0.8841397056421514, 0.7218472728434502, 0.1967222779650638];
        for ((t, g), want) in (1..).zip([1.0, -0.5, 0.25, 2.0]).zip(want) {
            let rule = ScheduleFree::at_step(t, &mut squares, 0.1 * t as f64, SCHEDULE_FREE);
            fused_step(exec, &rule, &mut y, &[g], [&mut z, &mut v]);
            assert_near(y[0], want, 1e-14, &format!("{label}, step {t}"));
        }
        schedule_free_average(exec, 0.9, &mut y, &z);
        assert_near(y[0], 0.23965746228103435, 1e-14, &format!("{label}, average"));
    });
}

/// The displacement under a constant gradient, from 0.
#[test]
fn constant_gradient() {
    let (lr, steps) = (0.1, 10);
    for_each_isa(|exec, label| {
        for g in [1.0, -2.5, 300.0] {
            let what = |name: &str| format!("{name}, {label}, g = {g}");
            let sign = f64::signum(g);

            // The variance of k equal gradients and zeros before is g²·ρᵏ(1 − ρᵏ).
            let rule = CenteredRmsProp { learning_rate: lr, decay: Averaging::new(0.9), epsilon: 1e-14 };
            let want: f64 = (1..=10).map(|k| f64::powi(0.9, k)).map(|p| -lr / (p * (1.0 - p)).sqrt()).sum();
            assert_near(against_constant(exec, g, steps, |_| rule), sign * want, 1e-12, &what("centered RMSprop"));

            // The first step: √(ε/(1−ρ)) for any g ≫ ε.
            let rule = AdaDelta { learning_rate: 1.0, decay: Averaging::new(0.9), epsilon: 1e-12 };
            let want = -sign * 1e-11f64.sqrt();
            assert_near(against_constant(exec, g, 1, |_| rule), want, 1e-10, &what("AdaDelta"));

            // −ηt
            let got = against_constant(exec, g, steps, |t| AmsGrad::at_step(t, lr, 0.9, 0.999, 1e-14));
            assert_near(got, -sign, 1e-12, &what("AMSGrad"));
            let got = against_constant(exec, g, steps, |t| Adamax::at_step(t, lr, 0.9, 0.999, 1e-14));
            assert_near(got, -sign, 1e-12, &what("Adamax"));
            let got = against_constant(exec, g, steps, |_| Lion {
                learning_rate: lr,
                beta1: Averaging::new(0.9),
                beta2: Averaging::new(0.99),
            });
            assert_near(got, -sign, 1e-14, &what("Lion"));

            // m = g·(1 − β₁ᵏ), v̂ = g²
            let mu = |t: i32| 0.9 * (1.0 - 0.5 * 0.96f64.powf(0.004 * f64::from(t)));
            let (mut product, mut want) = (1.0, 0.0);
            for k in 1..=10 {
                product *= mu(k);
                want -= lr * mu(k + 1) * (1.0 - 0.9f64.powi(k)) / (1.0 - product * mu(k + 1));
                want -= lr * (1.0 - mu(k)) / (1.0 - product);
            }
            let rules: Vec<_> = {
                let mut product = 1.0;
                (1..=steps).map(|t| NAdam::at_step(t, &mut product, lr, 0.9, 0.999, 1e-14)).collect()
            };
            let got = against_constant(exec, g, steps, |t| rules[t as usize - 1]);
            assert_near(got, sign * want, 1e-12, &what("NAdam"));

            // z = −ηt, x = −η(t+1)/2, y between them.
            let (mut y, mut z, mut v, mut squares) = ([0.0; 3], [0.0; 3], [0.0; 3], 0.0);
            let options = ScheduleFreeOptions { weight_decay: 0.0, epsilon: 1e-14, ..SCHEDULE_FREE };
            for t in 1..=steps {
                let rule = ScheduleFree::at_step(t, &mut squares, lr, options);
                fused_step(exec, &rule, &mut y, &[g; 3], [&mut z, &mut v]);
            }
            assert_near(z[2], -sign, 1e-12, &what("schedule-free, z"));
            assert_near(y[2], -sign * (0.1 + 0.9 * 0.55), 1e-12, &what("schedule-free, y"));
            schedule_free_average(exec, 0.9, &mut y, &z);
            assert_near(y[2], -sign * 0.55, 1e-12, &what("schedule-free, x"));
        }
    });
}

#[test]
fn special_cases_of_other_rules() {
    let growing = |t: u64| [0.1, -0.2, 0.3, 0.4, -0.5].map(|g| g * t as f64);
    fn path<R: UpdateRule<f64, S>, const S: usize>(
        exec: Exec<'_>,
        gradient: impl Fn(u64) -> [f64; 5],
        rule: impl Fn(u64) -> R,
    ) -> [f64; 5] {
        let (mut w, mut state) = ([1.0; 5], [[0.0; 5]; S]);
        for t in 1..=20 {
            fused_step(exec, &rule(t), &mut w, &gradient(t), state.each_mut().map(|s| &mut s[..]));
        }
        w
    }
    for_each_isa(|exec, label| {
        let adam = path(exec, growing, |t| Adam::at_step(t, 0.1, 0.9, 0.99, 1e-8));
        let amsgrad = path(exec, growing, |t| AmsGrad::at_step(t, 0.1, 0.9, 0.99, 1e-8));
        assert_bits(&amsgrad, &adam, format_args!("AMSGrad while v grows, {label}"));
        let fading = |t: u64| growing(1000 / (t * t));
        let adam = path(exec, fading, |t| Adam::at_step(t, 0.1, 0.9, 0.99, 1e-8));
        assert!(adam != path(exec, fading, |t| AmsGrad::at_step(t, 0.1, 0.9, 0.99, 1e-8)), "AMSGrad remembers");

        // β₁ = 0: NAdam is Adam, Lion is the sign of the gradient.
        let adam = path(exec, growing, |t| Adam::at_step(t, 0.1, 0.0, 0.99, 1e-8));
        let nadam = path(exec, growing, |t| NAdam::at_step(t, &mut 1.0, 0.1, 0.0, 0.99, 1e-8));
        let signs = path(exec, growing, |_| Lion {
            learning_rate: 0.125,
            beta1: Averaging::new(0.0),
            beta2: Averaging::new(0.9),
        });
        for i in 0..5 {
            assert_near(nadam[i], adam[i], 1e-14, &format!("NAdam without momentum, {label}"));
        }
        assert_eq!(signs, [-1.5, 3.5, -1.5, -1.5, 3.5], "Lion without momentum, {label}");

        // ε → ∞ with η·ε: an average of gradients whose bias is corrected.
        let adam = path(exec, growing, |t| Adam::at_step(t, 1e20, 0.9, 0.99, 1e20));
        let (mut w, mut m) = (1.0, 0.0);
        for t in 1..=20 {
            m = 0.9 * m + 0.1 * growing(t)[0];
            w -= m / (1.0 - 0.9f64.powi(t as i32));
        }
        assert_near(adam[0], w, 1e-13, &format!("Adam with a large epsilon, {label}"));

        // Neutral wrappers.
        let rule = Momentum { learning_rate: 0.1, momentum: 0.9 };
        let plain = path(exec, growing, |_| rule);
        let rule = FlushState { below: 0.0, rule: ClipValue { limit: f64::INFINITY, rule } };
        let rule = SoftThreshold { threshold: 0.0, rule: Scaled { factor: 1.0, rule } };
        assert_bits(&path(exec, growing, |_| rule), &plain, format_args!("neutral wrappers, {label}"));
    });
}

/// A coordinate that is active every m-th step gets √m times the displacement that SGD with rate η/√t gives it.
#[test]
fn adagrad_favours_rare_features() {
    for_each_isa(|exec, label| {
        let (mut adagrad, mut sgd, mut s) = ([0.0], [0.0], [0.0]);
        for t in 1..=900 {
            let g = [if t % 9 == 0 { 1.0 } else { 0.0 }];
            fused_step(exec, &AdaGrad { learning_rate: 0.1, epsilon: 1e-300 }, &mut adagrad, &g, [&mut s]);
            fused_step(exec, &Sgd { learning_rate: 0.1 / f64::from(t).sqrt() }, &mut sgd, &g, []);
        }
        assert_near(adagrad[0], 3.0 * sgd[0], 1e-13, label);
    });
}

/// Adam's counter-example: the gradient is C in one step of three, else −1, so −1 is the best point of [−1, 1]; Adam ends
/// at +1.
#[test]
fn adam_can_be_wrong_where_amsgrad_is_right() {
    const C: f64 = 4.0;
    let (beta2, steps) = (1.0 / (1.0 + C * C), if effort() == Effort::Tiny { 900 } else { 6000 });
    fn run<R: UpdateRule<f64, S>, const S: usize>(
        exec: Exec<'_>,
        steps: u64,
        rule: impl Fn(u64, f64) -> R,
    ) -> (f64, f64) {
        let (mut x, mut state, mut regret) = ([0.0], [[0.0]; S], 0.0);
        for t in 1..=steps {
            let g = if t % 3 == 1 { C } else { -1.0 };
            regret += g * (x[0] + 1.0);
            let rate = 0.5 / (t as f64).sqrt();
            fused_step(exec, &rule(t, rate), &mut x, &[g], state.each_mut().map(|s| &mut s[..]));
            x[0] = x[0].clamp(-1.0, 1.0);
        }
        (x[0], regret / steps as f64)
    }
    for_each_isa(|exec, label| {
        let (x, regret) = run(exec, steps, |t, rate| Adam::at_step(t, rate, 0.0, beta2, 1e-12));
        assert!(x == 1.0, "Adam, {label}: {x}");
        assert_near(regret, 2.0 * (C - 2.0) / 3.0, 0.1, "regret of Adam");
        let (x, regret) = run(exec, steps, |t, rate| AmsGrad::at_step(t, rate, 0.0, beta2, 1e-12));
        assert!(x < -0.9 && regret < 0.4, "AMSGrad, {label}: {x}, regret {regret}");
    });
}

/// Rates of contraction on quadratics of condition κ = 100.
#[test]
fn rates_on_a_quadratic() {
    let (large, small, kappa) = (1.0, 0.01, 100.0f64);
    let h: [f64; 9] = core::array::from_fn(|i| small + (large - small) * i as f64 / 8.0);
    /// ‖w‖ after 2·`steps` by ‖w‖ after `steps`, per step.
    fn rate<R: UpdateRule<f64, S>, const S: usize>(exec: Exec<'_>, h: &[f64; 9], steps: i32, rule: R) -> f64 {
        let (mut w, mut state, mut norms) = ([1.0; 9], [[0.0; 9]; S], vec![]);
        for _ in 0..2 {
            for _ in 0..steps {
                let g: [f64; 9] = core::array::from_fn(|i| h[i] * w[i]);
                fused_step(exec, &rule, &mut w, &g, state.each_mut().map(|s| &mut s[..]));
            }
            norms.push(w.iter().map(|w| w * w).sum::<f64>().sqrt());
        }
        (norms[1] / norms[0]).powf(1.0 / f64::from(steps))
    }
    for_each_isa(|exec, label| {
        let near = |name: &str, got, want| assert_near(got, want, 0.006, &format!("{name}, {label}"));
        near("GD 1/L", rate(exec, &h, 400, Sgd { learning_rate: 1.0 / large }), 0.99);
        near("GD 2/(L+μ)", rate(exec, &h, 400, Sgd { learning_rate: 2.0 / (large + small) }), 0.980198);
        let root = kappa.sqrt();
        let (learning_rate, momentum) = (4.0 / (1.0 + 0.1f64).powi(2), ((root - 1.0) / (root + 1.0)).powi(2));
        near("heavy ball", rate(exec, &h, 150, Momentum { learning_rate, momentum }), 0.818182);
        let rule = Nesterov { learning_rate: 1.0, momentum: (root - 1.0) / (root + 1.0) };
        near("Nesterov", rate(exec, &h, 150, rule), 0.9);
        let q = (3.0 * kappa + 1.0).sqrt();
        let rule = Nesterov { learning_rate: 4.0 / (3.0 * large + small), momentum: (q - 2.0) / (q + 2.0) };
        near("Nesterov, tuned", rate(exec, &h, 150, rule), 0.884722);
        // The limits of stability: 2/L, and 2(1+μ)/L.
        let grows = |rule: Momentum<f64>| rate(exec, &h, 2000, rule) > 1.0;
        for (momentum, limit) in [(0.0, 2.0), (0.5, 3.0), (0.9, 3.8)] {
            for (factor, want) in [(0.999, false), (1.001, true)] {
                let rule = Momentum { learning_rate: factor * limit, momentum };
                assert_eq!(grows(rule), want, "momentum {momentum} at {factor} of the limit, {label}");
            }
        }
    });
}

#[test]
fn clipping_by_norm_brings_the_norm_to_the_limit() {
    for_each_isa(|exec, label| {
        let g: Vec<f32> = (0..1000).map(|i| (i as f32 - 300.0) * 1e30).collect();
        let factor = clip_factor(exec, &g, 2.0);
        let norm: f64 = g.iter().map(|&g| f64::from(g * factor).powi(2)).sum::<f64>().sqrt();
        assert_near(norm, 2.0, 1e-6, label);
        assert_eq!(clip_factor(exec, &[3.0, 4.0], 5.0), 1.0, "{label}: at the limit");
        assert_eq!(clip_factor(exec, &[3.0, 4.0], 10.0), 1.0, "{label}: below the limit");
        assert_eq!(clip_factor(exec, &[f32::INFINITY, 4.0], 10.0), 0.0, "{label}");
    });
}

/// Proximal gradient descent solves the orthonormal lasso and elastic net exactly.
#[test]
fn soft_thresholding_solves_the_lasso() {
    let z = [3.0, -3.0, 0.4, -0.4, 0.5, 0.0, 1e-9];
    for_each_isa(|exec, label| {
        let (l1, l2, rate) = (0.5, 0.25, 0.5);
        let rule = CoupledDecay { lambda: l2, rule: Sgd { learning_rate: rate } };
        let rule = SoftThreshold { threshold: rate * l1, rule };
        let mut w = [1.0; 7];
        for _ in 0..200 {
            let g: [f64; 7] = core::array::from_fn(|i| w[i] - z[i]);
            fused_step(exec, &rule, &mut w, &g, []);
        }
        assert_near(w[0], 2.0, 1e-14, label); // (3 − 0.5)/(1 + 0.25)
        assert_near(w[1], -2.0, 1e-14, label);
        assert_eq!(w[2..], [0.0; 5], "exact zeros, {label}");
    });
}

/// State that is no longer fed becomes 0 with the wrapper, and without it stays among the subnormal numbers for good.
#[test]
fn dead_state_is_flushed() {
    for_each_isa(|exec, label| {
        let after = |flush: bool| {
            let (mut w, mut m, mut v) = ([1.0f32; 37], [1e-36f32; 37], [1e-36f32; 37]);
            for _ in 0..400 {
                let rule = Adam::at_step(1000, 0.001, 0.9, 0.95, 1e-8);
                let below = if flush { f32::MIN_POSITIVE } else { 0.0 };
                fused_step(exec, &FlushState { below, rule }, &mut w, &[0.0; 37], [&mut m, &mut v]);
            }
            assert_eq!(w, [1.0; 37]);
            [m, v].concat()
        };
        assert!(after(true).iter().all(|s| s.to_bits() == 0), "{label}");
        assert!(after(false).iter().all(|s| s.is_subnormal()), "{label}");
    });
}

struct WithNan<'a>(Exec<'a>);
impl ForRule<f32> for WithNan<'_> {
    fn rule<R: UpdateRule<f32, S>, const S: usize>(
        &mut self,
        case: RuleCase<impl Fn(u64) -> R + Sync, impl Fn(u64, f32, f32, [f32; S]) -> (f32, [f32; S])>,
    ) {
        let rule = FlushState { below: 1e-30, rule: ClipValue { limit: 1.0, rule: (case.rule)(1) } };
        let rule = SoftThreshold { threshold: 0.1, rule };
        let (mut w, mut state) = ([1.0; 3], [[0.1; 3]; S]);
        fused_step(self.0, &rule, &mut w, &[0.5, f32::NAN, 0.5], state.each_mut().map(|s| &mut s[..]));
        assert_eq!(w.map(f32::is_nan), [false, true, false], "{}, {}: {w:?}", case.name, self.0.isa());
    }
}

/// No rule and no wrapper hides a NaN.
#[test]
fn a_nan_reaches_the_parameter() {
    for_each_isa(|exec, _| every_rule(&mut WithNan(exec)));
}
