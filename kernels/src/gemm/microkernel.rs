//! LOOP 0: MR × NV registers of C, one rank-1 update per k step. The one body behind every tile.

use super::tile::Destination;
use crate::accum::Accum;
use crate::lanes::Lanes;
use crate::real::Real;

/// Computes one tile P = Aₚ·Bₚ from packed panels and stores α·P into (or adds it to) its place in C.
///
/// - `a`: `k` steps of MR elements, `b`: `k` steps of NV registers
/// - `c`: at most MR × NV·WIDTH elements, of any strides
///
/// Step by step, each of the MR × NV accumulators gets one FMA: an element of B times a broadcast element of A.
///
/// # Safety
/// - `a` is valid for reading `k · MR` elements, `b` for `k · NV · WIDTH`.
/// - `c` describes elements valid for reading and writing, at most MR rows and NV·WIDTH columns.
#[inline(always)]
pub(super) unsafe fn microkernel<T: Real, L: Lanes<T>, const MR: usize, const NV: usize>(
    l: L,
    k: usize,
    mut a: *const T,
    mut b: *const T,
    c: Destination<T>,
) {
    let mut acc = [[l.splat(T::ZERO); NV]; MR];
    for _ in 0..k {
        // SAFETY: `k` steps of MR and NV·WIDTH elements are readable, and each iteration moves on by one step; after
        // the last, the pointers are one past the end.
        unsafe {
            let mut row = [l.splat(T::ZERO); NV];
            for (v, r) in row.iter_mut().enumerate() {
                *r = l.load_ptr(b.add(v * L::WIDTH));
            }
            for (i, acc) in acc.iter_mut().enumerate() {
                let a = l.splat(*a.add(i));
                for (acc, b) in acc.iter_mut().zip(row) {
                    *acc = l.fma(a, b, *acc);
                }
            }
            a = a.add(MR);
            b = b.add(NV * L::WIDTH);
        }
    }
    let alpha = l.splat(c.alpha);
    if c.rows == MR && c.cols == NV * L::WIDTH && c.col_stride == 1 {
        for (i, acc) in acc.iter().enumerate() {
            for (v, &p) in acc.iter().enumerate() {
                // SAFETY: row i < MR of a full tile with contiguous columns: WIDTH elements from v·WIDTH on.
                unsafe {
                    let c_ptr = c.ptr.add(i * c.row_stride + v * L::WIDTH);
                    let new = match c.accum {
                        Accum::Replace => l.mul(alpha, p),
                        Accum::Add => l.fma(alpha, p, l.load_ptr(c_ptr)),
                    };
                    l.store_ptr(c_ptr, new);
                }
            }
        }
    } else {
        // A partial tile, or one without contiguous rows: through a buffer, element by element. All of the tile goes
        // there, in loops that unroll: accumulators indexed by a variable live in memory, in the k loop as well.
        let mut tile = [T::CANONICAL_ZERO; MR]; // rows at least as long as any tile is wide
        for (tile, acc) in tile.iter_mut().zip(acc) {
            for (v, acc) in acc.into_iter().enumerate() {
                l.store(&mut tile.as_mut()[v * L::WIDTH..], acc);
            }
        }
        for (i, tile) in tile.iter().enumerate().take(c.rows) {
            for (j, &p) in tile.as_ref().iter().enumerate().take(c.cols) {
                // SAFETY: i < c.rows and j < c.cols.
                unsafe {
                    let c_ptr = c.ptr.add(i * c.row_stride + j * c.col_stride);
                    *c_ptr = match c.accum {
                        Accum::Replace => c.alpha * p,
                        Accum::Add => c.alpha.mul_add(p, *c_ptr),
                    };
                }
            }
        }
    }
}
