//! Tables as delimited text: numbers, categories, gaps; one column is the target.

mod dates;
mod dialect;
mod encoding;
mod field;
mod file;
mod header;
mod median;
mod number_like;
mod options;
mod profile;
mod records;
mod rows;
mod targets;

pub use encoding::CsvEncoding;
pub use file::CsvFile;
pub use options::{CsvColumn, CsvOptions, Missing, Unseen};
pub(super) use rows::CsvRows;

use super::Dataset;
use crate::error::DataError;
use std::path::Path;

/// Reads a delimited text file (CSV, TSV), all of it for training: [`CsvFile::open`], [`fit`](CsvFile::fit),
/// [`encode`](CsvFile::encode).
///
/// ```no_run
/// use simdescent::dataset::{CsvColumn, CsvOptions, read_csv};
///
/// let options = CsvOptions { target: CsvColumn::Name("price".into()), ..CsvOptions::default() };
/// let houses = read_csv("houses.csv".as_ref(), &options)?;
/// # Ok::<(), simdescent::DataError>(())
/// ```
///
/// # Errors
///
/// As these three.
pub fn read_csv(path: &Path, options: &CsvOptions) -> Result<Dataset, DataError> {
    let mut file = CsvFile::open(path, options)?;
    let encoding = file.fit(&|_| true)?;
    file.encode(&encoding)
}

#[cfg(test)]
mod tests;
