//! Some rows of inputs, dense or sparse.

use simdescent_kernels::{CsrRef, MatRef};
use std::ops::Range;

/// The inputs of some rows, as a [`Model`](crate::Model) takes them.
#[derive(Clone, Copy, Debug)]
pub enum Rows<'a> {
    /// `[rows, features]`, row-major.
    Dense(MatRef<'a, f32>),
    /// `[rows, features]`, without the zeros.
    Sparse(CsrRef<'a, f32>),
}

impl Rows<'_> {
    /// How many rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Dense(x) => x.rows(),
            Self::Sparse(x) => x.rows(),
        }
    }

    /// How many features.
    pub fn cols(&self) -> usize {
        match self {
            Self::Dense(x) => x.cols(),
            Self::Sparse(x) => x.cols(),
        }
    }

    /// The numbers, of sparse rows those that are stored.
    pub(crate) fn values(&self) -> Vec<f32> {
        match self {
            Self::Dense(x) => (0..x.rows()).flat_map(|i| (0..x.cols()).map(move |j| x.at(i, j))).collect(),
            Self::Sparse(x) => (0..x.rows()).flat_map(|i| x.row(i).1).copied().collect(),
        }
    }

    /// The rows of this range.
    ///
    /// # Panics
    /// If it ends after the last row.
    pub fn slice(&self, rows: Range<usize>) -> Self {
        match self {
            Self::Dense(x) => Self::Dense(x.split_rows_at(rows.end).0.split_rows_at(rows.start).1),
            Self::Sparse(x) => Self::Sparse(x.slice(rows)),
        }
    }
}

impl<'a> From<MatRef<'a, f32>> for Rows<'a> {
    fn from(rows: MatRef<'a, f32>) -> Self {
        Self::Dense(rows)
    }
}

impl<'a> From<CsrRef<'a, f32>> for Rows<'a> {
    fn from(rows: CsrRef<'a, f32>) -> Self {
        Self::Sparse(rows)
    }
}
