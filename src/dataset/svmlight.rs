//! The svmlight (LIBSVM) text format: `label index:value index:value … # comment`, indices from 1, zeros left out.

use super::input::{dataset_name, open_regular, parse_number, quoted, room_for};
use super::{Dataset, MAX_ELEMENTS, Targets};
use crate::error::{DataError, Place};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// A file that gives no width may not grow by more than this when its zeros are filled in (beyond the first 2²⁴
/// values): real sparse text stays below 1,000, and without a limit the line `1 2000000000:1` would ask for 8 GB.
const MAX_ZEROS_PER_VALUE: usize = 4096;

/// Reads an svmlight file into a dense table.
///
/// * inputs: `[rows, features]`; index `i` of the file is feature `i − 1`, values not written are 0
/// * targets: by [`Targets::infer`] from the labels
/// * `features`: the width; `None` takes the largest index in the file. Give the training file's width when reading a
///   validation file, as the last features may not occur in it.
///
/// Blank lines and everything after `#` are skipped. Memory is 4 · rows · features bytes for the result and a small
/// multiple of the file's size while reading.
///
/// # Errors
///
/// [`DataError::Io`] when the file cannot be read. [`DataError::Format`], with the line, when a label or value is not a
/// finite number, an index is not strictly larger than the one before (starting at 1) or exceeds `features`, or a line
/// has a `qid:`. Also when there are no rows, when rows × features exceeds 2³¹, or, without `features`, when nearly
/// all of a large table would be zeros.
pub fn read_svmlight(path: &Path, features: Option<usize>) -> Result<Dataset, DataError> {
    parse(path, open_regular(path)?, features)?.into_dense(path, features)
}

/// [`read_svmlight`] into a [sparse](Dataset::sparse) table of the values written; memory is a small multiple of the file's size.
///
/// # Errors
///
/// As [`read_svmlight`]; but only the number of features is limited, because a model has a weight for each: to 2³², and
/// without `features` to 2²⁴ or 4096 times the number of values, whichever is larger.
pub fn read_svmlight_sparse(path: &Path, features: Option<usize>) -> Result<Dataset, DataError> {
    parse(path, open_regular(path)?, features)?.into_sparse(path, features)
}

fn parse(path: &Path, source: impl Read, features: Option<usize>) -> Result<SparseRows, DataError> {
    let mut rows = SparseRows::default();
    let mut reader = BufReader::new(source);
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        if reader.read_until(b'\n', &mut line).map_err(|e| DataError::io(path, e))? == 0 {
            break;
        }
        let text = line.split(|&byte| byte == b'#').next().unwrap_or_default();
        rows.push(text, features).map_err(|message| DataError::format(path, Place::Line(number), message))?;
    }
    Ok(rows)
}

/// The file as written, before the width is known.
#[derive(Default)]
struct SparseRows {
    targets: Vec<f32>,
    /// Where each row's values end.
    ends: Vec<usize>,
    /// The feature, from 0, of each value; of all rows in order.
    indices: Vec<u32>,
    values: Vec<f32>,
    /// Largest index seen, counted from 1.
    width: u32,
}

impl SparseRows {
    /// Adds the row on this line, if it has one.
    fn push(&mut self, text: &[u8], features: Option<usize>) -> Result<(), String> {
        let mut tokens = text.split(u8::is_ascii_whitespace).filter(|token| !token.is_empty());
        let Some(label) = tokens.next() else { return Ok(()) };
        self.targets.push(parse_number(label).map_err(|problem| format!("label: {problem}"))?);
        let mut previous = 0;
        for token in tokens {
            let colon = token.iter().position(|&byte| byte == b':');
            let Some((index, value)) = colon.map(|at| (&token[..at], &token[at + 1..])) else {
                return Err(format!("{} is not index:value", quoted(token)));
            };
            if index == b"qid" {
                return Err(format!("{}: ranking groups are not supported; remove the qid tokens", quoted(token)));
            }
            let index: u32 = match std::str::from_utf8(index).ok().and_then(|index| index.parse().ok()) {
                Some(0) => return Err(format!("{}: indices start at 1; add 1 to all", quoted(token))),
                Some(index) => index,
                None => return Err(format!("{}: the index is not a number from 1 to {}", quoted(token), u32::MAX)),
            };
            if index <= previous {
                return Err(format!("index {index} after {previous}; indices of a line must increase"));
            }
            if features.is_some_and(|features| index as usize > features) {
                return Err(format!("index {index} exceeds the {} features asked for", features.unwrap_or(0)));
            }
            previous = index;
            self.indices.push(index - 1);
            self.values.push(parse_number(value).map_err(|problem| format!("index {index}: {problem}"))?);
        }
        self.width = self.width.max(previous);
        self.ends.push(self.values.len());
        Ok(())
    }

    /// Rows and features, at least one of each.
    fn shape(&self, path: &Path, features: Option<usize>) -> Result<(usize, usize), DataError> {
        let (rows, width) = (self.targets.len(), features.unwrap_or(self.width as usize));
        if rows == 0 || width == 0 {
            let message = format!("{rows} rows of {width} features; the file needs at least one of each");
            return Err(DataError::format(path, Place::File, message));
        }
        Ok((rows, width))
    }

    fn into_dense(self, path: &Path, features: Option<usize>) -> Result<Dataset, DataError> {
        let refuse = |message: String| Err(DataError::format(path, Place::File, message));
        let (rows, width) = self.shape(path, features)?;
        let Some(elements) = rows.checked_mul(width).filter(|&elements| elements <= MAX_ELEMENTS) else {
            return refuse(format!("{rows} rows × {width} features exceed the limit of {MAX_ELEMENTS} values"));
        };
        if features.is_none() && elements > 1 << 24 && elements / MAX_ZEROS_PER_VALUE > self.values.len() {
            return refuse(format!(
                "{rows} rows × {width} features for only {} values; give the number of features if {width} is right",
                self.values.len()
            ));
        }
        let mut inputs = room_for(path, elements)?;
        inputs.resize(elements, 0.0);
        let mut start = 0;
        for (row, &end) in inputs.chunks_exact_mut(width).zip(&self.ends) {
            for (&feature, &value) in self.indices[start..end].iter().zip(&self.values[start..end]) {
                row[feature as usize] = value;
            }
            start = end;
        }
        Dataset::new(dataset_name(path), inputs, width, Targets::infer(self.targets))
    }

    fn into_sparse(self, path: &Path, features: Option<usize>) -> Result<Dataset, DataError> {
        let refuse = |message: String| Err(DataError::format(path, Place::File, message));
        let (_, width) = self.shape(path, features)?;
        if width > u32::MAX as usize + 1 {
            return refuse(format!("{width} features exceed the limit of 2^32"));
        }
        if features.is_none() && width > 1 << 24 && width / MAX_ZEROS_PER_VALUE > self.values.len() {
            return refuse(format!(
                "{width} features for only {} values; give the number of features if {width} is right",
                self.values.len()
            ));
        }
        let indptr = [0].into_iter().chain(self.ends).collect();
        let targets = Targets::infer(self.targets);
        Dataset::sparse(dataset_name(path), (indptr, self.indices, self.values), width, targets)
    }
}

#[cfg(test)]
mod tests {
    use super::super::input::noise;
    use super::*;

    fn read(text: &[u8], features: Option<usize>) -> Result<Dataset, DataError> {
        let path = Path::new("d/t.svm");
        let (dense, sparse) = (parse(path, text, features), parse(path, text, features));
        let sparse = sparse.and_then(|rows| rows.into_sparse(path, features));
        let dense = dense.and_then(|rows| rows.into_dense(path, features))?;
        // Written zeros are kept by the sparse form.
        assert!(sparse?.into_dense()? == dense);
        Ok(dense)
    }

    #[test]
    fn fills_in_zeros_and_skips_comments() {
        let text = b"# head\n+1 1:0.5 3:-2e0 # tail 9:9\r\n\n-1\n  \t\n1\t2:7";
        let data = read(text, None).unwrap();
        assert_eq!((data.name(), data.rows(), data.features()), ("t.svm", 3, 3));
        assert_eq!(data.inputs(), [0.5, 0.0, -2.0, 0.0, 0.0, 0.0, 0.0, 7.0, 0.0]);
        assert_eq!(data.targets(), &Targets::Labels { labels: vec![1, 0, 1], classes: 2 });
        assert_eq!(read(text, Some(5)).unwrap().row(0), [0.5, 0.0, -2.0, 0.0, 0.0]);
        assert_eq!(read(b"0.5 1:1", None).unwrap().targets(), &Targets::Values(vec![0.5]));
    }

    #[test]
    fn hostile_files_are_named_errors() {
        let cases: [(&[u8], Option<usize>, &str); 19] = [
            (b"", None, "t.svm: 0 rows of 0 features"),
            (b"# nothing\n\n", Some(3), "0 rows of 3 features"),
            (b"1\n0\n", None, "2 rows of 0 features"),
            (b"1 1:1\n1 0:5", None, "line 2: \"0:5\": indices start at 1"),
            (b"1 2:1 2:1", None, "line 1: index 2 after 2; indices of a line must increase"),
            (b"1 3:1 2:1", None, "index 2 after 3"),
            (b"\n\n1 4:1", Some(3), "line 3: index 4 exceeds the 3 features"),
            (b"1 qid:7 1:1", None, "\"qid:7\": ranking groups are not supported"),
            (b"1 -1:1", None, "\"-1:1\": the index is not a number from 1 to 4294967295"),
            (b"1 4294967296:1", None, "the index is not a number from 1 to 4294967295"),
            (b"1 1", None, "line 1: \"1\" is not index:value"),
            (b"1 1:", None, "index 1: the value is missing"),
            (b"1 1:2:3", None, "index 1: \"2:3\" is not a number"),
            (b"1 1:nan", None, "index 1: \"nan\" is not a finite f32"),
            (b"1,2 1:1", None, "label: \"1,2\" is not a number"),
            (b"1 \xff\xfe:1", None, "the index is not a number"),
            (b"1 2000000000:1", None, "1 rows × 2000000000 features for only 1 values"),
            (b"1 4294967295:1", None, "exceed the limit of 2147483648 values"),
            (b"1 1:1\n1 1:1", Some(usize::MAX), "exceed the limit of 2147483648 values"),
        ];
        for (text, features, expected) in cases {
            let message = read(text, features).unwrap_err().to_string();
            assert!(message.starts_with("d/t.svm") && message.contains(expected), "{message:?} lacks {expected:?}");
        }
    }

    #[test]
    fn wide_files_are_read_without_their_zeros() {
        let read = |text: &[u8], features| {
            let path = Path::new("t.svm");
            parse(path, text, features).and_then(|rows| rows.into_sparse(path, features))
        };
        assert_eq!(read(b"1 2:1 1000000:3\n0\n", None).unwrap().csr().unwrap().row(0).0, [1, 999_999]);
        for (text, features, expected) in [
            (&b"1 2000000000:1"[..], None, "2000000000 features for only 1 values"),
            (b"1 1:1", Some(usize::MAX), "features exceed the limit of 2^32"),
            (b"1 3:1 2:1", None, "index 2 after 3"),
            (b"1", None, "1 rows of 0 features"),
        ] {
            let message = read(text, features).unwrap_err().to_string();
            assert!(message.contains(expected), "{message:?} lacks {expected:?}");
        }
        assert_eq!(read(b"1 2000000000:1", Some(2_000_000_000)).unwrap().features(), 2_000_000_000);
    }

    #[test]
    fn random_text_never_panics() {
        let mut state = 2;
        for _ in 0..2000 {
            let length = noise(&mut state);
            let random: Vec<u8> = (0..length).map(|_| noise(&mut state)).collect();
            let _ = read(&random, None);
            // The format's own alphabet reaches deeper than random bytes do.
            let text: Vec<u8> = random.iter().map(|&byte| b"0123:: \n-.e#qidna"[usize::from(byte) % 17]).collect();
            let _ = read(&text, Some(8));
            let _ = read(&text, None);
        }
    }
}
