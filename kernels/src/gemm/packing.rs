//! Packing: copies a strip of an operand into panels that the microkernel reads front to back.
//!
//! ```text
//! rows of the strip        panel 0 (W rows)             panel 1
//!   0  a b c …             a d g  b e h  c f i  …        …
//!   1  d e f …      →      ╰step 0╯╰step 1╯              (W = 3 here; W = MR for A, NR for Bᵀ)
//!   2  g h i …
//! ```
//!
//! A short last panel is filled with zeros: its products are computed and thrown away.

use crate::matrix::MatRef;
use crate::real::Real;
use std::cell::RefCell;

/// Packs rows `rows.0 .. rows.0 + rows.1` and columns (k steps) `steps.0 .. steps.0 + steps.1` of `src` into panels
/// of `width` rows.
#[inline(always)]
pub(super) fn pack<T: Real>(
    src: MatRef<'_, T>,
    rows: (usize, usize),
    steps: (usize, usize),
    width: usize,
    dst: &mut [T],
) {
    let (first, count) = rows;
    let src = src.split_rows_at(first).1.split_rows_at(count).0.split_cols_at(steps.0).1.split_cols_at(steps.1).0;
    for (panel, dst) in dst[..count.next_multiple_of(width) * steps.1].chunks_exact_mut(width * steps.1).enumerate() {
        let src = src.split_rows_at(panel * width).1;
        let height = width.min(src.rows());
        if height < width {
            dst.fill(T::ZERO);
        }
        if src.row_stride() == 1 {
            // Contiguous down the panel: each step is one copy.
            let by_step = src.t();
            for (step, dst) in dst.chunks_exact_mut(width).enumerate() {
                let column = by_step.row(step).expect("unit stride");
                dst[..height].copy_from_slice(&column[..height]);
            }
        } else {
            for i in 0..height {
                match src.row(i) {
                    Some(row) => {
                        for (dst, &x) in dst.chunks_exact_mut(width).zip(row) {
                            dst[i] = x;
                        }
                    }
                    None => {
                        for (step, dst) in dst.chunks_exact_mut(width).enumerate() {
                            dst[i] = src.at(i, step);
                        }
                    }
                }
            }
        }
    }
}

/// A cache line, so that panels start on one.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line(#[expect(dead_code, reason = "only its size and alignment matter")] [u8; 64]);

thread_local! {
    /// Grows to the largest size asked for, then is reused: no allocation in steady state.
    static SCRATCH: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}

/// Lends `f` two buffers of at least these many elements, aligned to cache lines. Their content is left over.
#[inline(always)]
pub(super) fn with_scratch<T: Real>(a: usize, b: usize, f: impl FnOnce(&mut [T], &mut [T])) {
    let lines = |n: usize| (n * size_of::<T>()).div_ceil(size_of::<Line>());
    // Taken out while in use, so that a nested call finds an empty buffer instead of a locked one.
    let mut buffer = SCRATCH.with(RefCell::take);
    let needed = lines(a) + lines(b);
    if buffer.len() < needed {
        buffer.resize(needed, Line([0; 64]));
    }
    let (a, b) = buffer.split_at_mut(lines(a));
    f(as_elements(a), as_elements(b));
    SCRATCH.with(|slot| slot.replace(buffer));
}

fn as_elements<T: Real>(lines: &mut [Line]) -> &mut [T] {
    let len = size_of_val(lines) / size_of::<T>();
    // SAFETY: f32 and f64 (`Real` is sealed) accept every bit pattern, need less alignment than a line, and `len` of
    // them fill exactly the memory borrowed; the buffer is initialised.
    unsafe { core::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), len) }
}
