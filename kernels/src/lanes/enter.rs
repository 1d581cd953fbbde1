//! Where code compiled for an instruction set is entered.

use super::{Kernel, Lanes};
use crate::real::Real;

/// The one place where code compiled for a SIMD instruction set is entered.
#[inline(always)]
pub(super) fn run_simd<T: Real, S: pulp::Simd + Lanes<T>, K: Kernel<T>>(token: S, kernel: K) -> K::Output {
    token.vectorize(Call { lanes: token, kernel, element: core::marker::PhantomData })
}

/// A kernel and the token to run it with, as the nullary function that pulp wants.
struct Call<T, L, K> {
    lanes: L,
    kernel: K,
    element: core::marker::PhantomData<T>,
}
impl<T: Real, L: Lanes<T>, K: Kernel<T>> pulp::NullaryFnOnce for Call<T, L, K> {
    type Output = K::Output;
    #[inline(always)]
    fn call(self) -> K::Output {
        self.kernel.run(self.lanes)
    }
}

/// The same for scalar code: an entry point compiled with the FMA feature where the CPU has it.
#[inline]
pub(super) fn run_scalar<T: Real, K: Kernel<T>>(token: pulp::Scalar, kernel: K) -> K::Output
where
    pulp::Scalar: Lanes<T>,
{
    /// Out of line, so that it is compiled once, and not where the kernel is called.
    #[cfg_attr(target_arch = "x86_64", inline(never))]
    fn without_fma<T: Real, K: Kernel<T>>(token: pulp::Scalar, kernel: K) -> K::Output
    where
        pulp::Scalar: Lanes<T>,
    {
        kernel.run(token)
    }
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx,fma")]
        fn with_fma<T: Real, K: Kernel<T>>(token: pulp::Scalar, kernel: K) -> K::Output
        where
            pulp::Scalar: Lanes<T>,
        {
            kernel.run(token)
        }
        if std::arch::is_x86_feature_detected!("avx") && std::arch::is_x86_feature_detected!("fma") {
            // SAFETY: both features were just detected.
            return unsafe { with_fma(token, kernel) };
        }
    }
    without_fma(token, kernel)
}
