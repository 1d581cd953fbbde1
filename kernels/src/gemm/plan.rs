//! How a product is cut into tiles, and what they do about B. None of it decides a bit.

use super::blocking::Balanced;
use super::driver::{Operand, Product};
use super::tile::{TileFn, tiles_of};
use crate::lanes::Lanes;
use crate::real::Real;
use core::ops::Range;

/// B is packed from this many row tiles on: fewer do not repay the copy.
const PACK_ROW_TILES: usize = 6;
/// Bytes of a step of a panel: of steps a page apart that are this short, every row tile waits for every one.
const NARROW: usize = 128;
/// B with fewer elements stays in L2 and needs no packing.
const PACK_ELEMENTS: usize = 96 << 10;

/// Bytes of an A that stays in L2, of 1 MiB and more.
const A_IN_L2: usize = 512 << 10;

/// Of the smallest L1 in use: addresses this many bytes apart fall into the same set …
pub(super) const PAGE: usize = 4096;
/// … which has so many places.
pub(super) const L1_WAYS: usize = 8;

/// How C is cut into panels of columns and tiles of rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// Registers per row of each panel.
    registers: Balanced,
    /// Columns of the widest panel.
    pub(super) width: usize,
    /// Most rows of a tile.
    pub(super) most_rows: usize,
}

impl Layout {
    /// The widest tile that holds all rows, to read B once; else the widest tiles, unless narrower and taller ones leave a tenth fewer
    /// rows idle. Of at most `most_rows`.
    #[inline(always)]
    fn new<T: Real, L: Lanes<T>>(rows: usize, cols: usize, most_rows: usize, tiles: &[&[TileFn<T, L>]]) -> Self {
        let total = cols.div_ceil(L::WIDTH);
        let widest = tiles_of::<T, L>().widest.min(tiles.len());
        let for_all_rows = tiles.iter().rposition(|tiles| tiles.len() >= rows).map_or(0, |i| i + 1);
        let mut best = Self::of_at_most(if for_all_rows > 1 { for_all_rows } else { widest }, total, tiles);
        if best.computed(rows) - rows > rows / 10 {
            for most in (1..widest).rev() {
                let other = Self::of_at_most(most, total, tiles);
                if 10 * other.computed(rows) < 9 * best.computed(rows) {
                    best = other;
                }
            }
        }
        best.most_rows = best.most_rows.min(most_rows);
        best
    }
    /// The widest tiles; of at most `most_rows`.
    #[inline(always)]
    pub(super) fn widest<T: Real, L: Lanes<T>>(cols: usize, most_rows: usize, tiles: &[&[TileFn<T, L>]]) -> Self {
        let layout = Self::of_at_most(tiles_of::<T, L>().widest, cols.div_ceil(L::WIDTH), tiles);
        Self { most_rows: layout.most_rows.min(most_rows), ..layout }
    }
    /// Panels of at most `most` registers.
    #[inline(always)]
    fn of_at_most<T: Real, L: Lanes<T>>(most: usize, total: usize, tiles: &[&[TileFn<T, L>]]) -> Self {
        let registers = Balanced::of_at_most(most, total);
        let widest = registers.part(0).len().max(1);
        Self { registers, width: widest * L::WIDTH, most_rows: tiles[widest - 1].len() }
    }
    /// Rows computed, if every tile was a tallest one.
    #[inline(always)]
    fn computed(&self, rows: usize) -> usize {
        if rows <= self.most_rows { self.most_rows } else { rows.next_multiple_of(self.most_rows) }
    }
    /// Number of panels.
    #[inline(always)]
    pub(super) fn panels(&self) -> usize {
        self.registers.parts
    }
    /// Columns of panel `p`, whole registers.
    #[inline(always)]
    pub(super) fn panel<T: Real, L: Lanes<T>>(&self, p: usize) -> Range<usize> {
        let registers = self.registers.part(p);
        registers.start * L::WIDTH..registers.end * L::WIDTH
    }
}

/// What the tiles do about B.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// They read it where it lies.
    InPlace,
    /// The first row tile copies it into panels while it multiplies.
    FirstTouch,
    /// It is packed before the first row tile.
    PackFirst,
    /// It came packed.
    Prepacked,
}

impl<T: Real> Product<'_, T> {
    #[inline(always)]
    pub(super) fn plan<L: Lanes<T>>(&self) -> (Source, Layout) {
        let (m, n, k) = (self.c.rows(), self.c.cols(), self.a.cols());
        let most_rows = self.rows_in_l1();
        let b = match self.b {
            Operand::Prepacked(b, _) => return (Source::Prepacked, b.layout()),
            Operand::View(b) => b,
        };
        if b.col_stride() != 1 {
            // Measured: from 16 rows on, wide panels are worth more than full tiles.
            let layout = if m < 16 {
                Layout::new::<T, L>(m, n, most_rows, tiles_of::<T, L>().whole)
            } else {
                Layout::widest::<T, L>(n, most_rows, tiles_of::<T, L>().whole)
            };
            return (Source::PackFirst, layout);
        }
        let layout = Layout::new::<T, L>(m, n, most_rows, tiles_of::<T, L>().whole);
        let (stride, width) = (b.row_stride() * size_of::<T>(), layout.width * size_of::<T>());
        let thrashes = k > lines_in_l1(stride);
        let least = if stride.is_multiple_of(PAGE) && width <= NARROW { 2 } else { PACK_ROW_TILES };
        if m.div_ceil(layout.most_rows) >= least && (k.saturating_mul(n) >= PACK_ELEMENTS || thrashes) {
            // The tile that packs is a tallest one.
            let tallest = tiles_of::<T, L>().whole[layout.width / L::WIDTH - 1].len();
            let source = if layout.most_rows == tallest { Source::FirstTouch } else { Source::PackFirst };
            return (source, layout);
        }
        let tiles = if n.is_multiple_of(L::WIDTH) || tiles_of::<T, L>().partial.is_empty() {
            tiles_of::<T, L>().whole
        } else {
            tiles_of::<T, L>().partial
        };
        (Source::InPlace, Layout::new::<T, L>(m, n, most_rows, tiles))
    }

    /// Whether A, with room to spare, fits into L2 and needs no prefetching.
    #[inline(always)]
    pub(super) fn a_in_l2(&self) -> bool {
        self.c.rows().saturating_mul(self.a.cols()).saturating_mul(size_of::<T>()) <= A_IN_L2
    }

    /// How many rows of A fit into L1 at once.
    #[inline(always)]
    pub(super) fn rows_in_l1(&self) -> usize {
        if self.a.cols() > 8 { lines_in_l1(self.a.row_stride() * size_of::<T>()) } else { usize::MAX }
    }
}

/// How many cache lines `stride` bytes apart fit into L1: if that is a large power of two, they fall into few of its sets.
#[inline(always)]
pub(super) fn lines_in_l1(stride: usize) -> usize {
    (PAGE >> stride.trailing_zeros().min(PAGE.trailing_zeros())).max(1) * L1_WAYS
}
