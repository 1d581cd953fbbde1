//! Matrix–matrix product: contract, checks, and which of C and Cᵀ to compute.
//!
//! `gemm/driver.rs` has the loops, `gemm/microkernel.rs` the one body inside them, `gemm/tile/` the sizes of each
//! instruction set, `gemm/parallel.rs` the division among threads. Only the K blocks decide bits, and they are a function
//! of k alone ([`k_block`]).

mod blocking;
mod driver;
mod epilogue;
mod few_rows;
mod microkernel;
mod packing;
mod parallel;
mod plan;
#[cfg(test)]
mod prefetches;
mod prepacked;
mod rows;
mod small;
mod strips;
mod tile;

pub use blocking::k_block;
pub use epilogue::{ActivationGradient, BiasActivation, Epilogue, Update};
pub(crate) use packing::Scratch;
pub use prepacked::Prepacked;
pub use strips::step_by_strips;

use crate::accum::Accum;
use crate::matrix::{MatMut, MatRef};
use crate::real::Real;
use crate::threads::Exec;
use driver::{Operand, Product};
use epilogue::AnyEpilogue;

/// C ← α·A·B (or C + α·A·B).
///
/// - `a`: m × k, `b`: k × n, `c`: m × n; any strides, so transposed operands are [`t()`](MatRef::t) of the others
///
/// Each element of C is, per block of [`k_block`]`(k)` steps, one FMA chain over k starting from +0; the block sums
/// p₀, p₁, … go to C in order: c ← α·p₀ (or fma(α, p₀, c)), then c ← fma(α, pᵢ, c). An element's bits therefore
/// depend on its row of A, its column of B, and nothing else: not on m or n, the strides, the ISA or the threads.
/// [`Accum::Replace`] never reads C; with k = 0 it writes zeros.
///
/// For one row or column, [`gemv_t`](crate::gemv_t) gives the same bits; [`gemv`](crate::gemv), whose order (inner
/// products) and hence bits differ, is several times as fast where the matrix is contiguous along k.
///
/// # Panics
/// If the shapes do not fit.
#[track_caller]
pub fn gemm<T: Real>(exec: Exec<'_>, accum: Accum, alpha: T, a: MatRef<'_, T>, b: MatRef<'_, T>, c: MatMut<'_, T>) {
    check(&a, (b.rows(), b.cols()), &c);
    run(exec, (accum, alpha), k_block(a.cols()), a, b, c, None);
}

/// C ← A·B for one K block of a longer product: at most 512 steps, in one chain.
#[track_caller]
pub(crate) fn block_sum<T: Real>(exec: Exec<'_>, a: MatRef<'_, T>, b: MatRef<'_, T>, c: MatMut<'_, T>) {
    check(&a, (b.rows(), b.cols()), &c);
    let block = a.cols().next_multiple_of(8).max(8);
    run(exec, (Accum::Replace, T::ONE), block, a, b, c, None);
}

/// C ← epilogue(A·B, C): the product with what follows it fused into the store.
///
/// - `a`: m × k, `b`: k × n, any strides; `c`: m × n, contiguous rows
/// - `epilogue`: [`BiasActivation`], [`ActivationGradient`], or [`Update`], an optimizer step whose gradient never goes to
///   memory
///
/// The same bits as [`gemm`] (`Replace`, α = 1) followed by the unfused kernel.
///
/// ```
/// use simdescent_kernels::{Exec, MatMut, MatRef, gemm::{Update, gemm_fused}, optimizer::Sgd};
/// let (x, gradient) = ([1.0f32, 2.0], [0.5, -0.5]); // one sample, two inputs; gradient by two outputs
/// let mut weights = [1.0; 4];
/// let sgd = Update::new(Sgd { learning_rate: 0.1 }, (2, 2), []);
/// let (x, gradient) = (MatRef::new(&x, 1, 2), MatRef::new(&gradient, 1, 2));
/// gemm_fused(Exec::default(), x.t(), gradient, MatMut::new(&mut weights, 2, 2), sgd);
/// assert_eq!(weights, [0.95, 1.05, 0.9, 1.1]);
/// ```
///
/// # Panics
/// If the shapes do not fit, or the rows of C are not contiguous.
#[track_caller]
#[inline(never)]
pub fn gemm_fused<T: Real, E: Epilogue<T>>(
    exec: Exec<'_>,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    c: MatMut<'_, T>,
    epilogue: E,
) {
    check(&a, (b.rows(), b.cols()), &c);
    assert!(c.cols() <= 1 || c.col_stride() == 1, "gemm: with an epilogue, the rows of C have to be contiguous");
    epilogue.check((c.rows(), c.cols()));
    run(exec, (Accum::Replace, T::ONE), k_block(a.cols()), a, b, c, Some(&epilogue));
}

/// [`gemm`] with a B that was packed before: the same bits.
///
/// # Panics
/// If the shapes do not fit, or B was packed for another instruction set than that of `exec`.
#[track_caller]
#[inline(never)]
pub fn gemm_prepacked<T: Real>(
    exec: Exec<'_>,
    accum: Accum,
    alpha: T,
    a: MatRef<'_, T>,
    b: &Prepacked<T>,
    c: MatMut<'_, T>,
) {
    check(&a, b.shape(), &c);
    assert!(b.isa() == exec.isa(), "gemm: B was packed for {}, this is {}", b.isa(), exec.isa());
    let (block, b) = (k_block(a.cols()), Operand::Prepacked(b, (0, b.layout().panels())));
    parallel::run(
        exec,
        Product { isa: exec.isa(), accum, alpha, a, b, c, epilogue: None, block, origin: (0, 0), swapped: false },
    );
}

#[track_caller]
fn check<T>(a: &MatRef<'_, T>, b: (usize, usize), c: &MatMut<'_, T>) {
    assert!(
        a.cols() == b.0 && c.rows() == a.rows() && c.cols() == b.1,
        "gemm: A is {}x{}, B is {}x{}, C is {}x{}; they have to be m x k, k x n, m x n",
        a.rows(),
        a.cols(),
        b.0,
        b.1,
        c.rows(),
        c.cols(),
    );
}

/// Computes C or Cᵀ = Bᵀ·Aᵀ, whichever is less work.
#[inline(never)]
fn run<T: Real>(
    exec: Exec<'_>,
    (accum, alpha): (Accum, T),
    block: usize,
    a: MatRef<'_, T>,
    b: MatRef<'_, T>,
    c: MatMut<'_, T>,
    epilogue: Option<&dyn AnyEpilogue<T>>,
) {
    let (a, b, c) = (a.normal(), b.normal(), c.normal());
    let (isa, origin) = (exec.isa(), (0, 0));
    let shape = (c.rows(), c.cols(), a.cols());
    // shift, as both are powers of two
    let width = (exec.isa().register_bytes() / size_of::<T>()).max(1);
    let ideal = b.col_stride() == 1 && c.col_stride() == 1 && shape.1 & (width - 1) == 0;
    let swap = !ideal && {
        let upright = work(width, shape, &b, c.col_stride() != 1);
        let swapped = work(width, (shape.1, shape.0, shape.2), &a.t(), epilogue.is_some() || c.row_stride() != 1);
        swapped.saturating_add(swapped / 8) < upright
    };
    parallel::run(
        exec,
        if swap {
            let (a, b, c) = (b.t(), Operand::View(a.t()), c.t());
            Product { isa, accum, alpha, a, b, c, epilogue, block, origin, swapped: epilogue.is_some() }
        } else {
            Product { isa, accum, alpha, a, b: Operand::View(b), c, epilogue, block, origin, swapped: false }
        },
    );
}

/// Roughly what a product costs, in multiply-adds: those in the idle lanes of a partial last register, packing B if its
/// steps are not contiguous, and storing C element by element if its rows are not.
#[inline]
fn work<T>(width: usize, (m, n, k): (usize, usize, usize), b: &MatRef<'_, T>, by_element: bool) -> usize {
    let packing = match (b.col_stride(), b.row_stride()) {
        (1, _) => 0,
        // One row has too few sums to hide behind them what it takes to transpose.
        (_, 1) if m == 1 => 7,
        (_, 1) => 5,
        _ => 20,
    };
    let storing = if by_element { 20 } else { 0 };
    let padded = (n + width - 1) & !(width - 1); // a power of two
    padded.saturating_mul(k).saturating_mul(m + packing).saturating_add(storing * m * n)
}
