//! Interleaved timing, and the limits of the machine taken in the same run.
//!
//! Clock and neighbours drift by more than the differences of interest, so absolute rates do not travel. What does:
//! the ratio between contestants that took turns, and the share of a limit that took part.

#![allow(dead_code, reason = "each bench target is a crate of its own and uses a part of this")]

use simdescent_kernels::lanes::{Kernel, Lanes};
use simdescent_kernels::{Isa, Real};
use std::hint::black_box;
use std::ops::{Deref, DerefMut};
use std::time::{Duration, Instant};

/// A contestant: its name and one call of it.
pub(crate) type Contestant<'a> = (&'a str, &'a mut dyn FnMut());

/// Shortest sample: some thousand times the cost of reading the clock.
const SAMPLE: Duration = Duration::from_micros(300);

/// Median seconds per call of each contestant, in their order.
pub(crate) fn medians(rounds: usize, contestants: &mut [Contestant<'_>]) -> Vec<f64> {
    samples(rounds, contestants).into_iter().map(median).collect()
}

/// Seconds per call of each contestant, in their order, one for each round.
///
/// A round takes one sample of every contestant, and each round begins with another one. A sample repeats the call
/// until it is long enough to be timed. A noisy machine needs `rounds` of 9 or more. When cargo passes `--test`,
/// one call of each is all.
pub(crate) fn samples(rounds: usize, contestants: &mut [Contestant<'_>]) -> Vec<Vec<f64>> {
    if smoke_test() {
        return contestants.iter_mut().map(|(_, call)| vec![time(1, *call)]).collect();
    }
    let repeats: Vec<u32> = contestants.iter_mut().map(|(_, call)| repeats(*call)).collect();
    let mut samples = vec![Vec::with_capacity(rounds); contestants.len()];
    for round in 0..rounds {
        for turn in 0..contestants.len() {
            let i = (round + turn) % contestants.len();
            let (_, call) = &mut contestants[i];
            call(); // Its data may have left the cache while the others ran.
            samples[i].push(time(repeats[i], *call));
        }
    }
    samples
}

/// Whether this is `cargo bench -- --test`: does everything run?
pub(crate) fn smoke_test() -> bool {
    std::env::args().any(|argument| argument == "--test")
}

/// The middle one, or the mean of the two in the middle.
pub(crate) fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    let middle = samples.len() / 2;
    if samples.len() % 2 == 1 { samples[middle] } else { (samples[middle - 1] + samples[middle]) / 2.0 }
}

/// Half the distance between the quartiles, as a share of the median.
pub(crate) fn spread(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    let quarter = samples.len() / 4;
    (samples[samples.len() - 1 - quarter] - samples[quarter]) / 2.0 / median(samples)
}

/// Seconds per call.
fn time(repeats: u32, call: &mut dyn FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..repeats {
        call();
    }
    start.elapsed().as_secs_f64() / f64::from(repeats)
}

/// How often to call in one sample; warms up on the way.
fn repeats(call: &mut dyn FnMut()) -> u32 {
    let mut repeats = 1;
    loop {
        let spent = time(repeats, call) * f64::from(repeats);
        if spent >= SAMPLE.as_secs_f64() {
            return repeats;
        }
        repeats *= 2;
    }
}

/// Numbers that begin at a cache line, as peers and kernels alike prefer; a `Vec` promises less.
pub(crate) struct Aligned<T> {
    data: Vec<T>,
    from: usize,
    len: usize,
}
impl<T: Real> Aligned<T> {
    /// `len` numbers in [−1, 1), always the same.
    pub(crate) fn new(len: usize) -> Self {
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
pub(crate) fn read<T: Real>(isa: Isa, data: &[T]) {
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
pub(crate) fn read_bandwidth(isa: Isa, bytes: usize) -> f64 {
    let data = Aligned::<f32>::new(bytes / 4);
    bytes as f64 / medians(9, &mut [("read", &mut || read(isa, &data))])[0]
}

/// Multiply-adds that one call of [`fma`] does.
pub(crate) fn fmas<T: Real>(isa: Isa) -> usize {
    isa.run::<T, _>(Width) * CHAINS * STEPS
}
const CHAINS: usize = 12;
const STEPS: usize = 1000;

/// Only multiply-adds, all in registers: a contestant that shows the arithmetic limit. Two flops for each of [`fmas`].
pub(crate) fn fma<T: Real>(isa: Isa) {
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

/// Flops per second of one thread at best.
pub(crate) fn fma_peak<T: Real>(isa: Isa) -> f64 {
    2.0 * fmas::<T>(isa) as f64 / medians(9, &mut [("fma", &mut || fma::<T>(isa))])[0]
}
