//! An optimizer step on the rows of a matrix while their gradient, a product, is still in cache.

use super::{gemm, packing::Scratch};
use crate::accum::Accum;
use crate::matrix::{MatMut, MatRef};
use crate::optimizer::{UpdateRule, fused_step};
use crate::real::Real;
use crate::threads::divide::Wide;
use crate::threads::{CHUNK, Exec, for_each};

/// Rows of a strip: whole tiles of most heights.
const ROWS: usize = 24;

/// (W, state) ← rule(W, A·B, state), strip by strip: the gradient A·B of a few rows goes to a scratch buffer of 64 KiB, is
/// used, and overwritten by the next. The same bits as [`gemm`] (`Replace`, α = 1) and then [`fused_step`].
///
/// - `a`: m × k, `b`: k × n, any strides (in a dense layer: the transposed inputs, and the gradient by the outputs)
/// - `parameters`, each of `state`: m × n, row-major
///
/// For rules with two state vectors and more. For SGD and momentum the epilogue [`Update`](super::Update) is faster: it needs no
/// scratch, but interleaves the step with the product in small pieces.
///
/// ```
/// use simdescent_kernels::{Exec, MatRef, gemm::step_by_strips, optimizer::Momentum};
/// let (x, gradient) = ([1.0f32, 2.0], [0.5, -0.5]); // one sample, two inputs; gradient by two outputs
/// let (mut w, mut v) = ([1.0; 4], [0.0; 4]);
/// let (x, gradient) = (MatRef::new(&x, 1, 2), MatRef::new(&gradient, 1, 2));
/// let rule = Momentum { learning_rate: 0.1, momentum: 0.9 };
/// step_by_strips(Exec::default(), &rule, x.t(), gradient, &mut w, [&mut v]);
/// assert_eq!((w, v), ([0.95, 1.05, 0.9, 1.1], [0.5, -0.5, 1.0, -1.0]));
/// ```
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
#[inline(never)]
pub fn step_by_strips<T: Real, R: UpdateRule<T, S>, const S: usize>(
    exec: Exec<'_>,
    rule: &R,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    parameters: &mut [T],
    state: [&mut [T]; S],
) {
    let (m, n) = (a.rows(), b.cols());
    assert!(
        a.cols() == b.rows() && parameters.len() == m * n && state.iter().all(|s| s.len() == m * n),
        "step by strips: A is {m}x{}, B is {}x{n}, so that parameters and state have to be {m}x{n}",
        a.cols(),
        b.rows(),
    );
    if n == 0 {
        return;
    }
    // Any numbers give the same bits: no element depends on another. Each thread takes the rows that the product of the whole would
    // give it, and has them in its cache.
    let strip = (CHUNK / n).clamp(1, ROWS);
    let share = m.div_ceil(exec.par().threads()).max(strip);
    for_each(exec.par(), (a, Wide(parameters, n), Wide(state, n)), share, &|(a, parameters, state)| {
        by_strips(exec.seq(), rule, (a, b), strip, parameters.0, state.0);
    });
}

fn by_strips<T: Real, R: UpdateRule<T, S>, const S: usize>(
    exec: Exec<'_>,
    rule: &R,
    (a, b): (MatRef<'_, T>, MatRef<'_, T>),
    strip: usize,
    parameters: &mut [T],
    mut state: [&mut [T]; S],
) {
    let n = b.cols();
    let mut scratch = Scratch::borrow::<T>(strip * n);
    for (i, parameters) in parameters.chunks_mut(strip * n).enumerate() {
        let (rows, len) = (parameters.len() / n, parameters.len());
        let gradient = &mut scratch.elements()[..len];
        let a = a.block(i * strip..i * strip + rows, 0..a.cols());
        gemm(exec, Accum::Replace, T::ONE, a, b, MatMut::new(gradient, rows, n));
        let state = state.each_mut().map(|state| &mut state[i * strip * n..][..len]);
        fused_step(exec, rule, parameters, gradient, state);
    }
}
