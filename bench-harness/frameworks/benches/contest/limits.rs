//! What the machine allows, in the same rounds as the contestants.

use super::interleave::{Aligned, fma, fmas, read};
use simdescent_kernels::Isa;
use std::hint::black_box;

/// What an operation cannot do without.
#[derive(Clone, Copy)]
pub(crate) struct Limit {
    /// Floating-point operations; 0 if they do not count.
    pub(crate) flops: f64,
    /// Bytes that must be read.
    pub(crate) read: usize,
    /// Bytes that must be read and written anew, or written somewhere else: a copy of as many, both sides counted.
    pub(crate) copied: usize,
}

impl Limit {
    /// Whether a call of the slower peers is measured in seconds.
    pub(super) fn is_long(self) -> bool {
        self.flops > 1e9 || self.read + self.copied > 100_000_000
    }
}

/// Work that a thread is started for: so much that its start does not count.
const BYTES: usize = 1 << 26;
const FMA_CALLS: usize = 200;

/// The limits as contestants.
pub(super) struct Limits {
    limit: Limit,
    isa: Isa,
    threads: usize,
    /// What each thread reads, and copies to where.
    data: Vec<(Aligned<f32>, Aligned<f32>, Aligned<f32>)>,
}

impl Limits {
    pub(super) fn new(limit: Limit, isa: Isa, threads: usize) -> Self {
        let part = |bytes: usize| Aligned::new(bytes / size_of::<f32>() / threads);
        let data = (0..threads).map(|_| (part(limit.read), part(limit.copied / 2), part(limit.copied / 2))).collect();
        Self { limit, isa, threads, data }
    }

    fn passes(&self, bytes: usize) -> usize {
        (BYTES / bytes.max(1)).clamp(1, 10_000)
    }

    /// Multiply-adds, reading, copying; those that count.
    pub(super) fn calls(&mut self) -> Vec<Box<dyn FnMut() + '_>> {
        let (Limit { flops, read: to_read, copied }, isa) = (self.limit, self.isa);
        let (read_passes, copy_passes) = (self.passes(to_read), self.passes(copied));
        let (mut readers, mut copiers): (Vec<_>, Vec<_>) =
            self.data.iter_mut().map(|(data, from, to)| (&*data, (&*from, to))).unzip();
        let mut calls: Vec<Box<dyn FnMut() + '_>> = vec![];
        if flops > 0.0 {
            let mut parts = vec![(); self.threads];
            calls.push(Box::new(move || on_threads(&mut parts, FMA_CALLS, |()| fma::<f32>(isa))));
        }
        if to_read > 0 {
            calls.push(Box::new(move || on_threads(&mut readers, read_passes, |data| read(isa, data))));
        }
        if copied > 0 {
            calls.push(Box::new(move || {
                on_threads(&mut copiers, copy_passes, |(from, to)| {
                    black_box(&mut **to).copy_from_slice(black_box(from))
                });
            }));
        }
        calls
    }

    /// The least time for the operation, given that of [`calls`](Self::calls), and what limits it.
    pub(super) fn seconds(&self, calls: &[f64]) -> (f64, &'static str) {
        let Limit { flops, read, copied } = self.limit;
        let mut calls = calls.iter();
        let mut next = |counts: bool| if counts { *calls.next().expect("a time for each limit") } else { 0.0 };
        let peak = 2.0 * (self.threads * FMA_CALLS * fmas::<f32>(self.isa)) as f64;
        let fma = next(flops > 0.0) * flops / peak;
        let read = next(read > 0) / self.passes(read) as f64;
        let copy = next(copied > 0) / self.passes(copied) as f64;
        [(fma, "FMA"), (read, "read"), (copy, "copy")].into_iter().fold((0.0, ""), |a, b| if b.0 > a.0 { b } else { a })
    }
}

/// `passes` times `work` on each part, each on a thread of its own.
fn on_threads<P: Send>(parts: &mut [P], passes: usize, work: impl Fn(&mut P) + Sync) {
    let repeat = |part: &mut P| (0..passes).for_each(|_| work(part));
    if let [first, others @ ..] = parts {
        std::thread::scope(|scope| {
            for part in others {
                scope.spawn(|| repeat(part));
            }
            repeat(first);
        });
    }
}
