//! How a kernel uses threads, and the one recursion that keeps its bits independent of how many there are.
//!
//! Work is cut into chunks of a fixed size and the results of chunks are combined by a fixed pairwise tree: both
//! are functions of the length alone. Threads only decide *where* a branch of the tree is computed.
//!
//! Work of one chunk stays on the calling thread, and no more threads are called than there are chunks: a
//! chunk takes a microsecond or more, to hand it to a [`Team`] that is awake a fraction of one, to call a worker that
//! sleeps some (to rayon's pool from outside, ten or more).

mod divide;
#[allow(unsafe_code)]
mod team;

pub(crate) use divide::Divide;
pub use team::Team;

use crate::isa::{self, Isa};
use crate::lanes::Kernel;
use crate::real::Real;
use std::sync::Mutex;

/// Elements per chunk of a chunked operation: 64 KiB of `f32`, a multiple of every canonical lane count.
pub const CHUNK: usize = 16 * 1024;

/// Rows per chunk of an operation on rows of `width` elements: about [`CHUNK`] elements, at least one row.
#[inline]
pub(crate) fn rows_per_chunk(width: usize) -> usize {
    (CHUNK / width.max(1)).max(1)
}

/// Whether a kernel may use more than the calling thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Par<'t> {
    /// The calling thread only; never touches a pool.
    #[default]
    Seq,
    /// The current rayon pool (`ThreadPool::install`, else the global one). Hangs in the child of a `fork`, where a team works.
    #[cfg(feature = "rayon")]
    Rayon,
    /// A team of our own: for kernels of microseconds, as in training small models.
    Team(&'t Team),
}

impl Par<'_> {
    /// Runs both closures, with rayon perhaps at the same time. (A team shares parts, not branches.)
    #[inline]
    fn join<A: Send, B: Send>(self, a: impl FnOnce() -> A + Send, b: impl FnOnce() -> B + Send) -> (A, B) {
        match self {
            #[cfg(feature = "rayon")]
            Par::Rayon => {
                let (mut a, mut b) = (Task::new(a), Task::new(b));
                rayon_join(&mut || a.run(), &mut || b.run());
                (a.result(), b.result())
            }
            Par::Seq | Par::Team(_) => (a(), b()),
        }
    }

    /// Runs `part(i)` for every i below `parts`, perhaps at the same time.
    #[inline]
    pub(crate) fn for_each_part(self, parts: usize, part: &(dyn Fn(usize) + Sync)) {
        match self {
            Par::Seq => (0..parts).for_each(part),
            #[cfg(feature = "rayon")]
            Par::Rayon => {
                fn halves(from: usize, to: usize, part: &(dyn Fn(usize) + Sync)) {
                    match to - from {
                        0 => {}
                        1 => part(from),
                        n => {
                            rayon_join(&mut || halves(from, from + n / 2, part), &mut || halves(from + n / 2, to, part))
                        }
                    }
                }
                halves(0, parts, part);
            }
            Par::Team(team) => team.for_each(parts, part),
        }
    }

    /// How many threads may take part.
    pub fn threads(self) -> usize {
        match self {
            Par::Seq => 1,
            #[cfg(feature = "rayon")]
            Par::Rayon => rayon::current_num_threads(),
            Par::Team(team) => team.threads(),
        }
    }
}

/// Compiled once, not for every kernel: it is much code.
#[cfg(feature = "rayon")]
fn rayon_join(a: &mut (dyn FnMut() + Send), b: &mut (dyn FnMut() + Send)) {
    rayon::join(a, b);
}

/// A closure, and after it ran its result.
struct Task<F, R>(Option<F>, Option<R>);
impl<F: FnOnce() -> R, R> Task<F, R> {
    fn new(f: F) -> Self {
        Self(Some(f), None)
    }
    fn run(&mut self) {
        self.1 = self.0.take().map(|f| f());
    }
    fn result(self) -> R {
        self.1.expect("it ran")
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
pub struct Exec<'t> {
    isa: Isa,
    par: Par<'t>,
}

impl<'t> Exec<'t> {
    /// Runs on `isa` with the threads of `par`.
    pub fn new(isa: Isa, par: Par<'t>) -> Self {
        Self { isa, par }
    }
    /// The instruction set.
    pub fn isa(self) -> Isa {
        self.isa
    }
    /// The threads.
    pub fn par(self) -> Par<'t> {
        self.par
    }
    /// The same instruction set on the calling thread only.
    pub fn seq(self) -> Self {
        Self { par: Par::Seq, ..self }
    }
    /// The same, on the calling thread only where `elements` are too few to share.
    pub(crate) fn for_work(self, elements: usize) -> Self {
        if elements <= CHUNK { self.seq() } else { self }
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
impl Default for Exec<'_> {
    fn default() -> Self {
        Self::new(isa::active(), Par::Seq)
    }
}

/// Cuts `data` into chunks of `chunk` (the last may be shorter), runs `leaf` on each, and combines the results by the
/// pairwise tree whose left branch is the largest power of two of chunks smaller than the whole.
///
/// Empty data is one empty chunk.
#[inline]
pub(crate) fn reduce<D: Divide, R: Send>(
    par: Par<'_>,
    data: D,
    chunk: usize,
    leaf: &(impl Fn(D) -> R + Sync),
    combine: &(impl Fn(R, R) -> R + Sync),
) -> R {
    if data.len() <= chunk {
        return leaf(data);
    }
    match par {
        Par::Team(_) => branches(par, data, chunk, leaf, combine),
        _ => branch(par, data, chunk, leaf, combine),
    }
}

/// How many chunks the left branch of a tree over `chunks > 1` has.
fn left_chunks(chunks: usize) -> usize {
    chunks.next_power_of_two() / 2
}

fn branch<D: Divide, R: Send>(
    par: Par<'_>,
    data: D,
    chunk: usize,
    leaf: &(impl Fn(D) -> R + Sync),
    combine: &(impl Fn(R, R) -> R + Sync),
) -> R {
    let chunks = data.len().div_ceil(chunk);
    let (left, right) = data.divide_at(chunk * left_chunks(chunks));
    let (left, right) =
        par.join(|| reduce(par, left, chunk, leaf, combine), || reduce(par, right, chunk, leaf, combine));
    combine(left, right)
}

/// The tree of [`reduce`] with its top expanded into so many subtrees that a team has enough to share, in order and on
/// the stack; the top is combined afterwards by the calling thread.
fn branches<D: Divide, R: Send>(
    par: Par<'_>,
    data: D,
    chunk: usize,
    leaf: &(impl Fn(D) -> R + Sync),
    combine: &(impl Fn(R, R) -> R + Sync),
) -> R {
    /// At most, and a power of two.
    const SUBTREES: usize = 64;
    /// So that no thread waits long for another that began later or is slower.
    const PER_THREAD: usize = 4;
    const NO_PANIC: &str = "each task runs once, and if one panics no other lock follows";
    let levels = (PER_THREAD * par.threads()).min(SUBTREES).ilog2();

    let chunks = data.len().div_ceil(chunk);
    let subtree = |data| move || reduce(Par::Seq, data, chunk, leaf, combine);
    let mut tasks = [const { None }; SUBTREES];
    let mut n = 0;
    expand(levels, data, chunk, &mut |data| {
        tasks[n] = Some(Mutex::new(Task::new(subtree(data))));
        n += 1;
    });
    par.for_each_part(n, &|i| tasks[i].as_ref().expect("one of the first n").lock().expect(NO_PANIC).run());
    let mut results = tasks.iter_mut().map_while(Option::take).map(|task| task.into_inner().expect(NO_PANIC).result());
    fold(levels, chunks, &mut || results.next().expect("one per subtree"), combine)
}

/// Calls `subtree` with the data of each, from left to right: the nodes `levels` below the root, and leaves above them.
fn expand<D: Divide>(levels: u32, data: D, chunk: usize, subtree: &mut impl FnMut(D)) {
    let chunks = data.len().div_ceil(chunk);
    if levels == 0 || chunks <= 1 {
        return subtree(data);
    }
    let (left, right) = data.divide_at(chunk * left_chunks(chunks));
    expand(levels - 1, left, chunk, subtree);
    expand(levels - 1, right, chunk, subtree);
}

/// Combines the results that `next` yields in the order of [`expand`].
fn fold<R>(levels: u32, chunks: usize, next: &mut impl FnMut() -> R, combine: &impl Fn(R, R) -> R) -> R {
    if levels == 0 || chunks <= 1 {
        return next();
    }
    let left = left_chunks(chunks);
    let a = fold(levels - 1, left, next, combine);
    combine(a, fold(levels - 1, chunks - left, next, combine))
}

/// [`reduce`] without a result: `leaf` on every chunk.
#[inline]
pub(crate) fn for_each<D: Divide>(par: Par<'_>, data: D, chunk: usize, leaf: &(impl Fn(D) + Sync)) {
    reduce(par, data, chunk, leaf, &|(), ()| ());
}
