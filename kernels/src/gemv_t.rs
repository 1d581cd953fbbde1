//! Matrix–vector product with the transpose: a sum of scaled rows.

use crate::accum::Accum;
use crate::gemm::k_block;
use crate::lanes::{Kernel, Lanes, map};
use crate::matrix::MatRef;
use crate::real::Real;
use crate::threads::{CHUNK, Exec, for_each};

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
#[inline(never)]
pub fn gemv_t<T: Real>(exec: Exec<'_>, accum: Accum, alpha: T, a: MatRef<'_, T>, x: &[T], y: &mut [T]) {
    assert_eq!(a.rows(), x.len(), "gemv_t: x has to be as long as a column of A");
    assert_eq!(a.cols(), y.len(), "gemv_t: y has to be as long as a row of A");
    let exec = exec.for_work(a.rows().saturating_mul(a.cols()));
    // A thread owns columns: whole chains, so where they are cut decides no bit.
    let share = a.cols().div_ceil(exec.par().threads()).next_multiple_of(T::LANES).max(T::LANES);
    for_each(exec.par(), (0..a.cols(), y), STRIP.min(share), &|(cols, y)| {
        exec.run(GemvT { accum, alpha, a: a.block(0..a.rows(), cols), x, y });
    });
}

/// Columns per strip: their sums stay in L1 beside the rows streaming by.
const STRIP: usize = CHUNK / 16;

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
        } else if m <= k_block(m) && self.accum == Accum::Replace {
            sum_of_rows(l, self.a, 0, self.x, self.y);
            let alpha = l.splat(self.alpha);
            map(
                l,
                self.y,
                #[inline(always)]
                |sum| l.mul(alpha, sum),
            );
        } else {
            let mut sum = [T::ZERO; STRIP];
            let sum = &mut sum[..n];
            let mut accum = self.accum;
            for (block, x) in self.x.chunks(k_block(m)).enumerate() {
                sum_of_rows(l, self.a, block * k_block(m), x, sum);
                for (y, &sum) in self.y.iter_mut().zip(&*sum) {
                    *y = accum.apply(self.alpha, sum, y);
                }
                accum = Accum::Add;
            }
        }
    }
}

/// sum ← Σ x\[i\]·(row `first + i` of `a`), each element one FMA chain over i.
#[inline(always)]
fn sum_of_rows<T: Real, L: Lanes<T>>(l: L, a: MatRef<'_, T>, first: usize, x: &[T], sum: &mut [T]) {
    let mut done = 0;
    sum.fill(T::ZERO);
    // As many rows as possible per sweep over the sums: a row alone would load and store a sum for each of its elements.
    while add_rows::<8, T, L>(l, a, first + done, &x[done..], sum) {
        done += 8;
    }
    if add_rows::<4, T, L>(l, a, first + done, &x[done..], sum) {
        done += 4;
    }
    while add_rows::<1, T, L>(l, a, first + done, &x[done..], sum) {
        done += 1;
    }
    for (i, &x) in x.iter().enumerate().skip(done) {
        for (j, sum) in sum.iter_mut().enumerate() {
            *sum = a.at(first + i, j).mul_add(x, *sum);
        }
    }
}

/// Rows `first..first + N` of `a`, if it has them and their elements lie one after the other.
#[inline(always)]
fn rows<'a, const N: usize, T>(a: &'a MatRef<'_, T>, first: usize) -> Option<[&'a [T]; N]> {
    let mut rows: [&[T]; N] = [&[]; N];
    if first + N > a.rows() {
        return None;
    }
    for (i, row) in (first..).zip(&mut rows) {
        *row = a.row(i)?;
    }
    Some(rows)
}

/// Adds `N` scaled rows of `a` to `sum`, unless fewer are left or their elements are not contiguous.
#[inline(always)]
fn add_rows<const N: usize, T: Real, L: Lanes<T>>(
    l: L,
    a: MatRef<'_, T>,
    first: usize,
    x: &[T],
    sum: &mut [T],
) -> bool {
    let (Some(x), Some(mut rows)) = (x.first_chunk::<N>(), rows::<N, T>(&a, first)) else { return false };
    let x = x.map(
        #[inline(always)]
        |x| l.splat(x),
    );
    let n = sum.len();
    // Not `map`, which is not always inlined. Tells the compiler that all rows are equally long.
    for row in &mut rows {
        *row = &row[..n];
    }
    let mut sums = sum.chunks_exact_mut(L::WIDTH);
    let mut from = 0;
    for sum in &mut sums {
        let mut s = l.load(sum);
        for (x, row) in x.iter().zip(&rows) {
            s = l.fma(l.load(&row[from..]), *x, s);
        }
        l.store(sum, s);
        from += L::WIDTH;
    }
    let tail = sums.into_remainder();
    if !tail.is_empty() {
        let mut s = l.load_partial(tail);
        for (x, row) in x.iter().zip(&rows) {
            s = l.fma(l.load_partial(&row[from..]), *x, s);
        }
        l.store_partial(tail, s);
    }
    true
}
