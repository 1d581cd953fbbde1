//! Inner product.

use crate::lanes::{Kernel, Lanes, Sum, accumulate, fold};
use crate::real::Real;
use crate::threads::{CHUNK, Exec, reduce};

/// Inner product Σ x\[i\]·y\[i\] (BLAS `dot`).
///
/// Chunks of [`CHUNK`] elements, each one FMA chain per canonical lane and a fixed fold ([`crate::lanes`]); chunk
/// results are added by a fixed pairwise tree. Empty vectors give +0.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn dot<T: Real>(exec: Exec<'_>, x: &[T], y: &[T]) -> T {
    assert_eq!(x.len(), y.len(), "dot: x and y differ in length");
    reduce(exec.par(), (x, y), CHUNK, &|(x, y)| exec.run(Dot { x, y }), &|a, b| a + b)
}

struct Dot<'a, T> {
    x: &'a [T],
    y: &'a [T],
}
impl<T: Real> Kernel<T> for Dot<'_, T> {
    type Output = T;
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) -> T {
        dot_lanes(l, self.x, self.y)
    }
}

/// The inner product of one chunk, for kernels that need it inside.
#[inline(always)]
pub(crate) fn dot_lanes<T: Real, L: Lanes<T>>(l: L, x: &[T], y: &[T]) -> T {
    let acc = accumulate(
        l,
        l.splat_acc(T::ZERO),
        x,
        y,
        #[inline(always)]
        |acc, x, y| l.fma(x, y, acc),
    );
    fold(l, Sum, acc)
}
