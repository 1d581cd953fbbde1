//! Which instruction set a kernel runs on: detection, the choice, and how to force one.
//!
//! An [`Isa`] value is proof that this CPU has the instruction set, so every kernel takes one (inside
//! [`Exec`](crate::Exec)) and none has to check again. [`active`] is the best one, or the one that the environment
//! variable `SIMDESCENT_ISA` names; [`available`] lists all, for tests that loop over them.

use crate::lanes::{Kernel, Lanes, Token};
use crate::real::Real;
use core::fmt;
use std::sync::OnceLock;

/// Name of the environment variable that forces an instruction set.
pub const ENV: &str = "SIMDESCENT_ISA";

/// Every name that `SIMDESCENT_ISA` accepts, whether or not this CPU has it.
pub const NAMES: [&str; 4] = ["scalar", "avx2", "avx512", "neon"];

/// An instruction set that this CPU has.
#[derive(Clone, Copy)]
pub struct Isa(pub(crate) Token);

/// Why an instruction set cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IsaError {
    /// The name is none of [`NAMES`].
    Unknown(String),
    /// The name is right, but this CPU (or this build) lacks the instruction set.
    Unavailable(&'static str),
}

impl fmt::Display for IsaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => {
                write!(f, "unknown instruction set {name:?}: {ENV} takes one of {}", NAMES.join(", "))
            }
            Self::Unavailable(name) => {
                let have: Vec<_> = available().iter().map(|isa| isa.name()).collect();
                write!(f, "instruction set {name:?} is not available on this CPU, which has {}", have.join(", "))
            }
        }
    }
}
impl std::error::Error for IsaError {}

impl Isa {
    /// Plain scalar code; available everywhere.
    ///
    /// Uses the scalar FMA instruction where the CPU has one. Elsewhere every FMA is a call into the C library:
    /// the same bits, some 70 times slower.
    pub fn scalar() -> Self {
        Self(Token::Scalar(pulp::Scalar::new()))
    }

    /// The instruction set called `name` (one of [`NAMES`]).
    ///
    /// # Errors
    /// [`IsaError`] when the name is unknown or this CPU lacks it; there is no silent fallback.
    pub fn from_name(name: &str) -> Result<Self, IsaError> {
        if let Some(isa) = available().iter().find(|isa| isa.name() == name) {
            return Ok(*isa);
        }
        Err(match NAMES.iter().find(|&&known| known == name) {
            Some(known) => IsaError::Unavailable(known),
            None => IsaError::Unknown(name.to_owned()),
        })
    }

    /// `"scalar"`, `"avx2"`, `"avx512"` or `"neon"`.
    pub fn name(self) -> &'static str {
        match self.0 {
            Token::Scalar(_) => "scalar",
            #[cfg(target_arch = "x86_64")]
            Token::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Token::Avx512(_) => "avx512",
            #[cfg(target_arch = "aarch64")]
            Token::Neon(_) => "neon",
        }
    }

    /// Bytes of a register; scalar code has one element.
    #[inline(always)]
    pub(crate) fn register_bytes(self) -> usize {
        match self.0 {
            Token::Scalar(_) => 4,
            #[cfg(target_arch = "x86_64")]
            Token::Avx2(_) => 32,
            #[cfg(target_arch = "x86_64")]
            Token::Avx512(_) => 64,
            #[cfg(target_arch = "aarch64")]
            Token::Neon(_) => 16,
        }
    }

    /// The name of the code that actually runs: asked from inside the dispatched kernel, not from `self`.
    pub fn kernel_name(self) -> &'static str {
        struct WhoRuns;
        impl Kernel<f32> for WhoRuns {
            type Output = &'static str;
            #[inline(always)]
            fn run<L: Lanes<f32>>(self, _: L) -> &'static str {
                L::NAME
            }
        }
        self.run(WhoRuns)
    }

    /// Runs `kernel` compiled for this instruction set.
    #[inline]
    pub fn run<T: Real, K: Kernel<T>>(self, kernel: K) -> K::Output {
        T::run_on(self.0, kernel)
    }
}

impl PartialEq for Isa {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}
impl Eq for Isa {}
impl fmt::Debug for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Isa({})", self.name())
    }
}
impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Every instruction set of this CPU, slowest (scalar) first.
pub fn available() -> &'static [Isa] {
    static AVAILABLE: OnceLock<Vec<Isa>> = OnceLock::new();
    AVAILABLE.get_or_init(|| {
        let mut isas = vec![Isa::scalar()];
        #[cfg(target_arch = "x86_64")]
        {
            isas.extend(pulp::x86::V3::try_new().map(|token| Isa(Token::Avx2(token))));
            isas.extend(pulp::x86::V4::try_new().map(|token| Isa(Token::Avx512(token))));
        }
        #[cfg(target_arch = "aarch64")]
        isas.extend(pulp::aarch64::Neon::try_new().map(|token| Isa(Token::Neon(token))));
        isas
    })
}

/// The instruction set in use: what `SIMDESCENT_ISA` names, else the best one of this CPU. Decided once.
///
/// # Errors
/// [`IsaError`] when `SIMDESCENT_ISA` names an instruction set that is unknown or not available.
pub fn try_active() -> Result<Isa, IsaError> {
    static ACTIVE: OnceLock<Result<Isa, IsaError>> = OnceLock::new();
    ACTIVE
        .get_or_init(|| match std::env::var_os(ENV) {
            Some(name) => Isa::from_name(&name.to_string_lossy()),
            None => Ok(*available().last().expect("scalar is always available")),
        })
        .clone()
}

/// [`try_active`] for those who would only print its error.
///
/// # Panics
/// When `SIMDESCENT_ISA` names an instruction set that is unknown or not available.
pub fn active() -> Isa {
    try_active().unwrap_or_else(|error| panic!("{error}"))
}
