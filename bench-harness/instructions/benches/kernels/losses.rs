//! Losses with gradient, alone and with a linear model.

use crate::layers::{SPARSE_SHAPE, sparse};
use crate::{Call, N, data, ready};
use simdescent_kernels::linear::{CsrRef, Epoch, loss_and_gradient, softmax_loss_and_gradient};
use simdescent_kernels::loss::{
    ClassTargets, Logistic, LossOptions, Pointwise, SoftmaxOptions, pointwise_in_place, softmax_cross_entropy_with,
};
use simdescent_kernels::{Exec, MatMut, MatRef};
use std::hint::black_box;

/// Samples and features of a linear model.
const SHAPE: (usize, usize) = (64, 131);

fn signs(n: usize) -> Vec<f32> {
    (0..n).map(|i| if i % 3 == 0 { 1.0 } else { -1.0 }).collect()
}

pub(crate) fn pointwise<P: Pointwise<f32> + Copy + 'static>(exec: Exec<'static>, loss: P) -> Call {
    let (outputs, mut x, y) = (data(N), data(N), signs(N));
    ready(move || {
        x.copy_from_slice(&outputs);
        black_box(pointwise_in_place(exec, loss, &mut x, &y, LossOptions::default()));
    })
}

pub(crate) fn softmax(exec: Exec<'static>, rows: usize, classes: usize) -> Call {
    let (outputs, mut x) = (data(rows * classes), data(rows * classes));
    let labels: Vec<u32> = (0..rows).map(|i| (i * 7 % classes) as u32).collect();
    ready(move || {
        x.copy_from_slice(&outputs);
        let (x, labels) = (MatMut::new(&mut x, rows, classes), ClassTargets::Labels(&labels));
        black_box(softmax_cross_entropy_with(exec, x, labels, SoftmaxOptions::default()));
    })
}

pub(crate) fn linear(exec: Exec<'static>) -> Call {
    let (m, d) = SHAPE;
    let (x, y, w, mut g) = (data(m * d), signs(m), data(d), data(d));
    ready(move || {
        let x = MatRef::new(&x, m, d);
        black_box(loss_and_gradient(exec, Logistic, x, &y, LossOptions::default(), &w, &mut g));
    })
}

pub(crate) fn linear_sparse(exec: Exec<'static>) -> Call {
    let (m, d) = SPARSE_SHAPE;
    let (indptr, indices, values) = sparse();
    let (y, w, mut g) = (signs(m), data(d), data(d));
    ready(move || {
        let x = CsrRef::new(d, &indptr, &indices, &values).expect("a valid matrix");
        black_box(loss_and_gradient(exec, Logistic, x, &y, LossOptions::default(), &w, &mut g));
    })
}

pub(crate) fn sgd_epoch(exec: Exec<'static>) -> Call {
    let (m, d) = SHAPE;
    let (x, y, mut w) = (data(m * d), signs(m), data(d));
    ready(move || {
        let epoch = Epoch { order: None, batch_size: 8, learning_rates: &[1e-9], l2: 0.0 };
        let x = MatRef::new(&x, m, d);
        black_box(simdescent_kernels::linear::sgd_epoch(exec, Logistic, x, &y, epoch, &mut w));
    })
}

pub(crate) fn softmax_regression(exec: Exec<'static>) -> Call {
    let ((m, d), classes) = (SHAPE, 10);
    let (x, w, mut g) = (data(m * d), data(classes * d), data(classes * d));
    let labels: Vec<u32> = (0..m).map(|i| (i * 7 % classes) as u32).collect();
    ready(move || {
        let (x, labels) = (MatRef::new(&x, m, d), ClassTargets::Labels(&labels));
        black_box(softmax_loss_and_gradient(exec, x, classes, labels, SoftmaxOptions::default(), &w, &mut g));
    })
}
