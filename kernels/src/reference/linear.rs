//! Linear models: (loss, gradient), epochs of SGD, sparse products. Dense: the oracles of the steps, one after the other.

use super::optimizer::{coupled_decay, sgd};
use super::{dot, dot_lanes, gemm, gemv, gemv_t, pointwise, softmax_cross_entropy};
use crate::accum::Accum;
use crate::gemm::k_block;
use crate::linear::{CsrRef, Epoch};
use crate::loss::{ClassTargets, LossOptions, SoftmaxOptions};
use crate::real::Real;

/// [`crate::linear::loss_and_gradient`] on a row-major X of `y.len()` rows and `cols` columns, with the (derivative, loss) of one sample.
pub fn linear<T: Real>(
    x: &[T],
    cols: usize,
    y: &[T],
    options: LossOptions<'_, T>,
    parameters: &[T],
    sample: impl Fn(T, T) -> (T, T),
) -> (T, Vec<T>) {
    let (w, intercept) = parameters.split_at(cols);
    let mut z = vec![intercept.first().copied().unwrap_or(T::ZERO); y.len()];
    gemv(if intercept.is_empty() { Accum::Replace } else { Accum::Add }, T::ONE, x, w, &mut z);
    let (loss, r) = pointwise(&z, y, options, sample);
    let mut gradient = vec![T::ZERO; cols];
    gemv_t(Accum::Replace, T::ONE, x, &r, &mut gradient);
    gradient.extend(intercept.iter().map(|_| dot(&r, &vec![T::ONE; r.len()])));
    (loss, gradient)
}

/// [`crate::linear::loss_and_gradient`] on a sparse X.
pub fn linear_sparse<T: Real>(
    x: CsrRef<'_, T>,
    y: &[T],
    options: LossOptions<'_, T>,
    parameters: &[T],
    sample: impl Fn(T, T) -> (T, T),
) -> (T, Vec<T>) {
    let (w, intercept) = parameters.split_at(x.cols());
    let z: Vec<T> = (0..x.rows())
        .map(|i| {
            let (columns, values) = x.row(i);
            let mut lanes = vec![T::ZERO; T::LANES];
            for (&j, &value) in columns.iter().zip(values) {
                let j = j as usize;
                lanes[j % T::LANES] = value.mul_add(w[j], lanes[j % T::LANES]);
            }
            let z = super::fold(lanes, |a, b| a + b);
            intercept.first().map_or(z, |&b| z + b)
        })
        .collect();
    let (loss, r) = pointwise(&z, y, options, sample);
    let mut gradient = vec![T::ZERO; x.cols()];
    let block = k_block(x.rows());
    for first in (0..x.rows()).step_by(block) {
        let mut sum = vec![T::ZERO; x.cols()];
        for (i, &r) in r.iter().enumerate().skip(first).take(block) {
            let (columns, values) = x.row(i);
            for (&j, &value) in columns.iter().zip(values) {
                sum[j as usize] = value.mul_add(r, sum[j as usize]);
            }
        }
        for (g, sum) in gradient.iter_mut().zip(sum) {
            *g = if first == 0 { sum } else { sum + *g };
        }
    }
    gradient.extend(intercept.iter().map(|_| dot(&r, &vec![T::ONE; r.len()])));
    (loss, gradient)
}

/// [`crate::linear::csr_gemm`].
pub fn csr_gemm<T: Real>(x: CsrRef<'_, T>, n: usize, w: &[T]) -> Vec<T> {
    let block = k_block(x.cols());
    let element = |i: usize, c: usize| {
        let (columns, values) = x.row(i);
        let (mut total, mut chain, mut at) = (T::ZERO, T::ZERO, 0);
        for (&j, &value) in columns.iter().zip(values) {
            let j = j as usize;
            if j / block != at {
                total = chain + total;
                (chain, at) = (T::ZERO, j / block);
            }
            chain = value.mul_add(w[j * n + c], chain);
        }
        chain + total
    };
    (0..x.rows()).flat_map(|i| (0..n).map(move |c| element(i, c))).collect()
}

/// [`crate::linear::csr_gemm_t`].
pub fn csr_gemm_t<T: Real>(x: CsrRef<'_, T>, n: usize, r: &[T]) -> Vec<T> {
    let mut g = vec![T::ZERO; x.cols() * n];
    let block = k_block(x.rows());
    for first in (0..x.rows()).step_by(block) {
        let mut sum = vec![T::ZERO; g.len()];
        for i in first..x.rows().min(first + block) {
            let (columns, values) = x.row(i);
            for (&j, &value) in columns.iter().zip(values) {
                for c in 0..n {
                    let sum = &mut sum[j as usize * n + c];
                    *sum = value.mul_add(r[i * n + c], *sum);
                }
            }
        }
        g.iter_mut().zip(sum).for_each(|(g, sum)| *g = sum + *g);
    }
    g
}

/// [`crate::linear::row_norms`] of a row-major X of `cols` columns.
pub fn row_norms<T: Real>(x: &[T], rows: usize, cols: usize) -> Vec<T> {
    (0..rows).map(|i| &x[i * cols..][..cols]).map(|row| dot_lanes(row, row)).collect()
}

/// [`crate::linear::per_example_norms`] on row-major X and Δ of `cols` and `n` columns, with [`Accum::Replace`].
pub fn per_example_norms<T: Real>(x: &[T], delta: &[T], (rows, cols, n): (usize, usize, usize), bias: bool) -> Vec<T> {
    let pairs = row_norms(x, rows, cols).into_iter().zip(row_norms(delta, rows, n));
    pairs.map(|(x, delta)| if bias { x.mul_add(delta, delta) } else { x * delta }).collect()
}

/// [`crate::linear::second_moments`] on row-major X and Δ of `cols` and `n` columns.
pub fn second_moments<T: Real>(x: &[T], delta: &[T], (rows, cols, n): (usize, usize, usize), bias: bool) -> Vec<T> {
    let squares = |values: &[T]| values.iter().map(|&x| x * x).collect::<Vec<_>>();
    let (x, delta) = (squares(x), squares(delta));
    let mut moments = vec![T::ZERO; cols * n];
    gemm(Accum::Replace, T::ONE, (cols, rows, n), |j, i| x[i * cols + j], |i, c| delta[i * n + c], &mut moments);
    let mut by_bias = vec![T::ZERO; if bias { n } else { 0 }];
    gemv_t(Accum::Replace, T::ONE, &delta[..rows * by_bias.len()], &vec![T::ONE; rows], &mut by_bias);
    moments.extend(by_bias);
    moments
}

/// [`crate::linear::softmax_loss_and_gradient`] on a row-major X of `rows` rows.
pub fn softmax_regression<T: Real>(
    x: &[T],
    (rows, cols, classes): (usize, usize, usize),
    targets: ClassTargets<'_, T>,
    options: SoftmaxOptions<'_, T>,
    parameters: &[T],
) -> (T, Vec<T>) {
    let (w, bias) = parameters.split_at(cols * classes);
    let mut z = vec![T::ZERO; rows * classes];
    let x = |i, j| x[i * cols + j];
    gemm(Accum::Replace, T::ONE, (rows, cols, classes), x, |j, c| w[j * classes + c], &mut z);
    z.chunks_mut(classes).flat_map(|row| row.iter_mut().zip(bias)).for_each(|(z, &b)| *z = *z + b);
    let (loss, r) = softmax_cross_entropy(&z, classes, targets, options);
    let mut gradient = vec![T::ZERO; cols * classes];
    gemm(Accum::Replace, T::ONE, (cols, rows, classes), |j, i| x(i, j), |i, c| r[i * classes + c], &mut gradient);
    let mut by_bias = vec![T::ZERO; bias.len()];
    if !bias.is_empty() {
        gemv_t(Accum::Replace, T::ONE, &r, &vec![T::ONE; rows], &mut by_bias);
    }
    gradient.extend(by_bias);
    (loss, gradient)
}

/// [`crate::linear::sgd_epoch`], where `loss_and_gradient` is that of the rows it is given: the mean loss, and the parameters changed in place.
pub fn sgd_epoch<T: Real>(
    rows: usize,
    epoch: Epoch<'_, T>,
    parameters: &mut [T],
    loss_and_gradient: impl Fn(&[u32], &[T]) -> (T, Vec<T>),
) -> T {
    let order: Vec<u32> = epoch.order.map_or_else(|| (0..rows as u32).collect(), <[u32]>::to_vec);
    let (mut sum, mut steps) = (T::ZERO, 0);
    for batch in order.chunks(epoch.batch_size) {
        let (loss, gradient) = loss_and_gradient(batch, parameters);
        let rate = if epoch.learning_rates.len() == 1 { epoch.learning_rates[0] } else { epoch.learning_rates[steps] };
        for (w, g) in parameters.iter_mut().zip(gradient) {
            *w = sgd(rate, *w, if epoch.l2 == T::ZERO { g } else { coupled_decay(epoch.l2, *w, g) });
        }
        sum = sum + loss;
        steps += 1;
    }
    if steps == 0 { T::ZERO } else { sum / T::from_f64(steps as f64) }
}
