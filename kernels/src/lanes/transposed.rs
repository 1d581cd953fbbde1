//! Rows transposed as they are loaded.

use super::{Lanes, opaque, transpose};
use crate::matrix::MatRef;
use crate::real::Real;

/// Calls `f(j, registers)` for j = 0, [`PIECE`](Lanes::PIECE), …: register i is column j + i of `rows`, at most `WIDTH` of them
/// and contiguous; zero for those that are missing. In the last call there may be fewer registers.
#[inline(always)]
pub(crate) fn for_each_piece<T: Real, L: Lanes<T>>(l: L, rows: MatRef<'_, T>, mut f: impl FnMut(usize, &[L::Reg])) {
    let cols = rows.cols();
    if rows.rows() == L::WIDTH && cols >= L::PIECE {
        assert!(cols == 1 || rows.col_stride() == 1, "contiguous rows");
        let whole = cols - cols % L::PIECE;
        for j in (0..whole).step_by(L::PIECE) {
            // SAFETY: there are WIDTH rows of PIECE more elements.
            let piece = unsafe { l.load_transposed(rows.element_ptr(0, j), rows.row_stride()) };
            f(j, piece.as_ref());
        }
        if whole < cols {
            // The last PIECE columns, of which some are not new.
            // SAFETY: as above.
            let piece = unsafe { l.load_transposed(rows.element_ptr(0, cols - L::PIECE), rows.row_stride()) };
            f(whole, &piece.as_ref()[L::PIECE - (cols - whole)..]);
        }
    } else {
        for_each_piece_with_zeros(l, rows, f);
    }
}

/// [`for_each_piece`] where rows are missing, or so many columns that there is no whole piece.
#[inline(always)]
pub(crate) fn for_each_piece_with_zeros<T: Real, L: Lanes<T>>(
    l: L,
    rows: MatRef<'_, T>,
    mut f: impl FnMut(usize, &[L::Reg]),
) {
    let (count, cols) = (rows.rows(), rows.cols());
    assert!(count <= L::WIDTH && (cols <= 1 || rows.col_stride() == 1), "at most {} contiguous rows", L::WIDTH);
    for from in (0..cols).step_by(L::WIDTH) {
        let mut square = l.zero_square();
        let (mut row, tail) = (rows.element_ptr(0, from), l.tail(cols - from));
        for (i, reg) in square.as_mut().iter_mut().enumerate() {
            if i < count {
                // SAFETY: row i is there, and contiguous; of it WIDTH elements if there are, else all.
                *reg = unsafe { l.load_tail(row, tail) };
            }
            // Else the loops around this one would carry a pointer for every row.
            row = opaque(row.wrapping_add(rows.row_stride()));
        }
        let square = transpose(l, square);
        for (j, registers) in (from..cols).step_by(L::PIECE).zip(square.as_ref().chunks_exact(L::PIECE)) {
            f(j, &registers[..L::PIECE.min(cols - j)]);
        }
    }
}

/// As many columns as a register has elements, by zips.
///
/// # Safety
/// - As [`Lanes::load_transposed`].
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[inline(always)]
pub(super) unsafe fn by_zips<T: Real, L: Lanes<T>>(l: L, mut row: *const T, stride: usize) -> L::Square {
    let mut square = l.zero_square();
    for reg in square.as_mut() {
        // SAFETY: the caller vouches for WIDTH rows of WIDTH elements.
        *reg = unsafe { l.load_ptr(row) };
        row = opaque(row.wrapping_add(stride));
    }
    transpose(l, square)
}

/// Registers in parts of 128 bits.
#[cfg(target_arch = "x86_64")]
pub(super) trait Parts<T: Real>: Lanes<T> {
    /// The 128 bits at `first`, and every `distance` elements from there on, as many as a register has parts.
    ///
    /// # Safety
    /// - All of them are valid for reading.
    unsafe fn gather(self, first: *const T, distance: usize) -> Self::Reg;
    /// a₀ b₀ a₁ b₁ … in every part: the first half, and the second.
    fn zip_parts(self, a: Self::Reg, b: Self::Reg) -> (Self::Reg, Self::Reg);
}

/// As many columns as 128 bits have elements. Shuffles across the parts of a register wait for one execution port; a load that
/// puts 128 bits into a part does not, and leaves to be shuffled what is inside the parts: two instructions a register of `f32`,
/// instead of four zips with AVX-512 and three of two instructions with AVX2. (`f64`: one, instead of two of two with AVX2; with
/// AVX-512 three zips are no slower than the loads.)
///
/// # Safety
/// - As [`Lanes::load_transposed`].
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) unsafe fn by_parts<T: Real, L: Parts<T>, const N: usize>(
    l: L,
    mut row: *const T,
    stride: usize,
) -> [L::Reg; N] {
    let mut piece = [l.splat(T::ZERO); N];
    for reg in &mut piece {
        // SAFETY: rows i, i + N, i + 2·N, …; the caller vouches for WIDTH of them.
        *reg = unsafe { l.gather(row, N * stride) };
        row = opaque(row.wrapping_add(stride));
    }
    let mut round = 1;
    while round < N {
        let mut next = piece;
        for i in 0..N / 2 {
            (next[2 * i], next[2 * i + 1]) = l.zip_parts(piece[i], piece[i + N / 2]);
        }
        piece = next;
        round *= 2;
    }
    piece
}

#[cfg(test)]
mod tests {
    use super::Lanes;
    use crate::isa;
    use crate::lanes::Kernel;
    use crate::real::Real;

    struct Check<'a, T> {
        rows: &'a [T],
        stride: usize,
    }
    impl<T: Real> Kernel<T> for Check<'_, T> {
        type Output = ();
        #[inline(always)]
        fn run<L: Lanes<T>>(self, l: L) {
            let Self { rows, stride } = self;
            assert!(rows.len() >= (L::WIDTH - 1) * stride + L::PIECE, "rows to read");
            // SAFETY: just checked.
            let piece = unsafe { l.load_transposed(rows.as_ptr(), stride) };
            assert_eq!(piece.as_ref().len(), L::PIECE);
            for (j, &reg) in piece.as_ref().iter().enumerate() {
                let mut column = T::CANONICAL_ZERO;
                l.store(column.as_mut(), reg);
                for (i, x) in column.as_ref().iter().enumerate().take(L::WIDTH) {
                    assert_eq!(x.bits(), rows[i * stride + j].bits(), "{}, stride {stride}, ({i}, {j})", L::NAME);
                }
            }
        }
    }

    fn check<T: Real>() {
        let rows: Vec<T> = (0..16 * 17).map(|i| T::from_f64(f64::from(i))).collect();
        for isa in isa::available() {
            for stride in [17, 16, 9, 8, 0] {
                isa.run(Check { rows: &rows, stride });
            }
        }
    }

    #[test]
    fn registers_are_the_columns() {
        check::<f32>();
        check::<f64>();
    }
}
