//! How a kernel uses threads, and the one recursion that keeps its bits independent of how many there are.
//!
//! Work is cut into chunks of a fixed size and the results of chunks are combined by a fixed pairwise tree: both
//! are functions of the length alone. Threads only decide *where* a branch of the tree is computed.
//!
//! Work of one chunk stays on the calling thread, and no more threads are called than there are chunks: a
//! chunk takes a microsecond or more, to hand it to a [`Team`] that is awake a fraction of one, to call a worker that
//! sleeps some (to rayon's pool from outside, ten or more).

pub(crate) mod divide;
mod team;

use divide::Divide;
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
    fn join(self, a: &mut (dyn FnMut() + Send), b: &mut (dyn FnMut() + Send)) {
        match self {
            #[cfg(feature = "rayon")]
            Par::Rayon => rayon_join(a, b),
            Par::Seq | Par::Team(_) => {
                a();
                b();
            }
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
pub(crate) fn reduce<T: Real, D: Divide>(
    par: Par<'_>,
    data: D,
    chunk: usize,
    leaf: &(impl Fn(D) -> T + Sync),
    combine: &(impl Fn(T, T) -> T + Sync),
) -> T {
    let [result] = reduce_each(par, data, chunk, &|data| [leaf(data)], combine);
    result
}

/// [`reduce`] with up to two results, each combined with those of its kind.
#[inline]
pub(crate) fn reduce_each<T: Real, D: Divide, const N: usize>(
    par: Par<'_>,
    data: D,
    chunk: usize,
    leaf: &(impl Fn(D) -> [T; N] + Sync),
    combine: &(impl Fn(T, T) -> T + Sync),
) -> [T; N] {
    if data.size() <= chunk {
        return leaf(data);
    }
    reduce_chunks(par, data, chunk, leaf, combine)
}

/// The tree; out of line, because with one chunk it would be in the way.
#[inline(never)]
fn reduce_chunks<T: Real, D: Divide, const N: usize>(
    par: Par<'_>,
    data: D,
    chunk: usize,
    leaf: &(impl Fn(D) -> [T; N] + Sync),
    combine: &(impl Fn(T, T) -> T + Sync),
) -> [T; N] {
    let len = data.size();
    let data = data.share();
    let leaf = |i: usize| {
        let from = i * chunk;
        // SAFETY: the tree takes each chunk once, and chunks do not overlap.
        let results = leaf(unsafe { D::part(&data, from..len.min(from + chunk)) });
        let mut wide = [0.0; 2];
        for (wide, result) in wide.iter_mut().zip(results) {
            *wide = result.to_f64();
        }
        wide
    };
    let wide = tree(par, len.div_ceil(chunk), &leaf, &|a, b| combine(T::from_f64(a), T::from_f64(b)).to_f64());
    core::array::from_fn(|i| T::from_f64(wide[i]))
}

/// [`reduce`] without a result: `leaf` on every chunk.
#[inline]
pub(crate) fn for_each<D: Divide>(par: Par<'_>, data: D, chunk: usize, leaf: &(impl Fn(D) + Sync)) {
    reduce_each::<f32, D, 0>(
        par,
        data,
        chunk,
        &|data| {
            leaf(data);
            []
        },
        &|a, _| a,
    );
}

/// Two results, exact: every `f32` is an `f64`. Below here nothing is compiled for each kernel.
type Results = [f64; 2];
/// What computes the results of a chunk, by its number.
type Leaf<'a> = &'a (dyn Fn(usize) -> Results + Sync);
type Combine<'a> = &'a (dyn Fn(f64, f64) -> f64 + Sync);

/// How many chunks the left branch of a tree over `chunks > 1` has.
fn left_chunks(chunks: usize) -> usize {
    chunks.next_power_of_two() / 2
}

fn both(a: Results, b: Results, combine: Combine<'_>) -> Results {
    [combine(a[0], b[0]), combine(a[1], b[1])]
}

fn tree(par: Par<'_>, chunks: usize, leaf: Leaf<'_>, combine: Combine<'_>) -> Results {
    match par {
        Par::Team(_) => branches(par, chunks, leaf, combine),
        _ => branch(par, 0, chunks, leaf, combine),
    }
}

/// The tree over `chunks` from `first` on.
fn branch(par: Par<'_>, first: usize, chunks: usize, leaf: Leaf<'_>, combine: Combine<'_>) -> Results {
    if chunks <= 1 {
        return leaf(first);
    }
    let left = left_chunks(chunks);
    let (mut a, mut b) = ([0.0; 2], [0.0; 2]);
    par.join(&mut || a = branch(par, first, left, leaf, combine), &mut || {
        b = branch(par, first + left, chunks - left, leaf, combine);
    });
    both(a, b, combine)
}

/// The tree with its top expanded into so many subtrees that a team has enough to share, in order and on the stack; the
/// top is combined afterwards by the calling thread.
fn branches(par: Par<'_>, chunks: usize, leaf: Leaf<'_>, combine: Combine<'_>) -> Results {
    /// At most, and a power of two.
    const SUBTREES: usize = 64;
    /// So that no thread waits long for another that began later or is slower.
    const PER_THREAD: usize = 4;
    const NO_PANIC: &str = "one thread has it, and if that panics no other lock follows";
    let levels = (PER_THREAD * par.threads()).min(SUBTREES).ilog2();

    let mut subtrees = [const { (0, 0) }; SUBTREES];
    let mut n = 0;
    expand(levels, 0, chunks, &mut |first, chunks| {
        subtrees[n] = (first, chunks);
        n += 1;
    });
    let results = [const { Mutex::new([0.0; 2]) }; SUBTREES];
    par.for_each_part(n, &|i| {
        let (first, chunks) = subtrees[i];
        *results[i].lock().expect(NO_PANIC) = branch(Par::Seq, first, chunks, leaf, combine);
    });
    let mut results = results.into_iter().map(|result| result.into_inner().expect(NO_PANIC));
    fold(levels, chunks, &mut || results.next().expect("one per subtree"), combine)
}

/// Calls `subtree` with the chunks of each, from left to right: the nodes `levels` below the root, and leaves above them.
fn expand(levels: u32, first: usize, chunks: usize, subtree: &mut dyn FnMut(usize, usize)) {
    if levels == 0 || chunks <= 1 {
        return subtree(first, chunks);
    }
    let left = left_chunks(chunks);
    expand(levels - 1, first, left, subtree);
    expand(levels - 1, first + left, chunks - left, subtree);
}

/// Combines the results that `next` yields in the order of [`expand`].
fn fold(levels: u32, chunks: usize, next: &mut dyn FnMut() -> Results, combine: Combine<'_>) -> Results {
    if levels == 0 || chunks <= 1 {
        return next();
    }
    let left = left_chunks(chunks);
    let a = fold(levels - 1, left, next, combine);
    both(a, fold(levels - 1, chunks - left, next, combine), combine)
}
