//! The later optimizers, and what composes with any of them, against the reference.

use crate::compare::assert_bits;
use crate::execs::for_each_exec;
use crate::inputs::{Kind, lengths, numbers};
use crate::optimizer::{BETAS, EPSILON, LR, adam_at, check, f, one_adam};
use simdescent_kernels::optimizer::{
    AdaDelta, Adamax, AmsGrad, CenteredRmsProp, ClipValue, FlushState, Lion, NAdam, Scaled, ScheduleFree,
    ScheduleFreeOptions, Sgd, SoftThreshold, clip_factor, schedule_free_average,
};
use simdescent_kernels::{Exec, Real, nrm2, reference};

for_f32_and_f64! {
    centered_rmsprop, adadelta, amsgrad, adamax, nadam, lion, schedule_free, average,
    scaled, clip_value, norm_factor, soft_threshold, flushed_state, everything_around_adam,
}

fn centered_rmsprop<T: Real>() {
    let (learning_rate, decay, epsilon) = (f::<T>(0.01), f::<T>(0.95), f::<T>(1e-4));
    check::<T, _, _>(
        "centred RMSprop",
        |_| CenteredRmsProp { learning_rate, decay, epsilon },
        |_, w, g, [v, a]| {
            let (w, v, a) = reference::centered_rmsprop(learning_rate, decay, epsilon, w, g, (v, a));
            (w, [v, a])
        },
    );
}

fn adadelta<T: Real>() {
    let (learning_rate, decay, epsilon) = (f::<T>(1.0), f::<T>(0.9), f::<T>(1e-6));
    check::<T, _, _>(
        "AdaDelta",
        |_| AdaDelta { learning_rate, decay, epsilon },
        |_, w, g, [s, u]| {
            let (w, s, u) = reference::adadelta(learning_rate, decay, epsilon, w, g, (s, u));
            (w, [s, u])
        },
    );
}

fn amsgrad<T: Real>() {
    check::<T, _, _>(
        "AMSGrad",
        |t| AmsGrad::at_step(t, LR, BETAS.0, BETAS.1, EPSILON),
        |t, w, g, state| reference::amsgrad(LR, BETAS, EPSILON, t, w, g, state),
    );
}

fn adamax<T: Real>() {
    check::<T, _, _>(
        "Adamax",
        |t| Adamax::at_step(t, LR, BETAS.0, BETAS.1, EPSILON),
        |t, w, g, [m, u]| {
            let (w, m, u) = reference::adamax(LR, BETAS, EPSILON, t, w, g, (m, u));
            (w, [m, u])
        },
    );
}

/// The rule of step `t` as a caller comes to it: by all steps before.
fn nadam_at<T: Real>(t: u64) -> NAdam<T> {
    let mut product = 1.0;
    (1..=t).map(|t| NAdam::at_step(t, &mut product, LR, BETAS.0, BETAS.1, EPSILON)).last().expect("t > 0")
}

fn nadam<T: Real>() {
    for before in [0, 1000] {
        // Of the steps before, once and not for every parameter.
        let products: Vec<f64> = (0..=3).map(|t| reference::nadam_product(BETAS.0, before + t)).collect();
        check::<T, _, _>(
            "NAdam",
            |t| nadam_at(before + t),
            |t, w, g, [m, v]| {
                let (w, m, v) = reference::nadam(LR, BETAS, EPSILON, (before + t, products[t as usize]), w, g, (m, v));
                (w, [m, v])
            },
        );
    }
}

fn lion<T: Real>() {
    let (learning_rate, beta1, beta2) = (f::<T>(0.001), f::<T>(0.9), f::<T>(0.99));
    check::<T, _, _>(
        "Lion",
        |_| Lion { learning_rate, beta1, beta2 },
        |_, w, g, [m]| {
            let (w, m) = reference::lion(learning_rate, (beta1, beta2), w, g, m);
            (w, [m])
        },
    );
}

const SCHEDULE_FREE: ScheduleFreeOptions =
    ScheduleFreeOptions { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay: 0.01 };

fn schedule_free<T: Real>() {
    check::<T, _, _>(
        "schedule-free AdamW",
        |t| {
            let mut squares = 0.0;
            let all = (1..=t).map(|t| ScheduleFree::at_step(t, &mut squares, LR, SCHEDULE_FREE));
            all.last().expect("t > 0")
        },
        |t, y, g, [z, v]| {
            let (y, z, v) = reference::schedule_free(LR, BETAS, (EPSILON, 0.01), t, y, g, (z, v));
            (y, [z, v])
        },
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
