//! Vectors and products.

use crate::{Call, N, data, ready};
use simdescent_kernels::activation::Activation;
use simdescent_kernels::gemm::{
    ActivationGradient, BiasActivation, Prepacked, Update, gemm_fused, gemm_prepacked as prepacked_product,
    step_by_strips as strips,
};
use simdescent_kernels::optimizer::Momentum;
use simdescent_kernels::{Accum, Exec, MatMut, MatRef, Real};
use std::hint::black_box;

/// Rows, columns and inner size of the products.
const SHAPE: (usize, usize, usize) = (64, 96, 300);

pub(crate) fn dot(exec: Exec<'static>) -> Call {
    let (x, y) = (data(N), data(N));
    ready(move || _ = black_box(simdescent_kernels::dot(exec, &x, &y)))
}

/// `dot`, and a little more.
pub(crate) fn slower_dot(exec: Exec<'static>) -> Call {
    let (x, y) = (data(N), data(N));
    ready(move || {
        black_box(simdescent_kernels::dot(exec, &x, &y));
        black_box(simdescent_kernels::dot(exec, &x[..N / 20], &y[..N / 20]));
    })
}

pub(crate) fn dot_f64(exec: Exec<'static>) -> Call {
    let x: Vec<f64> = data(N).into_iter().map(f64::from).collect();
    ready(move || _ = black_box(simdescent_kernels::dot(exec, &x, &x)))
}

pub(crate) fn reduction(exec: Exec<'static>, kernel: fn(Exec<'_>, &[f32]) -> f32) -> Call {
    let x = data(N);
    ready(move || _ = black_box(kernel(exec, &x)))
}

pub(crate) fn axpy(exec: Exec<'static>) -> Call {
    let (x, mut y) = (data(N), data(N));
    ready(move || simdescent_kernels::axpy(exec, 1e-9, &x, &mut y))
}

pub(crate) fn scale(exec: Exec<'static>) -> Call {
    let mut x = data(N);
    ready(move || simdescent_kernels::scale(exec, -1.0, &mut x))
}

pub(crate) fn gemv(exec: Exec<'static>) -> Call {
    let (m, n, _) = SHAPE;
    let (a, x, mut y) = (data(m * n), data(n), data(m));
    ready(move || simdescent_kernels::gemv(exec, Accum::Replace, 1.0, MatRef::new(&a, m, n), &x, &mut y))
}

pub(crate) fn gemv_t(exec: Exec<'static>) -> Call {
    let (m, n, _) = SHAPE;
    let (a, x, mut y) = (data(m * n), data(m), data(n));
    ready(move || simdescent_kernels::gemv_t(exec, Accum::Replace, 1.0, MatRef::new(&a, m, n), &x, &mut y))
}

pub(crate) fn gemm<T: Real>(exec: Exec<'static>, m: usize, n: usize, k: usize) -> Call {
    let (a, b, mut c) = (vec![T::ONE; m * k], vec![T::ONE; k * n], vec![T::ZERO; m * n]);
    ready(move || {
        let (a, b) = (MatRef::new(&a, m, k), MatRef::new(&b, k, n));
        simdescent_kernels::gemm(exec, Accum::Replace, T::ONE, a, b, MatMut::new(&mut c, m, n));
    })
}

pub(crate) fn gemm_prepacked(exec: Exec<'static>) -> Call {
    let (m, n, k) = SHAPE;
    let (a, b, mut c) = (data(m * k), data(k * n), data(m * n));
    let packed = Prepacked::new(exec, MatRef::new(&b, k, n));
    ready(move || {
        let a = MatRef::new(&a, m, k);
        prepacked_product(exec, Accum::Replace, 1.0, a, &packed, MatMut::new(&mut c, m, n));
    })
}

pub(crate) fn gemm_bias_activation(exec: Exec<'static>) -> Call {
    let (m, n, k) = SHAPE;
    let (a, b, bias, mut c) = (data(m * k), data(k * n), data(n), data(m * n));
    ready(move || {
        let (a, b, epilogue) = (
            MatRef::new(&a, m, k),
            MatRef::new(&b, k, n),
            BiasActivation { bias: &bias, activation: Activation::Relu },
        );
        gemm_fused(exec, a, b, MatMut::new(&mut c, m, n), epilogue);
    })
}

pub(crate) fn gemm_activation_gradient(exec: Exec<'static>) -> Call {
    let (m, n, k) = SHAPE;
    let (a, b, outputs, mut c) = (data(m * k), data(k * n), data(m * n), data(m * n));
    ready(move || {
        let outputs = MatRef::new(&outputs, m, n);
        let epilogue = ActivationGradient { outputs, activation: Activation::Relu };
        gemm_fused(exec, MatRef::new(&a, m, k), MatRef::new(&b, k, n), MatMut::new(&mut c, m, n), epilogue);
    })
}

/// A step of momentum in the store of a weight gradient.
pub(crate) fn gemm_update(exec: Exec<'static>) -> Call {
    let (m, n, k) = SHAPE;
    let (a, b, mut w, mut state) = (data(m * k), data(k * n), data(m * n), data(m * n));
    let rule = Momentum { learning_rate: 1e-9, momentum: 0.9 };
    ready(move || {
        let update = Update::new(rule, (m, n), [&mut state]);
        gemm_fused(exec, MatRef::new(&a, m, k), MatRef::new(&b, k, n), MatMut::new(&mut w, m, n), update);
    })
}

/// A step of Adam on strips of a weight gradient.
pub(crate) fn step_by_strips(exec: Exec<'static>) -> Call {
    let (m, n, k) = (128, 96, 16);
    let (a, b, mut w) = (data(m * k), data(k * n), data(m * n));
    let mut state = [data(m * n), vec![1e-3; m * n]];
    ready(move || {
        let state = state.each_mut().map(Vec::as_mut_slice);
        strips(exec, &crate::optimizers::adam(), MatRef::new(&a, m, k), MatRef::new(&b, k, n), &mut w, state);
    })
}
