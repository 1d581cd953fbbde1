//! How a kernel uses threads, and the one recursion that keeps its bits independent of how many there are.
//!
//! Work is cut into chunks of a fixed size and the results of chunks are combined by a fixed pairwise tree: both
//! are functions of the length alone. Threads only decide *where* a branch of the tree is computed.

use crate::isa::{self, Isa};
use crate::lanes::Kernel;
use crate::real::Real;

/// Elements per chunk of a chunked operation: 64 KiB of `f32`, a multiple of every canonical lane count.
pub const CHUNK: usize = 16 * 1024;

/// Rows per chunk of an operation on rows of `width` elements: about [`CHUNK`] elements, at least one row.
#[inline]
pub(crate) fn rows_per_chunk(width: usize) -> usize {
    (CHUNK / width.max(1)).max(1)
}

/// Whether a kernel may use more than the calling thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Par {
    /// The calling thread only; never touches a pool.
    #[default]
    Seq,
    /// The current rayon pool (`ThreadPool::install`, else the global one).
    #[cfg(feature = "rayon")]
    Rayon,
}

impl Par {
    /// Runs both closures, perhaps at the same time.
    #[inline]
    pub(crate) fn join<A: Send, B: Send>(self, a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
        match self {
            Par::Seq => (a(), b()),
            #[cfg(feature = "rayon")]
            Par::Rayon => rayon::join(a, b),
        }
    }

    /// Calls `f(0)`, …, `f(parts − 1)`, perhaps at the same time.
    pub(crate) fn for_each_part(self, parts: usize, f: &(dyn Fn(usize) + Sync)) {
        fn split(par: Par, first: usize, end: usize, f: &(dyn Fn(usize) + Sync)) {
            match end - first {
                0 => {}
                1 => f(first),
                n => _ = par.join(|| split(par, first, first + n / 2, f), || split(par, first + n / 2, end, f)),
            }
        }
        split(self, 0, parts, f);
    }

    /// How many threads may take part.
    pub fn threads(self) -> usize {
        match self {
            Par::Seq => 1,
            #[cfg(feature = "rayon")]
            Par::Rayon => rayon::current_num_threads(),
        }
    }
}

/// Where a kernel runs: on which instruction set, with which threads. The first argument of every kernel.
///
/// ```
/// use simdescent_kernels::{Exec, Par, dot, isa};
/// let x = [1.0f32, 2.0, 3.0];
/// let here = dot(Exec::default(), &x, &x); // best instruction set (or SIMDESCENT_ISA), calling thread
/// for &isa in isa::available() {
///     assert_eq!(dot(Exec::new(isa, Par::Seq), &x, &x), here); // same bits on each
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exec {
    isa: Isa,
    par: Par,
}

impl Exec {
    /// Runs on `isa` with the threads of `par`.
    pub fn new(isa: Isa, par: Par) -> Self {
        Self { isa, par }
    }
    /// The instruction set.
    pub fn isa(self) -> Isa {
        self.isa
    }
    /// The threads.
    pub fn par(self) -> Par {
        self.par
    }
    /// The same instruction set on the calling thread only.
    pub fn seq(self) -> Self {
        Self { par: Par::Seq, ..self }
    }
    /// Runs `kernel` on the calling thread, compiled for the instruction set.
    #[inline]
    pub(crate) fn run<T: Real, K: Kernel<T>>(self, kernel: K) -> K::Output {
        self.isa.run(kernel)
    }
}

/// The instruction set in use ([`isa::active`]), calling thread only.
///
/// # Panics
/// As [`isa::active`].
impl Default for Exec {
    fn default() -> Self {
        Self::new(isa::active(), Par::Seq)
    }
}

/// Data that can be cut in two: slices, matrix views, and tuples of them cut at the same place.
pub(crate) trait Divide: Sized + Send {
    fn len(&self) -> usize;
    fn divide_at(self, mid: usize) -> (Self, Self);
}

/// Cuts `data` into chunks of `chunk` (the last may be shorter), runs `leaf` on each, and combines the results by the
/// pairwise tree whose left branch is the largest power of two of chunks smaller than the whole.
///
/// Empty data is one empty chunk.
#[inline]
pub(crate) fn reduce<D: Divide, R: Send>(
    par: Par,
    data: D,
    chunk: usize,
    leaf: &(impl Fn(D) -> R + Sync),
    combine: &(impl Fn(R, R) -> R + Sync),
) -> R {
    if data.len() <= chunk {
        return leaf(data);
    }
    branch(par, data, chunk, leaf, combine)
}

fn branch<D: Divide, R: Send>(
    par: Par,
    data: D,
    chunk: usize,
    leaf: &(impl Fn(D) -> R + Sync),
    combine: &(impl Fn(R, R) -> R + Sync),
) -> R {
    let chunks = data.len().div_ceil(chunk);
    let (left, right) = data.divide_at(chunk * (chunks.next_power_of_two() / 2));
    let (left, right) =
        par.join(|| reduce(par, left, chunk, leaf, combine), || reduce(par, right, chunk, leaf, combine));
    combine(left, right)
}

/// [`reduce`] without a result: `leaf` on every chunk.
#[inline]
pub(crate) fn for_each<D: Divide>(par: Par, data: D, chunk: usize, leaf: &(impl Fn(D) + Sync)) {
    reduce(par, data, chunk, leaf, &|(), ()| ());
}

impl<T: Sync> Divide for &[T] {
    fn len(&self) -> usize {
        <[T]>::len(self)
    }
    fn divide_at(self, mid: usize) -> (Self, Self) {
        self.split_at(mid)
    }
}
impl<T: Send> Divide for &mut [T] {
    fn len(&self) -> usize {
        <[T]>::len(self)
    }
    fn divide_at(self, mid: usize) -> (Self, Self) {
        self.split_at_mut(mid)
    }
}
impl<A: Divide, B: Divide> Divide for (A, B) {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn divide_at(self, mid: usize) -> (Self, Self) {
        let ((a, a2), (b, b2)) = (self.0.divide_at(mid), self.1.divide_at(mid));
        ((a, b), (a2, b2))
    }
}
impl<A: Divide, B: Divide, C: Divide> Divide for (A, B, C) {
    fn len(&self) -> usize {
        self.0.len()
    }
    fn divide_at(self, mid: usize) -> (Self, Self) {
        let ((ab, ab2), (c, c2)) = ((self.0, self.1).divide_at(mid), self.2.divide_at(mid));
        ((ab.0, ab.1, c), (ab2.0, ab2.1, c2))
    }
}
/// Several slices of equal length (the state vectors of an optimizer); with none, the length is that of its partners.
impl<T: Send, const S: usize> Divide for [&mut [T]; S] {
    fn len(&self) -> usize {
        self.first().map_or(0, |s| s.len())
    }
    fn divide_at(self, mid: usize) -> (Self, Self) {
        let mut right = [const { None }; S];
        let mut i = 0;
        let left = self.map(|slice| {
            let (l, r) = slice.split_at_mut(mid);
            right[i] = Some(r);
            i += 1;
            l
        });
        (left, right.map(|r| r.expect("every slot was filled")))
    }
}
