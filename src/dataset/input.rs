//! What the readers share: opening a file, reading one number, asking for memory.

use super::MAX_ELEMENTS;
use crate::error::{DataError, Place};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

/// Opens `path` if it is a regular file. A pipe or device has no length, so reading it could wait or allocate forever.
pub(crate) fn open_regular(path: &Path) -> Result<File, DataError> {
    let kind = fs::metadata(path).map_err(|error| match path.parent() {
        Some(folder) if error.kind() == ErrorKind::NotFound && !folder.as_os_str().is_empty() && !folder.exists() => {
            DataError::format(path, Place::File, format!("the folder {} does not exist", folder.display()))
        }
        _ => DataError::io(path, error),
    })?;
    if kind.is_dir() {
        return Err(DataError::format(path, Place::File, "it is a folder, name a file in it"));
    }
    if !kind.is_file() {
        return Err(DataError::format(path, Place::File, "not a regular file; save the data to a file first"));
    }
    if kind.len() == 0 {
        return Err(DataError::format(path, Place::File, "the file is empty"));
    }
    File::open(path).map_err(|e| DataError::io(path, e))
}

/// An error of a file that was opened: what is wrong with its content is no failure to read.
pub(super) fn unreadable(path: &Path, error: io::Error) -> DataError {
    match error.kind() {
        ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof => {
            DataError::format(path, Place::File, error.to_string())
        }
        _ => DataError::io(path, error),
    }
}

/// The name a dataset gets from its file.
pub(super) fn dataset_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Reads one decimal number, spaces around it allowed. The result is the `f64` nearest to the text on every machine, and finite as `f32`.
pub(super) fn parse_exact(text: &[u8]) -> Result<f64, String> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return Err("the value is missing; fill it in or drop the row".to_owned());
    }
    checked(text, std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()))
}

/// [`parse_exact`] as `f32`.
pub(super) fn parse_number(text: &[u8]) -> Result<f32, String> {
    parse_exact(text).map(|x| x as f32)
}

/// What a text was parsed to, if it is a number that is finite as `f32`.
pub(super) fn checked(text: &[u8], number: Option<f64>) -> Result<f64, String> {
    match number {
        Some(number) if (number as f32).is_finite() => Ok(number),
        Some(_) => Err(format!("{} is not a finite f32; fill in another value or drop the row", quoted(text))),
        None => Err(format!("{} is not a number", quoted(text))),
    }
}

/// Text from a file, safe to print: escaped and at most 40 bytes of it.
pub(super) fn quoted(text: &[u8]) -> String {
    let shown = String::from_utf8_lossy(&text[..text.len().min(40)]);
    format!("{shown:?}{}", if text.len() > 40 { "…" } else { "" })
}

/// An empty vector with room for `elements` values, or an error where `Vec::with_capacity` would end the process.
pub(super) fn room_for(path: &Path, elements: usize) -> Result<Vec<f32>, DataError> {
    let mut values = Vec::new();
    values.try_reserve_exact(elements).map_err(|_| no_memory(path, elements))?;
    Ok(values)
}

pub(super) fn no_memory(path: &Path, elements: usize) -> DataError {
    let message = format!("not enough memory for {elements} f32 values; use fewer rows");
    DataError::format(path, Place::File, message)
}

/// An empty vector with room for a table, which may have up to 2³¹ values.
pub(super) fn table_for(path: &Path, rows: usize, features: usize) -> Result<Vec<f32>, DataError> {
    match rows.checked_mul(features).filter(|&elements| elements <= MAX_ELEMENTS) {
        Some(elements) => room_for(path, elements),
        None => {
            let message = format!("{rows} rows × {features} features exceed the limit of {MAX_ELEMENTS} values");
            Err(DataError::format(path, Place::File, message))
        }
    }
}

/// Pseudo-random bytes for the readers' robustness tests (Knuth's MMIX generator, high bits).
#[cfg(test)]
pub(super) fn noise(state: &mut u64) -> u8 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 56) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_round_to_nearest_and_bad_ones_are_named() {
        for (text, value) in [(" 1 ", 1.0), ("+2", 2.0), (".5", 0.5), ("1e-50", 0.0), ("16777217", 16_777_216.0)] {
            assert_eq!(parse_number(text.as_bytes()), Ok(value));
        }
        let long = "x".repeat(1000);
        let cases: [(&[u8], &str); 7] = [
            (b"", "missing"),
            (b" \t", "missing"),
            (b"1e39", "\"1e39\" is not a finite f32"),
            (b"-inf", "\"-inf\" is not a finite"),
            (b"NaN", "\"NaN\" is not a finite"),
            (b"\xff\n", "\"\u{fffd}\" is not a number"),
            (long.as_bytes(), "xxx\"… is not a number"),
        ];
        for (text, expected) in cases {
            let message = parse_number(text).unwrap_err();
            assert!(message.contains(expected) && message.len() < 100, "{message}");
        }
    }

    #[test]
    fn only_regular_files_open() {
        let folder = std::env::temp_dir();
        assert!(open_regular(&folder).unwrap_err().to_string().ends_with(": it is a folder, name a file in it"));
        #[cfg(unix)]
        assert!(open_regular(Path::new("/dev/null")).unwrap_err().to_string().contains("not a regular file"));
        let missing = folder.join("simdescent-no-such-file");
        assert!(open_regular(&missing).unwrap_err().to_string().contains("simdescent-no-such-file: cannot read"));
        let lost = open_regular(&missing.join("x")).unwrap_err().to_string();
        assert!(lost.contains("simdescent-no-such-file does not exist"), "{lost}");
        let empty = tempfile::NamedTempFile::new().unwrap();
        assert!(open_regular(empty.path()).unwrap_err().to_string().ends_with(": the file is empty"));
        assert!(room_for(&missing, usize::MAX).unwrap_err().to_string().contains("not enough memory"));
    }
}
