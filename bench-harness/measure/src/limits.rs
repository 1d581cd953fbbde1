//! What the machine allows: loops that do nothing but read, or multiply and add, as contestants of the same run.

use super::clock::medians;
use simdescent_kernels::lanes::{Kernel, Lanes};
use simdescent_kernels::{Isa, Real, Team};
use std::hint::black_box;
use std::ops::{Deref, DerefMut};
use std::sync::Mutex;

/// Numbers that begin at a cache line, as peers and kernels alike prefer; a `Vec` promises less.
pub struct Aligned<T> {
    data: Vec<T>,
    from: usize,
    len: usize,
}
impl<T: Real> Aligned<T> {
    /// `len` numbers in [−1, 1), always the same.
    #[must_use]
    pub fn new(len: usize) -> Self {
        let mut numbers = Self::zeros(len);
        let mut state = 1u32;
        for x in &mut *numbers {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *x = T::from_f64(f64::from(state as i32) / 2f64.powi(31));
        }
        numbers
    }

    /// These numbers.
    #[must_use]
    pub fn copy_of(numbers: &[T]) -> Self {
        let mut copy = Self::zeros(numbers.len());
        copy.copy_from_slice(numbers);
        copy
    }

    fn zeros(len: usize) -> Self {
        let data = vec![T::ZERO; len + 64];
        let from = data.as_ptr().align_offset(64);
        Self { data, from, len }
    }
}
impl<T> Deref for Aligned<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.data[self.from..][..self.len]
    }
}
impl<T> DerefMut for Aligned<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.data[self.from..][..self.len]
    }
}

/// Reads all of `data` and does next to nothing with it: a contestant that shows the limit of its cache level.
pub fn read<T: Real>(isa: Isa, data: &[T]) {
    black_box(isa.run(Read { data: black_box(data) }));
}
struct Read<'a, T> {
    data: &'a [T],
}
impl<T: Real> Kernel<T> for Read<'_, T> {
    type Output = T;
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) -> T {
        let mut bits = [l.splat(T::ZERO); 8];
        for block in self.data.chunks_exact(8 * L::WIDTH) {
            for (bits, data) in bits.iter_mut().zip(block.chunks_exact(L::WIDTH)) {
                *bits = l.xor_bits(*bits, l.load(data));
            }
        }
        let mut all = T::CANONICAL_ZERO;
        let all = all.as_mut();
        for bits in bits {
            let first = l.xor_bits(bits, l.load(all));
            l.store(all, first);
        }
        all[0]
    }
}

/// Bytes per second when `bytes` are read again and again by one thread.
#[must_use]
pub fn read_bandwidth(isa: Isa, bytes: usize) -> f64 {
    let data = Aligned::<f32>::new(bytes / 4);
    bytes as f64 / medians(9, &mut [("read", &mut || read(isa, &data))])[0]
}

/// Bytes per second, read and written, when `bytes` in all are copied from one half to the other by one thread, again and again, by
/// the copy of the standard library.
#[must_use]
pub fn copy_bandwidth(bytes: usize) -> f64 {
    let source = Aligned::<f32>::new(bytes / 8);
    let mut target = Aligned::<f32>::new(bytes / 8);
    let mut copy = || black_box(&mut *target).copy_from_slice(black_box(&source));
    bytes as f64 / medians(9, &mut [("copy", &mut copy)])[0]
}

/// Multiply-adds that one call of [`fma`] does.
#[must_use]
pub fn fmas<T: Real>(isa: Isa) -> usize {
    isa.run::<T, _>(Width) * CHAINS * STEPS
}
const CHAINS: usize = 12;
const STEPS: usize = 1000;

/// Only multiply-adds, all in registers: a contestant that shows the arithmetic limit. Two flops for each of [`fmas`].
pub fn fma<T: Real>(isa: Isa) {
    black_box(isa.run(Fma { factor: black_box(T::from_f64(0.5)) }));
}
struct Fma<T> {
    factor: T,
}
impl<T: Real> Kernel<T> for Fma<T> {
    type Output = T;
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) -> T {
        let factor = l.splat(self.factor);
        let mut sums = [factor; CHAINS];
        for _ in 0..STEPS {
            for sum in &mut sums {
                *sum = l.fma(*sum, factor, factor); // Tends to 1.
            }
        }
        let mut lanes = T::CANONICAL_ZERO;
        let lanes = lanes.as_mut();
        for sum in sums {
            let all = l.add(sum, l.load(lanes));
            l.store(lanes, all);
        }
        lanes[0]
    }
}
struct Width;
impl<T: Real> Kernel<T> for Width {
    type Output = usize;
    #[inline(always)]
    fn run<L: Lanes<T>>(self, _: L) -> usize {
        L::WIDTH
    }
}

/// Multiply-adds between which numbers are loaded and integers are mixed, from 16 KiB: unlike [`fma`] it also feels another thread on the
/// same core, which takes its ports and its share of the cache.
#[derive(Debug)]
pub struct Mixed(Vec<f32>);

impl Default for Mixed {
    fn default() -> Self {
        Self((0..4096u16).map(|i| 0.5 + f32::from(i) / 16384.0).collect())
    }
}

impl Mixed {
    /// One call, of some microseconds.
    #[inline(never)]
    pub fn run(&self, isa: Isa) {
        black_box(isa.run(MixedKernel { data: black_box(&self.0) }));
    }
}
struct MixedKernel<'a> {
    data: &'a [f32],
}
impl Kernel<f32> for MixedKernel<'_> {
    type Output = (f32, u64);
    #[inline(always)]
    fn run<L: Lanes<f32>>(self, l: L) -> (f32, u64) {
        let (mut sums, mut hashes) = ([l.splat(0.0); 8], [1u64, 2, 3, 4]);
        for _ in 0..16 {
            for block in self.data.chunks_exact(8 * L::WIDTH) {
                for (sum, data) in sums.iter_mut().zip(block.chunks_exact(L::WIDTH)) {
                    let x = l.load(data);
                    *sum = l.fma(*sum, x, x); // |x| < 1, so it stays small.
                }
                for (hash, word) in hashes.iter_mut().zip(block) {
                    *hash = (*hash ^ u64::from(word.to_bits())).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
                }
            }
        }
        let mut lanes = f32::CANONICAL_ZERO;
        let lanes: &mut [f32] = lanes.as_mut();
        for sum in sums {
            let all = l.add(sum, l.load(lanes));
            l.store(lanes, all);
        }
        (lanes[0], hashes[0] ^ hashes[1] ^ hashes[2] ^ hashes[3])
    }
}

/// Flops per second that all threads of the team reach together, each with multiply-adds in registers.
#[must_use]
pub fn team_peak<T: Real>(isa: Isa, team: &Team) -> f64 {
    const CALLS: usize = 20; // so that the hand-off is nothing
    let parts = team.threads();
    let mut job = || team.for_each(parts, &|_| (0..CALLS).for_each(|_| fma::<T>(isa)));
    (2 * CALLS * parts * fmas::<T>(isa)) as f64 / medians(9, &mut [("fma", &mut job)])[0]
}

/// [`team_peak`] of `f32` and `f64`, compiled here.
#[must_use]
#[inline(never)]
pub fn team_peaks(isa: Isa, team: &Team) -> (f64, f64) {
    (team_peak::<f32>(isa, team), team_peak::<f64>(isa, team))
}

/// Bytes per second that all threads of the team read and copy together, each its part of `bytes`: (read, copied), the latter both read
/// and written.
#[must_use]
pub fn team_bandwidths(isa: Isa, team: &Team, bytes: usize) -> (f64, f64) {
    let parts = team.threads();
    let each = bytes / 4 / parts;
    let data: Vec<Aligned<f32>> = (0..parts).map(|_| Aligned::new(each)).collect();
    let targets: Vec<Mutex<Aligned<f32>>> = (0..parts).map(|_| Mutex::new(Aligned::new(each / 2))).collect();
    let calls = (1 << 18) / each.max(1) + 1; // so that the hand-off is nothing
    let mut reading = || team.for_each(parts, &|part| (0..calls).for_each(|_| read(isa, &data[part])));
    let mut copying = || {
        team.for_each(parts, &|part| {
            // Nobody else wants this part, and a copy does not panic.
            if let Ok(mut target) = targets[part].lock() {
                (0..calls).for_each(|_| black_box(&mut **target).copy_from_slice(black_box(&data[part][..each / 2])));
            }
        });
    };
    let moved = |floats: usize| (4 * floats * parts * calls) as f64;
    let seconds = medians(9, &mut [("read", &mut reading), ("copy", &mut copying)]);
    (moved(each) / seconds[0], moved(each / 2 * 2) / seconds[1])
}

/// [`fma_peak`] of `f32`, compiled here: what is generic is compiled by its caller, which may not be optimized.
#[must_use]
#[inline(never)]
pub fn single_precision_peak(isa: Isa) -> f64 {
    fma_peak::<f32>(isa)
}

/// Flops per second of one thread at best.
#[must_use]
pub fn fma_peak<T: Real>(isa: Isa) -> f64 {
    2.0 * fmas::<T>(isa) as f64 / medians(9, &mut [("fma", &mut || fma::<T>(isa))])[0]
}
