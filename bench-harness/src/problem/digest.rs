//! Digests of data sets.

use sha2::{Digest, Sha256};
use simdescent::{Dataset, Targets};

/// SHA-256 over inputs, targets and weights of a data set, so that a report names its data.
pub(crate) fn data_digest(data: &Dataset) -> String {
    let mut hash = Sha256::new();
    hash.update((data.features() as u64).to_le_bytes());
    match data.csr() {
        None => data.inputs().iter().for_each(|x| hash.update(x.to_bits().to_le_bytes())),
        Some(x) => {
            for (columns, values) in (0..x.rows()).map(|i| x.row(i)) {
                hash.update((columns.len() as u64).to_le_bytes());
                columns.iter().for_each(|j| hash.update(j.to_le_bytes()));
                values.iter().for_each(|x| hash.update(x.to_bits().to_le_bytes()));
            }
        }
    }
    match data.targets() {
        Targets::Values(values) => values.iter().for_each(|x| hash.update(x.to_bits().to_le_bytes())),
        Targets::Labels { labels, .. } => labels.iter().for_each(|x| hash.update(x.to_le_bytes())),
        Targets::Probabilities { values, .. } => values.iter().for_each(|x| hash.update(x.to_bits().to_le_bytes())),
    }
    data.weights().into_iter().flatten().for_each(|x| hash.update(x.to_bits().to_le_bytes()));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
