//! Products that copy A first, so that its rows are contiguous.
//!
//! A tile reads MR numbers of A per step. In Aᵀ·B they lie beside each other, and every step is a cache line of its own: of
//! which a low tile uses little, in few sets of the caches if the distance from step to step is a large power of two, and read
//! again for every panel of B. The copy costs one pass over A and decides no bit.
//!
//! Where the panels of a K block are one group, which stays in L2, A is copied strip by strip, and each strip is used while it is in L2,
//! too: 1.03 to 1.1 times as fast as a copy of all of A. Where they are several, each would copy A again; then all of it is
//! copied first.

use super::blocking::Balanced;
use super::driver::{self, GROUP_BYTES, Operand, Product};
use super::packing::{Scratch, pack};
use super::plan::PAGE;
use crate::accum::Accum;
use crate::isa::Isa;
use crate::lanes::{Kernel, Lanes};
use crate::matrix::MatRef;
use crate::real::Real;
use core::ops::Range;

/// Rows that a strip has a multiple of: whole tiles of most heights.
const STRIP_ROWS: usize = 24;
/// Bytes of a copy of all of A: more rows, and B is packed less often.
const COPY: usize = 4 << 20;
/// Bytes of a row of the copy: a super-block of `f32`. Measured: twice as many are slower.
const ROW: usize = 4 << 10;
/// A copy of fewer rows, or for fewer columns of C, costs more than it saves.
const FEWEST: (usize, usize) = (64, 128);
/// With 64-byte registers, a product of fewer bytes of A times columns of C is not worth a copy: 1 MiB and 256.
const WORK: usize = 1 << 28;

/// Computes a product on the calling thread.
#[inline]
pub(super) fn multiply<T: Real>(product: &mut Product<'_, T>) {
    if product.wants_contiguous_rows() && product.strip().is_none() {
        copied(product)
    } else {
        driver::multiply(product)
    }
}

fn copied<T: Real>(product: &mut Product<'_, T>) {
    let (m, n, k) = (product.c.rows(), product.c.cols(), product.a.cols());
    let steps = product.steps_at_once();
    if steps > COPY {
        return driver::multiply(product);
    }
    let stride = stride::<T>(steps);
    let rows = m.min(COPY / size_of::<T>() / stride);
    if rows < FEWEST.0 {
        return driver::multiply(product);
    }
    let mut scratch = Scratch::borrow::<T>(rows * stride);
    let parts = Balanced::of_at_most(rows, m); // of equal height: each packs B
    for rows in (0..parts.parts).map(|i| parts.part(i)) {
        for steps in ranges(k, steps) {
            // SAFETY: there is one part at a time.
            let mut part = unsafe { product.part(rows.clone(), 0..n, steps.clone()) };
            part.isa.run(CopyRows { a: part.a, stride, copy: scratch.elements() });
            let shape = (rows.len(), steps.len());
            part.a = MatRef::with_strides(scratch.elements(), shape, (stride, 1)).expect("room for the copy");
            if steps.start > 0 {
                part.accum = Accum::Add;
            }
            driver::multiply(&mut part);
        }
    }
}

/// Elements from one row of a copy to the next: whole cache lines, but no multiple of a page, whose sets L1 has few of.
#[inline(always)]
fn stride<T>(steps: usize) -> usize {
    let stride = steps.saturating_add(15) & !15;
    stride + if (stride * size_of::<T>()).is_multiple_of(PAGE) { 16 } else { 0 }
}

/// 0..total in ranges of `len`, the last may be shorter.
fn ranges(total: usize, len: usize) -> impl Iterator<Item = Range<usize>> {
    (0..total).step_by(len.max(1)).map(move |first| first..total.min(first + len))
}

impl<T: Real> Product<'_, T> {
    /// Whether the copy pays. Measured: nearly always where registers are short, because there tiles are narrow and A is read
    /// often; else where A, or most of it, leaves L2 before it is read again.
    #[inline(always)]
    fn wants_contiguous_rows(&self) -> bool {
        let (m, n, k, step) = (self.c.rows(), self.c.cols(), self.a.cols(), self.a.col_stride());
        if step == 1 || m < FEWEST.0 || n < FEWEST.1 {
            return false;
        }
        match self.isa.register_bytes() {
            64.. => m.saturating_mul(n).saturating_mul(k).saturating_mul(size_of::<T>()) >= WORK,
            _ => k >= 64,
        }
    }

    /// What is copied of A at a time, if the driver does it.
    #[inline(always)]
    pub(super) fn strip(&self) -> Option<Strip> {
        if !self.wants_contiguous_rows() {
            return None;
        }
        let steps = if self.direct() { self.block.min(self.a.cols()) } else { self.a.cols() };
        let group = GROUP_BYTES * self.isa.register_bytes() / size_of::<T>();
        if steps.saturating_mul(self.c.cols()) > group {
            return None; // several groups
        }
        Some(Strip::of::<T>(steps, group / 2))
    }

    /// Steps of a copy: all of them where C can only be written once.
    fn steps_at_once(&self) -> usize {
        let (k, block) = (self.a.cols(), self.block);
        let at_once = self.epilogue.is_some() || matches!(self.b, Operand::Prepacked(..));
        if at_once { k } else { k.min((ROW / size_of::<T>() / block).max(1) * block) }
    }
}

/// Rows that are copied at a time, and the distance between them.
#[derive(Clone, Copy)]
pub(super) struct Strip {
    pub(super) rows: usize,
    pub(super) stride: usize,
}
impl Strip {
    /// As many rows of so many steps as there are elements for.
    #[inline(always)]
    fn of<T>(steps: usize, elements: usize) -> Self {
        let stride = stride::<T>(steps);
        let rows = elements / stride;
        Self { rows: rows - rows % STRIP_ROWS, stride }
    }
}

/// Some rows of A as tiles read them: valid as long as A, or until the copy is written again.
pub(super) struct RowsOfA<T> {
    /// Element (0, 0) of A, or where it would be.
    origin: *const T,
    /// From one row to the next, and from one step to the next.
    pub(super) strides: (usize, usize),
    /// The row after the last.
    pub(super) end: usize,
}
impl<T: Real> RowsOfA<T> {
    /// The rows before `end`, where they lie.
    #[inline(always)]
    pub(super) fn in_place(a: MatRef<'_, T>, end: usize) -> Self {
        Self { origin: a.element_ptr(0, 0), strides: (a.row_stride(), a.col_stride()), end }
    }
    /// These steps of these rows, in `copy`, rows `stride` apart.
    pub(super) fn copied(
        isa: Isa,
        a: MatRef<'_, T>,
        rows: Range<usize>,
        steps: Range<usize>,
        stride: usize,
        copy: &mut [T],
    ) -> Self {
        assert!(steps.len() <= stride, "room for the steps");
        // An entry point of its own: inlined, it would cost the registers of products that copy nothing.
        isa.run(CopyRows { a: a.block(rows.clone(), steps.clone()), stride, copy });
        let origin = copy.as_ptr().wrapping_sub(rows.start * stride + steps.start);
        Self { origin, strides: (stride, 1), end: rows.end }
    }
    #[inline(always)]
    pub(super) fn element_ptr(&self, i: usize, j: usize) -> *const T {
        self.origin.wrapping_add(i.wrapping_mul(self.strides.0).wrapping_add(j.wrapping_mul(self.strides.1)))
    }
}

struct CopyRows<'a, T> {
    a: MatRef<'a, T>,
    stride: usize,
    copy: &'a mut [T],
}
impl<T: Real> Kernel<T> for CopyRows<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        // As if the rows of A were the steps of a panel.
        pack(l, self.a, self.stride, self.copy);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_copy_are_no_page_apart() {
        for steps in 1..3000 {
            for (stride, size) in [(stride::<f32>(steps), 4), (stride::<f64>(steps), 8)] {
                assert!(stride >= steps && stride < steps + 32 && stride.is_multiple_of(16), "{steps}: {stride}");
                assert!(!(stride * size).is_multiple_of(PAGE), "{steps}: {stride}");
            }
        }
    }

    #[test]
    fn a_strip_has_whole_tiles_of_every_height() {
        for register in [4, 16, 32, 64] {
            for (size, of) in [(4, Strip::of::<f32> as fn(usize, usize) -> Strip), (8, Strip::of::<f64>)] {
                let group = GROUP_BYTES * register / size;
                for steps in 1..=group / FEWEST.1 {
                    let strip = of(steps, group / 2);
                    assert!(strip.rows >= STRIP_ROWS && strip.rows % STRIP_ROWS == 0, "{register}, {size}, {steps}");
                }
            }
        }
    }
}
