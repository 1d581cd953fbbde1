//! The tiles of each ISA: which blocks of C stay in registers.
//!
//! `gemm/tile/{avx512,avx2,neon,scalar}.rs` hold the numbers and why they are what they are. None decides a bit.

mod avx2;
mod avx512;
mod neon;
mod scalar;

use super::microkernel::{Job, enter};
use crate::lanes::Lanes;
use crate::real::Real;
use core::marker::PhantomData;

/// Computes one tile; entry point of code compiled for the instruction set.
///
/// # Safety
/// As the microkernel.
pub(super) type TileFn<T, L> = unsafe fn(L, &Job<T>);

/// The tiles of one ISA, indexed by `[registers per row − 1]`, then `[rows − 1]`; a table's length is the largest tile.
pub(super) struct Tiles<T: 'static, L: 'static> {
    /// The last register of a row of B is whole: all of it may be read (that of C may be partial).
    pub(super) whole: &'static [&'static [TileFn<T, L>]],
    /// The last register of a row of B is partial. Empty where such a load would be slow: then that panel is packed.
    pub(super) partial: &'static [&'static [TileFn<T, L>]],
    /// Registers per row of the tiles for many rows: those with the most registers of C. Wider ones serve few rows.
    pub(super) widest: usize,
    /// `[registers per row − 1]`, up to `widest`: the tallest tile of `whole`, which also copies B into a panel.
    pub(super) packing: &'static [TileFn<T, L>],
}

/// The sizes of the tiles of an ISA: for each number of registers per row, of how many rows they are, from 1 on.
struct Heights {
    whole: &'static [usize],
    partial: &'static [usize],
}

/// Rows of the tallest tile of any ISA.
pub(super) const MOST_ROWS: usize = 16;
/// Registers per row of the widest.
const MOST_REGISTERS: usize = 8;

/// Those of the ISA whose registers these are: their size tells.
const fn heights<Reg>() -> Heights {
    match size_of::<Reg>() {
        64 => avx512::HEIGHTS,
        32 => avx2::HEIGHTS,
        16 => neon::HEIGHTS,
        _ => scalar::HEIGHTS,
    }
}

/// The last number of registers with the most registers in a tile.
const fn widest(heights: &[usize]) -> usize {
    let (mut best, mut i) = (0, 1);
    while i < heights.len() {
        if (i + 1) * heights[i] >= (best + 1) * heights[best] {
            best = i;
        }
        i += 1;
    }
    best + 1
}

const fn height(heights: &[usize], registers: usize) -> usize {
    if registers <= heights.len() { heights[registers - 1] } else { 0 }
}

/// The tiles of NV registers per row.
struct Column<T, L, const NV: usize>(PhantomData<(T, L)>);

/// An expression for each number of rows up to [`MOST_ROWS`], as a constant.
macro_rules! for_each_height {
    ($each:ident) => {
        [
            $each!(1),
            $each!(2),
            $each!(3),
            $each!(4),
            $each!(5),
            $each!(6),
            $each!(7),
            $each!(8),
            $each!(9),
            $each!(10),
            $each!(11),
            $each!(12),
            $each!(13),
            $each!(14),
            $each!(15),
            $each!(16),
        ]
    };
}

/// In place of tiles that an ISA does not have.
unsafe fn absent<T, L>(_: L, _: &Job<T>) {
    unreachable!("the tables end before this");
}

// Constants, so that only the tiles which they hold in the end are compiled.
impl<T: Real, L: Lanes<T>, const NV: usize> Column<T, L, NV> {
    const WHOLE: &'static [TileFn<T, L>] =
        { const { &Self::ALL_WHOLE }.split_at(height(heights::<L::Reg>().whole, NV)).0 };
    const ALL_WHOLE: [TileFn<T, L>; MOST_ROWS] = {
        let rows = height(heights::<L::Reg>().whole, NV);
        macro_rules! tile {
            ($MR:literal) => {
                if $MR <= rows { enter::<T, L, $MR, NV, false, false> as TileFn<T, L> } else { absent::<T, L> }
            };
        }
        for_each_height!(tile)
    };
    const PARTIAL: &'static [TileFn<T, L>] =
        { const { &Self::ALL_PARTIAL }.split_at(height(heights::<L::Reg>().partial, NV)).0 };
    const ALL_PARTIAL: [TileFn<T, L>; MOST_ROWS] = {
        let rows = height(heights::<L::Reg>().partial, NV);
        macro_rules! tile {
            ($MR:literal) => {
                if $MR <= rows { enter::<T, L, $MR, NV, true, false> as TileFn<T, L> } else { absent::<T, L> }
            };
        }
        for_each_height!(tile)
    };
    const PACKING: TileFn<T, L> = {
        let heights = heights::<L::Reg>();
        let rows = if NV <= widest(heights.whole) { height(heights.whole, NV) } else { 0 };
        macro_rules! tile {
            ($MR:literal) => {
                if $MR == rows { enter::<T, L, $MR, NV, false, true> as TileFn<T, L> } else { absent::<T, L> }
            };
        }
        if rows == 0 { absent::<T, L> } else { for_each_height!(tile)[rows - 1] }
    };
}

/// A table's entry for each number of registers per row.
macro_rules! for_each_width {
    ($which:ident) => {
        [
            Column::<T, L, 1>::$which,
            Column::<T, L, 2>::$which,
            Column::<T, L, 3>::$which,
            Column::<T, L, 4>::$which,
            Column::<T, L, 5>::$which,
            Column::<T, L, 6>::$which,
            Column::<T, L, 7>::$which,
            Column::<T, L, 8>::$which,
        ]
    };
}

struct Tables<T, L>(PhantomData<(T, L)>);
impl<T: Real, L: Lanes<T>> Tables<T, L> {
    const WHOLE: [&'static [TileFn<T, L>]; MOST_REGISTERS] = for_each_width!(WHOLE);
    const PARTIAL: [&'static [TileFn<T, L>]; MOST_REGISTERS] = for_each_width!(PARTIAL);
    const PACKING: [TileFn<T, L>; MOST_REGISTERS] = for_each_width!(PACKING);
    const TILES: Tiles<T, L> = {
        let heights = heights::<L::Reg>();
        let widest = widest(heights.whole);
        Tiles {
            whole: const { &Self::WHOLE }.split_at(heights.whole.len()).0,
            partial: const { &Self::PARTIAL }.split_at(heights.partial.len()).0,
            widest,
            packing: const { &Self::PACKING }.split_at(widest).0,
        }
    };
}

/// The tiles of the ISA of `L`.
#[inline(always)]
pub(super) fn tiles_of<T: Real, L: Lanes<T>>() -> &'static Tiles<T, L> {
    const { &Tables::<T, L>::TILES }
}
