//! The tile of each ISA: how many rows and columns of C stay in registers, and how long the packed strips are.
//!
//! `gemm/tile/{avx512,avx2,neon,scalar}.rs` hold the numbers and why they are what they are. None decides a bit.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

use crate::accum::Accum;

/// Register tile and cache strips of one ISA for elements of type `T` (sealed, like [`Lanes`](crate::lanes::Lanes)).
pub trait Tile<T>: Copy + private::Sealed {
    /// Rows of C in a tile.
    const MR: usize;
    /// Columns of C in a tile.
    const NR: usize;
    /// Rows of A packed at a time: MC × KC elements should stay in L2. A multiple of `MR`.
    const MC: usize;
    /// Columns of B packed at a time: KC × NC elements should stay in L3. A multiple of `NR`.
    const NC: usize;

    /// Computes one tile from packed panels of `k` steps and stores it.
    ///
    /// # Safety
    /// - `a` is valid for reading `k · MR` elements, `b` for `k · NR`.
    /// - `c` describes elements valid for reading and writing, at most MR × NR of them.
    unsafe fn tile(self, k: usize, a: *const T, b: *const T, c: Destination<T>);
}

mod private {
    pub trait Sealed {}
    impl Sealed for pulp::Scalar {}
    #[cfg(target_arch = "x86_64")]
    impl Sealed for pulp::x86::V3 {}
    #[cfg(target_arch = "x86_64")]
    impl Sealed for pulp::x86::V4 {}
    #[cfg(target_arch = "aarch64")]
    impl Sealed for pulp::aarch64::Neon {}
}

/// Where a tile goes and what happens there.
#[derive(Clone, Copy)]
pub struct Destination<T> {
    /// Element (0, 0) of the tile.
    pub ptr: *mut T,
    /// Rows to write.
    pub rows: usize,
    /// Columns to write.
    pub cols: usize,
    /// Elements from one row to the next.
    pub row_stride: usize,
    /// Elements from one column to the next.
    pub col_stride: usize,
    /// Replace or add.
    pub accum: Accum,
    /// Factor of the product.
    pub alpha: T,
}

/// Stamps the tile of a token: `rows × registers`, and the strips.
macro_rules! tile {
    ($(<$G:ident>)? $T:ident, $token:ty, MR = $mr:literal, NV = $nv:literal, MC = $mc:literal, NC = $nc:literal) => {
        impl $(<$G: crate::real::Real>)? crate::gemm::Tile<$T> for $token {
            const MR: usize = $mr;
            const NR: usize = $nv * <Self as crate::lanes::Lanes<$T>>::WIDTH;
            const MC: usize = {
                assert!($mc % $mr == 0);
                $mc
            };
            const NC: usize = {
                let nr = <Self as crate::gemm::Tile<$T>>::NR;
                assert!($nc % nr == 0 && nr <= <$T as crate::real::Real>::LANES);
                $nc
            };
            #[inline(always)]
            unsafe fn tile(self, k: usize, a: *const $T, b: *const $T, c: crate::gemm::Destination<$T>) {
                // SAFETY: the caller's obligations are the microkernel's.
                unsafe { crate::gemm::microkernel::microkernel::<$T, Self, $mr, $nv>(self, k, a, b, c) }
            }
        }
    };
}
use tile;
