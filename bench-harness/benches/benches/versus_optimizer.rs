//! Optimizer steps beside plain loops of the same formulas and what memory gives, as a Markdown table:
//!
//! ```sh
//! cargo bench -p simdescent-benches --features tables --bench versus_optimizer [-- FILTER]
//! ```
//!
//! Medians of interleaved rounds, one thread, `f32`, in nanoseconds per parameter. `plain` is an iterator over the same
//! slices with separate multiplications and additions, as anyone would write it and the compiler vectorizes for the target it
//! was given (build with `RUSTFLAGS=-Ctarget-cpu=native` for its best). Rates count the bytes a step reads and writes; `copy`
//! and `read` are those of a copy and of a loop that only loads, over as many bytes, in the same rounds.
//!
//! A second table has the three ways to step a layer whose gradient is a product.

use simdescent_benches::arguments::Arguments;
use simdescent_kernels::gemm::{Update, gemm_fused, step_by_strips};
use simdescent_kernels::optimizer::{
    AdaGrad, Adam, AmsGrad, Averaging, Lion, Momentum, NAdam, RmsProp, Sgd, UpdateRule, fused_step,
};
use simdescent_kernels::{Accum, Exec, MatMut, MatRef, Par, gemm, isa};
use simdescent_measure::clock::medians;
use simdescent_measure::limits::{Aligned, read};
use std::hint::black_box;

const ROUNDS: usize = 11;
const LENGTHS: [usize; 3] = [10_000, 1_000_000, 30_000_000];
const LR: f32 = 1e-6;
/// Constants of Adam's step 1000: η̂ and κ.
const ETA: f32 = 1e-6;
const KAPPA: f32 = 1.25;

fn main() {
    let arguments = Arguments::read(&[]);
    let exec = Exec::new(isa::active(), Par::Seq);
    println!(
        "| {} | ours ns | plain ns | plain / ours | ours GB/s | copy GB/s | read GB/s | ours / copy |",
        exec.isa()
    );
    println!("| --- |{}", " ---: |".repeat(7));
    for n in LENGTHS {
        rules(&Table { exec, n, arguments: &arguments });
    }
    println!();
    println!("| Adam on the gradient of a 784x512 layer | product, then step, µs | by strips | in the store |");
    println!("| --- |{}", " ---: |".repeat(3));
    for batch in [1, 8, 32, 128].into_iter().filter(|batch| arguments.shows(&format!("batch {batch}"))) {
        layer(exec, batch);
    }
    arguments.check();
}

/// The three ways to step a layer whose weight gradient is a product; they give the same bits.
fn layer(exec: Exec<'_>, batch: usize) {
    let (m, n) = (784, 512);
    let (x, gradient) = (Aligned::<f32>::new(batch * m), Aligned::<f32>::new(batch * n));
    let (x, gradient) = (MatRef::new(&x, batch, m).t(), MatRef::new(&gradient, batch, n));
    let adam = Adam::at_step(1000, f64::from(LR), 0.9, 0.999, 1e-8);
    let [mut w, mut m1, mut product] = [(); 3].map(|()| Aligned::<f32>::new(m * n));
    let mut v = vec![1.0f32; m * n];
    let state = std::cell::RefCell::new((&mut w, &mut m1, &mut v));
    let seconds = medians(
        ROUNDS,
        &mut [
            ("apart", &mut || {
                let (w, m1, v) = &mut *state.borrow_mut();
                gemm(exec, Accum::Replace, 1.0, x, gradient, MatMut::new(&mut product, m, n));
                fused_step(exec, &adam, w, &product, [m1, v]);
            }),
            ("strips", &mut || {
                let (w, m1, v) = &mut *state.borrow_mut();
                step_by_strips(exec, &adam, x, gradient, w, [m1, v]);
            }),
            ("store", &mut || {
                let (w, m1, v) = &mut *state.borrow_mut();
                gemm_fused(exec, x, gradient, MatMut::new(w, m, n), Update::new(adam, (m, n), [m1, v]));
            }),
        ],
    );
    println!("| batch {batch} | {:.0} | {:.0} | {:.0} |", 1e6 * seconds[0], 1e6 * seconds[1], 1e6 * seconds[2]);
}

fn rules(table: &Table<'_>) {
    table.row("SGD", Sgd { learning_rate: LR }, |w, g, []| {
        w.iter_mut().zip(g).for_each(|(w, g)| *w -= LR * g);
    });
    table.row("momentum", Momentum { learning_rate: LR, momentum: 0.9 }, |w, g, [v]| {
        for ((w, g), v) in w.iter_mut().zip(g).zip(v) {
            *v = 0.9 * *v + g;
            *w -= LR * *v;
        }
    });
    table.row("AdaGrad", AdaGrad { learning_rate: LR, epsilon: 1e-8 }, |w, g, [s]| {
        for ((w, g), s) in w.iter_mut().zip(g).zip(s) {
            *s += g * g;
            *w -= LR * g / (s.sqrt() + 1e-8);
        }
    });
    table.row("RMSprop", RmsProp { learning_rate: LR, decay: Averaging::new(0.9), epsilon: 1e-8 }, |w, g, [v]| {
        for ((w, g), v) in w.iter_mut().zip(g).zip(v) {
            *v = 0.9 * *v + 0.1 * g * g;
            *w -= LR * g / (v.sqrt() + 1e-8);
        }
    });
    table.row("Adam", Adam::at_step(1000, f64::from(LR), 0.9, 0.999, 1e-8), |w, g, [m, v]| {
        for (((w, g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
            *m = 0.9 * *m + 0.1 * g;
            *v = 0.999 * *v + 0.001 * g * g;
            *w -= ETA * *m / (v.sqrt() * KAPPA + 1e-8);
        }
    });
    table.row("AMSGrad", AmsGrad::at_step(1000, f64::from(LR), 0.9, 0.999, 1e-8), |w, g, [m, v, u]| {
        for ((((w, g), m), v), u) in w.iter_mut().zip(g).zip(m).zip(v).zip(u) {
            *m = 0.9 * *m + 0.1 * g;
            *v = 0.999 * *v + 0.001 * g * g;
            *u = u.max(*v);
            *w -= ETA * *m / (u.sqrt() * KAPPA + 1e-8);
        }
    });
    table.row("NAdam", NAdam::at_step(1000, &mut 0.0, f64::from(LR), 0.9, 0.999, 1e-8), |w, g, [m, v]| {
        for (((w, g), m), v) in w.iter_mut().zip(g).zip(m).zip(v) {
            *m = 0.9 * *m + 0.1 * g;
            *v = 0.999 * *v + 0.001 * g * g;
            *w -= ETA * (0.9 * *m + 0.1 * g) / (v.sqrt() * KAPPA + 1e-8);
        }
    });
    table.row(
        "Lion",
        Lion { learning_rate: LR, beta1: Averaging::new(0.9), beta2: Averaging::new(0.99) },
        |w, g, [m]| {
            for ((w, g), m) in w.iter_mut().zip(g).zip(m) {
                let direction = 0.9 * *m + 0.1 * g;
                *w -= LR * if direction > 0.0 { 1.0 } else { -1.0 };
                *m = 0.99 * *m + 0.01 * g;
            }
        },
    );
}

struct Table<'a> {
    exec: Exec<'a>,
    n: usize,
    arguments: &'a Arguments,
}

impl Table<'_> {
    fn row<R: UpdateRule<f32, S>, const S: usize>(
        &self,
        rule_name: &str,
        rule: R,
        plain: impl Fn(&mut [f32], &[f32], [&mut [f32]; S]),
    ) {
        let &Self { exec, n, arguments } = self;
        let name = format!("{rule_name} {n}");
        if !arguments.shows(&name) {
            return;
        }
        let (g, arrays) = (Aligned::<f32>::new(n), 3 + 2 * S);
        let [(mut w, mut state), (mut w2, mut state2)] =
            [(); 2].map(|()| (Aligned::<f32>::new(n), [(); S].map(|()| Aligned::<f32>::new(n))));
        // Second moments are not negative.
        for s in state.iter_mut().chain(&mut state2) {
            s.iter_mut().for_each(|s| *s = s.abs());
        }
        // As many bytes as a step moves, in as many cache lines: half of them read, half written.
        let (from, mut to) = (Aligned::<f32>::new(arrays * n / 2), Aligned::<f32>::new(arrays * n / 2));
        let all = Aligned::<f32>::new((2 + S) * n);
        let seconds = medians(
            ROUNDS,
            &mut [
                ("ours", &mut || fused_step(exec, &rule, black_box(&mut w), &g, state.each_mut().map(|s| &mut s[..]))),
                ("plain", &mut || plain(black_box(&mut w2), &g, state2.each_mut().map(|s| &mut s[..]))),
                ("copy", &mut || black_box(&mut to).copy_from_slice(black_box(&from))),
                ("read", &mut || read(exec.isa(), &all)),
            ],
        );
        let per_parameter = |i: usize| 1e9 * seconds[i] / n as f64;
        let rate = |i: usize, elements: usize| 4e-9 * elements as f64 / seconds[i];
        println!(
            "| {name} | {:.3} | {:.3} | {:.2} | {:.1} | {:.1} | {:.1} | {:.2} |",
            per_parameter(0),
            per_parameter(1),
            seconds[1] / seconds[0],
            rate(0, arrays * n),
            rate(2, arrays * n),
            rate(3, all.len()),
            seconds[2] / seconds[0],
        );
    }
}
