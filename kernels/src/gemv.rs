//! Matrix–vector products in both orientations.
//!
//! The two are different operations with different bits, whatever the memory layout of A: [`gemv`] takes one inner
//! product per row, [`gemv_t`] adds scaled rows. `gemv(a.t())` and `gemv_t(a)` agree only up to rounding.

use crate::accum::Accum;
use crate::dot::dot_lanes;
use crate::gemm::k_block;
use crate::lanes::{Kernel, Lanes, Sum, fold, zip_map};
use crate::matrix::MatRef;
use crate::real::Real;
use crate::threads::{CHUNK, Divide, Exec, for_each, rows_per_chunk};

/// y ← α·A·x (or y + α·A·x): one inner product per row.
///
/// - `a`: m × n, any strides (contiguous rows are fast)
/// - `x`: n, `y`: m
///
/// Row i is d = Σⱼ a\[i,j\]·x\[j\] in canonical lanes over the whole row ([`crate::lanes`]), then y\[i\] ← α·d or
/// fma(α, d, y\[i\]). [`Accum::Replace`] never reads y.
///
/// # Panics
/// If the lengths of `x` and `y` are not those of a row and a column of A.
#[track_caller]
pub fn gemv<T: Real>(exec: Exec<'_>, accum: Accum, alpha: T, a: MatRef<'_, T>, x: &[T], y: &mut [T]) {
    assert_eq!(a.cols(), x.len(), "gemv: x has to be as long as a row of A");
    assert_eq!(a.rows(), y.len(), "gemv: y has to be as long as a column of A");
    for_each(exec.par(), (a, y), rows_per_chunk(a.cols()), &|(a, y)| exec.run(Gemv { accum, alpha, a, x, y }));
}

struct Gemv<'a, T> {
    accum: Accum,
    alpha: T,
    a: MatRef<'a, T>,
    x: &'a [T],
    y: &'a mut [T],
}
impl<T: Real> Kernel<T> for Gemv<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        for (i, y) in self.y.iter_mut().enumerate() {
            let dot = match self.a.row(i) {
                Some(row) => dot_lanes(l, row, self.x),
                None => dot_strided(l, self.a, i, self.x),
            };
            *y = self.accum.apply(self.alpha, dot, y);
        }
    }
}

/// [`dot_lanes`] of row `i` whose elements are not contiguous: canonical lanes of it are gathered first.
#[inline(always)]
fn dot_strided<T: Real, L: Lanes<T>>(l: L, a: MatRef<'_, T>, i: usize, x: &[T]) -> T {
    let mut acc = l.splat_acc(T::ZERO);
    for (block, x) in x.chunks(T::LANES).enumerate() {
        let mut row = T::CANONICAL_ZERO;
        let row = row.as_mut();
        for (j, r) in row.iter_mut().take(x.len()).enumerate() {
            *r = a.at(i, block * T::LANES + j);
        }
        for (r, acc) in acc.as_mut().iter_mut().enumerate() {
            let from = (r * L::WIDTH).min(x.len());
            *acc = l.fma(l.load(&row[r * L::WIDTH..]), l.load_partial(&x[from..]), *acc);
        }
    }
    fold(l, Sum, acc)
}

/// y ← α·Aᵀ·x (or y + α·Aᵀ·x): a sum of scaled rows.
///
/// - `a`: m × n, any strides (contiguous rows are fast)
/// - `x`: m, `y`: n
///
/// y\[j\] is one FMA chain over i inside each block of rows, block sums added in order: the rule of
/// [`gemm`](crate::gemm::gemm) with k = m, and hence its bits. [`Accum::Replace`] never reads y.
///
/// # Panics
/// If the lengths of `x` and `y` are not those of a column and a row of A.
#[track_caller]
pub fn gemv_t<T: Real>(exec: Exec<'_>, accum: Accum, alpha: T, a: MatRef<'_, T>, x: &[T], y: &mut [T]) {
    assert_eq!(a.rows(), x.len(), "gemv_t: x has to be as long as a column of A");
    assert_eq!(a.cols(), y.len(), "gemv_t: y has to be as long as a row of A");
    let exec = exec.for_work(a.rows().saturating_mul(a.cols()));
    // A thread owns columns: whole chains. A strip is narrow enough to stay in L1 beside the rows streaming by.
    let strip = CHUNK / 16;
    for_each(exec.par(), (Cols(a), y), strip, &|(Cols(a), y)| exec.run(GemvT { accum, alpha, a, x, y }));
}

/// A matrix that [`Divide`] cuts by columns.
struct Cols<'a, T>(MatRef<'a, T>);
impl<T: Send + Sync> Divide for Cols<'_, T> {
    fn len(&self) -> usize {
        self.0.cols()
    }
    fn divide_at(self, mid: usize) -> (Self, Self) {
        let (left, right) = self.0.split_cols_at(mid);
        (Self(left), Self(right))
    }
}

struct GemvT<'a, T> {
    accum: Accum,
    alpha: T,
    a: MatRef<'a, T>,
    x: &'a [T],
    y: &'a mut [T],
}
impl<T: Real> Kernel<T> for GemvT<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        let (m, n) = (self.a.rows(), self.a.cols());
        if m == 0 && self.accum == Accum::Replace {
            self.y.fill(T::ZERO);
        }
        let mut sum = [T::ZERO; CHUNK / 16];
        let sum = &mut sum[..n];
        let mut accum = self.accum;
        let mut from = 0;
        while from < m {
            let to = (from + k_block(m)).min(m);
            sum.fill(T::ZERO);
            for i in from..to {
                let x = self.x[i];
                match self.a.row(i) {
                    Some(row) => {
                        let x = l.splat(x);
                        zip_map(
                            l,
                            sum,
                            row,
                            #[inline(always)]
                            |sum, a| l.fma(a, x, sum),
                        );
                    }
                    None => (0..n).for_each(
                        #[inline(always)]
                        |j| sum[j] = self.a.at(i, j).mul_add(x, sum[j]),
                    ),
                }
            }
            for (y, &sum) in self.y.iter_mut().zip(&*sum) {
                *y = accum.apply(self.alpha, sum, y);
            }
            accum = Accum::Add;
            from = to;
        }
    }
}
