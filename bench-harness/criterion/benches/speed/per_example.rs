//! Norms of each sample's gradient beside the backward pass that they ride on: of a dense layer its two products, of a linear model the
//! sum of its rows. "backward" is that alone, "backward and norms" both; in a linear model also with the norms of the rows known from
//! before training. And the second moments. Elements are samples.

use crate::session::{Session, alone, filled, single};
use simdescent_kernels::activation::Activation;
use simdescent_kernels::gemm::{ActivationGradient, gemm_fused};
use simdescent_kernels::linear::{per_example_norms, row_norms, second_moments};
use simdescent_kernels::{Accum, MatMut, MatRef, gemm, gemv_t, isa};
use std::hint::black_box;

pub(crate) fn group(session: &mut Session) {
    layers(session);
    linear_models(session);
}

fn layers(session: &mut Session) {
    let isa = isa::active();
    let exec = alone(isa);
    for (batch, k, n) in [(32, 784, 512), (128, 784, 512), (128, 64, 64), (512, 32, 10)] {
        let size = format!("{batch} × {k} × {n}");
        let touched = batch * (2 * k + n) + 2 * k * n;
        let work = |products: usize| single(isa, products * 2 * batch * k * n, [touched, k * n + batch * k, touched]);
        for norms in [false, true] {
            let name = if norms { "layer, backward and norms" } else { "layer, backward" };
            session.row([&"per-example", &name, &size], batch, work(2), || {
                let (x, delta, weights) = (filled(batch * k, 0.5), filled(batch * n, 0.1), filled(k * n, 0.01));
                let (mut g, mut below, mut s) = (filled(k * n, 0.0), filled(batch * k, 0.0), vec![0.0; batch]);
                Box::new(move || {
                    let (x, delta) = (MatRef::new(&x, batch, k), MatRef::new(&delta, batch, n));
                    gemm(exec, Accum::Replace, 1.0, x.t(), delta, MatMut::new(black_box(&mut g), k, n));
                    let through = ActivationGradient { outputs: x, activation: Activation::Relu };
                    let weights = MatRef::new(&weights, k, n);
                    gemm_fused(exec, delta, weights.t(), MatMut::new(black_box(&mut below), batch, k), through);
                    if norms {
                        per_example_norms(exec, Accum::Replace, x, delta, true, black_box(&mut s));
                    }
                })
            });
        }
        session.row([&"per-example", &"layer, second moments", &size], batch, work(1), || {
            let (x, delta, mut moments) = (filled(batch * k, 0.5), filled(batch * n, 0.1), filled((k + 1) * n, 0.0));
            Box::new(move || {
                let (x, delta) = (MatRef::new(&x, batch, k), MatRef::new(&delta, batch, n));
                second_moments(exec, x, delta, black_box(&mut moments));
            })
        });
    }
}

fn linear_models(session: &mut Session) {
    let isa = isa::active();
    let exec = alone(isa);
    for (m, d) in [(64, 100), (512, 256), (20_000, 784)] {
        let work = single(isa, 2 * m * d, [m * d + m, d, m * d + m + d]);
        for name in ["linear, backward", "linear, backward and norms", "linear, backward and norms, rows known"] {
            session.row([&"per-example", &name, &format!("{m} × {d}")], m, work, || {
                let (x, r) = (filled(m * d, 0.5), filled(m, 0.1));
                let (mut g, mut s, mut known) = (filled(d, 0.0), vec![0.0; m], vec![0.0; m]);
                row_norms(exec, MatRef::new(&x, m, d), &mut known);
                Box::new(move || {
                    let x = MatRef::new(&x, m, d);
                    gemv_t(exec, Accum::Replace, 1.0, x, &r, black_box(&mut g));
                    match name {
                        "linear, backward" => {}
                        "linear, backward and norms" => {
                            let delta = MatRef::new(&r, m, 1);
                            per_example_norms(exec, Accum::Replace, x, delta, true, black_box(&mut s));
                        }
                        _ => {
                            for ((s, known), r) in black_box(&mut s).iter_mut().zip(&known).zip(&*r) {
                                *s = (known + 1.0) * r * r;
                            }
                        }
                    }
                })
            });
        }
    }
}
