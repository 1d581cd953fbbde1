//! The least time that this machine allows for an operation, from limits that are measured where its data lies.
//!
//! An operation that does `flops` operations, reads `read` bytes and writes `written` bytes takes at least
//!
//! ```text
//! max(flops / peak, 2·min(read, written) / copy bandwidth + |read − written| / read bandwidth)
//! ```
//!
//! as long as arithmetic and transfers overlap without friction: as much is copied as is written, the rest is read. The share of
//! the limit is this time divided by the measured one.

use crate::limits::{copy_bandwidth, fma_peak, read_bandwidth};
use simdescent_kernels::Isa;
use std::sync::Barrier;

/// Type of the elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// `f32`
    Single,
    /// `f64`
    Double,
}

/// What one call of an operation does at least, and on what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    /// The instruction set that runs.
    pub isa: Isa,
    /// How many threads share the work.
    pub threads: usize,
    /// Of which type the numbers are.
    pub precision: Precision,
    /// Floating-point operations, two for a multiply-add; 0 where nobody counts them, as in an exponential.
    pub flops: f64,
    /// Bytes that have to be read.
    pub read: f64,
    /// Bytes that have to be written.
    pub written: f64,
    /// Bytes that the call touches: what is read and written counts once. They say which cache level the data comes from.
    pub working_set: usize,
}

/// What binds an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Multiply-adds.
    Arithmetic,
    /// Reading from where the working set lies.
    Reading,
    /// Copying there, which takes longer than what is only read, or more is written than read.
    Copying,
}

/// What a machine does at best, per second.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Roof {
    /// Floating-point operations.
    pub peak_flops: f64,
    /// Bytes, where data is only read.
    pub read: f64,
    /// Bytes, read and written, where data is copied.
    pub copy: f64,
}

impl Roof {
    /// The least seconds that so many floating-point operations, bytes read and bytes written take, and why not fewer.
    #[must_use]
    pub fn least_seconds(&self, flops: f64, read: f64, written: f64) -> (f64, Bound) {
        let arithmetic = flops / self.peak_flops;
        let copying = 2.0 * read.min(written) / self.copy;
        let rest = (read - written).abs() / self.read;
        if arithmetic >= copying + rest {
            (arithmetic, Bound::Arithmetic)
        } else if copying > rest || written > read {
            (copying + rest, Bound::Copying)
        } else {
            (copying + rest, Bound::Reading)
        }
    }
}

/// Less than this measures calls, not transfers.
const LEAST_SET: usize = 4 << 10;
/// More than this is in memory, or in a cache that holds it all.
const LARGEST_SET: usize = 256 << 20;

type Known<K, V> = Vec<(K, V)>;

/// Roofs that were measured, each once.
#[derive(Clone, Debug, Default)]
pub struct Roofs {
    /// Of an instruction set, a precision and a number of threads.
    peaks: Known<(&'static str, Precision, usize), f64>,
    /// To read and to copy: of an instruction set, a working set and a number of threads.
    bandwidths: Known<(&'static str, usize, usize), (f64, f64)>,
}

impl Roofs {
    /// Takes some milliseconds, for large working sets some tenths of a second.
    pub fn of(&mut self, work: &Work) -> Roof {
        let Work { isa, threads, precision, .. } = *work;
        let set = work.working_set.clamp(LEAST_SET, LARGEST_SET);
        let peak_flops = memoized(&mut self.peaks, (isa.name(), precision, threads), || {
            at_best(threads, &|| match precision {
                Precision::Single => fma_peak::<f32>(isa),
                Precision::Double => fma_peak::<f64>(isa),
            })
        });
        let (read, copy) = memoized(&mut self.bandwidths, (isa.name(), set, threads), || {
            let each = set / threads;
            (at_best(threads, &|| read_bandwidth(isa, each)), at_best(threads, &|| copy_bandwidth(each)))
        });
        Roof { peak_flops, read, copy }
    }
}

fn memoized<K: PartialEq, V: Copy>(known: &mut Known<K, V>, key: K, measure: impl FnOnce() -> V) -> V {
    if let Some((_, value)) = known.iter().find(|(other, _)| *other == key) {
        return *value;
    }
    let value = measure();
    known.push((key, value));
    value
}

/// The best of three, because neighbors only make it lower: the sum of what threads measure that begin together.
fn at_best(threads: usize, rate: &(dyn Fn() -> f64 + Sync)) -> f64 {
    (0..3).map(|_| at_once(threads, rate)).fold(0.0, f64::max)
}

fn at_once(threads: usize, rate: &(dyn Fn() -> f64 + Sync)) -> f64 {
    if threads == 1 {
        return rate();
    }
    let start = Barrier::new(threads);
    std::thread::scope(|scope| {
        let one = || {
            start.wait();
            rate()
        };
        let all: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
        all.into_iter().map(|thread| thread.join().expect("a measurement that does not panic")).sum()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOF: Roof = Roof { peak_flops: 100.0, read: 20.0, copy: 10.0 };

    #[test]
    fn the_slower_of_arithmetic_and_transfers_binds() {
        assert_eq!(ROOF.least_seconds(500.0, 40.0, 0.0), (5.0, Bound::Arithmetic));
        assert_eq!(ROOF.least_seconds(100.0, 40.0, 0.0), (2.0, Bound::Reading));
        // y ← αx + y: two arrays read, one written; half of what is read is copied.
        assert_eq!(ROOF.least_seconds(0.0, 40.0, 20.0), (2.0 * 20.0 / 10.0 + 20.0 / 20.0, Bound::Copying));
        // What is written beyond what is read takes its time, too.
        assert_eq!(ROOF.least_seconds(0.0, 10.0, 90.0), (2.0 * 10.0 / 10.0 + 80.0 / 20.0, Bound::Copying));
    }

    #[test]
    fn a_roof_is_measured_once_and_is_no_lower_for_more_threads() {
        let mut roofs = Roofs::default();
        let (isa, precision) = (Isa::scalar(), Precision::Single);
        let small = Work { isa, threads: 1, precision, flops: 1.0, read: 1.0, written: 1.0, working_set: 1 << 14 };
        let first = roofs.of(&small);
        assert!(first.peak_flops > 1e7 && first.read > 1e6 && first.copy > 1e6, "{first:?}");
        assert_eq!(first, roofs.of(&small));
        let double = roofs.of(&Work { precision: Precision::Double, ..small });
        assert_eq!((double.read, double.copy), (first.read, first.copy));
        assert_ne!(double.peak_flops, first.peak_flops);
        let both = roofs.of(&Work { threads: 2, ..small });
        assert!(both.peak_flops > 0.5 * first.peak_flops, "{both:?} {first:?}");
    }
}
