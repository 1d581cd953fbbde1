//! The loops around the microkernel.
//!
//! ```text
//! LOOP 5  k in super-blocks of whole canonical blocks
//! LOOP 4    columns in groups of panels                  a group's panels of B stay in L2
//! LOOP 3      rows in tiles of MR, in strips if copied   a row tile of A stays in L1
//! LOOP 2        the canonical K blocks, in order         the tile of C stays in L1
//! LOOP 1          the panels of the group
//! LOOP 0            microkernel: k steps of MR × NR FMAs in registers
//! ```
//!
//! A is read where it lies, or from a copy (`gemm/rows.rs`): a tile wants MR numbers per step, which any cache can deliver.
//! B is read where it lies as well if it is small or used once; else the first row tile copies it into panels while it
//! multiplies, which costs nothing. The product of a tile goes straight to C, or, where C has no contiguous rows or an
//! epilogue wants the finished product, to a block of scratch memory first.

use super::blocking::Balanced;
use super::epilogue::{AnyEpilogue, FinishedTile};
use super::microkernel::{Ahead, B_AHEAD, CHUNK, Job};
use super::packing::{Scratch, pack, store_transposed};
use super::plan::{L1_WAYS, Layout, Source};
use super::prepacked::Prepacked;
use super::rows::{RowsOfA, Strip};
use super::tile::tiles_of;
use crate::accum::Accum;
use crate::isa::Isa;
use crate::lanes::{Kernel, Lanes};
use crate::matrix::{MatMut, MatRef};
use crate::real::Real;
use core::ops::Range;

/// B of a product.
#[derive(Clone, Copy)]
pub(super) enum Operand<'a, T> {
    /// k × n, as it lies.
    View(MatRef<'a, T>),
    /// Packed panels, of which the product takes those from one on and before another.
    Prepacked(&'a Prepacked<T>, (usize, usize)),
}

/// One product, or one thread's part of it.
pub(super) struct Product<'a, T> {
    pub(super) isa: Isa,
    pub(super) accum: Accum,
    pub(super) alpha: T,
    pub(super) a: MatRef<'a, T>,
    pub(super) b: Operand<'a, T>,
    pub(super) c: MatMut<'a, T>,
    /// What happens to finished tiles, if not only that they are stored.
    pub(super) epilogue: Option<&'a dyn AnyEpilogue<T>>,
    /// Steps of a K block.
    pub(super) block: usize,
    /// Row and column of C's first element in the whole of C.
    pub(super) origin: (usize, usize),
    /// Whether this computes Cᵀ = Bᵀ·Aᵀ: `c` is the transpose of what the epilogue knows.
    pub(super) swapped: bool,
}

/// Steps of a super-block of packed panels: C is written once in so many steps. (With strips of A, once per K block.)
const SUPER_BLOCK: usize = 1024;
/// A row tile passes over this much of B per byte of a register before the next is taken, so that A is read less often, and
/// C, which matters more where k is small, is written in rows. Half of the L2 of typical CPUs with such registers: 1 MiB with
/// 64 bytes, 512 KiB with 32.
pub(super) const GROUP_BYTES: usize = 8 << 10;

/// The loops, on the calling thread.
#[inline]
pub(super) fn multiply<T: Real>(product: &mut Product<'_, T>) {
    product.isa.run(product);
}

impl<T: Real> Kernel<T> for &mut Product<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        let (m, n, k) = (self.c.rows(), self.c.cols(), self.a.cols());
        if m == 0 || n == 0 {
            return;
        }
        if k == 0 && self.accum == Accum::Add {
            return;
        }
        let direct = self.direct();
        if direct && (self.one_panel(l) || self.outer(l)) || self.few_rows(l) {
            return;
        }
        let (source, layout) = self.plan::<L>();
        let strip = self.strip();
        let block = self.block;
        let blocks = if k <= block { k.min(1) } else { k.div_ceil(block) };
        let per_super = match source {
            _ if !direct || blocks < 2 => blocks,
            // All panels of a block are one group, and a strip has room for its steps.
            _ if strip.is_some() => 1,
            // Few rows: the fewer steps of B, the fewer its pages.
            Source::InPlace => 1,
            _ => blocks.min((SUPER_BLOCK / block).max(1)),
        };
        let panel_len = block.min(k) * layout.width;
        // Saturating, because a view with a stride of 0 may have any number of steps: then the buffer is refused.
        let super_len = panel_len.saturating_mul(per_super);
        // Both in elements: a register has WIDTH of them.
        let fit = GROUP_BYTES * L::WIDTH / super_len.max(1);
        let group = if strip.is_some() { layout.panels() } else { fit.clamp(1, layout.panels()) };
        let panels = match self.b {
            Operand::Prepacked(_, panels) => panels,
            Operand::View(_) => (0, layout.panels()),
        };
        let partial = !n.is_multiple_of(L::WIDTH) && tiles_of::<T, L>().partial.is_empty();
        let packs = match source {
            Source::InPlace => partial,
            Source::FirstTouch | Source::PackFirst => true,
            Source::Prepacked => false,
        };
        let panels_len = if packs { super_len.saturating_mul(group) } else { 0 };
        let tile_len = if direct { 0 } else { layout.most_rows * layout.width * group };
        let copy_len = strip.map_or(0, |strip| strip.rows * strip.stride);
        let mut scratch = Scratch::borrow::<T>(panels_len.saturating_add(copy_len).saturating_add(tile_len));
        let (packed, rest) = scratch.elements().split_at_mut(panels_len);
        let (copy, tile) = rest.split_at_mut(copy_len);
        let mut loops = Loops { l, product: self, source, layout, strip, direct, panel_len, packed, copy, tile };
        let mut first = 0;
        // Without steps there is still an empty super-block, which clears C or calls the epilogue.
        loop {
            let next = blocks.min(first + per_super);
            let mut panel = panels.0;
            while panel < panels.1 {
                loops.group(first..next, panel..panels.1.min(panel + group));
                panel += group;
            }
            first = next;
            if first == blocks {
                break;
            }
        }
    }
}

impl<T: Real> Product<'_, T> {
    /// Whether tiles go straight to C.
    #[inline(always)]
    pub(super) fn direct(&self) -> bool {
        self.epilogue.is_none() && !self.swapped && self.c.col_stride() == 1 && self.a.cols() > 0
    }

    /// What a tile of these rows prefetches of A while it goes over the steps from `from` on.
    #[inline(always)]
    fn ahead(&self, a: &RowsOfA<T>, rows: &Range<usize>, from: usize) -> Ahead<T> {
        if self.a.cols() < 4 * CHUNK || self.rows_in_l1() == L1_WAYS {
            Ahead::NOTHING
        } else if a.strides.1 == 1 {
            // The rows of the next tile, beside those of this one.
            let lines = rows.len().min(a.end - rows.end);
            Ahead { first: a.element_ptr(rows.end, from), line: a.strides.0, chunk: CHUNK, lines, steps: false }
        } else {
            let chunk = CHUNK * a.strides.1;
            let first = a.element_ptr(rows.start, from).wrapping_add(chunk);
            Ahead { first, line: a.strides.1, chunk, lines: CHUNK, steps: true }
        }
    }
}

/// What the loops share.
struct Loops<'p, 'a, T, L> {
    l: L,
    product: &'p mut Product<'a, T>,
    source: Source,
    layout: Layout,
    /// Rows of A that are copied at a time, if any are.
    strip: Option<Strip>,
    /// Whether tiles go straight to C.
    direct: bool,
    /// Elements of a packed panel of one block.
    panel_len: usize,
    packed: &'p mut [T],
    copy: &'p mut [T],
    tile: &'p mut [T],
}

impl<T: Real, L: Lanes<T>> Loops<'_, '_, T, L> {
    /// LOOP 3: all rows against a group of panels.
    #[inline(always)]
    fn group(&mut self, blocks: Range<usize>, panels: Range<usize>) {
        if !self.packed.is_empty() {
            self.pack(blocks.clone(), panels.clone());
        }
        let (rows, most) = (self.product.c.rows(), self.layout.most_rows);
        let strip = self.strip.map_or(rows, |strip| strip.rows);
        let mut start = 0;
        while start < rows {
            let end = rows.min(start.saturating_add(strip));
            let a = self.rows_of_a(start..end, blocks.clone());
            let mut first = start;
            if first == 0 && self.source == Source::FirstTouch {
                // The tile that packs is a tallest one.
                first = most;
                self.row_tile(&a, 0..first, true, blocks.clone(), panels.clone());
            }
            let tiles = Balanced::of_at_most(most, end - first);
            for t in 0..tiles.parts {
                let rows = tiles.part(t);
                self.row_tile(&a, first + rows.start..first + rows.end, false, blocks.clone(), panels.clone());
            }
            start = end;
        }
    }

    /// Rows of A, copied if they are to be.
    #[inline(always)]
    fn rows_of_a(&mut self, rows: Range<usize>, blocks: Range<usize>) -> RowsOfA<T> {
        let (a, block) = (self.product.a, self.product.block);
        match self.strip {
            None => RowsOfA::in_place(a, rows.end),
            Some(strip) => {
                let steps = blocks.start * block..a.cols().min(blocks.end * block);
                RowsOfA::copied(self.product.isa, a, rows, steps, strip.stride, self.copy)
            }
        }
    }

    /// Whether the first row tile packs the panel of these columns: one that is whole and as wide as any.
    #[inline(always)]
    fn packs_itself(&self, cols: &Range<usize>) -> bool {
        self.source == Source::FirstTouch && cols.len() == self.layout.width && cols.end <= self.product.c.cols()
    }

    /// Whether tiles read these columns of B where they lie.
    #[inline(always)]
    fn in_place(&self, cols: &Range<usize>) -> bool {
        self.source == Source::InPlace && (cols.end <= self.product.c.cols() || !tiles_of::<T, L>().partial.is_empty())
    }

    /// Packs what the first row tile does not.
    #[inline(always)]
    fn pack(&mut self, blocks: Range<usize>, panels: Range<usize>) {
        let Operand::View(b) = self.product.b else { unreachable!("only a view is packed") };
        let mut slot = 0;
        for q in blocks {
            let steps = q * self.product.block..b.rows().min((q + 1) * self.product.block);
            for p in panels.clone() {
                let cols = self.layout.panel::<T, L>(p);
                if !self.packs_itself(&cols) && !self.in_place(&cols) {
                    let b = b.block(steps.clone(), cols.start..cols.end.min(b.cols()));
                    pack(self.l, b, cols.len(), &mut self.packed[slot * self.panel_len..]);
                }
                slot += 1;
            }
        }
    }

    /// LOOPS 2 and 1: a row tile against a group of panels.
    #[inline(always)]
    fn row_tile(
        &mut self,
        a: &RowsOfA<T>,
        rows: Range<usize>,
        packing: bool,
        blocks: Range<usize>,
        panels: Range<usize>,
    ) {
        let (l, layout, tiles) = (self.l, self.layout, tiles_of::<T, L>());
        let Product { accum, alpha, b, .. } = *self.product;
        let (n, k) = (self.product.c.cols(), self.product.a.cols());
        let columns = layout.panel::<T, L>(panels.start).start..layout.panel::<T, L>(panels.end - 1).end;
        if !self.direct {
            self.start_tile(&rows, &columns);
        }
        let mut packed = self.packed.as_mut_ptr();
        for q in blocks {
            let from = q * self.product.block;
            let mut job = Job {
                k: self.product.block.min(k - from),
                a: a.element_ptr(rows.start, from),
                a_strides: a.strides,
                b: core::ptr::null(),
                b_stride: 0,
                b_beyond: 0,
                b_tail: 0,
                panel: packed,
                c: self.tile.as_mut_ptr(),
                c_stride: columns.len(),
                c_tail: L::WIDTH,
                accum: if q == 0 { accum } else { Accum::Add },
                alpha,
                ahead: Ahead::NOTHING,
            };
            if self.direct {
                job.c = self.product.c.element_ptr_mut(rows.start, columns.start);
                job.c_stride = self.product.c.row_stride();
            }
            for p in panels.clone() {
                let cols = layout.panel::<T, L>(p);
                let registers = cols.len() / L::WIDTH;
                let last = L::WIDTH - (cols.end - cols.end.min(n));
                let (packing, in_place) = (packing && self.packs_itself(&cols), self.in_place(&cols));
                (job.b, job.b_stride) = match b {
                    Operand::View(b) if packing || in_place => (b.element_ptr(from, cols.start), b.row_stride()),
                    Operand::View(_) => (packed.cast_const(), cols.len()),
                    Operand::Prepacked(b, _) => (b.panel(q, p).as_ptr(), cols.len()),
                };
                job.b_beyond = if packing || in_place || p + 1 == panels.end { 0 } else { B_AHEAD };
                job.b_tail = last;
                job.panel = packed;
                if self.direct {
                    job.c_tail = last;
                }
                if p + 1 == panels.end {
                    job.ahead = self.product.ahead(a, &rows, from);
                }
                let tile = if packing {
                    tiles.packing[registers - 1]
                } else if last == L::WIDTH || !in_place {
                    tiles.whole[registers - 1][rows.len() - 1]
                } else {
                    tiles.partial[registers - 1][rows.len() - 1]
                };
                // SAFETY: the rows and columns lie in C, and in A or its copy, which has these steps. B is in place, where a partial last register is read as
                // one, or packed, where every register is whole. The panel and the tile have room for what they get.
                unsafe { tile(l, &job) };
                job.c = job.c.wrapping_add(cols.len());
                packed = packed.wrapping_add(self.panel_len);
            }
        }
        if !self.direct {
            self.finish_tile(&rows, &columns);
        }
    }

    /// Before the first block: what C holds, if the product is added to it.
    #[inline(always)]
    fn start_tile(&mut self, rows: &Range<usize>, columns: &Range<usize>) {
        let n = self.product.c.cols();
        if self.product.a.cols() == 0 {
            self.tile.fill(T::ZERO);
        }
        if self.product.accum == Accum::Add {
            for (i, tile) in rows.clone().zip(self.tile.chunks_exact_mut(columns.len())) {
                for (j, x) in (columns.start..columns.end.min(n)).zip(tile) {
                    *x = self.product.c.at(i, j);
                }
            }
        }
    }

    /// After the last block: stores the tile, or hands it to the epilogue.
    #[inline(always)]
    fn finish_tile(&mut self, rows: &Range<usize>, columns: &Range<usize>) {
        let &mut Product { isa, ref mut c, epilogue, origin, swapped, .. } = self.product;
        let (stride, cols) = (columns.len(), columns.start..columns.end.min(c.cols()));
        let mut c = c.reborrow().block(rows.clone(), cols.clone());
        match epilogue {
            Some(epilogue) if swapped => {
                let at = (origin.0 + cols.start, origin.1 + rows.start);
                epilogue.finish(FinishedTile { isa, at, product: self.tile, stride, swapped, c: c.t() });
            }
            Some(epilogue) => {
                let at = (origin.0 + rows.start, origin.1 + cols.start);
                epilogue.finish(FinishedTile { isa, at, product: self.tile, stride, swapped, c });
            }
            None if c.row_stride() == 1 => store_transposed(self.l, self.tile, stride, c.t()),
            None => {
                for (i, tile) in (0..rows.len()).zip(self.tile.chunks_exact(stride)) {
                    for (j, &x) in (0..cols.len()).zip(tile) {
                        *c.at_mut(i, j) = x;
                    }
                }
            }
        }
    }
}
