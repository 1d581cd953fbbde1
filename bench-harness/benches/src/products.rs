//! Matrix products and their operands.

use simdescent_kernels::{Accum, Exec, MatMut, MatRef, Real, gemm};
use simdescent_measure::limits::Aligned;
use std::fmt;
use std::hint::black_box;

/// Whether A and B are given transposed, as in the passes of a dense layer: forward, weight gradient, input gradient.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A·B.
    Plain,
    /// AᵀB.
    TransposedA,
    /// ABᵀ.
    TransposedB,
}
use Form::{Plain, TransposedA, TransposedB};

/// One product, m × k by k × n.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Rows of A and C.
    pub m: usize,
    /// Columns of B and C.
    pub n: usize,
    /// Columns of A, rows of B.
    pub k: usize,
    /// How they lie.
    pub form: Form,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { m, n, k, form } = self;
        let suffix = match form {
            Plain => "",
            TransposedA => "-AtB",
            TransposedB => "-ABt",
        };
        write!(f, "{m}x{n}x{k}{suffix}")
    }
}

impl Shape {
    /// Rows and columns of A.
    #[must_use]
    pub fn a_strides(self) -> (usize, usize) {
        if self.form == TransposedA { (1, self.m) } else { (self.k, 1) }
    }

    /// Rows and columns of B.
    #[must_use]
    pub fn b_strides(self) -> (usize, usize) {
        if self.form == TransposedB { (1, self.k) } else { (self.n, 1) }
    }

    /// Two for each multiply-add.
    #[must_use]
    pub fn flops(self) -> f64 {
        2.0 * (self.m * self.n * self.k) as f64
    }
}

/// A and B.
pub struct Operands<T> {
    /// Theirs.
    pub shape: Shape,
    /// m × k.
    pub a: Aligned<T>,
    /// k × n.
    pub b: Aligned<T>,
}

impl<T: Real> Operands<T> {
    /// Of numbers that are always the same.
    #[must_use]
    pub fn new(shape: Shape) -> Self {
        Self { shape, a: Aligned::new(shape.m * shape.k), b: Aligned::new(shape.k * shape.n) }
    }

    /// C ← A·B.
    ///
    /// # Panics
    ///
    /// If C is not m × n.
    pub fn multiply(&self, exec: Exec<'_>, c: &mut [T]) {
        let shape @ Shape { m, n, k, .. } = self.shape;
        let a = MatRef::with_strides(black_box(&self.a), (m, k), shape.a_strides()).expect("m × k");
        let b = MatRef::with_strides(&self.b, (k, n), shape.b_strides()).expect("k × n");
        gemm(exec, Accum::Replace, T::ONE, a, b, MatMut::new(c, m, n));
    }
}
