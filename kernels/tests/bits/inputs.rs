//! Seeded inputs: every kind of number a kernel may meet, at every alignment of a cache line.

use crate::compare::assert_bits;
use core::fmt::Arguments;
use core::ops::{Deref, DerefMut};
use simdescent_kernels::Real;

/// How much a test may do: all on real hardware, a sample where an emulator is 200 times slower, next to nothing
/// under Miri.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Effort {
    Tiny,
    Sample,
    Full,
}

pub(crate) fn effort() -> Effort {
    if cfg!(miri) {
        Effort::Tiny
    } else if cfg!(target_arch = "aarch64") {
        Effort::Sample
    } else {
        Effort::Full
    }
}

/// SplitMix64.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }
    /// Uniform in [−1, 1), with all bits of the mantissa in use.
    pub(crate) fn signed(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// A population of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Uniform in [−1, 1).
    Ordinary,
    /// Half ordinary; the rest ±0, subnormal, near the smallest normal, or anything whose square is finite.
    Mixed,
    /// Mostly products that are subnormal, round to zero, or just do not.
    Underflow,
    /// Mixed, and now and then so huge that products overflow.
    Overflow,
}

impl Kind {
    pub(crate) const ALL: [Kind; 4] = [Kind::Ordinary, Kind::Mixed, Kind::Underflow, Kind::Overflow];

    /// A kind by turns.
    pub(crate) fn nth(i: usize) -> Self {
        Self::ALL[i % 4]
    }
}

fn number<T: Real>(kind: Kind, random: &mut Random) -> T {
    let range = if T::MANTISSA_BITS == 23 { 120 } else { 1000 }; // nearly all exponents
    let sign = if random.bits() & 1 == 0 { T::ONE } else { -T::ONE };
    let scaled = |random: &mut Random, power: i32| T::from_f64(random.signed() * 2f64.powi(power));
    match kind {
        Kind::Ordinary => T::from_f64(random.signed()),
        Kind::Mixed => match random.below(16) {
            0 => sign * T::ZERO,
            1 => sign * T::from_bits(random.bits() % (T::MIN_POSITIVE.bits())),
            2 => sign * T::from_bits(T::MIN_POSITIVE.bits() + (random.bits() & 3)),
            3 => sign * T::from_bits(1 + (random.bits() & 1)),
            4..8 => {
                let power = random.below(range as usize) as i32 - range / 2;
                scaled(random, power)
            }
            _ => T::from_f64(random.signed()),
        },
        Kind::Underflow => {
            let spread = random.below(40) as i32;
            scaled(random, -range / 2 - spread)
        }
        Kind::Overflow => match random.below(64) {
            0 => scaled(random, range),
            _ => number(Kind::Mixed, random),
        },
    }
}

/// `n` numbers of this kind.
pub(crate) fn numbers<T: Real>(kind: Kind, n: usize, seed: u64) -> Vec<T> {
    let mut random = Random::new(seed ^ (n as u64) << 20);
    (0..n).map(|_| number(kind, &mut random)).collect()
}

/// A slice a given number of elements past a 64-byte boundary, with a frame that nothing may touch.
pub(crate) struct Placed<T> {
    buffer: Vec<T>,
    start: usize,
    len: usize,
}

/// What stands in the frame; no test computes it.
pub(crate) fn frame<T: Real>() -> T {
    T::from_f64(-7777.25)
}

impl<T: Real> Placed<T> {
    pub(crate) fn new(values: &[T], offset: usize) -> Self {
        let line = 64 / size_of::<T>();
        let mut buffer: Vec<T> = vec![frame(); values.len() + 4 * line + offset];
        let start = line + buffer[line..].as_ptr().align_offset(64).min(line) + offset;
        buffer[start..][..values.len()].copy_from_slice(values);
        Self { buffer, start, len: values.len() }
    }
    #[track_caller]
    pub(crate) fn assert_frame_untouched(&self, context: Arguments<'_>) {
        let frame_of = |part: &[T]| assert_bits(part, &vec![frame(); part.len()], format_args!("{context}: outside"));
        frame_of(&self.buffer[..self.start]);
        frame_of(&self.buffer[self.start + self.len..]);
    }
}
impl<T> Deref for Placed<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.buffer[self.start..][..self.len]
    }
}
impl<T> DerefMut for Placed<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.buffer[self.start..][..self.len]
    }
}

/// Lengths around the boundaries of registers, canonical lanes and chunks.
pub(crate) fn lengths() -> Vec<usize> {
    const CHUNK: usize = simdescent_kernels::threads::CHUNK;
    let mut lengths: Vec<usize> = match effort() {
        Effort::Tiny => (0..=20).chain([31, 32, 33, 63, 64, 65]).collect(),
        _ => (0..=130).chain([255, 256, 257, 1000]).collect(),
    };
    match effort() {
        Effort::Tiny => {}
        _ => lengths.extend([CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 1, 3 * CHUNK + 65, 5 * CHUNK]),
    }
    lengths
}

#[test]
fn the_kinds_hold_what_they_promise() {
    fn count<T: Real>(kind: Kind, what: impl Fn(T) -> bool) -> usize {
        numbers::<T>(kind, 10_000, 1).into_iter().filter(|&x| what(x)).count()
    }
    fn check<T: Real>() {
        let (zero, infinity) = (T::ZERO, T::INFINITY);
        assert!(count(Kind::Mixed, |x: T| x.bits() == T::SIGN.bits()) > 100, "-0");
        assert!(count(Kind::Mixed, |x: T| x.bits() == 0) > 100, "+0");
        assert!(count(Kind::Mixed, |x: T| x.abs() > zero && x.abs() < T::MIN_POSITIVE) > 500, "subnormal");
        assert_eq!(count(Kind::Mixed, |x: T| x * x == infinity), 0, "huge");
        assert!(count(Kind::Underflow, |x: T| x * x < T::MIN_POSITIVE) > 1000, "underflow");
        assert!((50..300).contains(&count(Kind::Overflow, |x: T| x * x == infinity)), "overflow");
        assert_eq!(count(Kind::Overflow, |x: T| x.abs() < infinity), 10_000, "finite");
    }
    check::<f32>();
    check::<f64>();
}
