//! The svmlight (LIBSVM) text format: `label index:value index:value … # comment`, indices from 1 or 0, zeros left out.

mod rows;

pub(super) use rows::SvmlightRows;

use super::input::{dataset_name, open_regular, parse_exact, parse_number, quoted, room_for, unreadable};
use super::text::Text;
use super::{Csr, Dataset, MAX_ELEMENTS, TargetEncoding, TargetOptions};
use crate::error::{DataError, Place};
use std::io::{BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

/// A file that gives no width may not grow by more than this when its zeros are filled in (beyond the first 2²⁴
/// values): real sparse text stays below 1,000, and without a limit the line `1 2000000000:1` would ask for 8 GB.
const MAX_ZEROS_PER_VALUE: usize = 4096;

/// How to read an svmlight file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SvmlightOptions {
    /// The width; `None` takes the largest index in the file. Give that of the training when reading another file, as the last
    /// features may not occur in it.
    pub features: Option<usize>,
    /// Whether the first feature has index 0 in the file, as scikit-learn, XGBoost and LightGBM write it, instead of 1.
    pub zero_based: bool,
    /// What the labels are.
    pub targets: TargetOptions,
}

/// Reads an svmlight file into a dense table.
///
/// * inputs: `[rows, features]`; index `i` of the file is feature `i − 1` (or `i`, if zero-based), values not written are 0
/// * targets: the labels, as the options say
///
/// The file is UTF-8 or, with a byte-order mark, UTF-16; plain or packed by gzip. The indices of a line may come in any order. Blank lines, everything after `#` and query ids (`qid:3`) are skipped. Memory is
/// 4 · rows · features bytes for the result and a small multiple of the file's size while reading.
///
/// # Errors
///
/// [`DataError::Io`] when the file cannot be read. [`DataError::Format`], with the line, when a label or value is not a
/// finite number, or an index is there twice, is below the first or exceeds `features`. Also when there are no rows, when
/// rows × features exceeds 2³¹, or, without `features`, when nearly all of a large table would be zeros. [`DataError::Invalid`]
/// when the labels are not what the options want.
pub fn read_svmlight(path: &Path, options: &SvmlightOptions) -> Result<Dataset, DataError> {
    parse(path, open_regular(path)?, options)?.into_dense(path, options)
}

/// [`read_svmlight`] into a [sparse](Dataset::sparse) table of the values written; memory is a small multiple of the file's size.
///
/// # Errors
///
/// As [`read_svmlight`]; but only the number of features is limited, because a model has a weight for each: to 2³², and
/// without `features` to 2²⁴ or 4096 times the number of values, whichever is larger.
pub fn read_svmlight_sparse(path: &Path, options: &SvmlightOptions) -> Result<Dataset, DataError> {
    parse(path, open_regular(path)?, options)?.into_sparse(path, options)
}

/// Whether a row of the file has index 0, so that its indices start there. A file that starts at 0 and leaves its first feature out
/// everywhere is not told from one that starts at 1.
///
/// # Errors
///
/// [`DataError::Io`] when the file cannot be read.
pub fn has_index_zero(path: &Path) -> Result<bool, DataError> {
    let mut lines = Lines::new(path, open_regular(path)?)?;
    while lines.read()? {
        let text = lines.line.split(|&byte| byte == b'#').next().unwrap_or_default();
        let mut pairs = text.split(u8::is_ascii_whitespace).filter(|token| !token.is_empty()).skip(1);
        if pairs.any(|token| token.starts_with(b"0:")) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn parse(path: &Path, source: impl Read + Seek, options: &SvmlightOptions) -> Result<SparseRows, DataError> {
    let mut rows = SparseRows::default();
    let mut lines = Lines::new(path, source)?;
    while lines.next(&mut rows, options)? {}
    Ok(rows)
}

/// A file line by line.
struct Lines<R: Read> {
    path: PathBuf,
    reader: BufReader<Text<R>>,
    line: Vec<u8>,
    /// Of the line last read, from 1.
    number: u64,
}

impl<R: Read + Seek> Lines<R> {
    fn new(path: &Path, source: R) -> Result<Self, DataError> {
        let text = Text::new(source).map_err(|error| unreadable(path, error))?;
        Ok(Self { path: path.to_owned(), reader: BufReader::new(text), line: vec![], number: 0 })
    }
}

impl<R: Read> Lines<R> {
    /// Reads the next line; says whether there was one.
    fn read(&mut self) -> Result<bool, DataError> {
        self.line.clear();
        let bytes = self.reader.read_until(b'\n', &mut self.line).map_err(|error| unreadable(&self.path, error))?;
        self.number += u64::from(bytes > 0);
        Ok(bytes > 0)
    }

    /// Adds the row of the next line to `rows`, if the line has one; says whether there was a line.
    fn next(&mut self, rows: &mut SparseRows, options: &SvmlightOptions) -> Result<bool, DataError> {
        if !self.read()? {
            return Ok(false);
        }
        let text = self.line.split(|&byte| byte == b'#').next().unwrap_or_default();
        let pushed = rows.push(text, options);
        pushed.map_err(|message| DataError::format(&self.path, Place::Line(self.number), message))?;
        Ok(true)
    }
}

/// The file as written, before the width is known.
#[derive(Default)]
struct SparseRows {
    targets: Vec<f64>,
    /// Where each row's values end.
    ends: Vec<usize>,
    /// The feature, from 0, of each value; of all rows in order.
    indices: Vec<u32>,
    values: Vec<f32>,
    /// Largest feature seen, counted from 1.
    width: usize,
    /// The values of a line that are to be sorted.
    line: Vec<(u32, f32)>,
}

impl SparseRows {
    fn clear(&mut self) {
        self.targets.clear();
        self.ends.clear();
        self.indices.clear();
        self.values.clear();
        self.width = 0;
    }

    /// Adds the row on this line, if it has one.
    fn push(&mut self, text: &[u8], options: &SvmlightOptions) -> Result<(), String> {
        let mut tokens = text.split(u8::is_ascii_whitespace).filter(|token| !token.is_empty()).peekable();
        let Some(&first) = tokens.peek() else { return Ok(()) };
        if options.targets.are_absent() {
            tokens.next_if(|token| !token.contains(&b':'));
            self.targets.push(0.0);
        } else {
            tokens.next();
            self.targets.push(parse_exact(first).map_err(|problem| format!("label: {problem}"))?);
        }
        let values = text.iter().filter(|&&byte| byte == b':').count();
        let rooms = [self.indices.try_reserve(values), self.values.try_reserve(values), self.ends.try_reserve(1)];
        if rooms.iter().any(Result::is_err) {
            return Err(format!("not enough memory for more than {} values; use fewer rows", self.values.len()));
        }
        let (start, first) = (self.indices.len(), u32::from(!options.zero_based));
        let mut ascending = true;
        for token in tokens {
            let colon = token.iter().position(|&byte| byte == b':');
            let Some((index, value)) = colon.map(|at| (&token[..at], &token[at + 1..])) else {
                return Err(format!("{} is not index:value", quoted(token)));
            };
            if index == b"qid" {
                continue;
            }
            let index: u32 = match std::str::from_utf8(index).ok().and_then(|index| index.parse().ok()) {
                Some(0) if !options.zero_based => {
                    return Err(format!(
                        "{}: indices start at 1, unless the file is read as zero-based (--zero-based)",
                        quoted(token)
                    ));
                }
                Some(index) => index,
                None => {
                    return Err(format!("{}: the index is not a number from {first} to {}", quoted(token), u32::MAX));
                }
            };
            let feature = index - first;
            if let Some(features) = options.features.filter(|&features| feature as usize >= features) {
                let last = last(features, first);
                return Err(format!(
                    "index {index} is above {last}, the last of {features} features, as the model or --features has them"
                ));
            }
            let value = parse_number(value).map_err(|problem| format!("index {index}: {problem}"))?;
            ascending &= self.indices.len() == start || self.indices.last() < Some(&feature);
            self.indices.push(feature);
            self.values.push(value);
        }
        if !ascending {
            self.sort_from(start)
                .map_err(|feature| format!("index {} is there twice", u64::from(feature) + u64::from(first)))?;
        }
        if let Some(&feature) = self.indices[start..].last() {
            self.width = self.width.max(feature as usize + 1);
        }
        self.ends.push(self.values.len());
        Ok(())
    }

    /// Sorts the features from the `start`-th value on, or says which one is there twice.
    fn sort_from(&mut self, start: usize) -> Result<(), u32> {
        self.line.clear();
        self.line.extend(self.indices[start..].iter().copied().zip(self.values[start..].iter().copied()));
        self.line.sort_unstable_by_key(|&(feature, _)| feature);
        if let Some(twice) = self.line.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(twice[0].0);
        }
        for (at, &(feature, value)) in self.line.iter().enumerate() {
            (self.indices[start + at], self.values[start + at]) = (feature, value);
        }
        Ok(())
    }

    /// Rows and features, at least one of each.
    fn shape(&self, path: &Path, features: Option<usize>) -> Result<(usize, usize), DataError> {
        shape(path, self.targets.len(), features.unwrap_or(self.width))
    }

    fn into_dense(self, path: &Path, options: &SvmlightOptions) -> Result<Dataset, DataError> {
        let refuse = |message: String| Err(DataError::format(path, Place::File, message));
        let (rows, width) = self.shape(path, options.features)?;
        let Some(elements) = rows.checked_mul(width).filter(|&elements| elements <= MAX_ELEMENTS) else {
            return refuse(format!("{rows} rows × {width} features exceed the limit of {MAX_ELEMENTS} values"));
        };
        if options.features.is_none() && elements > 1 << 24 && elements / MAX_ZEROS_PER_VALUE > self.values.len() {
            return refuse(format!(
                "{rows} rows × {width} features for only {} values; give the number of features (--features {width}) if that is right",
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
        let name = dataset_name(path);
        let encoding = TargetEncoding::fit(&name, &self.targets, &options.targets)?;
        let (targets, remainders) = encoding.encode_exactly(&name, &self.targets)?;
        let data = Dataset::new(name, inputs, width, targets)?.with_all_remainders(vec![], remainders);
        data.encoded_by(&encoding)
    }

    fn into_sparse(self, path: &Path, options: &SvmlightOptions) -> Result<Dataset, DataError> {
        let (_, width) = self.shape(path, options.features)?;
        check_width(path, width, options.features, self.values.len())?;
        let indptr = [0].into_iter().chain(self.ends).collect();
        let name = dataset_name(path);
        let encoding = TargetEncoding::fit(&name, &self.targets, &options.targets)?;
        let (targets, remainders) = encoding.encode_exactly(&name, &self.targets)?;
        let inputs = Csr { indptr, indices: self.indices, values: self.values };
        let data = Dataset::sparse(name, inputs, width, targets)?;
        data.with_all_remainders(vec![], remainders).encoded_by(&encoding)
    }
}

/// The index of the last feature in a file that starts with `first`.
fn last(features: usize, first: u32) -> u64 {
    (features as u64 + u64::from(first)).saturating_sub(1)
}

/// Rows and features, at least one of each.
fn shape(path: &Path, rows: usize, width: usize) -> Result<(usize, usize), DataError> {
    if rows == 0 || width == 0 {
        let message = format!("{rows} rows of {width} features; the file needs at least one of each");
        return Err(DataError::format(path, Place::File, message));
    }
    Ok((rows, width))
}

/// Whether a sparse table may be so wide with so many values.
fn check_width(path: &Path, width: usize, features: Option<usize>, values: usize) -> Result<(), DataError> {
    let problem = if width > u32::MAX as usize + 1 {
        format!("{width} features exceed the limit of 2^32")
    } else if features.is_none() && width > 1 << 24 && width / MAX_ZEROS_PER_VALUE > values {
        format!(
            "{width} features for only {values} values; give the number of features (--features {width}) if that is right"
        )
    } else {
        return Ok(());
    };
    Err(DataError::format(path, Place::File, problem))
}

#[cfg(test)]
mod tests;
