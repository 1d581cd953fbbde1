//! The tiles of each ISA: which blocks of C stay in registers.
//!
//! `gemm/tile/{avx512,avx2,neon,scalar}.rs` hold the numbers and why they are what they are. None decides a bit.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;

use super::microkernel::Job;
use crate::lanes::Kernel;
use crate::real::Real;

/// Computes one tile; entry point of code compiled for the instruction set.
///
/// # Safety
/// As the microkernel.
pub type TileFn<T, L> = unsafe fn(L, &Job<T>);

/// The tiles of one ISA, indexed by `[registers per row − 1]`, then `[rows − 1]`; a table's length is the largest tile.
#[doc(hidden)]
pub struct Tiles<T: 'static, L: 'static> {
    /// The last register of a row of B is whole: all of it may be read (that of C may be partial).
    pub(super) whole: &'static [&'static [TileFn<T, L>]],
    /// The last register of a row of B is partial. Empty where such a load would be slow: then that panel is packed.
    pub(super) partial: &'static [&'static [TileFn<T, L>]],
    /// Registers per row of the tiles for many rows: those with the most registers of C. Wider ones serve few rows.
    pub(super) widest: usize,
    /// `[registers per row − 1]`, up to `widest`: the tallest tile of `whole`, which also copies B into a panel.
    pub(super) packing: &'static [TileFn<T, L>],
}

/// What an ISA needs for products of elements of type `T` (sealed, like [`Lanes`](crate::lanes::Lanes)).
pub trait Tile<T: Real>: Copy + private::Sealed + 'static {
    /// The tiles: statics, so that they are compiled once, in this crate.
    #[doc(hidden)]
    fn tiles() -> &'static Tiles<T, Self>;

    /// Runs `kernel` compiled for the instruction set.
    fn enter<K: Kernel<T>>(self, kernel: K) -> K::Output;
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

/// Of tables of rows, the last one with the most registers.
const fn widest(rows: &[&[usize]]) -> usize {
    let (mut best, mut i) = (0, 1);
    while i < rows.len() {
        if (i + 1) * rows[i].len() >= (best + 1) * rows[best].len() {
            best = i;
        }
        i += 1;
    }
    best + 1
}

/// Stamps the tiles of a token: for each number of registers per row, the numbers of rows; once for whole last
/// registers, once for partial ones.
macro_rules! tiles {
    (
        $T:ident, $token:ty, enter $enter:path,
        whole { $($nv:literal: $($mr:literal)+ $(, packing $pack:literal)?;)+ }
        partial { $($tail_nv:literal: $($tail_mr:literal)+;)* }
    ) => {
        impl super::Tile<$T> for $token {
            #[inline(always)]
            fn tiles() -> &'static super::Tiles<$T, Self> {
                use crate::gemm::microkernel::enter;
                static TILES: super::Tiles<$T, $token> = super::Tiles {
                    whole: &[$(&[$(enter::<$T, $token, $mr, $nv, false, false>),+]),+],
                    partial: &[$(&[$(enter::<$T, $token, $tail_mr, $tail_nv, true, false>),+]),*],
                    widest: super::widest(&[$(&[$($mr),+]),+]),
                    packing: &[$($(enter::<$T, $token, $pack, $nv, false, true>,)?)+],
                };
                &TILES
            }
            #[inline(always)]
            fn enter<K: crate::lanes::Kernel<$T>>(self, kernel: K) -> K::Output {
                $enter(self, kernel)
            }
        }
    };
}
use tiles;
