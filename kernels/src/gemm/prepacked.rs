//! An operand packed once, for many products.

use super::packing::{Line, as_elements, as_elements_mut, lines, pack, zeroed_lines};
use super::plan::Layout;
use super::tile::tiles_of;
use crate::gemm::k_block;
use crate::isa::Isa;
use crate::lanes::{Kernel, Lanes};
use crate::matrix::MatRef;
use crate::real::Real;
use crate::threads::Exec;
use core::fmt;
use core::marker::PhantomData;

/// The right operand B of a product, in the panels that the tiles of one instruction set read; for
/// [`gemm_prepacked`](super::gemm_prepacked).
///
/// Pays where B is used again and again with few rows of A, or is transposed: a product that packs for itself has to do it
/// each time. Changes no bit.
pub struct Prepacked<T> {
    isa: Isa,
    shape: (usize, usize),
    layout: Layout,
    lines: Vec<Line>,
    element: PhantomData<T>,
}

impl<T: Real> Prepacked<T> {
    /// Packs `b`, k × n with any strides, for the instruction set of `exec`. Allocates.
    #[inline(never)]
    pub fn new(exec: Exec<'_>, b: MatRef<'_, T>) -> Self {
        let shape = (b.rows(), b.cols());
        let mut packed = exec.run(Plan { isa: exec.isa(), shape });
        exec.run(Pack { b, packed: &mut packed });
        packed
    }
    /// Rows and columns of B.
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }
    /// The instruction set it was packed for.
    pub fn isa(&self) -> Isa {
        self.isa
    }
    #[inline(always)]
    pub(super) fn layout(&self) -> Layout {
        self.layout
    }
    /// Elements from one packed block of a panel to the next.
    fn stride(&self) -> usize {
        // Whole cache lines, so that each starts on one.
        lines::<T>(self.layout.width * k_block(self.shape.0).min(self.shape.0)) * (size_of::<Line>() / size_of::<T>())
    }
    /// Block `q` of panel `p`.
    #[inline(always)]
    pub(super) fn panel(&self, q: usize, p: usize) -> &[T] {
        &as_elements(&self.lines)[(q * self.layout.panels() + p) * self.stride()..]
    }
}

impl<T> fmt::Debug for Prepacked<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prepacked({}x{} for {})", self.shape.0, self.shape.1, self.isa)
    }
}

/// The layout, which only the tiles of the instruction set know, and room for it.
struct Plan {
    isa: Isa,
    shape: (usize, usize),
}
impl<T: Real> Kernel<T> for Plan {
    type Output = Prepacked<T>;
    #[inline(always)]
    fn run<L: Lanes<T>>(self, _: L) -> Prepacked<T> {
        let (k, n) = self.shape;
        // The widest tiles: how many rows there will be is not known.
        let layout = Layout::widest::<T, L>(n, usize::MAX, tiles_of::<T, L>().whole);
        let mut packed = Prepacked { isa: self.isa, shape: self.shape, layout, lines: vec![], element: PhantomData };
        packed.lines = zeroed_lines(lines::<T>(packed.stride()) * layout.panels() * k.div_ceil(k_block(k)));
        packed
    }
}

struct Pack<'a, T> {
    b: MatRef<'a, T>,
    packed: &'a mut Prepacked<T>,
}
impl<T: Real> Kernel<T> for Pack<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        let Self { b, packed } = self;
        let (layout, stride, block) = (packed.layout, packed.stride(), k_block(b.rows()));
        let mut slots = as_elements_mut(&mut packed.lines).chunks_exact_mut(stride.max(1));
        for from in (0..b.rows()).step_by(block) {
            for p in 0..layout.panels() {
                let cols = layout.panel::<T, L>(p);
                let block = b.block(from..b.rows().min(from + block), cols.start..cols.end.min(b.cols()));
                pack(l, block, cols.len(), slots.next().expect("room for each"));
            }
        }
    }
}
