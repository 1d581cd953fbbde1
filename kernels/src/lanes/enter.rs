//! Where code compiled for an instruction set is entered.
//!
//! Entries are never inlined: they are where a kernel is compiled once, in this crate (`instances.rs`), however many callers it has.
//! What leads to them, checks of shapes and the choice of an entry, is small and may be inlined into its callers.

use super::{Kernel, Lanes};
use crate::real::Real;

/// The entry for the instruction set of a token of pulp, with all features that the token stands for.
macro_rules! entry {
    ($name:ident, $Token:ty, $features:literal) => {
        #[inline(always)]
        pub(super) fn $name<T: Real, K: Kernel<T>>(token: $Token, kernel: K) -> K::Output
        where
            $Token: Lanes<T>,
        {
            #[target_feature(enable = $features)]
            #[inline(never)]
            fn entry<T: Real, K: Kernel<T>>(token: $Token, kernel: K) -> K::Output
            where
                $Token: Lanes<T>,
            {
                kernel.run(token)
            }
            // SAFETY: the token is the proof that the CPU has the features.
            unsafe { entry(token, kernel) }
        }
    };
}

#[cfg(target_arch = "x86_64")]
entry!(avx2, pulp::x86::V3, "sse,sse2,fxsr,sse3,ssse3,sse4.1,sse4.2,popcnt,avx,avx2,bmi1,bmi2,fma,lzcnt");
#[cfg(target_arch = "x86_64")]
entry!(
    avx512,
    pulp::x86::V4,
    "sse,sse2,fxsr,sse3,ssse3,sse4.1,sse4.2,popcnt,avx,avx2,bmi1,bmi2,fma,lzcnt,\
     avx512f,avx512bw,avx512cd,avx512dq,avx512vl"
);
#[cfg(target_arch = "aarch64")]
entry!(neon, pulp::aarch64::Neon, "neon");

/// The same for scalar code: an entry compiled with the FMA feature where the CPU has it.
#[inline]
pub(super) fn scalar<T: Real, K: Kernel<T>>(token: pulp::Scalar, kernel: K) -> K::Output
where
    pulp::Scalar: Lanes<T>,
{
    #[inline(never)]
    fn without_fma<T: Real, K: Kernel<T>>(token: pulp::Scalar, kernel: K) -> K::Output
    where
        pulp::Scalar: Lanes<T>,
    {
        kernel.run(token)
    }
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx,fma")]
        #[inline(never)]
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
