//! Rows of a stream that are in memory.

use crate::dataset::storage::Inputs;
use crate::dataset::{Csr, Dataset, Rows, Targets};
use crate::error::DataError;

/// Some rows with their targets and, if they have any, weights.
pub(crate) struct Buffer {
    features: usize,
    inputs: Inputs,
    /// Values, or numbers of classes.
    pub(crate) targets: Vec<f32>,
    /// One per row, or none.
    pub(crate) weights: Vec<f32>,
}

impl Buffer {
    /// No rows of so many features.
    pub(super) fn new(features: usize, sparse: bool) -> Self {
        let inputs = if sparse { Inputs::Sparse(Csr::empty()) } else { Inputs::Dense(vec![]) };
        Self { features, inputs, targets: vec![], weights: vec![] }
    }

    pub(crate) fn clear(&mut self) {
        self.truncate(0);
    }

    /// Keeps the first `rows` rows, of at least as many.
    pub(super) fn truncate(&mut self, rows: usize) {
        match &mut self.inputs {
            Inputs::Dense(inputs) => inputs.truncate(rows * self.features),
            Inputs::Sparse(csr) => {
                csr.indptr.truncate(rows + 1);
                csr.indices.truncate(csr.indptr[rows]);
                csr.values.truncate(csr.indptr[rows]);
            }
        }
        self.targets.truncate(rows);
        self.weights.truncate(rows);
    }

    /// Appends row `i` of `other`, which is of the same stream.
    pub(crate) fn push(&mut self, other: &Self, i: usize) {
        match (&mut self.inputs, &other.inputs) {
            (Inputs::Dense(to), Inputs::Dense(from)) => {
                to.extend_from_slice(&from[i * self.features..][..self.features]);
            }
            (Inputs::Sparse(to), Inputs::Sparse(from)) => {
                let row = from.indptr[i]..from.indptr[i + 1];
                to.push(&from.indices[row.clone()], &from.values[row]);
            }
            _ => unreachable!("rows of one stream are alike"),
        }
        self.targets.push(other.targets[i]);
        self.weights.extend(other.weights.get(i));
    }

    /// The values of all features of all rows, also to append some.
    pub(super) fn dense(&mut self) -> &mut Vec<f32> {
        match &mut self.inputs {
            Inputs::Dense(inputs) => inputs,
            Inputs::Sparse(_) => unreachable!("made for sparse rows"),
        }
    }
    /// Where a sparse row goes.
    pub(super) fn sparse(&mut self) -> &mut Csr {
        match &mut self.inputs {
            Inputs::Sparse(csr) => csr,
            Inputs::Dense(_) => unreachable!("made for dense rows"),
        }
    }
    /// The values of the last row that are kept; of a dense one all.
    pub(super) fn last_row(&mut self) -> &mut [f32] {
        match &mut self.inputs {
            Inputs::Dense(inputs) => {
                let start = inputs.len() - self.features;
                &mut inputs[start..]
            }
            Inputs::Sparse(csr) => {
                let start = csr.indptr[csr.indptr.len() - 2];
                &mut csr.values[start..]
            }
        }
    }

    /// The inputs of all rows.
    pub(crate) fn inputs(&self) -> Rows<'_> {
        self.inputs.rows(self.targets.len(), self.features)
    }

    /// All rows as a data set with these targets.
    pub(super) fn into_dataset(self, name: &str, targets: Targets) -> Result<Dataset, DataError> {
        let data = match self.inputs {
            Inputs::Dense(inputs) => Dataset::new(name, inputs, self.features, targets)?,
            Inputs::Sparse(inputs) => Dataset::sparse(name, inputs, self.features, targets)?,
        };
        if self.weights.is_empty() { Ok(data) } else { data.with_weights(self.weights) }
    }
}
