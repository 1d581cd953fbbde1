//! Linear models in one pass over the data: loss and gradient of all rows, and epochs of SGD.

use super::{Case, Setting, Work, contest, of_sum};
use crate::cases::Unit;
use crate::contest::{Entry, Timing};
use simdescent_kernels::linear::{Epoch, loss_and_gradient, sgd_epoch, softmax_loss_and_gradient};
use simdescent_kernels::loss::{
    ClassTargets, Logistic, LossOptions, Pointwise, SoftmaxOptions, Squared, pointwise_in_place,
    softmax_cross_entropy_in_place,
};
use simdescent_kernels::{Accum, Exec, MatMut, MatRef, axpy, gemm, gemv, gemv_t};
use simdescent_measure::limits::Aligned;
use std::hint::black_box;

const COLS: usize = 784;
const CLASSES: usize = 10;
const SHAPES: [(usize, usize, bool); 3] = [(512, 256, true), (10_000, 32, false), (20_000, COLS, false)];
const ROWS_OF_EPOCH: usize = 10_000;

pub(super) fn cases() -> Vec<Case> {
    let full = SHAPES.into_iter().flat_map(|(m, d, quick)| {
        [
            full_batch("least-squares", (m, d), Squared, |z, y| 2.0 * (z - y)),
            full_batch("logistic", (m, d), Logistic, |z, y| 1.0 / (1.0 + (-z).exp()) - y).quick(quick),
        ]
    });
    full.chain([softmax()]).chain([1, 32, 256].map(epoch)).collect()
}

/// X is read once.
fn work(rows: usize, columns: usize, flops: usize) -> Work {
    let x = (4 * rows * columns) as f64;
    let mut work = Work::memory(x, 0.0, x);
    work.flops = (flops * rows * columns) as f64;
    (work.amount, work.unit) = (rows as f64, Unit::Samples);
    work
}

/// z ← X·w, row by row.
fn plain_outputs(x: &[f32], w: &[f32], z: &mut [f32]) {
    for (z, row) in z.iter_mut().zip(x.chunks_exact(w.len())) {
        *z = row.iter().zip(w).map(|(x, w)| x * w).sum();
    }
}

/// g ← Xᵀ·r, row by row.
fn plain_gradient(x: &[f32], r: &[f32], g: &mut [f32]) {
    g.fill(0.0);
    for (r, row) in r.iter().zip(x.chunks_exact(g.len())) {
        g.iter_mut().zip(row).for_each(|(g, x)| *g += r * x);
    }
}

fn full_batch<P: Pointwise<f32> + 'static>(
    name: &str,
    (m, d): (usize, usize),
    loss: P,
    derivative: fn(f32, f32) -> f32,
) -> Case {
    let hold = move |setting: Setting<'_>, timing: Timing<'_>| {
        let exec = setting.exec;
        let (x, w) = (Aligned::<f32>::new(m * d), Aligned::<f32>::new(d));
        let y: Vec<f32> = (0..m).map(|i| (i % 2) as f32).collect();
        let matrix = MatRef::new(&x, m, d);
        let [mut z, mut r] = [(); 2].map(|()| vec![0.0f32; m]);
        let options = LossOptions::default();
        let ours = |g: &mut [f32]| _ = black_box(loss_and_gradient(exec, loss, matrix, &y, options, &w, g));
        let two_passes = |g: &mut [f32]| {
            gemv(exec, Accum::Replace, 1.0, matrix, &w, &mut z);
            black_box(pointwise_in_place(exec, loss, &mut z, &y, options));
            gemv_t(exec, Accum::Replace, 1.0, matrix, &z, g);
        };
        let plain = |g: &mut [f32]| {
            plain_outputs(&x, &w, &mut r);
            let share = 1.0 / m as f32;
            r.iter_mut().zip(&y).for_each(|(r, y)| *r = share * derivative(*r, *y));
            plain_gradient(&x, &r, g);
        };
        let others = vec![Entry::new("two passes", two_passes), Entry::new("plain", plain)];
        contest(&vec![0.0; d], 4.0 * of_sum::<f32>(m), ours, others).hold(timing)
    };
    Case::new::<f32>(format!("linear/f32/{name}-{m}x{d}"), work(m, d, 4), hold).on_threads(m >= 10_000)
}

fn softmax() -> Case {
    let rows = 20_000;
    let hold = move |setting: Setting<'_>, timing: Timing<'_>| {
        let exec = setting.exec;
        let (inputs, w) = (Aligned::<f32>::new(rows * COLS), Aligned::<f32>::new(COLS * CLASSES));
        let labels: Vec<u32> = (0..rows).map(|i| (i % CLASSES) as u32).collect();
        let x = MatRef::new(&inputs, rows, COLS);
        let mut z = vec![0.0f32; rows * CLASSES];
        let ours = |g: &mut [f32]| {
            let labels = ClassTargets::Labels(&labels);
            black_box(softmax_loss_and_gradient(exec, x, CLASSES, labels, SoftmaxOptions::default(), &w, g));
        };
        let two_passes = |g: &mut [f32]| {
            gemm(exec, Accum::Replace, 1.0, x, MatRef::new(&w, COLS, CLASSES), MatMut::new(&mut z, rows, CLASSES));
            black_box(softmax_cross_entropy_in_place(exec, MatMut::new(&mut z, rows, CLASSES), &labels));
            let g = MatMut::new(g, COLS, CLASSES);
            gemm(exec, Accum::Replace, 1.0, x.t(), MatRef::new(&z, rows, CLASSES), g);
        };
        let plain = |g: &mut [f32]| plain_softmax(&inputs, &labels, &w, g);
        let others = vec![Entry::new("two passes", two_passes), Entry::new("plain", plain)];
        contest(&[0.0; COLS * CLASSES], 4.0 * of_sum::<f32>(rows), ours, others).hold(timing)
    };
    Case::new::<f32>(format!("linear/f32/softmax-{rows}x{COLS}"), work(rows, COLS, 4 * CLASSES), hold).on_threads(true)
}

fn plain_softmax(x: &[f32], labels: &[u32], w: &[f32], g: &mut [f32]) {
    g.fill(0.0);
    let share = 1.0 / labels.len() as f32;
    for (row, &label) in x.chunks_exact(COLS).zip(labels) {
        let mut z = [0.0f32; CLASSES];
        for (x, w) in row.iter().zip(w.chunks_exact(CLASSES)) {
            z.iter_mut().zip(w).for_each(|(z, w)| *z += x * w);
        }
        let max = z.into_iter().fold(f32::NEG_INFINITY, f32::max);
        z = z.map(|z| (z - max).exp());
        let scale = share / z.iter().sum::<f32>();
        z = z.map(|z| z * scale);
        z[label as usize] -= share;
        for (x, g) in row.iter().zip(g.chunks_exact_mut(CLASSES)) {
            g.iter_mut().zip(&z).for_each(|(g, z)| *g += x * z);
        }
    }
}

/// Two passes are calls per batch; plain keeps 16 sums per row, so that a compiler can use registers.
fn epoch(batch_size: usize) -> Case {
    const RATE: f32 = 1e-3;
    let hold = move |setting: Setting<'_>, timing: Timing<'_>| {
        let exec: Exec<'_> = setting.exec;
        let x = Aligned::<f32>::new(ROWS_OF_EPOCH * COLS);
        let y: Vec<f32> = (0..ROWS_OF_EPOCH).map(|i| (i % 2) as f32).collect();
        let matrix = MatRef::new(&x, y.len(), COLS);
        let [mut gradient, mut plain_gradient] = [(); 2].map(|()| vec![0.0f32; COLS]);
        let mut z = vec![0.0f32; batch_size];
        let epoch = Epoch { order: None, batch_size, learning_rates: &[RATE], l2: 0.0 };
        let ours = |w: &mut [f32]| _ = black_box(sgd_epoch(exec, Logistic, matrix, &y, epoch, w));
        let two_passes = |w: &mut [f32]| {
            for (x, y) in x.chunks(batch_size * COLS).zip(y.chunks(batch_size)) {
                let (x, z) = (MatRef::new(x, y.len(), COLS), &mut z[..y.len()]);
                gemv(exec, Accum::Replace, 1.0, x, w, z);
                black_box(pointwise_in_place(exec, Logistic, z, y, LossOptions::default()));
                gemv_t(exec, Accum::Replace, 1.0, x, z, &mut gradient);
                axpy(exec, -RATE, &gradient, w);
            }
        };
        let plain = |w: &mut [f32]| {
            for (x, y) in x.chunks(batch_size * COLS).zip(y.chunks(batch_size)) {
                plain_gradient.fill(0.0);
                for (x, y) in x.chunks_exact(COLS).zip(y) {
                    let mut sums = [0.0f32; 16];
                    for (x, w) in x.chunks_exact(16).zip(w.chunks_exact(16)) {
                        sums.iter_mut().zip(x.iter().zip(w)).for_each(|(s, (x, w))| *s += x * w);
                    }
                    let r = 1.0 / (1.0 + (-sums.iter().sum::<f32>()).exp()) - y;
                    plain_gradient.iter_mut().zip(x).for_each(|(g, x)| *g += r * x);
                }
                let rate = RATE / y.len() as f32;
                w.iter_mut().zip(&plain_gradient).for_each(|(w, g)| *w -= rate * g);
            }
        };
        let others = vec![Entry::new("two passes", two_passes), Entry::new("plain", plain)];
        contest(&[0.0; COLS], 1e-3, ours, others).hold(timing)
    };
    let name = format!("linear/f32/logistic-epoch-{ROWS_OF_EPOCH}x{COLS}-batch-{batch_size}");
    Case::new::<f32>(name, work(ROWS_OF_EPOCH, COLS, 4), hold)
}
