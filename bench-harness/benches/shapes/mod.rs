//! The products that tables show, and what the command line selects of them.

#![allow(dead_code, reason = "each bench target is a crate of its own and uses a part of this")]

use crate::interleave::Aligned;
use simdescent_kernels::{Accum, Exec, MatMut, MatRef, Real, gemm};
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
pub(crate) struct Shape {
    pub(crate) m: usize,
    pub(crate) n: usize,
    pub(crate) k: usize,
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
    pub(crate) fn a_strides(self) -> (usize, usize) {
        if self.form == TransposedA { (1, self.m) } else { (self.k, 1) }
    }

    pub(crate) fn b_strides(self) -> (usize, usize) {
        if self.form == TransposedB { (1, self.k) } else { (self.n, 1) }
    }

    pub(crate) fn flops(self) -> f64 {
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
pub(crate) struct Operands<T> {
    pub(crate) shape: Shape,
    pub(crate) a: Aligned<T>,
    pub(crate) b: Aligned<T>,
}

impl<T: Real> Operands<T> {
    pub(crate) fn new(shape: Shape) -> Self {
        Self { shape, a: Aligned::new(shape.m * shape.k), b: Aligned::new(shape.k * shape.n) }
    }

    pub(crate) fn multiply(&self, exec: Exec<'_>, c: &mut [T]) {
        let shape @ Shape { m, n, k, .. } = self.shape;
        let a = MatRef::with_strides(black_box(&self.a), (m, k), shape.a_strides()).expect("m × k");
        let b = MatRef::with_strides(&self.b, (k, n), shape.b_strides()).expect("k × n");
        gemm(exec, Accum::Replace, T::ONE, a, b, MatMut::new(c, m, n));
    }
}

/// `[--f64] [--threads=N] [FILTER]`
pub(crate) struct Arguments {
    all: Vec<String>,
}

impl Arguments {
    pub(crate) fn read() -> Self {
        Self { all: std::env::args().skip(1).collect() }
    }

    pub(crate) fn has(&self, flag: &str) -> bool {
        self.all.iter().any(|argument| argument == flag)
    }

    pub(crate) fn threads(&self, default: usize) -> usize {
        let given = self.all.iter().find_map(|argument| argument.strip_prefix("--threads="));
        given.map_or(default, |n| n.parse().expect("--threads: a number"))
    }

    /// The shapes whose names contain the filter.
    pub(crate) fn shapes(&self) -> Vec<Shape> {
        let filter = self.all.iter().find(|argument| !argument.starts_with("--")).cloned().unwrap_or_default();
        shapes().into_iter().filter(|shape| shape.to_string().contains(&filter)).collect()
    }
}
