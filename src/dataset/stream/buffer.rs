//! Rows of a stream that are in memory.

use crate::dataset::remainder::{exact, join, split};
use crate::dataset::storage::Storage;
use crate::dataset::{Csr, Dataset, Rows, Standardizer, Targets};
use crate::error::DataError;

/// Some rows with their targets and, if they have any, weights.
pub(crate) struct Buffer {
    features: usize,
    inputs: Storage,
    /// A dense row as a source has it, before it is one of `inputs`.
    pub(super) row: Vec<f64>,
    /// What `f32` left of the inputs, `[rows, features]`; none if they are standardized or sparse.
    remainders: Vec<f32>,
    /// Values, or numbers of classes.
    pub(crate) targets: Vec<f32>,
    /// `[rows]`
    pub(crate) target_remainders: Vec<f32>,
    /// One per row, or none.
    pub(crate) weights: Vec<f32>,
}

impl Buffer {
    /// No rows of so many features.
    pub(super) fn new(features: usize, sparse: bool) -> Self {
        let inputs = if sparse { Storage::Sparse(Csr::empty()) } else { Storage::Dense(vec![]) };
        let (row, remainders, targets, target_remainders, weights) = Default::default();
        Self { features, inputs, row, remainders, targets, target_remainders, weights }
    }

    pub(crate) fn clear(&mut self) {
        self.truncate(0);
    }

    /// Keeps the first `rows` rows, of at least as many.
    pub(super) fn truncate(&mut self, rows: usize) {
        match &mut self.inputs {
            Storage::Dense(inputs) => inputs.truncate(rows * self.features),
            Storage::Sparse(csr) => {
                csr.indptr.truncate(rows + 1);
                csr.indices.truncate(csr.indptr[rows]);
                csr.values.truncate(csr.indptr[rows]);
            }
        }
        self.remainders.truncate(rows * self.features);
        self.targets.truncate(rows);
        self.target_remainders.truncate(rows);
        self.weights.truncate(rows);
    }

    /// Appends row `i` of `other`, which is of the same stream.
    pub(crate) fn push(&mut self, other: &Self, i: usize) {
        match (&mut self.inputs, &other.inputs) {
            (Storage::Dense(to), Storage::Dense(from)) => {
                to.extend_from_slice(&from[i * self.features..][..self.features]);
                let remainders = other.remainders.get(i * self.features..(i + 1) * self.features);
                self.remainders.extend_from_slice(remainders.unwrap_or_default());
            }
            (Storage::Sparse(to), Storage::Sparse(from)) => {
                let row = from.indptr[i]..from.indptr[i + 1];
                to.push(&from.indices[row.clone()], &from.values[row]);
            }
            _ => unreachable!("rows of one stream are alike"),
        }
        self.targets.push(other.targets[i]);
        self.target_remainders.push(other.target_remainders[i]);
        self.weights.extend(other.weights.get(i));
    }

    /// Appends a target.
    pub(super) fn push_target(&mut self, target: f64) {
        let [nearest, remainder] = split(target);
        self.targets.push(nearest);
        self.target_remainders.push(remainder);
    }

    /// The target of row `i`, as exactly as it is known.
    pub(crate) fn exact_target(&self, i: usize) -> f64 {
        join(self.targets[i], self.target_remainders[i])
    }

    /// Appends the row that a source left in `row`; the message says which input is not finite, or overflows when standardized.
    pub(super) fn take_row(&mut self, standardizer: Option<&Standardizer>) -> Result<(), String> {
        // As exact as numbers are in memory, and not more.
        self.row.iter_mut().for_each(|x| *x = exact(*x));
        let (inputs, values) = match &mut self.inputs {
            Storage::Dense(inputs) => (inputs, &self.row[..]),
            Storage::Sparse(csr) => {
                let start = csr.indptr[csr.indptr.len() - 2];
                let fault = csr.values[start..].iter().position(|x| !x.is_finite());
                return fault.map_or(Ok(()), |j| Err(format!("feature {j}: input is {}", csr.values[start + j])));
            }
        };
        if let Some(j) = values.iter().position(|&x| !(x as f32).is_finite()) {
            return Err(format!("feature {j}: input is {}", values[j]));
        }
        if let Some(standardizer) = standardizer {
            return standardizer.push_row(values, inputs);
        }
        for [nearest, remainder] in values.iter().map(|&x| split(x)) {
            inputs.push(nearest);
            self.remainders.push(remainder);
        }
        Ok(())
    }

    /// Where a sparse row goes.
    pub(super) fn sparse(&mut self) -> &mut Csr {
        match &mut self.inputs {
            Storage::Sparse(csr) => csr,
            Storage::Dense(_) => unreachable!("made for dense rows"),
        }
    }
    /// The inputs of all rows.
    pub(crate) fn inputs(&self) -> Rows<'_> {
        self.inputs.rows(self.targets.len(), self.features)
    }

    /// All rows as a data set with these targets.
    pub(super) fn into_dataset(self, name: &str, targets: Targets) -> Result<Dataset, DataError> {
        let data = match self.inputs {
            Storage::Dense(inputs) => Dataset::new(name, inputs, self.features, targets)?,
            Storage::Sparse(inputs) => Dataset::sparse(name, inputs, self.features, targets)?,
        };
        let data = if self.weights.is_empty() { data } else { data.with_weights(self.weights)? };
        Ok(data.with_all_remainders(self.remainders, self.target_remainders))
    }
}
