//! What there is to say about data that was read.

use crate::progress::remark;
use anyhow::{Result, anyhow};
use simdescent::dataset::Standardizer;
use simdescent::{DataError, Dataset, TargetScaling};

/// Tells what was guessed of a file; with the error if it cannot be read so.
pub(super) fn guessed<T>(guesses: &[String], read: Result<T, DataError>) -> Result<T> {
    match read {
        Err(error) if guesses.is_empty() => Err(error.into()),
        Err(error) => Err(anyhow!("{error} ({})", guesses.join("; "))),
        Ok(read) => {
            guesses.iter().for_each(|guess| remark(&format!("note: {guess}")));
            Ok(read)
        }
    }
}

/// Names the features that lose different values when they are standardized.
pub(super) fn remark_blurred(standardizer: &Standardizer, data: &Dataset) {
    for (j, counts) in standardizer.blurred_features(data) {
        become_equal(&format!("feature {:?}", data.feature_name(j)), counts);
    }
}

/// Says it if targets lose different values when they are scaled.
pub(super) fn remark_blurred_targets(scaling: &TargetScaling, data: &Dataset) {
    if let Some(counts) = scaling.blurred_targets(data) {
        become_equal("the target", counts);
    }
}

fn become_equal(what: &str, [before, after]: [usize; 2]) {
    remark(&format!(
        "warning: {what}: {before} different values become {after} in single precision, because some are far from all others: leave \
         those rows out"
    ));
}
