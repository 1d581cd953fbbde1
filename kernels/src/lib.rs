//! Fast kernels for training small models on the CPU, with **bit-identical results on every instruction set and every
//! number of threads**.
//!
//! A kernel takes slices and strides. It needs no framework and allocates nothing in the steady state. Every kernel is written
//! once over a small vocabulary of lane operations ([`lanes`]), and compiled for scalar, AVX2, AVX-512 and NEON. Which of them
//! runs is decided at run time ([`isa`]); `SIMDESCENT_ISA` or an explicit [`Exec`] forces one. The [`Exec`] also says which
//! threads may take part ([`Par`]): the calling one, those of a [`Team`], or rayon's.
//!
//! The kernels are *batch-invariant*: a row of a matrix product has the same bits, whichever other rows are in the matrix.
//!
//! | operation | |
//! | --- | --- |
//! | vectors | [`dot`], [`axpy`], [`scale`], [`nrm2`], [`asum`], [`amax`] |
//! | matrices | [`gemv`], [`gemv_t`], [`gemm()`] on strided views [`MatRef`], [`MatMut`] |
//! | functions | [`math`]: exp, expm1, log, log1p, tanh, sigmoid, softplus, GELU and its derivative |
//! | layers | [`activation`]: bias + identity, ReLU, tanh, sigmoid, GELU, and their gradients |
//! | losses with gradient | [`loss`]: squared, absolute, Huber, quantile, logistic, hinge, squared hinge, Poisson, softmax cross-entropy; mean or sum, weights |
//! | linear models in one pass | [`linear`]: loss and gradient, an epoch of SGD; dense, or sparse [`CsrRef`]; softmax regression; products with sparse matrices; norms and second moments of each sample's gradient |
//! | optimizer steps | [`optimizer`]: SGD, momentum, Nesterov, AdaGrad, RMSprop, AdaDelta, Adam and its family, Lion, LAMB, Adafactor, Muon; clipping, decay, L1 around any |
//!
//! ```
//! use simdescent_kernels::{Accum, Exec, MatMut, MatRef, gemm};
//! let (a, b) = ([1.0f32, 2.0, 3.0, 4.0], [1.0f32, 0.0, 0.0, -1.0]);
//! let mut c = [0.0; 4];
//! let exec = Exec::default(); // best instruction set, calling thread
//! gemm(exec, Accum::Replace, 1.0, MatRef::new(&a, 2, 2), MatRef::new(&b, 2, 2).t(), MatMut::new(&mut c, 2, 2));
//! assert_eq!(c, [1.0, -2.0, 3.0, -4.0]);
//! ```
//!
//! # The promise, and its limits
//!
//! For finite and infinite inputs, signed zeros and subnormals, every kernel gives the bits that its documentation defines,
//! and that [`reference`](mod@reference) computes in plain loops. A NaN among the inputs gives NaN in the results that depend
//! on it; its sign and payload are not promised. The promise assumes the default floating-point mode:
//! round to nearest, subnormals neither flushed nor treated as zero. (A thread that is started while flush-to-zero is set
//! inherits it, those of a [`Team`] too.)
//!
//! Subnormal numbers cost time: an operation on them takes 30 to 160 times as long on Intel's CPUs, and Adam's step three times
//! as long on AMD's Zen 5. [`FlushState`](optimizer::FlushState) keeps them out of an optimizer's state.
//!
//! # Threads
//!
//! A thread that calls kernels needs 64 KiB of stack (a test runs with that; 16 KiB were enough on x86-64 with optimization). It may call
//! them up to its very end, in destructors of thread-locals, where each call allocates its scratch memory anew. In the child of
//! a `fork`, kernels on the calling thread or a [`Team`] work; on rayon's pool they hang.
//!
//! # Errors and panics
//!
//! Wrong shapes are programming errors: a kernel panics, as its documentation says, and names the operands. Building a strided
//! view from untrusted numbers returns a [`ShapeError`], and choosing an instruction set by name an [`IsaError`](isa::IsaError).

#![deny(unsafe_code)] // allowed below for the modules that ARCHITECTURE.md lists

mod accum;
pub mod activation;
mod axpy;
mod dot;
#[allow(unsafe_code)]
pub mod gemm;
#[allow(unsafe_code)]
mod gemv;
mod gemv_t;
#[cfg(not(any(test, loom)))]
#[doc(hidden)]
pub mod instances;
pub mod isa;
#[allow(unsafe_code)]
pub mod lanes;
pub mod linear;
pub mod loss;
pub mod math;
#[allow(unsafe_code)]
pub mod matrix;
mod norm;
pub mod optimizer;
pub mod real;
pub mod reference;
mod scale;
#[allow(unsafe_code)]
pub mod threads;

pub use accum::Accum;
pub use axpy::axpy;
pub use dot::dot;
pub use gemm::gemm;
pub use gemv::gemv;
pub use gemv_t::gemv_t;
pub use isa::Isa;
pub use linear::CsrRef;
pub use matrix::{MatMut, MatRef, ShapeError};
pub use norm::{amax, asum, nrm2};
pub use real::Real;
pub use scale::scale;
pub use threads::{Exec, Par, Team};
