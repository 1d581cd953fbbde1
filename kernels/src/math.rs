//! exp, expm1, log, log1p, tanh, sigmoid, softplus, GELU: our own polynomials in IEEE operations, because the platform's libm
//! differs from one platform to the next. One source for every ISA.
//!
//! Each function comes twice: on a register ([`exp`](fn@exp)), for use inside kernels, and on a slice ([`exp_in_place`]).
//! Errors are in units of the last place of the exact result: over *all* 2³² inputs for `f32`, over a sample for `f64`.
//!
//! Speed, `f32` from L1 with AVX-512, `cargo bench -- math/`. On a core of 256-bit data paths (Zen 4), where an FMA on a
//! register of 16 takes one cycle: exp 3.7 elements/ns (14 multiplications and comparisons, about 4.2 possible), tanh 3.1 (the
//! division alone takes 10 cycles). On one that starts two such instructions a cycle (Emerald Rapids, 2.75 GHz): exp 2.9 (20
//! instructions, 4.4 possible), tanh 2.2 (22 instructions, 4.0 possible; the division takes 9 cycles beside them).

pub(crate) mod coefficients;
mod exp;
mod expm1;
mod gelu;
mod log;
mod log1p;
mod sigmoid;
mod softplus;
mod tanh;

pub use coefficients::Coefficients;
pub use exp::{exp, exp_in_place};
pub use expm1::{expm1, expm1_in_place};
pub use gelu::{gelu, gelu_derivative, gelu_derivative_in_place, gelu_in_place};
pub use log::{log, log_in_place};
pub use log1p::{log1p, log1p_in_place};
pub use sigmoid::{sigmoid, sigmoid_in_place};
pub use softplus::{softplus, softplus_in_place};
pub use tanh::{tanh, tanh_in_place};

use crate::lanes::{Kernel, Lanes, map};
use crate::real::Real;
use crate::threads::{CHUNK, Exec, for_each};

/// c₀ + x·(c₁ + x·(c₂ + …)), one FMA per step.
#[inline(always)]
fn horner<T: Real, L: Lanes<T>>(l: L, x: L::Reg, coefficients: &[T]) -> L::Reg {
    let (&last, rest) = coefficients.split_last().expect("a polynomial has coefficients");
    let mut p = l.splat(last);
    for &c in rest.iter().rev() {
        p = l.fma(p, x, l.splat(c));
    }
    p
}

/// A function of one register, for [`in_place`].
pub(crate) trait InPlace<T: Real>: Copy + Sync {
    fn apply<L: Lanes<T>>(self, l: L, x: L::Reg) -> L::Reg;
}

pub(crate) fn in_place<T: Real, F: InPlace<T>>(exec: Exec<'_>, function: F, x: &mut [T]) {
    for_each(exec.par(), x, CHUNK, &|x| exec.run(Map { function, x }));
}

struct Map<'a, T, F> {
    function: F,
    x: &'a mut [T],
}
impl<T: Real, F: InPlace<T>> Kernel<T> for Map<'_, T, F> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        map(
            l,
            self.x,
            #[inline(always)]
            |x| self.function.apply(l, x),
        );
    }
}
