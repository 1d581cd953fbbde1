//! Loss and gradient of a linear model beside two-pass code, as a Markdown table; epochs of SGD below.
//!
//! ```sh
//! cargo bench -p simdescent-benches --features tables --bench versus_linear
//! ```
//!
//! Medians of interleaved rounds, `f32`, X from L1 to DRAM; softmax and epochs on 100000×784. `read` is a loop on one thread that
//! only loads X, in the same rounds. `two passes` are our own `gemv`, loss and `gemv_t`; `plain` is iterator code of two loops.

use simdescent_benches::arguments::Arguments;
use simdescent_kernels::linear::{Epoch, loss_and_gradient, sgd_epoch, softmax_loss_and_gradient};
use simdescent_kernels::loss::{
    ClassTargets, Logistic, LossOptions, Pointwise, SoftmaxOptions, Squared, pointwise_in_place,
    softmax_cross_entropy_in_place,
};
use simdescent_kernels::{Accum, Exec, MatMut, MatRef, Par, Team, axpy, gemm, gemv, gemv_t, isa};
use simdescent_measure::clock::{medians, smoke_test};
use simdescent_measure::limits::{Aligned, read};
use std::hint::black_box;

const ROUNDS: usize = 9;
const COLS: usize = 784;

fn main() {
    Arguments::read(&[]).check();
    let rows = if smoke_test() { 1000 } else { 100_000 };
    let x = Aligned::<f32>::new(rows * COLS);
    let y: Vec<f32> = (0..rows).map(|i| (i % 2) as f32).collect();
    let team = Team::new(2).expect("a team");
    println!("| {} | GB/s | of read | over two passes | over plain |", isa::active());
    println!("| --- | ---: | ---: | ---: | ---: |");
    for par in [Par::Seq, Par::Team(&team)] {
        let exec = Exec::new(isa::active(), par);
        for (m, d) in [(64, 100), (512, 256), (10_000.min(rows), 32), (rows, COLS)] {
            let (x, y) = (&x[..m * d], &y[..m]);
            full_batch(exec, "least squares", Squared, x, y, |z, y| 2.0 * (z - y));
            full_batch(exec, "logistic", Logistic, x, y, |z, y| 1.0 / (1.0 + (-z).exp()) - y);
        }
    }
    for par in [Par::Seq, Par::Team(&team)] {
        softmax(Exec::new(isa::active(), par), &x, rows);
    }
    epochs(Exec::new(isa::active(), Par::Seq), &x, &y);
}

fn full_batch<P: Pointwise<f32>>(
    exec: Exec<'_>,
    name: &str,
    loss: P,
    x: &[f32],
    y: &[f32],
    derivative: impl Fn(f32, f32) -> f32,
) {
    let d = x.len() / y.len();
    let matrix = MatRef::new(x, y.len(), d);
    let w = Aligned::<f32>::new(d);
    let [mut one, mut two, mut plain] = [(); 3].map(|()| vec![0.0f32; d]);
    let (mut z, mut r) = (vec![0.0f32; y.len()], vec![0.0f32; y.len()]);
    let options = LossOptions::default();
    let seconds = medians(
        ROUNDS,
        &mut [
            ("ours", &mut || _ = black_box(loss_and_gradient(exec, loss, matrix, y, options, &w, &mut one))),
            ("read", &mut || read(exec.isa(), x)),
            ("two passes", &mut || {
                gemv(exec, Accum::Replace, 1.0, matrix, &w, &mut z);
                black_box(pointwise_in_place(exec, loss, &mut z, y, options));
                gemv_t(exec, Accum::Replace, 1.0, matrix, &z, black_box(&mut two));
            }),
            ("plain", &mut || {
                for ((r, y), row) in r.iter_mut().zip(y).zip(x.chunks_exact(d)) {
                    *r = derivative(row.iter().zip(&*w).map(|(x, w)| x * w).sum(), *y);
                }
                plain.fill(0.0);
                for (r, row) in r.iter().zip(x.chunks_exact(d)) {
                    plain.iter_mut().zip(row).for_each(|(g, x)| *g += r * x);
                }
                black_box(&mut plain);
            }),
        ],
    );
    println!(
        "| {name}, {}×{d}, {} threads | {:.1} | {:.2} | {:.2} | {:.2} |",
        y.len(),
        exec.par().threads(),
        4e-9 * x.len() as f64 / seconds[0],
        seconds[1] / seconds[0],
        seconds[2] / seconds[0],
        seconds[3] / seconds[0],
    );
}

/// Ten classes; two passes are products and the loss between them.
fn softmax(exec: Exec<'_>, inputs: &[f32], rows: usize) {
    const CLASSES: usize = 10;
    let x = MatRef::new(inputs, rows, COLS);
    let labels: Vec<u32> = (0..rows).map(|i| (i % CLASSES) as u32).collect();
    let w = Aligned::<f32>::new(COLS * CLASSES);
    let [mut one, mut two] = [(); 2].map(|()| vec![0.0f32; COLS * CLASSES]);
    let mut z = vec![0.0f32; rows * CLASSES];
    let options = SoftmaxOptions::default();
    let seconds = medians(
        ROUNDS,
        &mut [
            ("ours", &mut || {
                let labels = ClassTargets::Labels(&labels);
                black_box(softmax_loss_and_gradient(exec, x, CLASSES, labels, options, &w, &mut one));
            }),
            ("read", &mut || read(exec.isa(), inputs)),
            ("two passes", &mut || {
                gemm(exec, Accum::Replace, 1.0, x, MatRef::new(&w, COLS, CLASSES), MatMut::new(&mut z, rows, CLASSES));
                black_box(softmax_cross_entropy_in_place(exec, MatMut::new(&mut z, rows, CLASSES), &labels));
                let two = MatMut::new(black_box(&mut two), COLS, CLASSES);
                gemm(exec, Accum::Replace, 1.0, x.t(), MatRef::new(&z, rows, CLASSES), two);
            }),
        ],
    );
    println!(
        "| softmax, {CLASSES} classes, {} threads | {:.1} | {:.2} | {:.2} | |",
        exec.par().threads(),
        4e-9 * (rows * COLS) as f64 / seconds[0],
        seconds[1] / seconds[0],
        seconds[2] / seconds[0],
    );
}

/// Two passes are calls per batch; plain keeps 16 sums per row, so that a compiler can use registers.
fn epochs(exec: Exec<'_>, x: &[f32], y: &[f32]) {
    println!("\n| logistic, one epoch | million samples/s | of read | over two passes | over plain |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    let matrix = MatRef::new(x, y.len(), COLS);
    let rate = 1e-3;
    for batch_size in [1, 32, 256] {
        let [mut w, mut w2, mut w3, mut gradient, mut plain_gradient] = [(); 5].map(|()| vec![0.0f32; COLS]);
        let mut z = vec![0.0f32; batch_size];
        let epoch = Epoch { order: None, batch_size, learning_rates: &[rate], l2: 0.0 };
        let seconds = medians(
            ROUNDS,
            &mut [
                ("ours", &mut || _ = black_box(sgd_epoch(exec, Logistic, matrix, y, epoch, &mut w))),
                ("read", &mut || read(exec.isa(), x)),
                ("two passes", &mut || {
                    for (x, y) in x.chunks(batch_size * COLS).zip(y.chunks(batch_size)) {
                        let (x, z) = (MatRef::new(x, y.len(), COLS), &mut z[..y.len()]);
                        gemv(exec, Accum::Replace, 1.0, x, &w2, z);
                        black_box(pointwise_in_place(exec, Logistic, z, y, LossOptions::default()));
                        gemv_t(exec, Accum::Replace, 1.0, x, z, &mut gradient);
                        axpy(exec, -rate, &gradient, &mut w2);
                    }
                }),
                ("plain", &mut || {
                    for (x, y) in x.chunks(batch_size * COLS).zip(y.chunks(batch_size)) {
                        plain_gradient.fill(0.0);
                        for (x, y) in x.chunks_exact(COLS).zip(y) {
                            let mut sums = [0.0f32; 16];
                            for (x, w) in x.chunks_exact(16).zip(w3.chunks_exact(16)) {
                                sums.iter_mut().zip(x.iter().zip(w)).for_each(|(s, (x, w))| *s += x * w);
                            }
                            let r = 1.0 / (1.0 + (-sums.iter().sum::<f32>()).exp()) - y;
                            plain_gradient.iter_mut().zip(x).for_each(|(g, x)| *g += r * x);
                        }
                        let rate = rate / y.len() as f32;
                        w3.iter_mut().zip(&plain_gradient).for_each(|(w, g)| *w -= rate * g);
                    }
                }),
            ],
        );
        println!(
            "| batches of {batch_size} | {:.2} | {:.2} | {:.2} | {:.2} |",
            1e-6 * y.len() as f64 / seconds[0],
            seconds[1] / seconds[0],
            seconds[2] / seconds[0],
            seconds[3] / seconds[0],
        );
    }
}
