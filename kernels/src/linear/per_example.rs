//! What the gradient of a batch is made of: the norm of each sample's own, and the second moments of its coordinates.
//!
//! Sample i adds xᵢδᵢᵀ to the gradient by the weights of a dense layer, where xᵢ goes into the layer and δᵢ is the gradient by what
//! comes out of it. So its norm is that of xᵢ times that of δᵢ, and no sample's gradient is ever written down (Goodfellow,
//! *Efficient Per-Example Gradient Computations*, 2015).

use super::csr::CsrRef;
use super::csr_gemm::squares_t;
use super::inputs::{Inputs, Sealed as _};
use crate::accum::Accum;
use crate::gemm::{Scratch, gemm};
use crate::gemv_t::gemv_t;
use crate::lanes::{Kernel, Lanes, map};
use crate::matrix::{MatMut, MatRef};
use crate::real::Real;
use crate::threads::{CHUNK, Exec, for_each, rows_per_chunk};

/// sᵢ ← Σⱼ x\[i,j\]²: the squared norms of the rows of X.
///
/// - `x`: m × d, dense or sparse; `s`: m, written only
///
/// A row is one FMA chain per canonical lane and their fold, as in [`gemv`](crate::gemv). A sparse X whose rows have their columns
/// in ascending order, each once, gives the bits of the dense one; a column that comes twice counts as two.
///
/// In a linear model, where δᵢ is a number and X does not change, this once and sᵢ·δᵢ² in each step are the
/// [`per_example_norms`].
///
/// # Panics
/// If `s` is not as long as X has rows.
#[track_caller]
#[inline(never)]
pub fn row_norms<T: Real, X: Inputs<T>>(exec: Exec<'_>, x: X, s: &mut [T]) {
    let (rows, cols) = x.shape();
    assert_eq!(rows, s.len(), "row norms: rows of X and norms differ in number");
    for_each(exec.par(), (0..rows, s), rows_per_chunk(cols), &|(rows, s)| {
        exec.run(RowNorms { first: rows.start, x, s });
    });
}

struct RowNorms<'a, T, X> {
    first: usize,
    x: X,
    s: &'a mut [T],
}
impl<T: Real, X: Inputs<T>> Kernel<T> for RowNorms<'_, T, X> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        let mut first = self.first;
        for s in self.s.chunks_mut(L::WIDTH) {
            l.store_partial(s, self.x.row_norms(l, first, s.len()));
            first += s.len();
        }
    }
}

/// sᵢ ← ‖xᵢ‖²·‖δᵢ‖² (+ ‖δᵢ‖²), or sᵢ plus that: the squared norm of what sample i adds to the gradient of a dense layer, in one pass
/// over X and Δ.
///
/// - `x`: m × d, the inputs of the layer, dense or sparse; `delta`: m × n, the gradient by its outputs (n is 1 for a linear model)
/// - `bias`: whether the layer has one, whose gradient is δᵢ
/// - `s`: m; with [`Accum::Replace`] written only, with [`Accum::Add`] the layers of a network add up
///
/// Beside the two products of the backward pass that it rides on, it takes 1 % more in a layer of 784 × 512 and 6 % in one of 64 × 64
/// (AVX-512), but most of their time in one of 32 × 10, whose rows are short beside the fold of their lanes. In a linear model, whose backward pass is one
/// sum of rows, it takes longer than that: [`row_norms`] once, then a multiplication for each sample, take 0.4 to 7 % more.
///
/// Squared norms of rows as in [`row_norms`], then p = ‖xᵢ‖²·‖δᵢ‖², with a bias fma(‖xᵢ‖², ‖δᵢ‖², ‖δᵢ‖²), and sᵢ + p.
///
/// ```
/// use simdescent_kernels::{Accum, Exec, MatRef, linear};
/// // The gradients are [3, 4]·1 and [1, 2]·2, those by the bias 1 and 2.
/// let (x, delta) = ([3.0f32, 4.0, 1.0, 2.0], [1.0, 2.0]);
/// let (x, delta) = (MatRef::new(&x, 2, 2), MatRef::new(&delta, 2, 1));
/// let mut s = [0.0; 2];
/// linear::per_example_norms(Exec::default(), Accum::Replace, x, delta, true, &mut s);
/// assert_eq!(s, [25.0 + 1.0, 20.0 + 4.0]);
/// ```
///
/// # Panics
/// If X, Δ and `s` differ in the number of rows.
#[track_caller]
#[inline(never)]
pub fn per_example_norms<T: Real, X: Inputs<T>>(
    exec: Exec<'_>,
    accum: Accum,
    x: X,
    delta: MatRef<'_, T>,
    bias: bool,
    s: &mut [T],
) {
    let (rows, cols) = x.shape();
    assert_eq!(rows, delta.rows(), "per-example norms: X and the gradient by the outputs differ in rows");
    assert_eq!(rows, s.len(), "per-example norms: rows of X and norms differ in number");
    let chunk = rows_per_chunk(cols.saturating_add(delta.cols()));
    for_each(exec.par(), (0..rows, s), chunk, &|(rows, s)| {
        exec.run(PerExample { first: rows.start, x, delta, bias, accum, s });
    });
}

struct PerExample<'a, T, X> {
    first: usize,
    x: X,
    delta: MatRef<'a, T>,
    bias: bool,
    accum: Accum,
    s: &'a mut [T],
}
impl<T: Real, X: Inputs<T>> Kernel<T> for PerExample<'_, T, X> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        let mut first = self.first;
        for s in self.s.chunks_mut(L::WIDTH) {
            let x = self.x.row_norms(l, first, s.len());
            let delta = self.delta.row_norms(l, first, s.len());
            let product = if self.bias { l.fma(x, delta, delta) } else { l.mul(x, delta) };
            let sum = match self.accum {
                Accum::Replace => product,
                Accum::Add => l.add(l.load_partial(s), product),
            };
            l.store_partial(s, sum);
            first += s.len();
        }
    }
}

/// M ← (X∘X)ᵀ·(Δ∘Δ), and Σᵢ δᵢ∘δᵢ below it if there is a bias: the second moments, summed over the samples, of what each adds to the
/// coordinates of the gradient. With m and the gradient they give the variance of every coordinate.
///
/// - `x`: m × d, dense or sparse; `delta`: m × n
/// - `moments`: d × n row-major, and n more for the biases; written only
///
/// Squares are rounded; their product has the bits of [`gemm`](crate::gemm()) (of [`csr_gemm_t`](super::csr_gemm_t) if X is
/// sparse, with the precondition of [`row_norms`]), the sum for the biases those of [`gemv_t`](crate::gemv_t()) with ones. Scratch memory of
/// the calling thread holds the squares of Δ and of a dense X.
///
/// # Panics
/// If X and Δ differ in rows, or `moments` has neither d·n nor (d + 1)·n elements.
#[track_caller]
#[inline(never)]
pub fn second_moments<T: Real, X: Squares<T>>(exec: Exec<'_>, x: X, delta: MatRef<'_, T>, moments: &mut [T]) {
    let ((rows, cols), n) = (x.shape(), delta.cols());
    assert_eq!(rows, delta.rows(), "second moments: X and the gradient by the outputs differ in rows");
    let weights = cols.checked_mul(n).filter(|w| *w == moments.len() || w.checked_add(n) == Some(moments.len()));
    let Some(weights) = weights else {
        panic!("second moments: X has {cols} columns, there are {n} outputs and {} moments", moments.len())
    };
    let mut scratch = Scratch::borrow::<T>(rows * n + rows);
    let (squares, ones) = scratch.elements()[..rows * n + rows].split_at_mut(rows * n);
    squared_rows(exec, delta, squares);
    let (by_weights, by_bias) = moments.split_at_mut(weights);
    x.squares_t(exec, n, squares, by_weights);
    if !by_bias.is_empty() {
        ones.fill(T::ONE);
        gemv_t(exec, Accum::Replace, T::ONE, MatRef::new(squares, rows, n), ones, by_bias);
    }
}

/// Public, but in a private module, so that nobody else implements it.
#[doc(hidden)]
pub trait Squares<T: Real>: Inputs<T> {
    /// (X∘X)ᵀ·S for row-major S of `n` columns.
    fn squares_t(self, exec: Exec<'_>, n: usize, s: &[T], moments: &mut [T]);
}
impl<T: Real> Squares<T> for MatRef<'_, T> {
    fn squares_t(self, exec: Exec<'_>, n: usize, s: &[T], moments: &mut [T]) {
        let (rows, cols) = self.shape();
        let mut scratch = Scratch::borrow::<T>(rows * cols);
        let squares = &mut scratch.elements()[..rows * cols];
        squared_rows(exec, self, squares);
        let (x, s) = (MatRef::new(squares, rows, cols), MatRef::new(s, rows, n));
        gemm(exec, Accum::Replace, T::ONE, x.t(), s, MatMut::new(moments, cols, n));
    }
}
impl<T: Real> Squares<T> for CsrRef<'_, T> {
    fn squares_t(self, exec: Exec<'_>, n: usize, s: &[T], moments: &mut [T]) {
        squares_t(exec, self, n, s, moments);
    }
}

/// The squares of the elements of `a`, row-major.
fn squared_rows<T: Real>(exec: Exec<'_>, a: MatRef<'_, T>, squares: &mut [T]) {
    let cols = a.cols();
    if cols == 0 {
        return;
    }
    for (i, squares) in squares.chunks_exact_mut(cols).enumerate() {
        match a.row(i) {
            Some(row) => squares.copy_from_slice(row),
            None => squares.iter_mut().enumerate().for_each(|(j, x)| *x = a.at(i, j)),
        }
    }
    for_each(exec.par(), squares, CHUNK, &|x| exec.run(Square { x }));
}

struct Square<'a, T> {
    x: &'a mut [T],
}
impl<T: Real> Kernel<T> for Square<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        map(
            l,
            self.x,
            #[inline(always)]
            |x| l.mul(x, x),
        );
    }
}
