//! NumPy's formats: `.npy`, one array, and `.npz`, a zip archive of them.

mod array;
mod rows;

use array::{Elements, NpyArray};
pub(super) use rows::NpyRows;

use super::input::{dataset_name, open_regular};
use super::{Dataset, Targets};
use crate::error::{DataError, Place};
use std::io::{BufReader, Read, Seek};
use std::path::Path;
use zip::ZipArchive;

/// The array of inputs in an `.npz` has one of these names, that of targets one of the others.
const INPUTS: [&str; 4] = ["X", "x", "features", "inputs"];
const TARGETS: [&str; 4] = ["y", "Y", "targets", "labels"];

/// An archive may not grow by more than this when it is unpacked, beyond the first 2²⁶ bytes: data seldom exceeds 100,
/// deflate ends at 1032, and a file of zeros is no data.
const MAX_UNPACKING: u64 = 500;

/// Reads inputs and targets from two `.npy` files (format 1 to 3; `<f4`, `<f8`, integers of any size, booleans, either
/// byte order, C or Fortran order).
///
/// * inputs: `[rows, features]`, or `[rows, …]` in C order with all but the first dimension flattened, or `[rows]` of one
///   feature; each the `f32` nearest to the element
/// * targets: `[rows]` or `[rows, 1]`, by [`Targets::infer`]
///
/// # Errors
///
/// [`DataError::Io`] when a file cannot be read. [`DataError::Format`], with the byte where it applies, when it is no such
/// array, of another type, longer or shorter than its header says, empty or above 2³¹ elements, or the rows differ;
/// [`DataError::Invalid`] when an element is not finite as `f32`. Memory grows with the data found, not with the header.
pub fn read_npy_pair(inputs: &Path, targets: &Path) -> Result<Dataset, DataError> {
    let (x, y) = (BufReader::new(open_regular(inputs)?), BufReader::new(open_regular(targets)?));
    table(&dataset_name(inputs), NpyArray::open(inputs, x)?, NpyArray::open(targets, y)?)
}

/// Reads inputs and targets from an `.npz` file of NumPy's `savez` or `savez_compressed`: the arrays `X`, `x`, `features` or
/// `inputs`, and `y`, `Y`, `targets` or `labels`, as [`read_npy_pair`] takes them.
///
/// # Errors
///
/// As there; also [`DataError::Format`] when the archive is damaged or encrypted, lacks one of the two or has two of a
/// kind, or unpacks to more than 500 times its size.
pub fn read_npz(path: &Path) -> Result<Dataset, DataError> {
    parse_npz(path, BufReader::new(open_regular(path)?))
}

fn parse_npz(path: &Path, source: impl Read + Seek) -> Result<Dataset, DataError> {
    let broken = |error: zip::result::ZipError| {
        DataError::format(path, Place::File, format!("not a zip archive that can be read: {error}"))
    };
    let mut archive = ZipArchive::new(source).map_err(broken)?;
    let find = |wanted: [&str; 4]| {
        let has = |name: &&str| archive.index_for_name(&format!("{name}.npy")).is_some();
        let found: Vec<&str> = wanted.into_iter().filter(has).collect();
        match found[..] {
            [name] => Ok(format!("{name}.npy")),
            _ => {
                let message = format!("{} arrays named {}; exactly one is needed", found.len(), wanted.join(", "));
                Err(DataError::format(path, Place::File, message))
            }
        }
    };
    let (x, y) = (find(INPUTS)?, find(TARGETS)?);
    let mut unpack = |name: &str| {
        let member = archive.by_name(name).map_err(broken)?;
        let limit = (1 << 26).max(member.compressed_size().saturating_mul(MAX_UNPACKING));
        let array = NpyArray::open(&path.join(name), member)?;
        if array.bytes() > limit {
            let message = format!("{name} unpacks to more than {MAX_UNPACKING} times its size; save it with np.savez");
            return Err(DataError::format(path, Place::File, message));
        }
        array.read()
    };
    let (x, y) = (unpack(&x)?, unpack(&y)?);
    join(&dataset_name(path), x, y)
}

fn table(name: &str, x: NpyArray<impl Read>, y: NpyArray<impl Read>) -> Result<Dataset, DataError> {
    // Targets first: they are few, and a wrong pair is found before the inputs are read.
    let y = y.read()?;
    join(name, x.read()?, y)
}

fn join(name: &str, x: Elements, y: Elements) -> Result<Dataset, DataError> {
    let rows = x.shape[0];
    if y.values.len() != rows || y.shape[0] != rows {
        let message = format!("targets of shape {:?} for {rows} rows of inputs; {rows} numbers are needed", y.shape);
        return Err(DataError::invalid(name, message));
    }
    let features = x.shape[1..].iter().product();
    let data = Dataset::new(name, x.values, features, Targets::infer(y.values))?;
    Ok(data.with_all_remainders(x.remainders, y.remainders))
}

#[cfg(test)]
mod tests;
