//! Whether rows fit into memory, asked before they are read or copied.

use super::source::DataSource;
use crate::base::memory::room_for;
use anyhow::Result;
use simdescent::Dataset;
use simdescent::dataset::npy_memory;
use std::fs;
use std::path::Path;

const ADVICE: &str = "take fewer rows or features, or --stream (with train)";

/// An error if there is no memory for a copy of these rows, in other order and then divided.
pub(super) fn for_copy(data: &Dataset) -> Result<()> {
    room_for(divided(data.bytes()), || format!("{}: a copy of its {} rows takes", data.name(), data.rows()), ADVICE)
}

/// An error if there is none for a table of so many numbers, each beside what single precision leaves of it.
pub(super) fn for_table(name: &str, rows: usize, features: usize) -> Result<()> {
    room_for(8 * rows as u64 * features as u64, || format!("{name}: {rows} rows of {features} features take"), ADVICE)
}

impl DataSource {
    /// An error if there is no memory for the rows of these files, and for a copy of them if they are to be divided. What cannot be known
    /// without reading them is left to the readers.
    pub(super) fn check_memory(&self, divides: bool) -> Result<()> {
        let length = |path: &Path| fs::metadata(path).map_or(0, |file| if file.is_file() { file.len() } else { 0 });
        let bytes = match self {
            Self::Npy(inputs, _) | Self::NpyInputs(inputs) => npy_memory(inputs)?,
            // At least: an index and a value are seldom more than twice as long in text.
            Self::Svmlight(path) => length(path) / 2,
            Self::Csv(_) | Self::Mnist(_) | Self::Npz(_) => return Ok(()),
        };
        let needed = if divides { bytes.saturating_add(divided(bytes)) } else { bytes };
        room_for(needed, || format!("{}: its rows take", self.file_name()), ADVICE)
    }
}

/// The bytes of a copy whose last fifth is then put elsewhere.
fn divided(bytes: u64) -> u64 {
    bytes.saturating_add(bytes / 5)
}
