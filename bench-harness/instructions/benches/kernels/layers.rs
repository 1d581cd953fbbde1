//! Functions, activations, products with a sparse matrix, and norms of the gradient of each sample.

use crate::{Call, N, data, ready};
use simdescent_kernels::activation::{Activation, activation_gradient_in_place, bias_activation_in_place};
use simdescent_kernels::linear::{self, CsrRef};
use simdescent_kernels::{Accum, Exec, MatMut, MatRef};

/// Of (0, 2].
pub(crate) fn function(exec: Exec<'static>, kernel: fn(Exec<'_>, &mut [f32])) -> Call {
    let arguments: Vec<f32> = data(N).into_iter().map(|x| x + 1.001).collect();
    let mut x = arguments.clone();
    ready(move || {
        x.copy_from_slice(&arguments);
        kernel(exec, &mut x);
    })
}

pub(crate) fn bias_activation(exec: Exec<'static>, activation: Activation) -> Call {
    let (m, n) = (32, 131);
    let (mut z, bias) = (data(m * n), data(n));
    ready(move || bias_activation_in_place(exec, activation, MatMut::new(&mut z, m, n), &bias))
}

pub(crate) fn activation_gradient(exec: Exec<'static>) -> Call {
    let (mut g, outputs) = (data(N), data(N));
    ready(move || activation_gradient_in_place(exec, Activation::Tanh, &mut g, &outputs))
}

const ROWS: usize = 64;
const COLUMNS: usize = 500;
const STORED: usize = 20;
const OUTPUTS: usize = 32;

/// Row pointers, columns and values.
pub(crate) fn sparse() -> (Vec<usize>, Vec<u32>, Vec<f32>) {
    let indptr = (0..=ROWS).map(|i| STORED * i).collect();
    let indices = (0..STORED * ROWS).map(|p| ((p % STORED) * 25 + p * 7 % 25) as u32).collect();
    (indptr, indices, data(STORED * ROWS))
}

/// Rows and columns of `sparse`.
pub(crate) const SPARSE_SHAPE: (usize, usize) = (ROWS, COLUMNS);

pub(crate) fn csr_gemm(exec: Exec<'static>) -> Call {
    let (indptr, indices, values) = sparse();
    let (w, mut z) = (data(COLUMNS * OUTPUTS), data(ROWS * OUTPUTS));
    ready(move || {
        let x = CsrRef::new(COLUMNS, &indptr, &indices, &values).expect("a valid matrix");
        linear::csr_gemm(exec, x, OUTPUTS, &w, &mut z);
    })
}

pub(crate) fn csr_gemm_t(exec: Exec<'static>) -> Call {
    let (indptr, indices, values) = sparse();
    let (z, mut g) = (data(ROWS * OUTPUTS), data(COLUMNS * OUTPUTS));
    ready(move || {
        let x = CsrRef::new(COLUMNS, &indptr, &indices, &values).expect("a valid matrix");
        linear::csr_gemm_t(exec, x, OUTPUTS, &z, &mut g);
    })
}

/// Samples and features of a dense layer.
const DENSE: (usize, usize) = (64, 131);

pub(crate) fn row_norms(exec: Exec<'static>) -> Call {
    let (m, d) = DENSE;
    let (x, mut s) = (data(m * d), data(m));
    ready(move || linear::row_norms(exec, MatRef::new(&x, m, d), &mut s))
}

pub(crate) fn row_norms_sparse(exec: Exec<'static>) -> Call {
    let (indptr, indices, values) = sparse();
    let mut s = data(ROWS);
    ready(move || {
        let x = CsrRef::new(COLUMNS, &indptr, &indices, &values).expect("a valid matrix");
        linear::row_norms(exec, x, &mut s);
    })
}

pub(crate) fn per_example_norms(exec: Exec<'static>) -> Call {
    let (m, d) = DENSE;
    let (x, delta, mut s) = (data(m * d), data(m * OUTPUTS), data(m));
    ready(move || {
        let (x, delta) = (MatRef::new(&x, m, d), MatRef::new(&delta, m, OUTPUTS));
        linear::per_example_norms(exec, Accum::Replace, x, delta, true, &mut s);
    })
}

pub(crate) fn second_moments(exec: Exec<'static>) -> Call {
    let (m, d) = DENSE;
    let (x, delta, mut moments) = (data(m * d), data(m * OUTPUTS), data(d * OUTPUTS));
    ready(move || linear::second_moments(exec, MatRef::new(&x, m, d), MatRef::new(&delta, m, OUTPUTS), &mut moments))
}
