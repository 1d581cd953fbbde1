//! Packing: copies columns of B into panels that a tile reads front to back.
//!
//! ```text
//! step 0 of B    b₀₀ b₀₁ b₀₂ b₀₃ b₀₄ …         panel 0: b₀₀ b₀₁ b₀₂  b₁₀ b₁₁ b₁₂  …
//! step 1         b₁₀ b₁₁ b₁₂ b₁₃ b₁₄ …    →    panel 1: b₀₃ b₀₄ 0    b₁₃ b₁₄ 0    …
//!                                              (panels 3 wide here; a whole number of registers)
//! ```
//!
//! Where the steps of B are contiguous the tiles do it themselves, on first touch; this is for the others and for a last
//! panel that is not a whole number of registers wide.

use crate::lanes::{Lanes, for_each_piece, for_each_piece_with_zeros};
use crate::matrix::{MatMut, MatRef};
use crate::real::Real;
use std::cell::RefCell;

/// Copies `b` (steps × columns) into a panel of `width` columns (a multiple of `WIDTH`, at least those of `b`), the rest zeros.
#[inline(always)]
pub(super) fn pack<T: Real, L: Lanes<T>>(l: L, b: MatRef<'_, T>, width: usize, panel: &mut [T]) {
    let (steps, cols) = (b.rows(), b.cols());
    let panel = &mut panel[..steps * width];
    if b.col_stride() == 1 {
        for (step, to) in panel.chunks_exact_mut(width).enumerate() {
            let row = b.row(step).expect("contiguous steps");
            for (v, to) in to.chunks_exact_mut(L::WIDTH).enumerate() {
                l.store(to, l.load_partial(&row[(v * L::WIDTH).min(cols)..]));
            }
        }
    } else if b.row_stride() == 1 {
        pack_transposed(l, b.t(), width, panel);
    } else {
        panel.fill(T::ZERO);
        for (step, to) in panel.chunks_exact_mut(width).enumerate() {
            for (j, to) in to.iter_mut().enumerate().take(cols) {
                *to = b.at(step, j);
            }
        }
    }
}

/// [`pack`] for Bᵀ with contiguous columns of steps.
#[inline(always)]
fn pack_transposed<T: Real, L: Lanes<T>>(l: L, columns: MatRef<'_, T>, width: usize, panel: &mut [T]) {
    let (cols, steps) = (columns.rows(), columns.cols());
    assert!(width.is_multiple_of(L::WIDTH) && panel.len() >= width * steps, "a panel for {cols}x{steps}");
    for j in (0..width).step_by(L::WIDTH) {
        let columns = columns.block(j.min(cols)..cols.min(j + L::WIDTH), 0..steps);
        // Not `for_each_piece`, because a last piece may be stored whole: up to 1.7 times as fast for few steps or columns.
        if columns.rows() == L::WIDTH && steps >= L::PIECE {
            for step in (0..steps).step_by(L::PIECE) {
                // The last piece may overlap the one before.
                let step = step.min(steps - L::PIECE);
                // SAFETY: there are WIDTH columns of PIECE steps, and the panel has room for as many.
                unsafe {
                    let piece = l.load_transposed(columns.element_ptr(0, step), columns.row_stride());
                    let mut to = panel.as_mut_ptr().add(step * width + j);
                    for &reg in piece.as_ref() {
                        l.store_ptr(to, reg);
                        to = to.wrapping_add(width);
                    }
                }
            }
        } else {
            for_each_piece_with_zeros(
                l,
                columns,
                #[inline(always)]
                |step, registers| {
                    for (to, &reg) in panel[step * width..].chunks_exact_mut(width).zip(registers) {
                        l.store(&mut to[j..], reg);
                    }
                },
            );
        }
    }
}

/// Stores the transpose of `tile` (`cols` rows of `stride` elements) to C with contiguous rows.
#[inline(always)]
pub(super) fn store_transposed<T: Real, L: Lanes<T>>(l: L, tile: &[T], stride: usize, c: MatMut<'_, T>) {
    let tile = MatRef::new(tile, c.cols(), stride);
    update_transposed(
        l,
        tile,
        c,
        #[inline(always)]
        |new, _| new,
    );
}

/// C ← `new`(Tᵀ, C), by registers of C with contiguous rows. T: `tile`, as many rows as C has columns, or its first columns.
#[inline(always)]
pub(super) fn update_transposed<T: Real, L: Lanes<T>>(
    l: L,
    tile: MatRef<'_, T>,
    mut c: MatMut<'_, T>,
    new: impl Fn(L::Reg, &[T]) -> L::Reg,
) {
    let (rows, cols) = (c.rows(), c.cols());
    for j in (0..cols).step_by(L::WIDTH) {
        let columns = j..cols.min(j + L::WIDTH);
        for_each_piece(
            l,
            tile.block(columns.clone(), 0..rows),
            #[inline(always)]
            |i, registers| {
                let pieces = c.row_pieces_mut(i..i + registers.len(), columns.clone());
                for (c, &reg) in pieces.zip(registers) {
                    let reg = new(reg, c);
                    l.store_partial(c, reg);
                }
            },
        );
    }
}

/// A cache line, so that panels start on one.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Line(#[expect(dead_code, reason = "only its size and alignment matter")] [u8; 64]);

/// At least `n` elements in whole cache lines.
#[inline(always)]
pub(super) fn lines<T>(n: usize) -> usize {
    n.saturating_mul(size_of::<T>()).div_ceil(size_of::<Line>())
}

pub(super) fn zeroed_lines(n: usize) -> Vec<Line> {
    vec![Line([0; 64]); n]
}

thread_local! {
    /// The buffers not in use, last in, first out, so that nested calls meet the same ones again. They grow to the largest
    /// size asked for, then are reused: no allocation in steady state.
    static SCRATCH: RefCell<Vec<Vec<Line>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer of this thread, for as long as this lives; its content is left over.
pub(crate) struct Scratch(Vec<Line>);

impl Scratch {
    /// Room for at least `n` elements, aligned to cache lines.
    #[inline(always)]
    pub(crate) fn borrow<T: Real>(n: usize) -> Self {
        Self(if n == 0 { Vec::new() } else { take_buffer(lines::<T>(n)) })
    }
    #[inline(always)]
    pub(crate) fn elements<T: Real>(&mut self) -> &mut [T] {
        as_elements_mut(&mut self.0)
    }
    pub(crate) fn as_slice<T: Real>(&self) -> &[T] {
        as_elements(&self.0)
    }
}

impl Drop for Scratch {
    #[inline(always)]
    fn drop(&mut self) {
        if !self.0.is_empty() {
            return_buffer(core::mem::take(&mut self.0));
        }
    }
}

// Not inlined: there is nothing hot in them. At the end of a thread, in the destructor of another thread-local, the buffers may be gone:
// then there is one per call.
#[inline(never)]
fn take_buffer(lines: usize) -> Vec<Line> {
    let buffer = SCRATCH.try_with(|free| free.borrow_mut().pop()).ok().flatten().unwrap_or_default();
    if buffer.len() < lines { zeroed_lines(lines) } else { buffer }
}
#[inline(never)]
fn return_buffer(buffer: Vec<Line>) {
    _ = SCRATCH.try_with(|free| free.borrow_mut().push(buffer));
}

pub(super) fn as_elements<T: Real>(lines: &[Line]) -> &[T] {
    let len = size_of_val(lines) / size_of::<T>();
    // SAFETY: f32 and f64 (`Real` is sealed) accept every bit pattern, need less alignment than a line, and `len` of
    // them fill exactly the memory borrowed, which is initialized.
    unsafe { core::slice::from_raw_parts(lines.as_ptr().cast(), len) }
}

pub(super) fn as_elements_mut<T: Real>(lines: &mut [Line]) -> &mut [T] {
    let len = size_of_val(lines) / size_of::<T>();
    // SAFETY: as above.
    unsafe { core::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), len) }
}
