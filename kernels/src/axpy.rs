//! y ← α·x + y.

use crate::lanes::{Kernel, Lanes, zip_map};
use crate::real::Real;
use crate::threads::{CHUNK, Exec, for_each};

/// y\[i\] ← fma(α, x\[i\], y\[i\]) (BLAS `axpy`).
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn axpy<T: Real>(exec: Exec<'_>, alpha: T, x: &[T], y: &mut [T]) {
    assert_eq!(x.len(), y.len(), "axpy: x and y differ in length");
    for_each(exec.par(), (x, y), CHUNK, &|(x, y)| exec.run(Axpy { alpha, x, y }));
}

struct Axpy<'a, T> {
    alpha: T,
    x: &'a [T],
    y: &'a mut [T],
}
impl<T: Real> Kernel<T> for Axpy<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        let alpha = l.splat(self.alpha);
        zip_map(
            l,
            self.y,
            self.x,
            #[inline(always)]
            |y, x| l.fma(alpha, x, y),
        );
    }
}
