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

/// Registers of 128-bit pieces.
#[cfg(target_arch = "x86_64")]
pub(super) trait Pieces<T: Real>: Lanes<T> {
    /// The 128 bits at `first` and then every `distance` elements.
    ///
    /// # Safety
    /// - All of them are valid for reading.
    unsafe fn gather(self, first: *const T, distance: usize) -> Self::Reg;
    /// a₀ b₀ a₁ b₁ … in every piece: the first half, and the second.
    fn zip_pieces(self, a: Self::Reg, b: Self::Reg) -> (Self::Reg, Self::Reg);
}

/// As many columns as 128 bits have elements. Shuffles across the pieces of a register wait for one execution port; a load that puts
/// 128 bits into a piece does not, and leaves to be shuffled what is inside the pieces: two instructions a register of `f32`, instead of
/// four zips with AVX-512 and three of two instructions with AVX2. (`f64`: one, instead of two of two with AVX2; with AVX-512 three
/// zips are no slower than the loads.)
///
/// # Safety
/// - As [`Lanes::load_transposed`].
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) unsafe fn by_pieces<T: Real, L: Pieces<T>, const N: usize>(
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
            (next[2 * i], next[2 * i + 1]) = l.zip_pieces(piece[i], piece[i + N / 2]);
        }
        piece = next;
        round *= 2;
    }
    piece
}
