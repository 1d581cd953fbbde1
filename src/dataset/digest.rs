//! Digests of data: what a report names its data by, and what a resumed training checks.

use super::{Dataset, Rows, Targets};
use crate::history::hexadecimal;
use sha2::{Digest, Sha256};

/// SHA-256 over a table row by row. Each row is its inputs, its target and, if there are any, its weight.
pub(crate) struct DataDigest(Sha256);

impl DataDigest {
    /// Of a table with so many features, with labels below `classes` (or values), and these class weights.
    pub(crate) fn new(features: usize, classes: Option<usize>, class_weights: Option<&[f32]>) -> Self {
        let mut digest = Self(Sha256::new());
        digest.count(features);
        digest.count(classes.unwrap_or(0));
        // A number in front, so that a table with class weights is no table without.
        digest.count(class_weights.map_or(0, <[f32]>::len));
        digest.floats(class_weights.unwrap_or_default());
        digest
    }

    pub(crate) fn count(&mut self, n: usize) {
        self.0.update((n as u64).to_le_bytes());
    }

    pub(crate) fn floats(&mut self, values: &[f32]) {
        values.iter().for_each(|x| self.0.update(x.to_le_bytes()));
    }

    /// Row `i` of these inputs, which must be row-major if they are dense. The digest of sparse inputs is another one than of dense ones.
    pub(crate) fn inputs(&mut self, inputs: Rows<'_>, i: usize) {
        match inputs {
            Rows::Dense(x) => self.floats(x.row(i).expect("data sets are row-major")),
            Rows::Sparse(x) => {
                let (columns, values) = x.row(i);
                self.0.update("sparse");
                self.count(columns.len());
                columns.iter().for_each(|j| self.0.update(j.to_le_bytes()));
                self.floats(values);
            }
        }
    }

    /// 64 hexadecimal digits.
    pub(crate) fn finish(self) -> String {
        hexadecimal(self.0)
    }
}

/// The digest of a table.
pub(crate) fn data_digest(
    inputs: Rows<'_>,
    targets: &Targets,
    weights: Option<&[f32]>,
    class_weights: Option<&[f32]>,
) -> String {
    let mut digest = DataDigest::new(inputs.cols(), targets.classes(), class_weights);
    for i in 0..inputs.rows() {
        digest.inputs(inputs, i);
        match targets {
            Targets::Values(values) => digest.floats(&values[i..=i]),
            Targets::Labels { labels, .. } => digest.count(labels[i] as usize),
            Targets::Probabilities { values, classes } => digest.floats(&values[i * classes..][..*classes]),
        }
        digest.floats(weights.map_or(&[], |weights| &weights[i..=i]));
    }
    digest.finish()
}

impl Dataset {
    /// SHA-256, as 64 hexadecimal digits, over features, number of classes, class weights and, row by row, inputs, target and
    /// weight: what training makes of the data depends on nothing else. Sparse inputs have another digest than dense ones.
    #[must_use]
    pub fn digest(&self) -> String {
        data_digest(self.all(), self.targets(), self.weights(), self.class_weights())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_training_depends_on_changes_the_digest() {
        let labels = |classes| Targets::Labels { labels: vec![0, 1, 1], classes };
        let data = |targets| Dataset::new("x", vec![1.0, 2.0, 3.0, 4.0, 5.0, 0.0], 2, targets).unwrap();
        let mut digests = vec![
            data(labels(2)).digest(),
            data(labels(3)).digest(),
            data(Targets::Values(vec![0.0, 1.0, 1.0])).digest(),
            data(labels(2)).with_class_weights(vec![1.0, 1.0]).unwrap().digest(),
            data(labels(2)).with_weights(vec![1.0, 1.0, 1.0]).unwrap().digest(),
            data(labels(2)).into_sparse().unwrap().digest(),
            data(labels(2)).select(&[0, 2, 1]).digest(),
        ];
        assert_eq!(data(labels(2)).digest(), data(labels(2)).renamed("y").digest(), "the name does not count");
        let all = digests.len();
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), all);
    }
}
