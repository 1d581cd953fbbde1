//! What composes with any optimizer, and what some of them have besides their step, against the reference.

use crate::compare::assert_bits;
use crate::execs::for_each_exec;
use crate::inputs::{Kind, lengths, numbers};
use crate::optimizer::{ADAM, adam_at, check, f, one_adam};
use simdescent_kernels::optimizer::{
    ClipValue, FlushState, NAdam, Scaled, Sgd, SoftThreshold, clip_factor, schedule_free_average,
};
use simdescent_kernels::reference::AdamOptions;
use simdescent_kernels::{Exec, Real, nrm2, reference};

for_f32_and_f64! {
    late_nadam, average,
    scaled, clip_value, norm_factor, soft_threshold, flushed_state, everything_around_adam,
}

/// The rule of step `t` as a caller comes to it: by all steps before.
fn nadam_at<T: Real>(t: u64) -> NAdam<T> {
    let mut product = 1.0;
    let AdamOptions { learning_rate, beta1, beta2, epsilon } = ADAM;
    (1..=t).map(|t| NAdam::at_step(t, &mut product, learning_rate, beta1, beta2, epsilon)).last().expect("t > 0")
}

fn late_nadam<T: Real>() {
    let before = 1000;
    // Of the steps before, once and not for every parameter.
    let products: Vec<f64> = (0..=3).map(|t| reference::nadam_product(ADAM.beta1, before + t)).collect();
    check::<T, _, _>(
        "NAdam",
        |t| nadam_at(before + t),
        |t, w, g, state| reference::nadam(ADAM, before + t, products[t as usize], w, g, state),
    );
}

fn average<T: Real>() {
    for n in lengths() {
        let (y, z) = (numbers::<T>(Kind::nth(n), n, 1), numbers::<T>(Kind::nth(n), n, 2));
        let want: Vec<T> = y.iter().zip(&z).map(|(&y, &z)| f::<T>(1.0 / 0.9).mul_add(y - z, z)).collect();
        for_each_exec(|exec, label| {
            let mut x = y.clone();
            schedule_free_average(exec, 0.9, &mut x, &z);
            assert_bits(&x, &want, format_args!("{label}, n = {n}"));
        });
    }
}

fn scaled<T: Real>() {
    let factor = f::<T>(0.3);
    check("scaled Adam", |t| Scaled { factor, rule: adam_at::<T>(t) }, |t, w, g, s| one_adam(t, w, factor * g, s));
}

fn clip_value<T: Real>() {
    for limit in [0.25, 0.0].map(f::<T>) {
        check::<T, _, _>(
            "clipped Adam",
            |t| ClipValue { limit, rule: adam_at::<T>(t) },
            |t, w, g, s| one_adam(t, w, reference::clip_value(limit, g), s),
        );
    }
}

fn norm_factor<T: Real>() {
    for n in lengths() {
        let g = numbers::<T>(Kind::nth(n), n, 1);
        let norm = nrm2(Exec::default(), &g);
        for limit in [f::<T>(0.5), f(1e6)] {
            let want = if norm > limit { limit / norm } else { T::ONE };
            for_each_exec(|exec, label| {
                assert_bits(&[clip_factor(exec, &g, limit)], &[want], format_args!("{label}, n = {n}"));
            });
        }
    }
}

fn soft_threshold<T: Real>() {
    let (learning_rate, threshold) = (f::<T>(0.1), f::<T>(0.05));
    check::<T, _, _>(
        "proximal SGD",
        |_| SoftThreshold { threshold, rule: Sgd { learning_rate } },
        |_, w, g, []| (reference::soft_threshold(threshold, reference::sgd(learning_rate, w, g)), []),
    );
}

fn flushed_state<T: Real>() {
    let below = T::MIN_POSITIVE;
    check::<T, _, _>(
        "Adam with flushed state",
        |t| FlushState { below, rule: adam_at::<T>(t) },
        |t, w, g, s| {
            let (w, s) = one_adam(t, w, g, s);
            (w, s.map(|s| reference::flush(below, s)))
        },
    );
}

/// The order of the wrappers is the order in which they stand.
fn everything_around_adam<T: Real>() {
    use simdescent_kernels::optimizer::{CoupledDecay, DecoupledDecay};
    let [factor, limit, lambda, rate, threshold, below] = [0.7, 0.2, 0.01, 0.001, 1e-4, 1e-6].map(f::<T>);
    check::<T, _, _>(
        "everything around Adam",
        |t| {
            let rule = DecoupledDecay { rate, rule: FlushState { below, rule: adam_at::<T>(t) } };
            let rule = ClipValue { limit, rule: CoupledDecay { lambda, rule } };
            SoftThreshold { threshold, rule: Scaled { factor, rule } }
        },
        |t, w, g, s| {
            let g = reference::coupled_decay(lambda, w, reference::clip_value(limit, factor * g));
            let (w, s) = one_adam(t, reference::decoupled_decay(rate, w), g, s);
            (reference::soft_threshold(threshold, w), s.map(|s| reference::flush(below, s)))
        },
    );
}
