//! What the machine allows, in the same rounds as the contestants.

use simdescent_kernels::lanes::{Kernel, Lanes};
use simdescent_kernels::{Isa, Real};
use simdescent_measure::limits::{Aligned, fma, fmas, read};
use std::hint::black_box;

/// What an operation cannot do without: arithmetic, and beside it the traffic of all three kinds. 0 where there is none.
#[derive(Clone, Copy, Default)]
pub(crate) struct Limit {
    /// Floating-point operations, done as multiply-adds.
    pub(crate) flops: f64,
    /// Square roots, with a division for each.
    pub(crate) roots: usize,
    /// Bytes that are read.
    pub(crate) read: usize,
    /// Bytes that are read and written back in place.
    pub(crate) updated: usize,
    /// Bytes that are read, and as many written elsewhere.
    pub(crate) copied: usize,
}

/// What one thread does: a share of the traffic, or arithmetic in registers.
enum Part {
    Fma,
    Roots(Aligned<f32>),
    Read(Aligned<f32>),
    Update(Aligned<f32>),
    Copy(Aligned<f32>, Aligned<f32>),
}

/// One of the limits as a contestant.
struct Contestant {
    parts: Vec<Part>,
    /// Calls by each thread, so many that its start does not count.
    passes: usize,
    /// How many of these calls make up the operation.
    calls: f64,
}

/// A thread is started for as many bytes.
const BYTES: usize = 1 << 26;
/// Elements of which roots are taken again and again; they stay in L1.
const IN_L1: usize = 1024;

/// The limits of one operation.
pub(super) struct Limits {
    isa: Isa,
    contestants: Vec<Contestant>,
}

impl Limits {
    pub(super) fn new(limit: Limit, isa: Isa, threads: usize) -> Self {
        let Limit { flops, roots, read, updated, copied } = limit;
        let all = |passes: usize, calls: f64, part: &dyn Fn() -> Part| Contestant {
            parts: (0..threads).map(|_| part()).collect(),
            passes,
            calls,
        };
        let mut contestants = vec![];
        if flops > 0.0 {
            contestants.push(all(200, flops / (2 * threads * fmas::<f32>(isa)) as f64, &|| Part::Fma));
        }
        if roots > 0 {
            contestants.push(all(5000, roots as f64 / (threads * IN_L1) as f64, &|| Part::Roots(Aligned::new(IN_L1))));
        }
        let share = |bytes: usize| Aligned::new(bytes / size_of::<f32>() / threads);
        let mut traffic = |bytes: usize, part: &dyn Fn() -> Part| {
            if bytes > 0 {
                contestants.push(all((BYTES / bytes).clamp(1, 10_000), 1.0, part));
            }
        };
        traffic(read, &|| Part::Read(share(read)));
        traffic(updated, &|| Part::Update(share(updated)));
        traffic(copied, &|| Part::Copy(share(copied), share(copied)));
        Self { isa, contestants }
    }

    pub(super) fn calls(&mut self) -> impl Iterator<Item = Box<dyn FnMut() + '_>> {
        let isa = self.isa;
        self.contestants.iter_mut().map(move |contestant| {
            let Contestant { parts, passes, .. } = contestant;
            Box::new(move || on_threads(parts, |part| (0..*passes).for_each(|_| part.run(isa)))) as _
        })
    }

    /// The least time for the operation, given those of [`calls`](Self::calls), and what limits it.
    pub(super) fn seconds(&self, times: &[f64]) -> (f64, &'static str) {
        let (mut arithmetic, mut traffic) = ((0.0, ""), (0.0, "memory"));
        for (contestant, time) in self.contestants.iter().zip(times) {
            let seconds = time / contestant.passes as f64 * contestant.calls;
            match contestant.parts[0] {
                Part::Fma => arithmetic = (seconds, "FMA"),
                Part::Roots(_) => arithmetic = (seconds, "√ and ÷"),
                _ => traffic.0 += seconds,
            }
        }
        if arithmetic.0 > traffic.0 { arithmetic } else { traffic }
    }
}

impl Part {
    fn run(&mut self, isa: Isa) {
        match self {
            Part::Fma => fma::<f32>(isa),
            Part::Roots(data) => isa.run(Roots { data: black_box(data) }),
            Part::Read(data) => read(isa, data),
            Part::Update(data) => isa.run(Negate { data: black_box(data) }),
            Part::Copy(from, to) => black_box(&mut **to).copy_from_slice(black_box(from)),
        }
    }
}

/// `work` on each part, each on a thread of its own.
fn on_threads(parts: &mut [Part], work: impl Fn(&mut Part) + Sync) {
    if let [first, others @ ..] = parts {
        std::thread::scope(|scope| {
            for part in others {
                scope.spawn(|| work(part));
            }
            work(first);
        });
    }
}

/// x ← −x.
struct Negate<'a> {
    data: &'a mut [f32],
}
impl Kernel<f32> for Negate<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<f32>>(self, l: L) {
        let sign = l.splat(-0.0);
        for data in self.data.chunks_exact_mut(L::WIDTH) {
            let negated = l.xor_bits(l.load(data), sign);
            l.store(data, negated);
        }
    }
}

/// x ← 1/√|x|, which stays near 1.
struct Roots<'a> {
    data: &'a mut [f32],
}
impl Kernel<f32> for Roots<'_> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<f32>>(self, l: L) {
        let one = l.splat(f32::ONE);
        for data in self.data.chunks_exact_mut(L::WIDTH) {
            let root = l.div(one, l.sqrt(l.abs(l.load(data))));
            l.store(data, root);
        }
    }
}
