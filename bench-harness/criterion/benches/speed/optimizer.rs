//! Optimizer steps in L2 and beyond, some also on 16 million parameters: the active instruction set, and each other one on the shortest
//! for some rules. Elements are parameters. A step reads parameters, gradient and state, and writes all but the gradient.
//!
//! `tiny state` is a step without gradient whose state is among the subnormal numbers, plain and flushed, beside normal state.

use crate::session::{Session, alone, filled, isas, single};
use simdescent_kernels::isa;
use simdescent_kernels::optimizer::{
    AdaDelta, AdaGrad, Adam, Adamax, AmsGrad, Averaging, CenteredRmsProp, ClipValue, CoupledDecay, DecoupledDecay,
    FlushState, Lion, Momentum, NAdam, Nesterov, RmsProp, Scaled, ScheduleFree, ScheduleFreeOptions, Sgd,
    SoftThreshold, UpdateRule, WithTransforms, clip_factor, fused_step,
};
use std::hint::black_box;

const SHORTEST: usize = 10_000;
const LENGTHS: [usize; 2] = [SHORTEST, 1_000_000];
const IN_MEMORY: usize = 16_000_000;

/// A rule that the kernels crate compiles, on every length.
fn thorough<R: UpdateRule<f32, S> + Copy, const S: usize>(session: &mut Session, name: &str, rule: R) {
    for n in [SHORTEST, 1_000_000, IN_MEMORY] {
        for isa in isas(n == SHORTEST) {
            row(session, name, isa, n, rule, [1e-3, 1e-3]);
        }
    }
}

fn brief<R: UpdateRule<f32, S> + Copy, const S: usize>(session: &mut Session, name: &str, rule: R) {
    for n in LENGTHS {
        row(session, name, isa::active(), n, rule, [1e-3, 1e-3]);
    }
}

fn row<R: UpdateRule<f32, S> + Copy, const S: usize>(
    session: &mut Session,
    name: &str,
    isa: isa::Isa,
    n: usize,
    rule: R,
    [gradient, state]: [f32; 2],
) {
    let work = single(isa, 0, [(2 + S) * n, (1 + S) * n, (2 + S) * n]);
    session.row([&"optimizer", &format!("{name}, {isa}"), &n], n, work, || {
        let (mut w, g) = (filled(n, 0.5), filled(n, gradient));
        let mut state: [_; S] = std::array::from_fn(|_| filled(n, state));
        Box::new(move || {
            fused_step(alone(isa), &rule, black_box(&mut w), &g, state.each_mut().map(|state| &mut **state))
        })
    });
}

pub(crate) fn group(session: &mut Session) {
    let (learning_rate, momentum, decay, epsilon) = (1e-6, 0.9, Averaging::new(0.9), 1e-8);
    let (lr, beta1, beta2, eps) = (1e-6, 0.9, 0.999, 1e-8);
    let adam = Adam::at_step(1000, lr, beta1, beta2, eps);
    thorough(session, "SGD", Sgd { learning_rate });
    thorough(session, "momentum", Momentum { learning_rate, momentum });
    thorough(session, "Adam", adam);
    brief(session, "Nesterov", Nesterov { learning_rate, momentum });
    brief(session, "AdaGrad", AdaGrad { learning_rate, epsilon });
    brief(session, "RMSprop", RmsProp { learning_rate, decay, epsilon });
    brief(session, "centered RMSprop", CenteredRmsProp { learning_rate, decay, epsilon });
    brief(session, "AdaDelta", AdaDelta { learning_rate, decay, epsilon });
    brief(session, "AdamW", DecoupledDecay { rate: 1e-8, rule: adam });
    brief(session, "AMSGrad", AmsGrad::at_step(1000, lr, beta1, beta2, eps));
    brief(session, "Adamax", Adamax::at_step(1000, lr, beta1, beta2, eps));
    brief(session, "NAdam", NAdam::at_step(1000, &mut 0.0, lr, beta1, beta2, eps));
    brief(session, "Lion", Lion { learning_rate, beta1: Averaging::new(0.9), beta2: Averaging::new(0.99) });
    let options = ScheduleFreeOptions { beta1, beta2, epsilon: eps, weight_decay: 0.0 };
    brief(session, "schedule-free AdamW", ScheduleFree::at_step(1000, &mut 1e-9, lr, options));
    brief(session, "Adam and an L2 penalty", CoupledDecay { lambda: 1e-4, rule: adam });
    brief(session, "Adam and all transforms", with_transforms(adam, 0.0));
    for n in LENGTHS {
        let isa = isa::active();
        session.row([&"optimizer", &format!("clip_factor, {isa}"), &n], n, single(isa, 2 * n, [n, 0, n]), || {
            let g = filled(n, 1e-3);
            Box::new(move || _ = black_box(clip_factor(alone(isa), black_box(&g), 1.0)))
        });
    }
    tiny_state(session, adam);
}

/// State that is smaller than `below` is flushed to 0.
fn with_transforms(rule: Adam<f32>, below: f32) -> WithTransforms<f32, Adam<f32>> {
    let rule = DecoupledDecay { rate: 1e-8, rule: FlushState { below, rule } };
    let rule = CoupledDecay { lambda: 1e-4, rule: SoftThreshold { threshold: 1e-9, rule } };
    Scaled { factor: 0.5, rule: ClipValue { limit: 1.0, rule } }
}

/// State of size 1 would decay during the measurement; with the gradient of the first row it stays.
fn tiny_state(session: &mut Session, adam: Adam<f32>) {
    let (isa, n) = (isa::active(), SHORTEST);
    let flushed = with_transforms(adam, f32::MIN_POSITIVE);
    row(session, "tiny state, Adam, normal", isa, n, adam, [1e-3, 1e-3]);
    row(session, "tiny state, Adam, subnormal", isa, n, adam, [0.0, 1e-41]);
    row(session, "tiny state, Adam, flushed", isa, n, flushed, [0.0, 1e-41]);
}
