//! Softmax regression.

use crate::accum::Accum;
use crate::activation::Activation;
use crate::axpy::axpy;
use crate::gemm::{self, BiasActivation, Scratch, gemm_fused, k_block};
use crate::loss::{ClassTargets, SoftmaxOptions, softmax_divisor, softmax_of_rows};
use crate::matrix::{MatMut, MatRef};
use crate::real::Real;
use crate::threads::divide::Wide;
use crate::threads::{Exec, for_each};
use core::ops::Range;

/// Gradients of blocks per thread between two moments at which they are added up.
const BLOCKS_PER_THREAD: usize = 4;

/// Returns the cross-entropy of softmax(X·W + b) and writes its gradient by W and b, reading X once from memory: a block of rows
/// stays in cache between its logits and its part of the gradient.
///
/// - `x`: m × d, any strides; `targets` (m) and options as in [`softmax_cross_entropy_with`](crate::loss::softmax_cross_entropy_with)
/// - `parameters`: W, d × `classes`, row-major, then b, `classes`, if there is one; `gradient`: as many, written only
///
/// The bits of [`gemm_fused`] with [`BiasActivation`] (of [`gemm`](crate::gemm()) without b), `softmax_cross_entropy_with`, `gemm` of Xᵀ and
/// the result, and [`gemv_t`](crate::gemv_t()) of it and ones, called one after the other. Scratch memory of the calling thread holds
/// 2·m·classes elements and some gradients.
///
/// # Panics
/// If the lengths do not fit the shape of X, or as `softmax_cross_entropy_with` says.
#[track_caller]
#[inline(never)]
pub fn softmax_loss_and_gradient<T: Real>(
    exec: Exec<'_>,
    x: MatRef<'_, T>,
    classes: usize,
    targets: ClassTargets<'_, T>,
    options: SoftmaxOptions<'_, T>,
    parameters: &[T],
    gradient: &mut [T],
) -> T {
    let (m, d) = (x.rows(), x.cols());
    let has = parameters.len();
    let fits = d.checked_mul(classes).and_then(|n| has.checked_sub(n)).is_some_and(|b| b == 0 || b == classes);
    assert!(fits, "softmax regression: X has {d} columns, there are {classes} classes and {has} parameters");
    let n = m.checked_mul(classes).filter(|n| n.checked_mul(2).is_some());
    let n = n.unwrap_or_else(|| panic!("softmax regression: {m} rows of {classes} classes are too many"));
    assert_eq!(has, gradient.len(), "softmax regression: parameters and gradient differ in length");
    let divisor = softmax_divisor(exec, (m, classes), targets, options);
    gradient.fill(T::ZERO);
    if m == 0 || divisor == T::ZERO {
        return T::ZERO;
    }
    let block = k_block(m);
    let blocks = m.div_ceil(block);
    let wave = match exec.par().threads() {
        1 => 1,
        threads => blocks.min(BLOCKS_PER_THREAD * threads),
    };
    let mut scratch = Scratch::borrow::<T>((2 * n).saturating_add(wave.saturating_mul(has)));
    let (logits, rest) = scratch.elements().split_at_mut(n);
    let (derivatives, sums) = rest.split_at_mut(n);
    let model = Model { exec: exec.seq(), divisor, x, classes, targets, options, parameters };
    for first in (0..blocks).step_by(wave) {
        let (from, to) = (first * block, ((first + wave) * block).min(m));
        let rows = from * classes..to * classes;
        let here = (to - from).div_ceil(block);
        let sums = &mut sums[..here * has];
        let data = (
            0..here,
            Wide(&mut logits[rows.clone()], block * classes),
            Wide(&mut derivatives[rows], block * classes),
            Wide(&mut *sums, has),
        );
        for_each(exec.par(), data, 1, &|(blocks, logits, derivatives, sum)| {
            let first = from + blocks.start * block;
            let rows = first..to.min(first + block);
            model.block(Part { rows, logits: logits.0, derivatives: derivatives.0, sum: sum.0 });
        });
        for i in 0..here {
            let sum = &sums[i * has..][..has];
            if first + i == 0 {
                gradient.copy_from_slice(sum);
            } else {
                axpy(exec, T::ONE, sum, gradient);
            }
        }
    }
    // Once more, over all rows, because the mean is added up in an order of its own.
    let logits = MatMut::new(logits, m, classes);
    softmax_of_rows(exec, divisor, logits, targets, options) / divisor
}

#[derive(Clone, Copy)]
struct Model<'a, T> {
    exec: Exec<'a>,
    divisor: T,
    x: MatRef<'a, T>,
    classes: usize,
    targets: ClassTargets<'a, T>,
    options: SoftmaxOptions<'a, T>,
    parameters: &'a [T],
}

impl<T: Real> Model<'_, T> {
    /// Logits, derivatives and gradient of one block.
    fn block(&self, part: Part<'_, T>) {
        let Self { exec, divisor, x, classes, targets, mut options, parameters } = *self;
        let Range { start: from, end: to } = part.rows;
        let x = x.block(from..to, 0..x.cols());
        let (w, b) = parameters.split_at(x.cols() * classes);
        let w = MatRef::new(w, x.cols(), classes);
        let logits = MatMut::new(part.logits, to - from, classes);
        if b.is_empty() {
            gemm::gemm(exec, Accum::Replace, T::ONE, x, w, logits);
        } else {
            gemm_fused(exec, x, w, logits, BiasActivation { bias: b, activation: Activation::Identity });
        }
        part.derivatives.copy_from_slice(part.logits);
        options.samples.weights = options.samples.weights.map(|weights| &weights[from..to]);
        let r = MatMut::new(part.derivatives, to - from, classes);
        softmax_of_rows(exec, divisor, r, targets.rows(from..to), options);
        let (g, g_b) = part.sum.split_at_mut(x.cols() * classes);
        let r = MatRef::new(part.derivatives, to - from, classes);
        gemm::block_sum(exec, x.t(), r, MatMut::new(g, x.cols(), classes));
        if !g_b.is_empty() {
            g_b.fill(T::ZERO);
            for row in part.derivatives.chunks_exact(classes) {
                g_b.iter_mut().zip(row).for_each(|(sum, &r)| *sum = *sum + r);
            }
        }
    }
}

/// What a block of rows writes.
struct Part<'a, T> {
    rows: Range<usize>,
    logits: &'a mut [T],
    derivatives: &'a mut [T],
    /// A gradient.
    sum: &'a mut [T],
}
