//! How threads share a product. Elements of C do not depend on each other, and K blocks are added in order whoever computed
//! them, so no division decides a bit.

use super::blocking::Balanced;
use super::driver::{Operand, Product};
use super::epilogue::FinishedTile;
use super::packing::{Scratch, update_transposed};
use super::rows;
use crate::accum::Accum;
use crate::lanes::{Kernel, Lanes};
use crate::matrix::{MatMut, MatRef};
use crate::real::Real;
use crate::threads::{Exec, Par};
use core::ops::{Deref, Range};

/// What the parts of a product are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Division {
    /// One part.
    Whole,
    /// So many strips of rows.
    Rows(usize),
    /// So many strips of columns, cut at multiples of [`COLUMN_UNIT`].
    Columns(usize),
    /// So many runs of K blocks, for an output too small to be cut or of few rows.
    Blocks(usize),
}

/// Two threads do not write to the same cache line, and panels stay whole registers.
const COLUMN_UNIT: usize = 16;
/// Rows worth giving to a thread: two tiles.
const ROWS_PER_THREAD: usize = 12;
/// C with fewer elements is cut by K blocks.
const SMALL_OUTPUT: usize = 1 << 12;
/// So is C with at most so many rows, whose sums have at most so many elements, if rows of B are contiguous: then a thread reads
/// the rows of a layer's weights in the forward pass that it reads and writes in the backward pass, and they stay in its L2 (all of
/// them if the blocks are a multiple of the threads). Measured: a training step of a few samples is up to five times as fast
/// as with strips of columns.
const FEW_ROWS: (usize, usize) = (128, 1 << 18);
/// B with fewer elements costs less to pack for each thread than the cache line of C that two strips of columns share in each
/// row where rows of C do not begin with one. Measured: 128×256×10 A·Bᵀ takes two and a half times as long by columns.
const SMALL_B: usize = 1 << 12;

/// Fewest multiply-adds worth a thread: as long as the hand-off takes, or it would be slower with threads than without.
fn min_work(par: Par<'_>) -> usize {
    match par {
        Par::Seq => usize::MAX,
        #[cfg(feature = "rayon")]
        Par::Rayon => 1 << 20, // waking a worker costs about 15 µs
        Par::Team(_) => 1 << 16, // 0.8 µs with 64-byte registers. Measured: 48³ is slower on two threads, 64³ faster on two cores
    }
}

impl Division {
    /// For a product of `blocks` K blocks that can be taken apart.
    pub(super) fn choose(par: Par<'_>, (m, n, k): (usize, usize, usize), blocks: usize) -> Self {
        let work = m.saturating_mul(n).saturating_mul(k);
        Self::of(par.threads().min(work / min_work(par)), (m, n, k), blocks)
    }

    /// For `threads` that pay off.
    fn of(threads: usize, (m, n, k): (usize, usize, usize), blocks: usize) -> Self {
        if threads <= 1 {
            return Self::Whole;
        }
        let rows = threads.min(m / ROWS_PER_THREAD);
        let columns = threads.min(n / COLUMN_UNIT);
        let few_rows = m <= FEW_ROWS.0 && (m * n).saturating_mul(blocks) <= FEW_ROWS.1;
        let by_blocks = if m * n <= SMALL_OUTPUT || few_rows { threads.min(blocks) } else { 1 };
        match () {
            () if few_rows && by_blocks == threads => Self::Blocks(threads),
            // Each thread packs what it needs of B: for few rows it is cheaper to cut B.
            () if rows == threads && (m >= n || k.saturating_mul(n) <= SMALL_B) => Self::Rows(rows),
            () if columns > 1 && columns >= rows.max(by_blocks) => Self::Columns(columns),
            () if rows > 1 && rows >= by_blocks => Self::Rows(rows),
            () if by_blocks > 1 => Self::Blocks(by_blocks),
            () => Self::Whole,
        }
    }
}

/// Computes a product with the threads of `exec`.
#[inline]
pub(super) fn run<T: Real>(exec: Exec<'_>, mut product: Product<'_, T>) {
    let work = product.c.rows().saturating_mul(product.c.cols()).saturating_mul(product.a.cols());
    if work / 2 < min_work(exec.par()) {
        return rows::multiply(&mut product);
    }
    divide(exec, product);
}

fn divide<T: Real>(exec: Exec<'_>, product: Product<'_, T>) {
    let (m, n, k) = (product.c.rows(), product.c.cols(), product.a.cols());
    let few_columns = n < exec.par().threads() * COLUMN_UNIT;
    let apart = !product.swapped
        && matches!(product.b, Operand::View(b) if b.col_stride() == 1 || m * n <= SMALL_OUTPUT)
        && (product.c.col_stride() == 1 || few_columns); // Else columns are as good, and no sums have to be transposed.
    let blocks = if apart { k.div_ceil(product.block) } else { 1 };
    let division = Division::choose(exec.par(), (m, n, k), blocks);
    let product = Divided(product);
    // Closures that move what they use into themselves: it lies together, and other threads fetch it at once.
    match (division, product.b) {
        (Division::Rows(number), _) => {
            let rows = Balanced::new(number, m);
            exec.par().for_each_part(number, &move |i| {
                // SAFETY: each part has rows of its own.
                rows::multiply(&mut unsafe { product.part(rows.part(i), 0..n, 0..k) });
            });
        }
        (Division::Columns(number), Operand::View(_)) => {
            let units = Balanced::new(number, n.div_ceil(COLUMN_UNIT));
            exec.par().for_each_part(number, &move |i| {
                let units = units.part(i);
                let cols = units.start * COLUMN_UNIT..n.min(units.end * COLUMN_UNIT);
                // SAFETY: each part has columns of its own.
                rows::multiply(&mut unsafe { product.part(0..m, cols, 0..k) });
            });
        }
        (Division::Columns(number), Operand::Prepacked(b, _)) => {
            let panels = Balanced::new(number.min(b.layout().panels()), b.layout().panels());
            exec.par().for_each_part(panels.parts, &move |i| {
                // SAFETY: each part writes the columns of its own panels.
                let mut part = unsafe { product.part(0..m, 0..n, 0..k) };
                part.b = Operand::Prepacked(b, (panels.part(i).start, panels.part(i).end));
                rows::multiply(&mut part);
            });
        }
        (Division::Blocks(number), _) => by_blocks(exec, &product, number),
        (Division::Whole, _) => {
            let Divided(mut whole) = product;
            rows::multiply(&mut whole)
        }
    }
}

/// A product of which several threads take parts, on cache lines of its own. Measured, with what moves beside it: 0.2 to 0.4 µs less per
/// product on two threads.
#[repr(align(64))]
struct Divided<'a, T>(Product<'a, T>);

/// So that a closure which moves it, by whatever it uses, captures all of it; a field would come without its alignment.
impl<'a, T> Deref for Divided<'a, T> {
    type Target = Product<'a, T>;
    #[inline(always)]
    fn deref(&self) -> &Product<'a, T> {
        &self.0
    }
}

impl<T: Real> Product<'_, T> {
    /// The part with these rows and columns of C, and steps.
    ///
    /// # Safety
    /// - Parts in use at the same time write different elements of C.
    pub(super) unsafe fn part(&self, rows: Range<usize>, cols: Range<usize>, steps: Range<usize>) -> Product<'_, T> {
        let Product { isa, accum, alpha, a, b, ref c, epilogue, block, origin, swapped } = *self;
        Product {
            isa,
            accum,
            alpha,
            a: a.block(rows.clone(), steps.clone()),
            b: match b {
                Operand::View(b) => Operand::View(b.block(steps, cols.clone())),
                Operand::Prepacked(..) => b,
            },
            // SAFETY: the caller keeps parts that are in use apart.
            c: unsafe { c.shared() }.block(rows.clone(), cols.clone()),
            epilogue,
            block,
            origin: match swapped {
                false => (origin.0 + rows.start, origin.1 + cols.start),
                true => (origin.0 + cols.start, origin.1 + rows.start),
            },
            swapped,
        }
    }
}

/// Sums of the K blocks side by side, then added in order.
fn by_blocks<T: Real>(exec: Exec<'_>, product: &Divided<'_, T>, number: usize) {
    let (m, n, k, block) = (product.c.rows(), product.c.cols(), product.a.cols(), product.block);
    let blocks = k.div_ceil(block);
    let mut scratch = Scratch::borrow::<T>(blocks.saturating_mul(m * n));
    let sums = MatMut::new(scratch.elements(), blocks * m, n);
    let runs = Balanced::new(number, blocks);
    exec.par().for_each_part(number, &|i| {
        for q in runs.part(i) {
            let steps = q * block..k.min((q + 1) * block);
            // SAFETY: of C, the part has nothing to write but its own rows of the sums.
            let (part, c) = unsafe { (product.part(0..m, 0..n, steps), sums.shared()) };
            let c = c.block(q * m..(q + 1) * m, 0..n);
            rows::multiply(&mut Product { accum: Accum::Replace, alpha: T::ONE, c, epilogue: None, ..part });
        }
    });
    let strips = Balanced::new(if m * n < SMALL_OUTPUT { 1 } else { number.min(m) }, m);
    exec.par().for_each_part(strips.parts, &|i| {
        let rows = strips.part(i);
        // SAFETY: each part has rows of its own, of C and of the sums of every block.
        let (part, sums, first) = unsafe { (product.part(rows.clone(), 0..n, 0..k), sums.shared(), sums.shared()) };
        exec.run(AddSums { part, sums: sums.as_ref(), of: m, row: rows.start, first: first.block(rows, 0..n) });
    });
}

/// Adds the sums of K blocks to C in order, or, with an epilogue, to those of the first block, which it then takes.
struct AddSums<'a, T> {
    /// Rows of the product.
    part: Product<'a, T>,
    /// The sums, `of` rows for each block.
    sums: MatRef<'a, T>,
    of: usize,
    /// The first row of the part.
    row: usize,
    /// The part's rows of the first block.
    first: MatMut<'a, T>,
}
impl<T: Real> Kernel<T> for AddSums<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        let Self { part, sums, of, row, mut first } = self;
        let Product { isa, accum, alpha, mut c, epilogue, origin, swapped, .. } = part;
        if epilogue.is_none() && c.col_stride() != 1 && c.row_stride() == 1 {
            let (mut accum, factor, mut c, cols) = (accum, l.splat(alpha), c.t(), 0..sums.cols());
            for from in (row..sums.rows()).step_by(of) {
                let sums = sums.block(from..from + c.cols(), cols.clone());
                update_transposed(
                    l,
                    sums,
                    c.reborrow(),
                    #[inline(always)]
                    |sum, c| match accum {
                        Accum::Replace => l.mul(factor, sum),
                        Accum::Add => l.fma(factor, sum, l.load_partial(c)),
                    },
                );
                accum = Accum::Add;
            }
            return;
        }
        for i in 0..c.rows() {
            let (to, mut accum, mut from) =
                if epilogue.is_some() { (&mut first, Accum::Add, of) } else { (&mut c, accum, 0) };
            while from < sums.rows() {
                add(accum, alpha, sums.row(from + row + i).expect("contiguous rows"), to, i);
                accum = Accum::Add;
                from += of;
            }
            if let Some(epilogue) = epilogue {
                let product = first.row_mut(i).expect("contiguous rows");
                let c = c.reborrow().block(i..i + 1, 0..product.len());
                let (at, stride) = ((origin.0 + i, origin.1), product.len());
                epilogue.finish(FinishedTile { isa, at, product, stride, swapped, c });
            }
        }
    }
}

/// Adds sums to row `i` of C.
#[inline(always)]
fn add<T: Real>(accum: Accum, alpha: T, sums: &[T], c: &mut MatMut<'_, T>, i: usize) {
    if let Some(c) = c.row_mut(i) {
        for (c, &sum) in c.iter_mut().zip(sums) {
            *c = accum.apply(alpha, sum, c);
        }
    } else {
        for (j, &sum) in sums.iter().enumerate() {
            let c = c.at_mut(i, j);
            *c = accum.apply(alpha, sum, c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_thread_gets_less_than_it_costs() {
        // (threads that pay, shape, K blocks)
        for (threads, shape, blocks, want) in [
            (1, (1000, 1000, 4096), 8, Division::Whole),
            (2, (64, 64, 512), 1, Division::Rows(2)),
            (2, (784, 512, 512), 1, Division::Rows(2)),
            (2, (8, 512, 1024), 2, Division::Blocks(2)),
            (2, (30, 512, 1024), 2, Division::Blocks(2)),
            (2, (30, 512, 512), 1, Division::Columns(2)),
            (2, (200, 512, 1024), 2, Division::Columns(2)),
            (2, (512, 10, 512), 1, Division::Rows(2)),
            (4, (24, 16, 51200), 100, Division::Blocks(4)),
            (2, (1, 512, 1024), 2, Division::Blocks(2)),
            (2, (128, 2048, 60416), 118, Division::Columns(2)), // too many sums
            (4, (8, 512, 1024), 2, Division::Columns(4)),
            (2, (10, 10, 10240), 20, Division::Blocks(2)),
            (2, (10, 10, 512), 1, Division::Whole),
            (8, (48, 48, 512), 1, Division::Rows(4)),
            (2, (128, 256, 10), 1, Division::Rows(2)),
            (2, (128, 512, 64), 1, Division::Columns(2)),
        ] {
            assert_eq!(Division::of(threads, shape, blocks), want, "{threads} threads, {shape:?}");
        }
    }

    #[test]
    fn small_products_stay_on_the_calling_thread() {
        assert_eq!(Division::choose(Par::Seq, (4000, 4000, 4000), 8), Division::Whole);
        #[cfg(feature = "rayon")]
        assert_eq!(Division::choose(Par::Rayon, (64, 64, 64), 1), Division::Whole);
        if cfg!(not(any(miri, loom))) {
            let team = crate::threads::Team::new(2).expect("a second thread");
            assert_eq!(Division::choose(Par::Team(&team), (48, 48, 48), 1), Division::Whole);
            assert_eq!(Division::choose(Par::Team(&team), (64, 64, 64), 1), Division::Rows(2));
        }
    }
}
