//! The products that tables show.

use crate::arguments::Arguments;
use simdescent_kernels::{Accum, Exec, MatMut, MatRef, Real, gemm};
use simdescent_measure::limits::Aligned;
use std::fmt;
use std::hint::black_box;

/// Whether A and B are given transposed, as in the passes of a dense layer: forward, weight gradient, input gradient.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Plain,
    TransposedA,
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
    form: Form,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { m, n, k, form } = self;
        let suffix = match form {
            Plain => "",
            TransposedA => " AᵀB",
            TransposedB => " ABᵀ",
        };
        write!(f, "{m} × {n} × {k}{suffix}")
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

/// Squares from one tile to L3, odd sizes among them; an MLP 784-512-256-10 at every batch size; thin shapes.
fn shapes() -> Vec<Shape> {
    let squares = [8, 16, 32, 33, 48, 64, 65, 96, 100, 127, 128, 192, 256, 384, 512, 768, 1000, 1024, 2048];
    let mut shapes: Vec<_> = squares.map(|n| (n, n, n, Plain)).into();
    for batch in [1, 8, 32, 128, 512, 2048] {
        for (fan_in, fan_out) in [(784, 512), (512, 256), (256, 10)] {
            shapes.push((batch, fan_out, fan_in, Plain));
            shapes.push((fan_in, fan_out, batch, TransposedA));
            shapes.push((batch, fan_in, fan_out, TransposedB));
        }
    }
    shapes.extend([(16, 2048, 2048, Plain), (2048, 16, 2048, Plain), (2048, 2048, 16, Plain)]);
    shapes.extend([(10, 10, 4096, TransposedA), (1024, 1024, 1024, TransposedA), (1024, 1024, 1024, TransposedB)]);
    shapes.into_iter().map(|(m, n, k, form)| Shape { m, n, k, form }).collect()
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

/// The shapes whose names the command line selects; ends the program with an error if there are none.
#[must_use]
pub fn selected(arguments: &Arguments) -> Vec<Shape> {
    let selected = shapes().into_iter().filter(|shape| arguments.shows(&shape.to_string())).collect();
    arguments.check();
    selected
}
