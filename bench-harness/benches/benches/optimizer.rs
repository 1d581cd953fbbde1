//! Optimizer steps in L2, L3 and DRAM with criterion: the active instruction set at every length, each other one at the
//! shortest; `f32`, one thread. Throughput is of the bytes a step reads and writes; elements are parameters.
//!
//! `tiny state` is a step without gradient on state among the subnormal numbers, plain and flushed, beside normal state.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use simdescent_kernels::optimizer::{
    AdaDelta, AdaGrad, Adam, Adamax, AmsGrad, Averaging, CenteredRmsProp, ClipValue, CoupledDecay, DecoupledDecay,
    FlushState, Lion, Momentum, NAdam, Nesterov, RmsProp, Scaled, ScheduleFree, ScheduleFreeOptions, Sgd,
    SoftThreshold, UpdateRule, clip_factor, fused_step,
};
use simdescent_kernels::{Exec, Par, isa};
use std::hint::black_box;

const LENGTHS: [usize; 3] = [10_000, 1_000_000, 30_000_000];

/// A step reads parameters, gradient and state, and writes all but the gradient.
fn bench<R: UpdateRule<f32, S>, const S: usize>(c: &mut Criterion, name: &str, rule: R) {
    let mut group = c.benchmark_group(name);
    for n in LENGTHS {
        group.throughput(Throughput::ElementsAndBytes { elements: n as u64, bytes: ((3 + 2 * S) * 4 * n) as u64 });
        let (mut w, g) = (vec![0.5f32; n], vec![1e-3f32; n]);
        let mut state: [Vec<f32>; S] = std::array::from_fn(|_| vec![1e-3; n]);
        for &isa in isa::available().iter().filter(|&&isa| n == LENGTHS[0] || isa == isa::active()) {
            let exec = Exec::new(isa, Par::Seq);
            group.bench_function(BenchmarkId::new(isa.name(), n), |b| {
                b.iter(|| fused_step(exec, &rule, black_box(&mut w), &g, state.each_mut().map(Vec::as_mut_slice)));
            });
        }
    }
}

fn rules(c: &mut Criterion) {
    let (learning_rate, momentum, decay, epsilon) = (1e-6, 0.9, Averaging::new(0.9), 1e-8);
    let (lr, beta1, beta2, eps) = (1e-6, 0.9, 0.999, 1e-8);
    let adam = Adam::at_step(1000, lr, beta1, beta2, eps);
    bench(c, "SGD", Sgd { learning_rate });
    bench(c, "momentum", Momentum { learning_rate, momentum });
    bench(c, "Nesterov", Nesterov { learning_rate, momentum });
    bench(c, "AdaGrad", AdaGrad { learning_rate, epsilon });
    bench(c, "RMSprop", RmsProp { learning_rate, decay, epsilon });
    bench(c, "centered RMSprop", CenteredRmsProp { learning_rate, decay, epsilon });
    bench(c, "AdaDelta", AdaDelta { learning_rate, decay, epsilon });
    bench(c, "Adam", adam);
    bench(c, "AdamW", DecoupledDecay { rate: 1e-8, rule: adam });
    bench(c, "AMSGrad", AmsGrad::at_step(1000, lr, beta1, beta2, eps));
    bench(c, "Adamax", Adamax::at_step(1000, lr, beta1, beta2, eps));
    bench(c, "NAdam", NAdam::at_step(1000, &mut 0.0, lr, beta1, beta2, eps));
    bench(c, "Lion", Lion { learning_rate, beta1: Averaging::new(0.9), beta2: Averaging::new(0.99) });
    let options = ScheduleFreeOptions { beta1, beta2, epsilon: eps, weight_decay: 0.0 };
    bench(c, "schedule-free AdamW", ScheduleFree::at_step(1000, &mut 1e-9, lr, options));
    let rule = FlushState { below: f32::MIN_POSITIVE, rule: DecoupledDecay { rate: 1e-8, rule: adam } };
    let rule = ClipValue { limit: 1.0, rule: CoupledDecay { lambda: 1e-4, rule } };
    bench(c, "everything around Adam", SoftThreshold { threshold: 1e-9, rule: Scaled { factor: 0.5, rule } });
}

/// The first pass of clipping by norm.
fn norm(c: &mut Criterion) {
    let mut group = c.benchmark_group("clip_factor");
    for n in LENGTHS {
        group.throughput(Throughput::ElementsAndBytes { elements: n as u64, bytes: 4 * n as u64 });
        let (g, exec) = (vec![1e-3f32; n], Exec::new(isa::active(), Par::Seq));
        group.bench_function(BenchmarkId::new(exec.isa().name(), n), |b| {
            b.iter(|| clip_factor(exec, black_box(&g), 1.0));
        });
    }
}

fn tiny_state(c: &mut Criterion) {
    let adam = Adam::at_step(1000, 1e-6, 0.9, 0.999, 1e-8);
    tiny(c, "tiny state, Adam", adam);
    tiny(c, "tiny state, momentum", Momentum { learning_rate: 1e-6f32, momentum: 0.9 });
    tiny(c, "tiny state, AMSGrad", AmsGrad::at_step(1000, 1e-6, 0.9, 0.999, 1e-8));
}

fn tiny<R: UpdateRule<f32, S>, const S: usize>(c: &mut Criterion, name: &str, rule: R) {
    let mut group = c.benchmark_group(name);
    let (n, exec) = (LENGTHS[0], Exec::new(isa::active(), Par::Seq));
    group.throughput(Throughput::Elements(n as u64));
    let flushed = FlushState { below: f32::MIN_POSITIVE, rule };
    // State of size 1 would decay during the measurement; with this gradient it stays.
    for (label, start, gradient) in [("normal", 1e-3f32, 1e-3f32), ("subnormal", 1e-41, 0.0)] {
        let (mut w, g) = (vec![0.5f32; n], vec![gradient; n]);
        let mut state: [Vec<f32>; S] = std::array::from_fn(|_| vec![start; n]);
        group.bench_function(BenchmarkId::new("plain", label), |b| {
            b.iter(|| fused_step(exec, &rule, black_box(&mut w), &g, state.each_mut().map(Vec::as_mut_slice)));
        });
        let mut state: [Vec<f32>; S] = std::array::from_fn(|_| vec![start; n]);
        group.bench_function(BenchmarkId::new("flushed", label), |b| {
            b.iter(|| fused_step(exec, &flushed, black_box(&mut w), &g, state.each_mut().map(Vec::as_mut_slice)));
        });
    }
}

criterion_group! {
    name = benches;
    config = simdescent_benches::short_samples!();
    targets = rules, norm, tiny_state
}
criterion_main!(benches);
