//! Optimizer steps against the reference.

use crate::compare::assert_bits;
use crate::execs::for_each_exec;
use crate::inputs::{Effort, Kind, Placed, effort, lengths, numbers};
use simdescent_kernels::optimizer::{
    AdaGrad, Adam, CoupledDecay, DecoupledDecay, Momentum, Nesterov, RmsProp, Sgd, UpdateRule, fused_step,
};
use simdescent_kernels::threads::CHUNK;
use simdescent_kernels::{Real, reference};

for_f32_and_f64! {
    sgd, momentum, nesterov, adagrad, rmsprop, adam, late_adam, coupled_decay, decoupled_decay,
}

/// Three steps of `rule(t)` against `one(t, w, g, state)`, the same for one parameter.
pub(crate) fn check<T: Real, R: UpdateRule<T, S>, const S: usize>(
    name: &str,
    rule: impl Fn(u64) -> R + Sync,
    one: impl Fn(u64, T, T, [T; S]) -> (T, [T; S]),
) {
    let long = match effort() {
        Effort::Tiny => vec![],
        Effort::Sample => vec![CHUNK + 1],
        Effort::Full => vec![CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5],
    };
    for n in lengths().into_iter().filter(|&n| n <= 70).chain(long) {
        let kind = Kind::nth(n);
        let start = numbers::<T>(kind, n, 1);
        let gradients: Vec<Vec<T>> = (0..3).map(|t| numbers(kind, n, 2 + t)).collect();
        // The reference, after each step.
        let (mut w, mut state) = (start.clone(), vec![[T::ZERO; S]; n]);
        let mut want = Vec::new();
        for (t, gradient) in (1..).zip(&gradients) {
            for ((w, s), &g) in w.iter_mut().zip(&mut state).zip(gradient) {
                (*w, *s) = one(t, *w, g, *s);
            }
            want.push((w.clone(), state.clone()));
        }
        for_each_exec(|exec, label| {
            let mut w = Placed::new(&start, n % 4);
            let mut state: [Placed<T>; S] = core::array::from_fn(|i| Placed::new(&vec![T::ZERO; n], (n + i) % 4));
            for ((t, gradient), (want_w, want_state)) in (1..).zip(&gradients).zip(&want) {
                let context = format_args!("{name}, {label}, {kind:?}, n = {n}, step {t}");
                let gradient = Placed::new(gradient, (n / 4) % 4);
                fused_step(exec, &rule(t), &mut w, &gradient, state.each_mut().map(|s| &mut s[..]));
                assert_bits(&w, want_w, format_args!("parameters, {context}"));
                w.assert_frame_untouched(context);
                for (i, s) in state.iter().enumerate() {
                    let want: Vec<T> = want_state.iter().map(|s| s[i]).collect();
                    assert_bits(s, &want, format_args!("state {i}, {context}"));
                    s.assert_frame_untouched(context);
                }
            }
        });
    }
}

pub(crate) fn f<T: Real>(x: f64) -> T {
    T::from_f64(x)
}

fn sgd<T: Real>() {
    for lr in [0.1, 1.0, 0.0].map(f::<T>) {
        check("SGD", |_| Sgd { learning_rate: lr }, |_, w, g, []| (reference::sgd(lr, w, g), []));
    }
}

fn momentum<T: Real>() {
    let (lr, mu) = (f::<T>(0.1), f::<T>(0.9));
    check(
        "momentum",
        |_| Momentum { learning_rate: lr, momentum: mu },
        |_, w, g, [v]| {
            let (w, v) = reference::momentum(lr, mu, w, g, v);
            (w, [v])
        },
    );
}

fn nesterov<T: Real>() {
    let (lr, mu) = (f::<T>(0.1), f::<T>(0.9));
    check(
        "Nesterov",
        |_| Nesterov { learning_rate: lr, momentum: mu },
        |_, w, g, [v]| {
            let (w, v) = reference::nesterov(lr, mu, w, g, v);
            (w, [v])
        },
    );
}

fn adagrad<T: Real>() {
    let (lr, epsilon) = (f::<T>(0.1), f::<T>(1e-10));
    check(
        "AdaGrad",
        |_| AdaGrad { learning_rate: lr, epsilon },
        |_, w, g, [s]| {
            let (w, s) = reference::adagrad(lr, epsilon, w, g, s);
            (w, [s])
        },
    );
}

fn rmsprop<T: Real>() {
    let (lr, rho, epsilon) = (f::<T>(0.01), f::<T>(0.99), f::<T>(1e-8));
    check(
        "RMSprop",
        |_| RmsProp { learning_rate: lr, decay: rho, epsilon },
        |_, w, g, [v]| {
            let (w, v) = reference::rmsprop(lr, rho, epsilon, w, g, v);
            (w, [v])
        },
    );
}

pub(crate) const LR: f64 = 0.001;
pub(crate) const BETAS: (f64, f64) = (0.9, 0.999);
pub(crate) const EPSILON: f64 = 1e-8;

pub(crate) fn adam_at<T: Real>(t: u64) -> Adam<T> {
    Adam::at_step(t, LR, BETAS.0, BETAS.1, EPSILON)
}

pub(crate) fn one_adam<T: Real>(t: u64, w: T, g: T, [m, v]: [T; 2]) -> (T, [T; 2]) {
    let (w, m, v) = reference::adam(LR, BETAS, EPSILON, t, w, g, (m, v));
    (w, [m, v])
}

fn adam<T: Real>() {
    check("Adam", adam_at::<T>, one_adam);
}

/// Steps whose numbers have many bits; the bias is gone in the last.
fn late_adam<T: Real>() {
    let steps = [u64::MAX - 3, 12_345, 99, 987_654_321];
    for first in steps.into_iter().take(if effort() == Effort::Full { 4 } else { 2 }) {
        check(
            &format!("Adam from step {first}"),
            |t| adam_at::<T>(first + t),
            |t, w, g, s| one_adam(first + t, w, g, s),
        );
    }
}

fn coupled_decay<T: Real>() {
    let (lr, lambda) = (f::<T>(0.1), f::<T>(0.01));
    let rule = |_| CoupledDecay { lambda, rule: Sgd { learning_rate: lr } };
    check("coupled decay of SGD", rule, |_, w, g, []| {
        (reference::sgd(lr, w, reference::coupled_decay(lambda, w, g)), [])
    });
    let rule = |t| CoupledDecay { lambda, rule: adam_at::<T>(t) };
    check("coupled decay of Adam", rule, |t, w, g, s| one_adam(t, w, reference::coupled_decay(lambda, w, g), s));
}

fn decoupled_decay<T: Real>() {
    let (lr, rate) = (f::<T>(0.1), f::<T>(0.001));
    let rule = |_| DecoupledDecay { rate, rule: Sgd { learning_rate: lr } };
    check("decoupled decay of SGD", rule, |_, w, g, []| {
        (reference::sgd(lr, reference::decoupled_decay(rate, w), g), [])
    });
    let rule = |t| DecoupledDecay { rate, rule: adam_at::<T>(t) };
    check("AdamW", rule, |t, w, g, s| one_adam(t, reference::decoupled_decay(rate, w), g, s));
}
