//! Optimizer steps: the fused loops beside plain ones, and Adam on a layer whose gradient is a product.

use super::{Case, Setting, Work, contest};
use crate::cases::Unit;
use crate::contest::{Entry, Timing};
use simdescent_kernels::gemm::{Update, gemm_fused, step_by_strips};
use simdescent_kernels::optimizer::{Adam, Averaging, Lion, Momentum, Sgd, UpdateRule, fused_step};
use simdescent_kernels::{Accum, MatMut, MatRef, gemm};
use simdescent_measure::limits::Aligned;
use std::hint::black_box;

const LENGTHS: [usize; 3] = [10_000, 1_000_000, 10_000_000];
const LR: f32 = 1e-6;

pub(super) fn cases() -> Vec<Case> {
    let rules = LENGTHS.into_iter().flat_map(|n| {
        [
            rule("sgd", n, Sgd { learning_rate: LR }, |w, g, []| {
                w.iter_mut().zip(g).for_each(|(w, g)| *w -= LR * g);
            }),
            rule("momentum", n, Momentum { learning_rate: LR, momentum: 0.9 }, |w, g, [v]| {
                for ((w, g), v) in w.iter_mut().zip(g).zip(v) {
                    *v = 0.9 * *v + g;
                    *w -= LR * *v;
                }
            }),
            rule("adam", n, adam(), |w, g, [m, v]| {
                // η̂ and κ of the thousandth step.
                let eta = LR / (1.0 - 0.9f32.powi(1000));
                let kappa = 1.0 / (1.0 - 0.999f32.powi(1000)).sqrt();
                for (((w, g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
                    *m = 0.9 * *m + 0.1 * g;
                    *v = 0.999 * *v + 0.001 * g * g;
                    *w -= eta * *m / (v.sqrt() * kappa + 1e-8);
                }
            }),
            rule("lion", n, lion(), |w, g, [m]| {
                for ((w, g), m) in w.iter_mut().zip(g).zip(m) {
                    let direction = 0.9 * *m + 0.1 * g;
                    *w -= LR * if direction > 0.0 { 1.0 } else { -1.0 };
                    *m = 0.99 * *m + 0.01 * g;
                }
            }),
        ]
    });
    rules.chain([layer(1), layer(32)]).collect()
}

fn adam() -> Adam<f32> {
    Adam::at_step(1000, f64::from(LR), 0.9, 0.999, 1e-8)
}

fn lion() -> Lion<f32> {
    Lion { learning_rate: LR, beta1: Averaging::new(0.9), beta2: Averaging::new(0.99) }
}

/// Second moments are not negative.
fn state<const S: usize>(n: usize) -> [Aligned<f32>; S] {
    std::array::from_fn(|_| {
        let mut state = Aligned::<f32>::new(n);
        state.iter_mut().for_each(|s| *s = s.abs());
        state
    })
}

fn rule<R: UpdateRule<f32, S> + 'static, const S: usize>(
    name: &str,
    n: usize,
    rule: R,
    plain: fn(&mut [f32], &[f32], [&mut [f32]; S]),
) -> Case {
    let hold = move |setting: Setting<'_>, timing: Timing<'_>| {
        let (w, g) = (Aligned::<f32>::new(n), Aligned::<f32>::new(n));
        let [mut own, mut theirs] = [(); 2].map(|()| state::<S>(n));
        let ours = |w: &mut [f32]| fused_step(setting.exec, &rule, w, black_box(&g), own.each_mut().map(|s| &mut **s));
        let plain = |w: &mut [f32]| plain(w, black_box(&g), theirs.each_mut().map(|s| &mut **s));
        contest(&w, 1e-6, ours, vec![Entry::new("plain", plain)]).hold(timing)
    };
    // Parameters, gradient and state are read, all but the gradient is written.
    let each = (4 * n) as f64;
    let mut work = Work::memory((2 + S) as f64 * each, (1 + S) as f64 * each, (2 + S) as f64 * each);
    (work.amount, work.unit) = (n as f64, Unit::Elements);
    Case::new::<f32>(format!("optimizer/f32/{name}-{n}"), work, hold)
        .quick(n == LENGTHS[0] && matches!(name, "sgd" | "adam"))
        .on_threads(n > LENGTHS[0] && name == "adam")
}

/// The three ways to step a layer whose weight gradient is a product; they give the same bits.
fn layer(batch: usize) -> Case {
    let (m, n) = (784, 512);
    let hold = move |setting: Setting<'_>, timing: Timing<'_>| {
        let (exec, rule) = (setting.exec, adam());
        let (x, gradient) = (Aligned::<f32>::new(batch * m), Aligned::<f32>::new(batch * n));
        let (x, gradient) = (MatRef::new(&x, batch, m).t(), MatRef::new(&gradient, batch, n));
        let [mut own, mut apart, mut stored] = [(); 3].map(|()| state::<2>(m * n));
        let mut product = Aligned::<f32>::new(m * n);
        let ours = |w: &mut [f32]| step_by_strips(exec, &rule, x, gradient, w, own.each_mut().map(|s| &mut **s));
        let after_product = |w: &mut [f32]| {
            gemm(exec, Accum::Replace, 1.0, x, gradient, MatMut::new(&mut product, m, n));
            fused_step(exec, &rule, w, &product, apart.each_mut().map(|s| &mut **s));
        };
        let in_the_store = |w: &mut [f32]| {
            let update = Update::new(rule, (m, n), stored.each_mut().map(|s| &mut **s));
            gemm_fused(exec, x, gradient, MatMut::new(w, m, n), update);
        };
        let others =
            vec![Entry::new("product, then step", after_product), Entry::new("step in the store", in_the_store)];
        contest(&Aligned::<f32>::new(m * n), 0.0, ours, others).hold(timing)
    };
    let flops = 2.0 * (m * n * batch) as f64;
    let matrix = (4 * m * n) as f64;
    let mut work = Work::products(flops, [3.0 * matrix + (4 * batch * (m + n)) as f64, 3.0 * matrix]);
    work.working_set = 3.0 * matrix;
    (work.amount, work.unit) = ((m * n) as f64, Unit::Elements);
    Case::new::<f32>(format!("optimizer/f32/adam-of-layer-{m}x{n}-batch-{batch}"), work, hold)
}
