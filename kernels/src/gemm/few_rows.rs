//! A few rows times the transpose of a matrix with contiguous rows: the input gradient of a small batch.
//!
//! A panel of Bᵀ would be written to memory only to be read once. Here a few steps of it are transposed in registers and multiplied at
//! once. The order is that of the tiles: the steps of a K block one after the other, then the blocks.

use super::driver::{Operand, Product};
use super::epilogue::FinishedTile;
use super::packing::Scratch;
use crate::accum::Accum;
use crate::lanes::{Lanes, for_each_piece};
use crate::matrix::MatRef;
use crate::real::Real;

impl<T: Real> Product<'_, T> {
    /// The whole product, if it is of this kind.
    #[inline(always)]
    pub(super) fn few_rows<L: Lanes<T>>(&mut self, l: L) -> bool {
        let Operand::View(b) = self.b else { return false };
        let transposed = b.row_stride() == 1 && b.col_stride() != 1;
        if !transposed || self.swapped || self.c.col_stride() != 1 || b.rows() == 0 || L::WIDTH == 1 {
            return false;
        }
        // The second number: registers of columns at once. One row alone has too few sums to hide the latency of an FMA.
        match self.c.rows() {
            1 => self.by_pieces::<L, 1, 2>(l, b.t()),
            2 => self.by_pieces::<L, 2, 1>(l, b.t()),
            3 => self.by_pieces::<L, 3, 1>(l, b.t()),
            4 => self.by_pieces::<L, 4, 1>(l, b.t()),
            _ => return false,
        }
        true
    }

    /// `columns`: Bᵀ, n × k.
    #[inline(always)]
    fn by_pieces<L: Lanes<T>, const MR: usize, const NV: usize>(&mut self, l: L, columns: MatRef<'_, T>) {
        let n = columns.rows();
        // Of the finished product, which only epilogues want in memory.
        let mut scratch = Scratch::borrow::<T>(if self.epilogue.is_some() { MR * L::WIDTH } else { 0 });
        let tile = scratch.elements();
        let together = n - n % (NV * L::WIDTH);
        for first in (0..together).step_by(NV * L::WIDTH) {
            self.some_columns::<L, MR, NV>(l, columns, first, tile);
        }
        for first in (together..n).step_by(L::WIDTH) {
            self.some_columns::<L, MR, 1>(l, columns, first, tile);
        }
    }

    /// Columns of C from `first` on: NV registers of them, or what is left.
    #[inline(always)]
    fn some_columns<L: Lanes<T>, const MR: usize, const NV: usize>(
        &mut self,
        l: L,
        columns: MatRef<'_, T>,
        first: usize,
        tile: &mut [T],
    ) {
        let (n, k) = (columns.rows(), columns.cols());
        let a: [*const T; MR] = core::array::from_fn(|i| self.a.element_ptr(i, 0));
        let a_step = self.a.col_stride();
        let cols = |v: usize| first + v * L::WIDTH..n.min(first + (v + 1) * L::WIDTH);
        let mut sums = [[l.splat(T::ZERO); MR]; NV];
        if self.accum == Accum::Add {
            for (v, sums) in sums.iter_mut().enumerate() {
                for (i, sum) in sums.iter_mut().enumerate() {
                    *sum = l.load_partial(self.c.row_piece_mut(i, cols(v)));
                }
            }
        }
        let mut accum = self.accum;
        for block in (0..k).step_by(self.block) {
            let mut acc = [[l.splat(T::ZERO); MR]; NV];
            let end = k.min(block + self.block);
            let together = if NV > 1 { (end - block) / L::PIECE * L::PIECE } else { 0 };
            for step in (block..block + together).step_by(L::PIECE) {
                for (v, acc) in acc.iter_mut().enumerate() {
                    // SAFETY: there are WIDTH columns of PIECE steps, and A has them, too.
                    unsafe {
                        let first = columns.element_ptr(first + v * L::WIDTH, step);
                        let piece = l.load_transposed(first, columns.row_stride());
                        add_products(l, &a, (step, a_step), piece.as_ref(), acc);
                    }
                }
            }
            for (v, acc) in acc.iter_mut().enumerate() {
                for_each_piece(
                    l,
                    columns.block(cols(v), block + together..end),
                    #[inline(always)]
                    // SAFETY: A has as many steps as B.
                    |step, b| unsafe { add_products(l, &a, (block + together + step, a_step), b, acc) },
                );
            }
            let alpha = l.splat(self.alpha);
            for (sum, acc) in sums.as_flattened_mut().iter_mut().zip(acc.as_flattened()) {
                *sum = match accum {
                    Accum::Replace => l.mul(alpha, *acc),
                    Accum::Add => l.fma(alpha, *acc, *sum),
                };
            }
            accum = Accum::Add;
        }
        for (v, sums) in sums.into_iter().enumerate() {
            if let Some(epilogue) = self.epilogue {
                for (tile, sum) in tile.chunks_exact_mut(L::WIDTH).zip(sums) {
                    l.store(tile, sum);
                }
                let at = (self.origin.0, self.origin.1 + first + v * L::WIDTH);
                let c = self.c.reborrow().block(0..MR, cols(v));
                epilogue.finish(FinishedTile { isa: self.isa, at, product: tile, stride: L::WIDTH, swapped: false, c });
            } else {
                for (i, sum) in sums.into_iter().enumerate() {
                    l.store_partial(self.c.row_piece_mut(i, cols(v)), sum);
                }
            }
        }
    }
}

/// Adds the products of rows of A, from a step on, and as many steps of B.
///
/// # Safety
/// - The rows of A, whose steps are `stride` elements apart, are valid for reading so many steps from `step` on.
#[inline(always)]
unsafe fn add_products<T: Real, L: Lanes<T>, const MR: usize>(
    l: L,
    a: &[*const T; MR],
    (step, stride): (usize, usize),
    b: &[L::Reg],
    acc: &mut [L::Reg; MR],
) {
    let mut at = step.wrapping_mul(stride);
    for &b in b {
        for (acc, a) in acc.iter_mut().zip(a) {
            // SAFETY: the caller vouches for it.
            *acc = l.fma(l.splat(unsafe { *a.wrapping_add(at) }), b, *acc);
        }
        at = at.wrapping_add(stride);
    }
}
