//! Inputs as a data set keeps them.

use super::Rows;
use simdescent_kernels::{CsrRef, MatRef};

/// The most input values (rows × features) a reader builds from a file whose size does not already bound them: 2³¹,
/// which is 8 GiB as `f32`.
pub(super) const MAX_ELEMENTS: usize = 1 << 31;

/// Inputs as they are kept.
#[derive(Clone, PartialEq)]
pub(super) enum Storage {
    /// `[rows, features]`, row-major.
    Dense(Vec<f32>),
    Sparse(Csr),
}

/// Rows without their zeros, compressed: row i has `values[indptr[i]..indptr[i + 1]]` in the columns
/// `indices[indptr[i]..indptr[i + 1]]`, which ascend, and zeros elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Csr {
    /// Where each row starts, `[rows + 1]`; the first is 0, the last the number of values.
    pub indptr: Vec<usize>,
    /// The column of each value.
    pub indices: Vec<u32>,
    /// The values.
    pub values: Vec<f32>,
}

impl Csr {
    /// No rows.
    pub(super) fn empty() -> Self {
        Self { indptr: vec![0], indices: vec![], values: vec![] }
    }
    /// Appends a row.
    pub(super) fn push(&mut self, indices: &[u32], values: &[f32]) {
        self.indices.extend_from_slice(indices);
        self.values.extend_from_slice(values);
        self.indptr.push(self.indices.len());
    }
}

impl Storage {
    /// All of them, which are so many rows. Looks at every index of sparse ones.
    pub(super) fn rows(&self, rows: usize, features: usize) -> Rows<'_> {
        match self {
            Self::Dense(inputs) => Rows::Dense(MatRef::new(inputs, rows, features)),
            Self::Sparse(Csr { indptr, indices, values }) => {
                Rows::Sparse(CsrRef::new(features, indptr, indices, values).expect("checked when it was made"))
            }
        }
    }

    /// Keeps the first `rows` rows and returns the rest.
    pub(super) fn split_off(&mut self, rows: usize, features: usize) -> Self {
        match self {
            Self::Dense(inputs) => Self::Dense(inputs.split_off(rows * features)),
            Self::Sparse(Csr { indptr, indices, values }) => {
                let at = indptr[rows];
                let rest = indptr[rows..].iter().map(|end| end - at).collect();
                indptr.truncate(rows + 1);
                Self::Sparse(Csr { indptr: rest, indices: indices.split_off(at), values: values.split_off(at) })
            }
        }
    }

    /// In memory.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Dense(inputs) => size_of_val(&inputs[..]),
            Self::Sparse(Csr { indptr, indices, values }) => {
                size_of_val(&indptr[..]) + size_of_val(&indices[..]) + size_of_val(&values[..])
            }
        }
    }

    /// The rows of these numbers.
    pub(super) fn select(&self, rows: &[u32], features: usize) -> Self {
        match self {
            Self::Dense(inputs) => {
                let mut picked = Vec::with_capacity(rows.len() * features);
                rows.iter().for_each(|&row| picked.extend_from_slice(&inputs[row as usize * features..][..features]));
                Self::Dense(picked)
            }
            Self::Sparse(Csr { indptr, indices, values }) => {
                let kept = rows.iter().map(|&row| indptr[row as usize + 1] - indptr[row as usize]).sum();
                let mut picked = Csr::empty();
                picked.indptr.reserve_exact(rows.len());
                picked.indices.reserve_exact(kept);
                picked.values.reserve_exact(kept);
                for &row in rows {
                    let row = indptr[row as usize]..indptr[row as usize + 1];
                    picked.push(&indices[row.clone()], &values[row]);
                }
                Self::Sparse(picked)
            }
        }
    }
}
