//! NumPy's formats: `.npy`, one array, and `.npz`, a zip archive of them.

#[cfg(feature = "npz")]
mod archive;
mod array;
mod rows;

#[cfg(feature = "npz")]
pub use archive::{NpzOptions, NpzParts, npz_parts, read_npz};
use array::{Elements, NpyArray};
pub(super) use rows::NpyRows;

use super::input::{dataset_name, open_regular, unreadable};
use super::text::Unpacked;
use super::{Dataset, TargetEncoding, TargetOptions, Targets};
use crate::error::DataError;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Reads inputs and targets from two `.npy` files (format 1 to 3; floats of 2, 4 or 8 bytes, integers of any size, booleans,
/// either byte order, C or Fortran order), plain or packed by gzip.
///
/// * inputs: `[rows, features]`, or `[rows, …]` in C order with all but the first dimension flattened, or `[rows]` of one
///   feature; each the `f32` nearest to the element
/// * targets: `[rows]` or `[rows, 1]`, as the options say
///
/// # Errors
///
/// [`DataError::Io`] when a file cannot be read. [`DataError::Format`], with the byte where it applies, when it is no such
/// array, of another type, longer or shorter than its header says, empty or above 2³¹ elements; [`DataError::Invalid`] when the
/// rows differ, an element is not finite as `f32`, or the targets are not what the options want. Memory grows with the data
/// found, not with the header.
pub fn read_npy_pair(inputs: &Path, targets: &Path, options: &TargetOptions) -> Result<Dataset, DataError> {
    table(&dataset_name(inputs), open(inputs)?, open(targets)?, options)
}

/// Reads the inputs of [`read_npy_pair`] alone: rows to predict, with [no targets](TargetEncoding::ABSENT).
///
/// # Errors
///
/// As there.
pub fn read_npy_inputs(inputs: &Path) -> Result<Dataset, DataError> {
    without_targets(&dataset_name(inputs), open(inputs)?.read()?)
}

/// The array of a file, which may be packed by gzip.
fn open(path: &Path) -> Result<NpyArray<BufReader<Unpacked<File>>>, DataError> {
    let bytes = Unpacked::new(open_regular(path)?).map_err(|error| unreadable(path, error))?;
    NpyArray::open(path, BufReader::new(bytes))
}

/// How many bytes of memory the elements of a `.npy` file take, as its header says: each as `f32`, and beside it what that leaves of a
/// wider type.
///
/// # Errors
///
/// As [`read_npy_pair`], for the header.
pub fn npy_memory(path: &Path) -> Result<u64, DataError> {
    Ok(open(path)?.memory())
}

fn without_targets(name: &str, x: Elements) -> Result<Dataset, DataError> {
    let (rows, features) = (x.shape[0], x.shape[1..].iter().product());
    let data = Dataset::new(name, x.values, features, Targets::Values(vec![0.0; rows]))?;
    data.with_all_remainders(x.remainders, vec![]).encoded_by(&TargetEncoding::ABSENT)
}

fn table(
    name: &str,
    x: NpyArray<impl Read>,
    y: NpyArray<impl Read>,
    options: &TargetOptions,
) -> Result<Dataset, DataError> {
    // Targets first: they are few, and a wrong pair is found before the inputs are read.
    let y = y.read()?;
    let encoding = TargetEncoding::fit(name, &y.exact(), options)?;
    join(name, x.read()?, &y, &encoding)
}

fn join(name: &str, x: Elements, y: &Elements, encoding: &TargetEncoding) -> Result<Dataset, DataError> {
    let rows = x.shape[0];
    if y.values.len() != rows || y.shape[0] != rows {
        let message = format!("targets of shape {:?} for {rows} rows of inputs; {rows} numbers are needed", y.shape);
        return Err(DataError::invalid(name, message));
    }
    let (targets, remainders) = encoding.encode_exactly(name, &y.exact())?;
    let data = Dataset::new(name, x.values, x.shape[1..].iter().product(), targets)?;
    data.with_all_remainders(x.remainders, remainders).encoded_by(encoding)
}

#[cfg(all(test, feature = "npz"))]
mod tests;
