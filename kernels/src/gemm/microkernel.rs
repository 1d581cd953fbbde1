//! LOOP 0: MR × NV registers of C, one rank-1 update per k step. The one body behind every tile.

use super::tile::MOST_ROWS;
use crate::accum::Accum;
use crate::lanes::{Kernel, Lanes, opaque};
use crate::real::Real;

/// How many steps ahead B is prefetched, where steps are taken one by one: they may be pages apart, which no hardware prefetcher
/// follows. A tile of one row does little else than load B, and prefetches would only be in the way.
pub(super) const B_AHEAD: usize = 12;
/// Steps between two prefetches of A: a cache line of `f32`.
pub(super) const CHUNK: usize = 16;

/// Steps at once where A and B are contiguous: addresses differ by constants then, the hardware prefetches B, and of 25
/// instructions for 12 FMAs (AVX2, 6 × 2) 21 are left. Measured: 1.01 to 1.05 times as fast, on a busy host up to 1.1 times. (With
/// B in place, by its stride: 0.93 to 1.03.)
const UNROLL: usize = 4;

/// Whether a tile has such steps: not one that is partial or packing, for one panel or row tile of many. With fewer FMAs it waits
/// for other things; with one register per row, and with NEON, which keeps four steps of A in a register, LLVM spills. (Nor has
/// a scalar one.)
const fn is_unrolled<R>(mr: usize, nv: usize) -> bool {
    nv > 1 && mr * nv >= 8 && size_of::<R>() > 16
}

/// Rows of A that a tile addresses from one pointer, by offsets that stay in registers: two or three of them, as x86 multiplies an
/// offset by 2, 4 or 8 for nothing.
const GROUP: usize = 4;
/// Groups of the tallest tile of any instruction set.
const MOST_GROUPS: usize = MOST_ROWS / GROUP;

/// Bytes of a cache line.
const LINE: usize = 64;

/// One tile: where its operands are and where it goes. Strides are in elements.
#[derive(Clone, Copy)]
pub(super) struct Job<T> {
    /// Steps.
    pub(super) k: usize,
    /// Element (0, 0) of the rows of A.
    pub(super) a: *const T,
    /// From one row of A to the next, and from one step to the next.
    pub(super) a_strides: (usize, usize),
    /// The first step of the columns of B; a step is contiguous.
    pub(super) b: *const T,
    /// From one step of B to the next.
    pub(super) b_stride: usize,
    /// Steps that follow the last one in memory, those of the next panel, and may be prefetched.
    pub(super) b_beyond: usize,
    /// Elements in the last register of a step of B, where it is partial.
    pub(super) b_tail: usize,
    /// Where a packing tile copies B to.
    pub(super) panel: *mut T,
    /// Element (0, 0) of the tile; rows are contiguous.
    pub(super) c: *mut T,
    /// From one row of C to the next.
    pub(super) c_stride: usize,
    /// Elements in the last register of a row of C.
    pub(super) c_tail: usize,
    /// Replace or add.
    pub(super) accum: Accum,
    /// Factor of the product.
    pub(super) alpha: T,
    /// What of A to prefetch.
    pub(super) ahead: Ahead<T>,
}

/// Lines of A to prefetch with each [`CHUNK`] of steps. Like those of B they are lines of the operand: what lies beyond it may be
/// what another thread writes, and would have to be fetched back by that one each time.
#[derive(Clone, Copy)]
pub(super) struct Ahead<T> {
    /// The first line of the first chunk.
    pub(super) first: *const T,
    /// From one line to the next.
    pub(super) line: usize,
    /// From one chunk to the next.
    pub(super) chunk: usize,
    /// Lines in a chunk.
    pub(super) lines: usize,
    /// Whether they are the steps of the next chunk of this K block.
    pub(super) steps: bool,
}

impl<T> Ahead<T> {
    pub(super) const NOTHING: Self = Self { first: core::ptr::null(), line: 0, chunk: 0, lines: 0, steps: false };
}

/// The body as a [`Kernel`], compiled for the instruction set of `l`; what the tables of [`tiles_of`](super::tile::tiles_of) hold.
///
/// # Safety
/// - `a` is valid for reading MR rows of `k` steps, `b` for `k` steps of NV registers, of which the last has `b_tail` elements
///   if PARTIAL. If PACKING, `panel` is valid for writing `k` whole steps.
/// - `c` is valid for writing (with [`Accum::Add`] also for reading) MR rows of NV registers, the last with `c_tail` elements.
pub(super) unsafe fn enter<
    T: Real,
    L: Lanes<T>,
    const MR: usize,
    const NV: usize,
    const PARTIAL: bool,
    const PACKING: bool,
>(
    l: L,
    job: &Job<T>,
) {
    l.enter(Microkernel::<T, MR, NV, PARTIAL, PACKING>(job));
}

struct Microkernel<'a, T, const MR: usize, const NV: usize, const PARTIAL: bool, const PACKING: bool>(&'a Job<T>);

impl<T: Real, const MR: usize, const NV: usize, const PARTIAL: bool, const PACKING: bool> Kernel<T>
    for Microkernel<'_, T, MR, NV, PARTIAL, PACKING>
{
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        const { assert!(MR <= MOST_ROWS) }
        let job = self.0;
        let tail = l.tail(job.b_tail);
        let (a_row, a_step) = job.a_strides;
        let (mut b, mut panel) = (job.b, job.panel);
        let group = |g: usize| job.a.wrapping_add(a_row.wrapping_mul(g * GROUP));
        let mut groups = [group(0), group(1), group(2), group(3)];
        let offset = |i: usize| a_row.wrapping_mul(i * size_of::<T>());
        let rows = [offset(0), offset(1), offset(2), offset(3)];
        let contiguous = a_step == 1 && job.b_stride == NV * L::WIDTH;
        let unrolled = const { !PARTIAL && !PACKING && is_unrolled::<L::Reg>(MR, NV) } && contiguous;
        let mut acc = [[l.splat(T::ZERO); NV]; MR];
        let mut row = [l.splat(T::ZERO); NV];
        // Plain `while` loops: an iterator would be compiled for each of some 300 tiles.
        // SAFETY: the caller of `enter` vouches for `k` steps of A, B and the panel; each iteration moves on by the steps it took, of
        // those left in the chunk (four at once where they lie beside each other, as their offsets assume), by wrapping arithmetic because
        // after the last the pointers may lie beyond the end. Then for the tile of C.
        unsafe {
            let mut ahead = job.ahead.first;
            let mut left = job.k;
            while left > 0 {
                let chunk = left.min(CHUNK);
                left -= chunk;
                let lines = if job.ahead.steps { left.min(job.ahead.lines) } else { job.ahead.lines };
                let mut line = 0;
                while line < lines {
                    l.prefetch(ahead.wrapping_add(line * job.ahead.line));
                    line += 1;
                }
                ahead = ahead.wrapping_add(job.ahead.chunk);
                let b_ahead = B_AHEAD.min(left + job.b_beyond) * job.b_stride;
                let mut steps = chunk;
                while unrolled && steps >= UNROLL {
                    let mut step = 0;
                    while step < UNROLL {
                        let mut v = 0;
                        while v < NV {
                            row[v] = l.load_ptr(b.add((step * NV + v) * L::WIDTH));
                            v += 1;
                        }
                        rank_1(l, &mut acc, &groups, &rows, step, &row);
                        step += 1;
                    }
                    advance::<T, MR>(&mut groups, UNROLL);
                    b = b.wrapping_add(UNROLL * NV * L::WIDTH);
                    steps -= UNROLL;
                }
                while steps > 0 {
                    let mut v = 0;
                    while v < NV {
                        let at = b.add(v * L::WIDTH);
                        if MR > 1 && (v * L::WIDTH * size_of::<T>()).is_multiple_of(LINE) {
                            l.prefetch(at.wrapping_add(b_ahead));
                        }
                        row[v] = if PARTIAL && v + 1 == NV { l.load_tail(at, tail) } else { l.load_ptr(at) };
                        if PACKING {
                            l.store_ptr(panel.add(v * L::WIDTH), row[v]);
                        }
                        v += 1;
                    }
                    rank_1(l, &mut acc, &groups, &rows, 0, &row);
                    advance::<T, MR>(&mut groups, a_step);
                    b = b.wrapping_add(job.b_stride);
                    if PACKING {
                        panel = panel.wrapping_add(NV * L::WIDTH);
                    }
                    steps -= 1;
                }
            }
            // Two loops, because a choice inside would keep LLVM from holding the accumulators in registers.
            if job.accum == Accum::Replace && job.alpha == T::ONE {
                store::<T, L, MR, NV, false>(l, job, &acc);
            } else {
                store::<T, L, MR, NV, true>(l, job, &acc);
            }
        }
    }
}

/// Adds a column of A times a row of B. The column is `step` elements after what the groups point to: as many steps, if A is contiguous.
///
/// # Safety
/// - Each group, with `rows` bytes and `step` elements added, is valid for reading an element of each of its rows, of MR in all.
#[inline(always)]
unsafe fn rank_1<T: Real, L: Lanes<T>, const MR: usize, const NV: usize>(
    l: L,
    acc: &mut [[L::Reg; NV]; MR],
    groups: &[*const T; MOST_GROUPS],
    rows: &[usize; GROUP],
    step: usize,
    b: &[L::Reg; NV],
) {
    let mut i = 0;
    while i < MR {
        // SAFETY: the caller vouches for it.
        let a = l.splat(unsafe { *groups[i / GROUP].byte_add(rows[i % GROUP]).add(step) });
        let mut v = 0;
        while v < NV {
            acc[i][v] = l.fma(a, b[v], acc[i][v]);
            v += 1;
        }
        i += 1;
    }
}

/// Moves the groups of MR rows on by elements.
#[inline(always)]
fn advance<T, const MR: usize>(groups: &mut [*const T; MOST_GROUPS], elements: usize) {
    let mut g = 0;
    while g < MR.div_ceil(GROUP) {
        groups[g] = opaque(groups[g].wrapping_add(elements));
        g += 1;
    }
}

/// Writes the product p to every register of the tile of C, or fma(α, p, c), where c is what C holds, or −0 where the product replaces it:
/// that gives the bits of α·p.
///
/// # Safety
/// - As [`enter`] for C.
#[inline(always)]
unsafe fn store<T: Real, L: Lanes<T>, const MR: usize, const NV: usize, const COMBINES: bool>(
    l: L,
    job: &Job<T>,
    acc: &[[L::Reg; NV]; MR],
) {
    let zeros = T::NEGATIVE_ZEROS.as_ref();
    assert!(NV * L::WIDTH <= zeros.len());
    let (mut old, old_stride) = match job.accum {
        Accum::Replace => (zeros.as_ptr(), 0),
        Accum::Add => (job.c.cast_const(), job.c_stride),
    };
    let (mut c, alpha) = (job.c, l.splat(job.alpha));
    let partial = job.c_tail < L::WIDTH;
    let tail = l.tail(job.c_tail);
    let mut i = 0;
    while i < MR {
        let mut v = 0;
        while v < NV {
            // SAFETY: the caller vouches for MR rows of NV registers, the last with `c_tail` elements; of zeros there are as many as
            // a row has elements.
            unsafe {
                let (c, old) = (c.add(v * L::WIDTH), old.add(v * L::WIDTH));
                let p = acc[i][v];
                if v + 1 == NV && partial {
                    l.store_tail(c, tail, if COMBINES { l.fma(alpha, p, l.load_tail(old, tail)) } else { p });
                } else {
                    l.store_ptr(c, if COMBINES { l.fma(alpha, p, l.load_ptr(old)) } else { p });
                }
            }
            v += 1;
        }
        (c, old) = (c.wrapping_add(job.c_stride), old.wrapping_add(old_stride));
        i += 1;
    }
}
