//! Matrix–vector product: one inner product per row.
//!
//! [`gemv_t`](crate::gemv_t()) is a different operation with different bits, whatever the memory layout of A: it adds scaled
//! rows. `gemv(a.t())` and `gemv_t(a)` agree only up to rounding.

use crate::accum::Accum;
use crate::lanes::{Kernel, Lanes, Sum, fold_registers, fold_zipped};
use crate::matrix::MatRef;
use crate::real::Real;
use crate::threads::{Exec, for_each, rows_per_chunk};

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
#[inline(never)]
pub fn gemv<T: Real>(exec: Exec<'_>, accum: Accum, alpha: T, a: MatRef<'_, T>, x: &[T], y: &mut [T]) {
    assert_eq!(a.cols(), x.len(), "gemv: x has to be as long as a row of A");
    assert_eq!(a.rows(), y.len(), "gemv: y has to be as long as a column of A");
    let in_cache = in_cache(&a);
    for_each(exec.par(), (a, y), rows_per_chunk(a.cols()), &|(a, y)| {
        exec.run(Gemv { in_cache, accum, alpha, a, x, y });
    });
}

/// Bytes of a matrix that may lie in L2 (no bit depends on it). Below, loads are what costs, and rows taken together
/// save some; beyond, one stream of addresses is what the prefetcher follows best.
const CACHED: usize = 1 << 20;

/// Whether A, the whole matrix and not a thread's part, may lie in L2.
#[inline(always)]
pub(crate) fn in_cache<T>(a: &MatRef<'_, T>) -> bool {
    a.rows().saturating_mul(a.cols()).saturating_mul(size_of::<T>()) <= CACHED
}

/// Bytes that a lone row asks for ahead of its loads, into L2: into L1 they drive out x, and 1.3 times as slow in L3. A page or
/// less gains nothing.
const AHEAD: usize = 12 * 1024;

/// Bytes of a row that is taken together with its neighbors wherever it lies: they are one stream all the same.
const SHORT: usize = 256;

/// Rows taken together.
const TOGETHER: usize = 4;

/// [`gemv`] on the calling thread, inside a kernel.
pub(crate) struct Gemv<'a, T> {
    /// [`in_cache`] of the matrix of which `a` is a part.
    pub(crate) in_cache: bool,
    pub(crate) accum: Accum,
    pub(crate) alpha: T,
    pub(crate) a: MatRef<'a, T>,
    pub(crate) x: &'a [T],
    pub(crate) y: &'a mut [T],
}
impl<T: Real> Gemv<'_, T> {
    /// Whether rows as long as x are taken together, where lanes of four rows fit into registers, unlike those of AVX2 or NEON.
    #[inline(always)]
    pub(crate) fn takes_rows_together<L: Lanes<T>>(in_cache: bool, x: &[T]) -> bool {
        (in_cache || size_of_val(x) <= SHORT) && T::LANES / L::WIDTH <= TOGETHER
    }
}
impl<T: Real> Kernel<T> for Gemv<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        let Self { in_cache, accum, alpha, a, x, y } = self;
        let together = Self::takes_rows_together::<L>(in_cache, x);
        let mut tails = [l.tail(0); MAX_REGISTERS];
        for (r, tail) in tails.iter_mut().enumerate().take(T::LANES / L::WIDTH) {
            *tail = l.tail((x.len() % T::LANES).saturating_sub(r * L::WIDTH));
        }
        // The sums of WIDTH rows are folded at once: one by one, folds cost more than short rows.
        let mut sums = l.zero_square();
        let mut first = 0;
        for y in y.chunks_mut(L::WIDTH) {
            let mut done = 0;
            while done < y.len() {
                let sums = &mut sums.as_mut()[done..];
                if a.col_stride() != 1 && a.cols() > 1 {
                    sums[0] = fold_registers(l, Sum, accumulate_strided(l, a, first + done, x));
                    done += 1;
                } else if together && done + TOGETHER <= y.len() {
                    // SAFETY: row i has as many elements as x, one after the other; the tails are those of its length.
                    let rows = unsafe { lane_sums::<TOGETHER, T, L>(l, &a, first + done, x, &tails) };
                    for (sum, row) in sums.iter_mut().zip(rows) {
                        *sum = row;
                    }
                    done += TOGETHER;
                } else {
                    // SAFETY: as above.
                    [sums[0]] = unsafe { lane_sums::<1, T, L>(l, &a, first + done, x, &tails) };
                    done += 1;
                }
            }
            first += y.len();
            let mut dots = sums;
            fold_zipped(l, Sum, dots.as_mut());
            let (dots, alpha) = (dots.as_ref()[0], l.splat(alpha));
            let new = match accum {
                Accum::Replace => l.mul(alpha, dots),
                Accum::Add => l.fma(alpha, dots, l.load_partial(y)),
            };
            l.store_partial(y, new);
        }
    }
}

/// Registers of all canonical lanes where a register is narrowest.
const MAX_REGISTERS: usize = 64;

/// `ROWS` rows of A from `first` on times x, in canonical lanes, and the halvings of [`fold`](crate::lanes::fold) that are between
/// registers. Every register of x is loaded once for all rows.
///
/// # Safety
/// - A has the rows, each of x.len() elements, one after the other.
/// - `tails` select the elements after the last whole block of canonical lanes.
#[inline(always)]
unsafe fn lane_sums<const ROWS: usize, T: Real, L: Lanes<T>>(
    l: L,
    a: &MatRef<'_, T>,
    first: usize,
    x: &[T],
    tails: &[L::Tail; MAX_REGISTERS],
) -> [L::Reg; ROWS] {
    let whole = x.len() - x.len() % T::LANES;
    let rest = x.len() > whole;
    let (x, row, stride) = (x.as_ptr(), a.element_ptr(first, 0), a.row_stride());
    let mut acc = [l.splat_acc(T::ZERO); ROWS];
    let mut from = 0;
    while from < whole {
        for r in 0..T::LANES / L::WIDTH {
            let at = from + r * L::WIDTH;
            // SAFETY: whole blocks lie inside x and every row.
            let x = unsafe { l.load_ptr(x.add(at)) };
            for (i, acc) in acc.iter_mut().enumerate() {
                // SAFETY: as above.
                let row = unsafe { row.add(i * stride + at) };
                if ROWS == 1 {
                    l.prefetch_l2(row.wrapping_byte_add(AHEAD));
                }
                // SAFETY: as above.
                let row = unsafe { l.load_ptr(row) };
                acc.as_mut()[r] = l.fma(row, x, acc.as_mut()[r]);
            }
        }
        from += T::LANES;
    }
    if rest {
        for (r, &tail) in tails.iter().enumerate().take(T::LANES / L::WIDTH) {
            let at = from + r * L::WIDTH;
            // SAFETY: the tail selects elements of x and of every row only.
            let x = unsafe { l.load_tail(x.wrapping_add(at), tail) };
            for (i, acc) in acc.iter_mut().enumerate() {
                // SAFETY: as above.
                let row = unsafe { l.load_tail(row.wrapping_add(i * stride + at), tail) };
                acc.as_mut()[r] = l.fma(row, x, acc.as_mut()[r]);
            }
        }
    }
    let mut sums = [l.splat(T::ZERO); ROWS];
    for (sum, acc) in sums.iter_mut().zip(acc) {
        *sum = fold_registers(l, Sum, acc);
    }
    sums
}

/// Row `i`, whose elements are not contiguous, times x: canonical lanes of it are gathered first.
#[inline(always)]
fn accumulate_strided<T: Real, L: Lanes<T>>(l: L, a: MatRef<'_, T>, i: usize, x: &[T]) -> L::Acc {
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
    acc
}
