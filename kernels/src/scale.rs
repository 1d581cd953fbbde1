//! x ← α·x.

use crate::lanes::{Kernel, Lanes, map};
use crate::real::Real;
use crate::threads::{CHUNK, Exec, for_each};

/// x\[i\] ← α·x\[i\] (BLAS `scal`).
pub fn scale<T: Real>(exec: Exec<'_>, alpha: T, x: &mut [T]) {
    for_each(exec.par(), x, CHUNK, &|x| exec.run(Scale { alpha, x }));
}

struct Scale<'a, T> {
    alpha: T,
    x: &'a mut [T],
}
impl<T: Real> Kernel<T> for Scale<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        let alpha = l.splat(self.alpha);
        map(
            l,
            self.x,
            #[inline(always)]
            |x| l.mul(alpha, x),
        );
    }
}
