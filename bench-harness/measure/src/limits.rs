//! What the machine allows: loops that do nothing but read, or multiply and add, as contestants of the same run.

use super::clock::medians;
use simdescent_kernels::lanes::{Kernel, Lanes};
use simdescent_kernels::{Isa, Real};
use std::hint::black_box;
use std::ops::{Deref, DerefMut};

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
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            T::from_f64(f64::from(state as i32) / 2f64.powi(31))
        };
        let data: Vec<T> = (0..len + 64).map(|_| next()).collect();
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
