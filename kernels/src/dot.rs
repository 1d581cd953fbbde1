//! Inner product.

use crate::lanes::{Kernel, Lanes, Sum, accumulate, fold, load_at};
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

/// The inner product of one chunk or row, for kernels that need it inside.
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

/// [`dot_lanes`] of each of several rows with `x`, every register of which is loaded once for all of them.
#[inline(always)]
pub(crate) fn dots_lanes<T: Real, L: Lanes<T>, const ROWS: usize>(l: L, rows: [&[T]; ROWS], x: &[T]) -> [T; ROWS] {
    let mut acc = [l.splat_acc(T::ZERO); ROWS];
    let registers = T::LANES / L::WIDTH;
    let whole = x.len() - x.len() % T::LANES;
    for from in (0..whole).step_by(T::LANES) {
        let x = &x[from..][..T::LANES];
        for (acc, row) in acc.iter_mut().zip(&rows) {
            let row = &row[from..][..T::LANES];
            for (r, acc) in acc.as_mut().iter_mut().enumerate() {
                *acc = l.fma(l.load(&row[r * L::WIDTH..]), l.load(&x[r * L::WIDTH..]), *acc);
            }
        }
    }
    if whole < x.len() {
        for r in 0..registers {
            let x = load_at(l, x, whole + r * L::WIDTH);
            for (acc, row) in acc.iter_mut().zip(&rows) {
                let acc = &mut acc.as_mut()[r];
                *acc = l.fma(load_at(l, row, whole + r * L::WIDTH), x, *acc);
            }
        }
    }
    let mut dots = [T::ZERO; ROWS];
    for (dot, acc) in dots.iter_mut().zip(&acc) {
        *dot = fold(l, Sum, *acc);
    }
    dots
}
