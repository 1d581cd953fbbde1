//! Rows transposed as they are loaded.

use super::{Lanes, opaque, transpose};
use crate::real::Real;

/// As many columns as a register has elements, by zips.
///
/// # Safety
/// - As [`Lanes::load_transposed`].
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
