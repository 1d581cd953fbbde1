//! A sparse matrix times a dense one: linear models with several outputs, the first layer of a network.

use super::inputs::{ALL, Pick, Sealed, move_all};
use super::outputs_of_rows;
use super::pass::{Given, Pass};
use crate::gemm::{Scratch, k_block};
use crate::lanes::{Lanes, zip_map};
use crate::linear::CsrRef;
use crate::real::Real;
use crate::threads::Exec;

/// Registers of a row of Z that are held at once.
const HELD: usize = 4;

/// Z ← X·W for a sparse X: the outputs of a linear model with several outputs, without intercepts.
///
/// - `x`: m × d; `w`: d × n, row-major; `z`: m × n, row-major, written only
///
/// If the rows of X have their columns in ascending order, each once: the bits of [`gemm`](crate::gemm()) on the dense X with its
/// zeros, up to the sign of zeros; only what is not stored takes no part even where W is not finite. Precisely: elements stored one
/// after the other in columns of the same block of [`k_block`]`(d)` are one FMA chain from +0; a row of Z is the sum of its chains,
/// in the order of storage. Threads share rows.
///
/// # Panics
/// If the lengths do not fit the shape of X.
#[track_caller]
#[inline(never)]
pub fn csr_gemm<T: Real>(exec: Exec<'_>, x: CsrRef<'_, T>, n: usize, w: &[T], z: &mut [T]) {
    check(&x, n, w.len(), z.len());
    outputs_of_rows(exec, Wide::<T, false> { x, n }, w, z);
}

/// G ← Xᵀ·R for a sparse X: the gradient by W of [`csr_gemm`], given that by Z.
///
/// - `x`: m × d; `r`: m × n, row-major; `g`: d × n, row-major, written only
///
/// The bits of [`gemm`](crate::gemm()) on the dense X with its zeros, up to the sign of zeros; what is not stored takes no part even
/// where R is not finite. Precisely: an element of G is one FMA chain from +0 per block of [`k_block`]`(m)` rows; blocks are added in
/// order, each where it stores something. Threads share blocks. Scratch memory of the calling thread holds m·n elements and some
/// gradients.
///
/// # Panics
/// If the lengths do not fit the shape of X.
#[track_caller]
#[inline(never)]
pub fn csr_gemm_t<T: Real>(exec: Exec<'_>, x: CsrRef<'_, T>, n: usize, r: &[T], g: &mut [T]) {
    check(&x, n, g.len(), r.len());
    transposed_product(exec, Wide::<T, false> { x, n }, r, g);
}

/// G ← (X∘X)ᵀ·R, likewise.
pub(super) fn squares_t<T: Real>(exec: Exec<'_>, x: CsrRef<'_, T>, n: usize, r: &[T], g: &mut [T]) {
    transposed_product(exec, Wide::<T, true> { x, n }, r, g);
}

fn transposed_product<T: Real, const SQUARED: bool>(exec: Exec<'_>, x: Wide<'_, T, SQUARED>, r: &[T], g: &mut [T]) {
    if x.n == 0 {
        return;
    }
    let mut scratch = Scratch::borrow::<T>(r.len());
    let derivatives = &mut scratch.elements()[..r.len()];
    Pass { x, rows: ALL, between: Given(r) }.run(exec, derivatives, &mut [], g);
}

#[track_caller]
fn check<T>(x: &CsrRef<'_, T>, n: usize, by_column: usize, by_row: usize) {
    let (rows, cols) = (x.rows(), x.cols());
    assert!(
        cols.checked_mul(n) == Some(by_column) && rows.checked_mul(n) == Some(by_row),
        "sparse product: X is {rows}x{cols}, n is {n}, the others have {by_column} and {by_row} elements instead of d*n and m*n"
    );
}

/// A sparse X of which each row has `n` outputs; its weights are d × n. Squared: elements go into gradients squared.
#[derive(Clone, Copy)]
struct Wide<'a, T, const SQUARED: bool> {
    x: CsrRef<'a, T>,
    n: usize,
}

impl<T: Real, const SQUARED: bool> Sealed<T> for Wide<'_, T, SQUARED> {
    #[inline(always)]
    fn shape(self) -> (usize, usize) {
        (self.x.rows(), self.x.cols() * self.n)
    }
    #[inline(always)]
    fn width(self) -> usize {
        self.n
    }
    #[inline(always)]
    fn group(self) -> usize {
        self.x.group()
    }
    #[inline(always)]
    fn dots<L: Lanes<T>>(self, l: L, rows: Pick<'_>, w: &[T], z: &mut [T]) {
        let (n, step) = (self.n, HELD * L::WIDTH);
        for (i, z) in z.chunks_exact_mut(n.max(1)).enumerate() {
            let row = Row { stored: self.x.row(rows.at(i)), block: k_block(self.x.cols()), n };
            let mut pieces = z.chunks_exact_mut(step);
            let mut first = 0;
            for z in &mut pieces {
                row.times::<HELD, L>(l, w, first, z);
                first += step;
            }
            let z = pieces.into_remainder();
            match z.len().div_ceil(L::WIDTH) {
                0 => {}
                1 => row.times::<1, L>(l, w, first, z),
                2 => row.times::<2, L>(l, w, first, z),
                3 => row.times::<3, L>(l, w, first, z),
                _ => row.times::<HELD, L>(l, w, first, z),
            }
        }
    }
    #[inline(always)]
    fn add<L: Lanes<T>>(self, l: L, rows: Pick<'_>, r: &[T], g: &mut [T]) {
        for (i, r) in r.chunks_exact(self.n).enumerate() {
            let (columns, values) = self.x.row(rows.at(i));
            for (&j, &x) in columns.iter().zip(values) {
                let x = l.splat(if SQUARED { x * x } else { x });
                zip_map(
                    l,
                    &mut g[j as usize * self.n..][..self.n],
                    r,
                    #[inline(always)]
                    |g, r| l.fma(x, r, g),
                );
            }
        }
    }
    #[inline(always)]
    fn row_norms<L: Lanes<T>>(self, l: L, first: usize, count: usize) -> L::Reg {
        self.x.row_norms(l, first, count)
    }
    #[inline(always)]
    fn move_sum<L: Lanes<T>>(self, l: L, rows: Pick<'_>, count: usize, sum: &mut [T], g: &mut [T]) {
        if !self.x.is_scattered(rows, count) {
            return move_all(l, sum, g);
        }
        for i in 0..count {
            for &j in self.x.row(rows.at(i)).0 {
                let at = j as usize * self.n;
                move_all(l, &mut sum[at..][..self.n], &mut g[at..][..self.n]);
            }
        }
    }
}

/// A row of a sparse matrix.
struct Row<'a, T> {
    stored: (&'a [u32], &'a [T]),
    /// Columns of a K block.
    block: usize,
    /// Columns of W.
    n: usize,
}
impl<T: Real> Row<'_, T> {
    /// z ← the row times the columns of W from `first` on, which fill `N` registers, the last of them perhaps in part.
    #[inline(always)]
    fn times<const N: usize, L: Lanes<T>>(&self, l: L, w: &[T], first: usize, z: &mut [T]) {
        let (columns, values) = self.stored;
        let last = (N - 1) * L::WIDTH;
        let is_full = z.len() == last + L::WIDTH;
        let (mut total, mut chain) = ([l.splat(T::ZERO); N], [l.splat(T::ZERO); N]);
        let mut block = 0..self.block;
        for (&j, &x) in columns.iter().zip(values) {
            let j = j as usize;
            if !block.contains(&j) {
                finish(l, &mut chain, &mut total);
                let start = j / self.block * self.block;
                block = start..start + self.block;
            }
            let x = l.splat(x);
            let w = &w[j * self.n + first..][..z.len()];
            for (k, chain) in chain.iter_mut().enumerate().take(N - 1) {
                *chain = l.fma(x, l.load(&w[k * L::WIDTH..]), *chain);
            }
            let w = if is_full { l.load(&w[last..]) } else { l.load_partial(&w[last..]) };
            chain[N - 1] = l.fma(x, w, chain[N - 1]);
        }
        finish(l, &mut chain, &mut total);
        for (k, total) in total.iter().enumerate().take(N - 1) {
            l.store(&mut z[k * L::WIDTH..], *total);
        }
        l.store_partial(&mut z[last..], total[N - 1]);
    }
}

/// total ← chain + total, chain ← 0.
#[inline(always)]
fn finish<T: Real, L: Lanes<T>>(l: L, chain: &mut [L::Reg], total: &mut [L::Reg]) {
    for (chain, total) in chain.iter_mut().zip(total) {
        *total = l.add(*chain, *total);
        *chain = l.splat(T::ZERO);
    }
}
