//! Dense rows.

use super::inputs::{Pick, Sealed, add_and_step, move_all};
use crate::accum::Accum;
use crate::gemv::{Gemv, in_cache};
use crate::lanes::{Kernel, Lanes, Sum, accumulate, fold, fold_registers, fold_zipped};
use crate::matrix::MatRef;
use crate::optimizer::UpdateRule;
use crate::real::Real;

/// Bytes of a group of rows: they stay in L1 beside weights and gradient.
const GROUP_BYTES: usize = 32 << 10;
/// Rows added in one sweep over the gradient; a group is a multiple.
const TOGETHER: usize = 8;
/// Bytes between a load and what is prefetched with it. Measured on X 100000×784: from 72 to 84 % of the read rate; into L1, or
/// while rows are added, gains less or nothing.
const AHEAD: usize = 8 << 10;
/// Rows that are too few to gain: their folds, and prefetching where the hardware does well alone (1 row: a fifth slower).
const FEW: usize = 2;

impl<T: Real> Sealed<T> for MatRef<'_, T> {
    #[inline(always)]
    fn shape(self) -> (usize, usize) {
        (self.rows(), self.cols())
    }
    #[inline(always)]
    fn group(self) -> usize {
        let rows = GROUP_BYTES / (self.cols() * size_of::<T>()).max(1);
        (rows / TOGETHER * TOGETHER).max(TOGETHER)
    }
    #[inline(always)]
    fn dots<L: Lanes<T>>(self, l: L, rows: Pick<'_>, w: &[T], z: &mut [T]) {
        let few = z.len() <= FEW;
        if few {
            for (i, z) in z.iter_mut().enumerate() {
                *z = fold(l, Sum, times(l, &self, &rows, i, w, few));
            }
            return;
        }
        let in_cache = in_cache(&self);
        if rows.order.is_none() && Gemv::takes_rows_together::<L>(in_cache, w) {
            // Up to twice as fast, and the same bits.
            let a = self.block(rows.first..rows.first + z.len(), 0..w.len());
            return Gemv { in_cache, accum: Accum::Replace, alpha: T::ONE, a, x: w, y: z }.run(l);
        }
        // The sums of WIDTH rows are folded at once: one by one, folds cost more than short rows.
        let mut sums = l.zero_square();
        for (first, z) in (0..).step_by(L::WIDTH).zip(z.chunks_mut(L::WIDTH)) {
            for (i, sum) in sums.as_mut().iter_mut().enumerate().take(z.len()) {
                *sum = fold_registers(l, Sum, times(l, &self, &rows, first + i, w, few));
            }
            let mut dots = sums;
            fold_zipped(l, Sum, dots.as_mut());
            l.store_partial(z, dots.as_ref()[0]);
        }
    }
    #[inline(always)]
    fn add<L: Lanes<T>>(self, l: L, rows: Pick<'_>, r: &[T], g: &mut [T]) {
        let mut done = 0;
        while add_rows::<TOGETHER, T, L>(l, self, rows.skip(done), &r[done..], g) {
            done += TOGETHER;
        }
        if add_rows::<4, T, L>(l, self, rows.skip(done), &r[done..], g) {
            done += 4;
        }
        while add_rows::<1, T, L>(l, self, rows.skip(done), &r[done..], g) {
            done += 1;
        }
        for (i, &r) in r.iter().enumerate().skip(done) {
            let i = rows.at(i);
            for (j, g) in g.iter_mut().enumerate() {
                *g = self.at(i, j).mul_add(r, *g);
            }
        }
    }
    #[inline(always)]
    fn step<L: Lanes<T>, R: UpdateRule<T, 0>>(self, l: L, (row, r): (Pick<'_>, T), rule: &R, w: &mut [T], g: &mut [T]) {
        let Some(x) = self.row(row.at(0)) else { return add_and_step(l, (self, row, r), rule, w, g) };
        let next = ahead(&self, &row, 0, false);
        let (factor, zero) = (l.splat(r), l.splat(T::ZERO));
        let mut chunks = w.chunks_exact_mut(L::WIDTH);
        let mut from = 0;
        for w in &mut chunks {
            l.prefetch_l2(next.wrapping_add(from));
            let g = l.fma(l.load(&x[from..]), factor, zero);
            l.store(w, rule.update(l, l.load(w), g, []).0);
            from += L::WIDTH;
        }
        let tail = chunks.into_remainder();
        if !tail.is_empty() {
            let g = l.fma(l.load_partial(&x[from..]), factor, zero);
            l.store_partial(tail, rule.update(l, l.load_partial(tail), g, []).0);
        }
    }
    #[inline(always)]
    fn row_norms<L: Lanes<T>>(self, l: L, first: usize, count: usize) -> L::Reg {
        let mut sums = l.zero_square();
        for (i, sum) in sums.as_mut().iter_mut().enumerate().take(count) {
            *sum = fold_registers(l, Sum, row_squared(l, &self, first + i));
        }
        fold_zipped(l, Sum, sums.as_mut());
        sums.as_ref()[0]
    }
    #[inline(always)]
    fn move_sum<L: Lanes<T>>(self, l: L, _: Pick<'_>, _: usize, sum: &mut [T], g: &mut [T]) {
        move_all(l, sum, g);
    }
}

/// Row `i` of `rows` times w, in canonical lanes.
#[inline(always)]
fn times<T: Real, L: Lanes<T>>(l: L, a: &MatRef<'_, T>, rows: &Pick<'_>, i: usize, w: &[T], few: bool) -> L::Acc {
    match a.row(rows.at(i)) {
        Some(row) => row_times(l, row, w, ahead(a, rows, i, few)),
        None => strided_row_times(l, a, rows.at(i), w),
    }
}

/// What to prefetch at the first element of row `i` of `rows`: what lies [`AHEAD`] of it, itself (which does nothing) where rows
/// are few, or the row that is so far ahead in a list.
#[inline(always)]
fn ahead<T>(a: &MatRef<'_, T>, rows: &Pick<'_>, i: usize, few: bool) -> *const T {
    match rows.order {
        None => a.element_ptr(rows.at(i), 0).wrapping_byte_add(if few { 0 } else { AHEAD }),
        Some(order) => {
            let distance = AHEAD.div_ceil((a.cols() * size_of::<T>()).max(1));
            let later = order.get(rows.first + i + distance).unwrap_or(&order[rows.first + i]);
            a.element_ptr(*later as usize, 0)
        }
    }
}

/// A contiguous row times w, in canonical lanes.
#[inline(always)]
fn row_times<T: Real, L: Lanes<T>>(l: L, row: &[T], w: &[T], ahead: *const T) -> L::Acc {
    let mut acc = l.splat_acc(T::ZERO);
    let (rows, ws) = (row.chunks_exact(T::LANES), w.chunks_exact(T::LANES));
    let (row_tail, w_tail) = (rows.remainder(), ws.remainder());
    for (block, (row, w)) in rows.zip(ws).enumerate() {
        for (r, acc) in acc.as_mut().iter_mut().enumerate() {
            l.prefetch_l2(ahead.wrapping_add(block * T::LANES + r * L::WIDTH));
            *acc = l.fma(l.load(&row[r * L::WIDTH..]), l.load(&w[r * L::WIDTH..]), *acc);
        }
    }
    multiply(l, acc, row_tail, w_tail)
}

/// A row whose elements are not contiguous: canonical lanes of it are gathered first.
#[inline(always)]
fn strided_row_times<T: Real, L: Lanes<T>>(l: L, a: &MatRef<'_, T>, i: usize, w: &[T]) -> L::Acc {
    let mut acc = l.splat_acc(T::ZERO);
    for (block, w) in w.chunks(T::LANES).enumerate() {
        let mut row = T::CANONICAL_ZERO;
        let row = &mut row.as_mut()[..w.len()];
        for (j, x) in row.iter_mut().enumerate() {
            *x = a.at(i, block * T::LANES + j);
        }
        acc = multiply(l, acc, row, w);
    }
    acc
}

/// Row `i` times itself, in canonical lanes.
#[inline(always)]
fn row_squared<T: Real, L: Lanes<T>>(l: L, a: &MatRef<'_, T>, i: usize) -> L::Acc {
    let acc = l.splat_acc(T::ZERO);
    if let Some(row) = a.row(i) {
        return multiply(l, acc, row, row);
    }
    let (mut acc, cols) = (acc, a.cols());
    for first in (0..cols).step_by(T::LANES) {
        let mut row = T::CANONICAL_ZERO;
        let row = &mut row.as_mut()[..T::LANES.min(cols - first)];
        for (j, x) in row.iter_mut().enumerate() {
            *x = a.at(i, first + j);
        }
        acc = multiply(l, acc, row, row);
    }
    acc
}

#[inline(always)]
fn multiply<T: Real, L: Lanes<T>>(l: L, acc: L::Acc, row: &[T], w: &[T]) -> L::Acc {
    accumulate(
        l,
        acc,
        row,
        w,
        #[inline(always)]
        |acc, x, w| l.fma(x, w, acc),
    )
}

/// Adds `N` rows, each times its `r`, unless fewer are left or their elements are not contiguous.
#[inline(always)]
fn add_rows<const N: usize, T: Real, L: Lanes<T>>(
    l: L,
    a: MatRef<'_, T>,
    pick: Pick<'_>,
    r: &[T],
    g: &mut [T],
) -> bool {
    let Some(r) = r.first_chunk::<N>() else { return false };
    let n = g.len();
    let mut rows: [&[T]; N] = [&[]; N];
    let mut factors = [l.splat(T::ZERO); N];
    for i in 0..N {
        match a.row(pick.at(i)) {
            Some(row) => rows[i] = &row[..n],
            None => return false,
        }
        factors[i] = l.splat(r[i]);
    }
    let mut sums = g.chunks_exact_mut(L::WIDTH);
    let mut from = 0;
    for sum in &mut sums {
        let mut s = l.load(sum);
        for (factor, row) in factors.iter().zip(&rows) {
            s = l.fma(l.load(&row[from..]), *factor, s);
        }
        l.store(sum, s);
        from += L::WIDTH;
    }
    let tail = sums.into_remainder();
    if !tail.is_empty() {
        let mut s = l.load_partial(tail);
        for (factor, row) in factors.iter().zip(&rows) {
            s = l.fma(l.load_partial(&row[from..]), *factor, s);
        }
        l.store_partial(tail, s);
    }
    true
}
