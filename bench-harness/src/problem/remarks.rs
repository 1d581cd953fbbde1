//! What there is to say about data that was read.

use crate::base::progress::remark;
use anyhow::{Result, anyhow};
use simdescent::dataset::{CsvFile, Standardizer, TargetEncoding};
use simdescent::{DataError, Dataset, TargetScaling, Targets};

/// Tells what was guessed of a file; with the error if it cannot be read so.
pub(super) fn guessed<T>(file: &CsvFile, read: Result<T, DataError>) -> Result<T> {
    let read = or_guesses(file.guesses(), read)?;
    let name = file.path().file_name().unwrap_or(file.path().as_os_str()).to_string_lossy();
    file.guesses().iter().for_each(|guess| remark(&format!("note: {name}: {guess}")));
    Ok(read)
}

/// An error with what was guessed of the file.
pub(super) fn or_guesses<T>(guesses: &[String], read: Result<T, DataError>) -> Result<T> {
    match read {
        Err(error) if !guesses.is_empty() => Err(anyhow!("{error} ({})", guesses.join("; "))),
        read => Ok(read?),
    }
}

/// Tells what was guessed of a file's targets, and which classes no validation row has.
pub(super) fn remark_targets(file: &str, validation: &Dataset) {
    if let Some(guess) = validation.target_encoding().and_then(TargetEncoding::guess) {
        remark(&format!("note: {file}: {guess}"));
    }
    if let Some(classes) = absent_classes(validation) {
        remark(&format!("note: {file}: no row for validation is of {classes}"));
    }
}

/// Tells it if a division without regard to classes was asked for, of data that has parts of its own.
pub(super) fn remark_fixed_parts(file: &str, stratified: bool) {
    if !stratified {
        remark(&format!(
            "note: {file} has parts for training and validation of its own: --not-stratified is for folds alone"
        ));
    }
}

/// The classes that no row is of, for people.
fn absent_classes(data: &Dataset) -> Option<String> {
    const SHOWN: usize = 5;
    let Targets::Labels { labels, classes } = data.targets() else { return None };
    let mut present = vec![false; *classes];
    labels.iter().for_each(|&label| present[label as usize] = true);
    let name = |k: usize| data.class_names().map_or_else(|| k.to_string(), |names| names[k].clone());
    let absent: Vec<usize> = (0..*classes).filter(|&k| !present[k]).collect();
    let shown: Vec<String> = absent.iter().take(SHOWN).map(|&k| name(k)).collect();
    match absent.len() {
        0 => None,
        1 => Some(format!("class {}", shown[0])),
        n if n <= SHOWN => Some(format!("the classes {}", shown.join(", "))),
        n => Some(format!("{n} classes: {}, …", shown.join(", "))),
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
