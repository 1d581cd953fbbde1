//! LOOP 0: MR × NV registers of C, one rank-1 update per k step. The one body behind every tile.

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
const MOST_GROUPS: usize = 4;

/// Bytes of a cache line.
const LINE: usize = 64;

/// One tile: where its operands are and where it goes. Strides are in elements.
#[derive(Clone, Copy)]
pub struct Job<T> {
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

/// The body as a [`Kernel`], compiled for the instruction set of `l`; what the tables of [`Tile`](super::Tile) hold.
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
        const { assert!(MR <= GROUP * MOST_GROUPS) }
        let job = self.0;
        let tail = l.tail(job.b_tail);
        let (a_row, a_step) = job.a_strides;
        let (mut b, mut panel) = (job.b, job.panel);
        let mut groups: [*const T; MOST_GROUPS] =
            core::array::from_fn(|g| job.a.wrapping_add(a_row.wrapping_mul(g * GROUP)));
        let groups = &mut groups[..MR.div_ceil(GROUP)];
        let rows: [usize; GROUP] = core::array::from_fn(|i| a_row.wrapping_mul(i * size_of::<T>()));
        let contiguous = a_step == 1 && job.b_stride == NV * L::WIDTH;
        let unrolled = const { !PARTIAL && !PACKING && is_unrolled::<L::Reg>(MR, NV) } && contiguous;
        let mut acc = [[l.splat(T::ZERO); NV]; MR];
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
                for i in 0..lines {
                    l.prefetch(ahead.wrapping_add(i * job.ahead.line));
                }
                ahead = ahead.wrapping_add(job.ahead.chunk);
                let b_ahead = B_AHEAD.min(left + job.b_beyond) * job.b_stride;
                let fours = if unrolled { chunk / UNROLL } else { 0 };
                for _ in 0..fours {
                    for step in 0..UNROLL {
                        let mut row = [l.splat(T::ZERO); NV];
                        for (v, r) in row.iter_mut().enumerate() {
                            *r = l.load_ptr(b.add((step * NV + v) * L::WIDTH));
                        }
                        rank_1(l, &mut acc, groups, &rows, step, &row);
                    }
                    advance(groups, UNROLL);
                    b = b.wrapping_add(UNROLL * NV * L::WIDTH);
                }
                for _ in fours * UNROLL..chunk {
                    let mut row = [l.splat(T::ZERO); NV];
                    for (v, r) in row.iter_mut().enumerate() {
                        let at = b.add(v * L::WIDTH);
                        if MR > 1 && (v * L::WIDTH * size_of::<T>()).is_multiple_of(LINE) {
                            l.prefetch(at.wrapping_add(b_ahead));
                        }
                        *r = if PARTIAL && v + 1 == NV { l.load_tail(at, tail) } else { l.load_ptr(at) };
                        if PACKING {
                            l.store_ptr(panel.add(v * L::WIDTH), *r);
                        }
                    }
                    rank_1(l, &mut acc, groups, &rows, 0, &row);
                    advance(groups, a_step);
                    b = b.wrapping_add(job.b_stride);
                    if PACKING {
                        panel = panel.wrapping_add(NV * L::WIDTH);
                    }
                }
            }
            let tail = l.tail(job.c_tail);
            let alpha = l.splat(job.alpha);
            // Three loops, because a choice inside would keep LLVM from holding the accumulators in registers.
            match job.accum {
                // The same bits as 1·p.
                Accum::Replace if job.alpha == T::ONE => store(
                    l,
                    job,
                    &acc,
                    #[inline(always)]
                    |p, _, _| p,
                ),
                Accum::Replace => store(
                    l,
                    job,
                    &acc,
                    #[inline(always)]
                    |p, _, _| l.mul(alpha, p),
                ),
                Accum::Add => store(
                    l,
                    job,
                    &acc,
                    #[inline(always)]
                    |p, c, last| l.fma(alpha, p, if last { l.load_tail(c, tail) } else { l.load_ptr(c) }),
                ),
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
    groups: &[*const T],
    rows: &[usize; GROUP],
    step: usize,
    b: &[L::Reg; NV],
) {
    for (acc, a) in acc.chunks_mut(GROUP).zip(groups) {
        for (acc, &row) in acc.iter_mut().zip(rows) {
            // SAFETY: the caller vouches for it.
            let a = l.splat(unsafe { *a.byte_add(row).add(step) });
            for (acc, &b) in acc.iter_mut().zip(b) {
                *acc = l.fma(a, b, *acc);
            }
        }
    }
}

/// Moves the groups on by elements.
#[inline(always)]
fn advance<T>(groups: &mut [*const T], elements: usize) {
    for a in groups {
        *a = opaque(a.wrapping_add(elements));
    }
}

/// Writes `new(p, c, whether c is the last of its row and partial)` to every register of the tile of C.
///
/// # Safety
/// - As [`enter`] for C.
#[inline(always)]
unsafe fn store<T: Real, L: Lanes<T>, const MR: usize, const NV: usize>(
    l: L,
    job: &Job<T>,
    acc: &[[L::Reg; NV]; MR],
    new: impl Fn(L::Reg, *mut T, bool) -> L::Reg,
) {
    let partial = job.c_tail < L::WIDTH;
    let tail = l.tail(job.c_tail);
    for (i, acc) in acc.iter().enumerate() {
        for (v, &p) in acc.iter().enumerate() {
            let last = v + 1 == NV && partial;
            // SAFETY: the caller vouches for MR rows of NV registers, the last with `c_tail` elements.
            unsafe {
                let c = job.c.add(i * job.c_stride + v * L::WIDTH);
                if last { l.store_tail(c, tail, new(p, c, last)) } else { l.store_ptr(c, new(p, c, last)) }
            }
        }
    }
}
