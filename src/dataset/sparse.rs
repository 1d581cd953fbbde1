//! Data sets of which only the inputs that are not zero are kept.

use super::storage::Storage;
use super::{Csr, Dataset, MAX_ELEMENTS, Rows, Targets};
use crate::error::DataError;
use simdescent_kernels::CsrRef;

impl Dataset {
    /// Checks and takes a table that is mostly zeros, `[rows, features]`.
    ///
    /// Memory and the time of a training step do not grow with the zeros (but with the number of features: weights are dense).
    /// A model that [takes sparse inputs](crate::Model::takes_sparse) gives the results it has on the [dense](Dataset::into_dense) table,
    /// to the bit, but for the sign of a zero and runs that diverge (0·∞ is skipped).
    ///
    /// ```
    /// use simdescent::dataset::{Csr, Dataset, Targets};
    ///
    /// let inputs = Csr { indptr: vec![0, 2, 3], indices: vec![0, 4, 3], values: vec![1.0, 2.0, 3.0] };
    /// let data = Dataset::sparse("toy", inputs, 5, Targets::Values(vec![1.0, 2.0]))?;
    /// assert_eq!(data.into_dense()?.inputs(), [1.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0, 3.0, 0.0]);
    /// # Ok::<(), simdescent::DataError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`DataError::Invalid`] when there is no row or no feature, the three vectors do not fit together or the targets, the
    /// features of a row do not ascend, a value is not finite, or a label is not below `classes`.
    pub fn sparse(name: impl Into<String>, inputs: Csr, features: usize, targets: Targets) -> Result<Self, DataError> {
        let name = name.into();
        let refuse = |message: String| Err(DataError::invalid(&name, message));
        let rows = targets.rows();
        if rows == 0 || features == 0 {
            return refuse(format!("{rows} rows of {features} features; both must be at least 1"));
        }
        let x = match CsrRef::new(features, &inputs.indptr, &inputs.indices, &inputs.values) {
            Ok(x) if x.rows() == rows => x,
            Ok(x) => return refuse(format!("{} rows of inputs, {rows} targets", x.rows())),
            Err(error) => return refuse(error.to_string()),
        };
        for i in 0..rows {
            let (columns, values) = x.row(i);
            if let Some(pair) = columns.windows(2).find(|pair| pair[0] >= pair[1]) {
                return refuse(format!("row {i}: feature {} after {}; they have to ascend", pair[1], pair[0]));
            }
            if let Some(at) = values.iter().position(|x| !x.is_finite()) {
                return refuse(format!("row {i}, feature {}: input is {}", columns[at], values[at]));
            }
        }
        targets.check(&name)?;
        Ok(Self::plain(name, features, Storage::Sparse(inputs), targets))
    }

    /// Whether only inputs that are not zero are kept.
    pub fn is_sparse(&self) -> bool {
        matches!(self.inputs, Storage::Sparse(_))
    }

    /// The inputs, if they are sparse.
    pub fn csr(&self) -> Option<CsrRef<'_, f32>> {
        match self.all() {
            Rows::Sparse(x) => Some(x),
            Rows::Dense(_) => None,
        }
    }

    /// All rows. For sparse inputs this looks at all of them.
    pub fn all(&self) -> Rows<'_> {
        self.inputs.rows(self.rows(), self.features)
    }

    /// Share of inputs that are not zero (of a sparse table: that are kept).
    pub fn density(&self) -> f64 {
        let kept = match &self.inputs {
            Storage::Dense(inputs) => inputs.iter().filter(|&&x| x != 0.0).count(),
            Storage::Sparse(csr) => csr.values.len(),
        };
        kept as f64 / (self.rows() as f64 * self.features as f64)
    }

    /// Calls `f` with feature and value of every input that is not zero, row by row.
    pub(super) fn for_each_kept(&self, mut f: impl FnMut(usize, f32)) {
        match &self.inputs {
            Storage::Dense(inputs) => {
                let inputs = inputs.iter().enumerate().filter(|(_, x)| **x != 0.0);
                inputs.for_each(|(i, &x)| f(i % self.features, x));
            }
            Storage::Sparse(csr) => csr.indices.iter().zip(&csr.values).for_each(|(&j, &x)| f(j as usize, x)),
        }
    }

    /// The same table with its zeros, `4 · rows · features` bytes.
    ///
    /// # Errors
    ///
    /// [`DataError::Invalid`] when rows × features exceeds 2³¹, or the memory is not there.
    pub fn into_dense(self) -> Result<Self, DataError> {
        let rows = self.rows();
        let Storage::Sparse(Csr { indptr, indices, values }) = &self.inputs else { return Ok(self) };
        let refuse = |why: &str| {
            let zeros = format!("{rows} rows × {} features with their zeros {why}", self.features);
            Err(DataError::invalid(&self.name, format!("{zeros}; leave them out, or take fewer rows")))
        };
        let Some(elements) = rows.checked_mul(self.features).filter(|&elements| elements <= MAX_ELEMENTS) else {
            return refuse(&format!("exceed the limit of {MAX_ELEMENTS} values"));
        };
        let mut inputs = Vec::new();
        if inputs.try_reserve_exact(elements).is_err() {
            return refuse("do not fit into memory");
        }
        inputs.resize(elements, 0.0);
        for (i, row) in inputs.chunks_exact_mut(self.features).enumerate() {
            let kept = indptr[i]..indptr[i + 1];
            for (&j, &x) in indices[kept.clone()].iter().zip(&values[kept]) {
                row[j as usize] = x;
            }
        }
        Ok(Self { inputs: Storage::Dense(inputs), ..self })
    }

    /// All inputs with their zeros, `[rows, features]`.
    ///
    /// # Errors
    ///
    /// As [`into_dense`](Self::into_dense).
    pub(crate) fn dense_inputs(&self) -> Result<Vec<f32>, DataError> {
        match &self.inputs {
            Storage::Dense(inputs) => Ok(inputs.clone()),
            Storage::Sparse(_) => match self.clone().into_dense()?.inputs {
                Storage::Dense(inputs) => Ok(inputs),
                Storage::Sparse(_) => unreachable!("made dense"),
            },
        }
    }

    /// The same table without its zeros.
    ///
    /// # Errors
    ///
    /// [`DataError::Invalid`] when there are more than 2³² features.
    pub fn into_sparse(self) -> Result<Self, DataError> {
        let Storage::Dense(inputs) = &self.inputs else { return Ok(self) };
        if u32::try_from(self.features - 1).is_err() {
            return Err(DataError::invalid(
                &self.name,
                format!("{} features; at most 2^32 can be sparse", self.features),
            ));
        }
        let mut csr = Csr::empty();
        for row in inputs.chunks_exact(self.features) {
            for (j, &x) in row.iter().enumerate().filter(|(_, x)| **x != 0.0) {
                csr.indices.push(j as u32);
                csr.values.push(x);
            }
            csr.indptr.push(csr.values.len());
        }
        Ok(Self { inputs: Storage::Sparse(csr), remainders: None, ..self })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(n: usize) -> Targets {
        Targets::Values((0..n).map(|i| i as f32).collect())
    }

    fn toy() -> Dataset {
        let (indptr, indices) = (vec![0, 2, 2, 3, 6], vec![0, 4, 3, 1, 2, 4]);
        let inputs = Csr { indptr, indices, values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0] };
        Dataset::sparse("t", inputs, 5, targets(4)).unwrap()
    }

    #[test]
    fn cutting_and_picking_commute_with_filling_in_zeros() {
        let (sparse, dense) = (toy(), toy().into_dense().unwrap());
        assert_eq!((sparse.density(), dense.density()), (0.3, 0.3));
        assert!(dense.clone().into_sparse().unwrap() == sparse && sparse.is_sparse() && !dense.is_sparse());
        let rows = [3, 1, 3, 0];
        assert!(sparse.select(&rows).into_dense().unwrap() == dense.select(&rows));
        for at in 1..4 {
            let [(a, b), (c, d)] = [&sparse, &dense].map(|data| data.clone().split_at(at).unwrap());
            assert!(a.is_sparse() && b.is_sparse() && a.into_dense().unwrap() == c && b.into_dense().unwrap() == d);
        }
        assert_eq!(sparse.csr().unwrap().slice(2..4).row(1), (&[1, 2, 4][..], &[4.0, 5.0, 6.0][..]));
    }

    #[test]
    fn bad_tables_are_refused() {
        let cases = [
            ((vec![0], vec![], vec![]), 3, 0, "0 rows of 3 features"),
            ((vec![0, 0], vec![], vec![]), 0, 1, "1 rows of 0 features"),
            ((vec![0, 1], vec![3], vec![1.0]), 3, 1, "row 0 has an element in column 3"),
            ((vec![0, 2], vec![0], vec![1.0]), 3, 1, "indptr ends with 2"),
            ((vec![0, 1, 1], vec![0], vec![1.0]), 3, 1, "2 rows of inputs, 1 targets"),
            ((vec![0, 2], vec![1, 1], vec![1.0, 2.0]), 3, 1, "row 0: feature 1 after 1"),
            ((vec![0, 0, 1], vec![2], vec![f32::NAN]), 3, 2, "row 1, feature 2: input is NaN"),
        ];
        for ((indptr, indices, values), features, rows, expected) in cases {
            let message =
                Dataset::sparse("t", Csr { indptr, indices, values }, features, targets(rows)).unwrap_err().to_string();
            assert!(message.starts_with("dataset t: ") && message.contains(expected), "{message}");
        }
        let wide =
            Dataset::sparse("t", Csr { indptr: vec![0, 1], indices: vec![7], values: vec![1.0] }, 1 << 32, targets(1))
                .unwrap();
        let message = wide.into_dense().unwrap_err().to_string();
        assert!(message.contains("exceed the limit of 2147483648 values; leave them out"), "{message}");
    }
}
