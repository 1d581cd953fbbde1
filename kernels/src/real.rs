//! [`Real`]: the two element types, `f32` and `f64`, and the constants that the arithmetic contract ties to them.

use crate::lanes::{Kernel, Lanes, Token};
use crate::math::coefficients::Coefficients;
use core::fmt::{Debug, Display};
use core::ops::{Add, Div, Mul, Neg, Sub};

/// An element type of the kernels: `f32` or `f64` (sealed).
pub trait Real:
    Copy
    + Debug
    + Default
    + Display
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + Coefficients
    + private::Sealed
    + 'static
{
    /// Number of canonical lanes of a dot-like reduction: 64 for `f32`, 32 for `f64`.
    ///
    /// Four AVX-512 registers, eight of AVX2, sixteen of NEON: enough independent FMA chains to hide the
    /// latency everywhere, and one number for all, because it decides the bits of every reduction.
    const LANES: usize;
    /// `[Self; LANES]`.
    type Canonical: Copy + AsRef<[Self]> + AsMut<[Self]>;
    /// All canonical lanes zero.
    const CANONICAL_ZERO: Self::Canonical;
    /// All canonical lanes −0, which changes nothing that it is added to.
    #[doc(hidden)]
    const NEGATIVE_ZEROS: &'static Self::Canonical;
    /// +0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// Smallest positive normal number.
    const MIN_POSITIVE: Self;
    /// Distance from 1 to the next larger number.
    const EPSILON: Self;
    /// +∞.
    const INFINITY: Self;
    /// Width of the stored mantissa: 23 or 52.
    const MANTISSA_BITS: u32;

    /// Nearest value to `x`.
    fn from_f64(x: f64) -> Self;
    /// The same value, exactly.
    fn to_f64(self) -> f64;
    /// The bit pattern, zero-extended.
    fn bits(self) -> u64;
    /// The value with this bit pattern (upper half ignored for `f32`).
    fn from_bits(bits: u64) -> Self;
    /// `self * b + c` with one rounding.
    fn mul_add(self, b: Self, c: Self) -> Self;
    /// Correctly rounded square root.
    fn sqrt(self) -> Self;
    /// Clears the sign bit.
    fn abs(self) -> Self;

    /// Runs `kernel` compiled for the instruction set of `token`; what [`Isa::run`](crate::Isa::run) calls.
    #[doc(hidden)]
    fn run_on<K: Kernel<Self>>(token: Token, kernel: K) -> K::Output;
}

mod private {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// `f64::mul_add`, mended where it is a call of musl's `fma`: that returns +0 for a negative product which underflows,
/// plus 0. Adding a zero to a product that is not zero leaves the rounded product.
#[inline(always)]
fn fused_f64(a: f64, b: f64, c: f64) -> f64 {
    let musl = cfg!(all(target_env = "musl", not(target_arch = "aarch64")));
    if musl && c == 0.0 && a != 0.0 && b != 0.0 { a * b } else { a.mul_add(b, c) }
}

macro_rules! real {
    ($T:ident, $Bits:ident, $lanes:literal, $fused:path) => {
        impl Real for $T {
            const LANES: usize = $lanes;
            type Canonical = [$T; $lanes];
            const CANONICAL_ZERO: Self::Canonical = [0.0; $lanes];
            const NEGATIVE_ZEROS: &'static Self::Canonical = &[-0.0; $lanes];
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const MIN_POSITIVE: Self = $T::MIN_POSITIVE;
            const EPSILON: Self = $T::EPSILON;
            const INFINITY: Self = $T::INFINITY;
            const MANTISSA_BITS: u32 = $T::MANTISSA_DIGITS - 1;

            #[inline(always)]
            fn from_f64(x: f64) -> Self {
                x as $T
            }
            #[inline(always)]
            fn to_f64(self) -> f64 {
                f64::from(self)
            }
            #[inline(always)]
            fn bits(self) -> u64 {
                u64::from(self.to_bits())
            }
            #[inline(always)]
            fn from_bits(bits: u64) -> Self {
                $T::from_bits(bits as $Bits)
            }
            #[inline(always)]
            fn mul_add(self, b: Self, c: Self) -> Self {
                $fused(self, b, c)
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                $T::sqrt(self)
            }
            #[inline(always)]
            fn abs(self) -> Self {
                $T::abs(self)
            }
            // Unoptimized builds would have one copy of each kernel per caller: `threads::reduce` alone has four.
            #[cfg_attr(not(debug_assertions), inline)]
            fn run_on<K: Kernel<Self>>(token: Token, kernel: K) -> K::Output {
                match token {
                    Token::Scalar(token) => Lanes::<$T>::enter(token, kernel),
                    #[cfg(target_arch = "x86_64")]
                    Token::Avx2(token) => Lanes::<$T>::enter(token, kernel),
                    #[cfg(target_arch = "x86_64")]
                    Token::Avx512(token) => Lanes::<$T>::enter(token, kernel),
                    #[cfg(target_arch = "aarch64")]
                    Token::Neon(token) => Lanes::<$T>::enter(token, kernel),
                }
            }
        }
    };
}
real!(f32, u32, 64, f32::mul_add);
real!(f64, u64, 32, fused_f64);
