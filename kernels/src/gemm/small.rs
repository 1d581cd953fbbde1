//! Products for which the loops would cost more than the arithmetic.

use super::blocking::Balanced;
use super::driver::{Operand, Product};
use super::microkernel::{Ahead, Job};
use super::plan::lines_in_l1;
use super::tile::tiles_of;
use crate::accum::Accum;
use crate::lanes::{Lanes, zip_map};
use crate::real::Real;

impl<T: Real> Product<'_, T> {
    /// The whole product if all columns of C fit one tile and either all rows do, too, or A stays in L2 and B needs no packing: a tile
    /// costs less here than in the loops.
    #[inline(always)]
    pub(super) fn one_panel<L: Lanes<T>>(&mut self, l: L) -> bool {
        let (m, n, k) = (self.c.rows(), self.c.cols(), self.a.cols());
        let Operand::View(b) = self.b else { return false };
        let registers = n.div_ceil(L::WIDTH);
        let last = L::WIDTH - (registers * L::WIDTH - n);
        let rows_of_tiles = if last == L::WIDTH { tiles_of::<T, L>().whole } else { tiles_of::<T, L>().partial }; // which may be empty
        if k > self.block || b.col_stride() != 1 || registers > rows_of_tiles.len() {
            return false;
        }
        let heights = rows_of_tiles[registers - 1];
        let several = m > heights.len();
        if several && (registers > tiles_of::<T, L>().widest || !self.a_in_l2() || self.rows_in_l1() < heights.len()) {
            return false;
        }
        // Rows of a wider matrix do not use all sets of L1.
        if several && b.row_stride() != n && k > lines_in_l1(b.row_stride() * size_of::<T>()) {
            return false;
        }
        let parts = Balanced::of_at_most(heights.len(), m);
        for rows in (0..parts.parts).map(|i| parts.part(i)) {
            let job = Job {
                k,
                a: self.a.element_ptr(rows.start, 0),
                a_strides: (self.a.row_stride(), self.a.col_stride()),
                b: b.element_ptr(0, 0),
                b_stride: b.row_stride(),
                b_beyond: 0,
                b_tail: last,
                panel: core::ptr::null_mut(),
                c: self.c.element_ptr_mut(rows.start, 0),
                c_stride: self.c.row_stride(),
                c_tail: last,
                accum: self.accum,
                alpha: self.alpha,
                ahead: Ahead::NOTHING,
            };
            // SAFETY: rows of A and C and all of B, the last register partial where the columns are.
            unsafe { heights[rows.len() - 1](l, &job) };
        }
        true
    }

    /// The product of a column and a row, where there is nothing to keep in registers: row by row.
    #[inline(always)]
    pub(super) fn outer<L: Lanes<T>>(&mut self, l: L) -> bool {
        let Operand::View(b) = self.b else { return false };
        if self.a.cols() != 1 || b.col_stride() != 1 {
            return false;
        }
        let b = b.row(0).expect("contiguous steps");
        let (zero, alpha) = (l.splat(T::ZERO), l.splat(self.alpha));
        for i in 0..self.c.rows() {
            let a = l.splat(self.a.at(i, 0));
            let c = self.c.row_mut(i).expect("contiguous rows");
            match self.accum {
                Accum::Replace => zip_map(
                    l,
                    c,
                    b,
                    #[inline(always)]
                    |_, b| l.mul(alpha, l.fma(a, b, zero)),
                ),
                Accum::Add => zip_map(
                    l,
                    c,
                    b,
                    #[inline(always)]
                    |c, b| l.fma(alpha, l.fma(a, b, zero), c),
                ),
            }
        }
        true
    }
}
