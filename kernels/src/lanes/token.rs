//! Which instruction set, as a value.

/// pulp's proof that the CPU has the features.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum Token {
    Scalar(pulp::Scalar),
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    #[cfg(target_arch = "x86_64")]
    Avx512(pulp::x86::V4),
    #[cfg(target_arch = "aarch64")]
    Neon(pulp::aarch64::Neon),
}
