//! The oracle: every kernel again as plain scalar loops in canonical order, without [`Lanes`](crate::lanes::Lanes),
//! views or threads. Tests compare the kernels with these functions bit by bit; they are slow, and meant to be
//! obviously right.

mod activation;
mod linear;
mod loss;
mod math;
mod optimizer;

pub use activation::{activation, activation_gradient};
pub use linear::{
    csr_gemm, csr_gemm_t, linear, linear_sparse, per_example_norms, row_norms, second_moments, sgd_epoch,
    softmax_regression,
};
pub use loss::{
    absolute, hinge, huber, logistic, pointwise, poisson, quantile, softmax_cross_entropy, squared, squared_hinge,
};
pub use math::{exp, expm1, gelu, gelu_derivative, log, log1p, sigmoid, softplus, tanh};
pub use optimizer::{
    AdamOptions, ForRule, RuleCase, adafactor, adam, clip_value, coupled_decay, decoupled_decay, every_rule, flush,
    lamb, momentum, nadam, nadam_product, orthogonalize, sgd, soft_threshold,
};

use crate::accum::Accum;
use crate::gemm::k_block;
use crate::real::Real;
use crate::threads::CHUNK;

/// Folds `T::LANES` lanes: lane i meets lane i + half, and half is halved until one is left.
pub fn fold<T: Real>(mut lanes: Vec<T>, op: impl Fn(T, T) -> T) -> T {
    while lanes.len() > 1 {
        let half = lanes.len() / 2;
        for i in 0..half {
            lanes[i] = op(lanes[i], lanes[i + half]);
        }
        lanes.truncate(half);
    }
    lanes[0]
}

/// Combines chunk results by the pairwise tree whose left branch is the largest power of two smaller than the whole.
pub fn tree<T: Real>(chunks: &[T], op: &impl Fn(T, T) -> T) -> T {
    if let [only] = chunks {
        return *only;
    }
    let (left, right) = chunks.split_at(chunks.len().next_power_of_two() / 2);
    op(tree(left, op), tree(right, op))
}

/// Runs over the indices 0..n in canonical lanes: index i goes to lane i mod `T::LANES`. If the last round is partial, the
/// lanes beyond `n` take part with index `None`.
pub fn lanes<T: Real>(n: usize, start: T, mut step: impl FnMut(T, Option<usize>) -> T) -> Vec<T> {
    let mut lanes = vec![start; T::LANES];
    for i in 0..n.next_multiple_of(T::LANES) {
        let lane = &mut lanes[i % T::LANES];
        *lane = step(*lane, (i < n).then_some(i));
    }
    lanes
}

/// Reduces `x` (and `y`) chunk by chunk.
fn chunked<T: Real>(x: &[T], y: &[T], chunk: impl Fn(&[T], &[T]) -> T, op: &impl Fn(T, T) -> T) -> T {
    if x.is_empty() {
        return chunk(x, y);
    }
    let results: Vec<T> = x.chunks(CHUNK).zip(y.chunks(CHUNK)).map(|(x, y)| chunk(x, y)).collect();
    tree(&results, op)
}

fn dot_lanes<T: Real>(x: &[T], y: &[T]) -> T {
    let zero = T::ZERO;
    let lanes = lanes(x.len(), zero, |acc, i| i.map_or(zero, |i| x[i]).mul_add(i.map_or(zero, |i| y[i]), acc));
    fold(lanes, |a, b| a + b)
}

/// [`crate::dot`].
pub fn dot<T: Real>(x: &[T], y: &[T]) -> T {
    chunked(x, y, dot_lanes, &|a, b| a + b)
}

/// [`crate::asum`].
pub fn asum<T: Real>(x: &[T]) -> T {
    let chunk = |x: &[T], _: &[T]| {
        fold(lanes(x.len(), T::ZERO, |acc, i| acc + i.map_or(T::ZERO, |i| x[i].abs())), |a, b| a + b)
    };
    chunked(x, x, chunk, &|a, b| a + b)
}

/// [`crate::amax`].
pub fn amax<T: Real>(x: &[T]) -> T {
    // A NaN compares with nothing.
    let is_nan = |x: T| x.partial_cmp(&x).is_none();
    x.iter().fold(T::ZERO, |max, x| if x.abs() <= max || is_nan(max) { max } else { x.abs() })
}

/// [`crate::nrm2`] where Σ x² neither overflows nor underflows; elsewhere tests compare with `f64`.
pub fn nrm2<T: Real>(x: &[T]) -> T {
    dot(x, x).sqrt()
}

/// [`crate::axpy`].
pub fn axpy<T: Real>(alpha: T, x: &[T], y: &mut [T]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y = alpha.mul_add(*x, *y);
    }
}

/// [`crate::scale`].
pub fn scale<T: Real>(alpha: T, x: &mut [T]) {
    for x in x {
        *x = alpha * *x;
    }
}

fn store<T: Real>(accum: Accum, alpha: T, p: T, c: &mut T) {
    *c = match accum {
        Accum::Replace => alpha * p,
        Accum::Add => alpha.mul_add(p, *c),
    };
}

/// [`crate::gemv`] on a row-major `a` with `x.len()` columns.
pub fn gemv<T: Real>(accum: Accum, alpha: T, a: &[T], x: &[T], y: &mut [T]) {
    for (i, y) in y.iter_mut().enumerate() {
        store(accum, alpha, dot_lanes(&a[i * x.len()..][..x.len()], x), y);
    }
}

/// [`crate::gemv_t`] on a row-major `a` with `y.len()` columns.
pub fn gemv_t<T: Real>(accum: Accum, alpha: T, a: &[T], x: &[T], y: &mut [T]) {
    let (m, n) = (x.len(), y.len());
    gemm(accum, alpha, (n, m, 1), |i, k| a[k * n + i], |k, _| x[k], y);
}

/// [`crate::gemm()`] for shape (m, k, n), on operands given as functions of (row, column) and a row-major `c`.
pub fn gemm<T: Real>(
    accum: Accum,
    alpha: T,
    (m, k, n): (usize, usize, usize),
    a: impl Fn(usize, usize) -> T,
    b: impl Fn(usize, usize) -> T,
    c: &mut [T],
) {
    for i in 0..m {
        for j in 0..n {
            let c = &mut c[i * n + j];
            if k == 0 && accum == Accum::Replace {
                *c = T::ZERO;
            }
            for first in (0..k).step_by(k_block(k)) {
                let mut sum = T::ZERO;
                for p in first..(first + k_block(k)).min(k) {
                    sum = a(i, p).mul_add(b(p, j), sum);
                }
                store(if first == 0 { accum } else { Accum::Add }, alpha, sum, c);
            }
        }
    }
}
