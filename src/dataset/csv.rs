//! Tables as delimited text: numbers, categories, gaps; one column is the target.

mod detect;
mod encoding;
mod median;
mod profile;
mod rows;

pub use encoding::CsvEncoding;
pub(super) use rows::CsvRows;

use detect::{detect_delimiter, is_header, line_of};

use super::Dataset;
use super::input::{dataset_name, open_regular, quoted};
use crate::error::{DataError, Place};
use ::csv::{ByteRecord, Position, Reader, ReaderBuilder};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// How to read a delimited file. The default suits most: the last column is the target, the rest is detected, and a gap
/// is an error.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CsvOptions {
    /// Which column is the target; all others that are not left out are features, in file order.
    pub target: CsvColumn,
    /// The byte between fields. `None` takes the most frequent of comma, semicolon and tab in the first line.
    pub delimiter: Option<u8>,
    /// Whether the first record holds column names. `None` means yes if all its fields are text, or one is where the
    /// second record has a number.
    pub header: Option<bool>,
    /// Columns of numbers that are codes of categories, not quantities.
    pub categorical: Vec<CsvColumn>,
    /// Columns that are left out.
    pub ignored: Vec<CsvColumn>,
    /// The column that says how much a row counts, which becomes the [weights](super::Dataset::with_weights); a file
    /// other than that of the training may lack it if its columns have names.
    #[serde(default)]
    pub weights: Option<CsvColumn>,
    /// What becomes of a feature without a value: an empty field, `?`, or `NA` or `NaN` in any case. A target without
    /// one is always an error.
    pub missing: Missing,
    /// What becomes of a category that no training row has.
    pub unseen: Unseen,
}

/// A column of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CsvColumn {
    /// The first column.
    First,
    /// The last column.
    #[default]
    Last,
    /// The column of this name in the header.
    Name(String),
    /// The column of this index, counted from 0.
    Index(usize),
}

/// A text of digits is an index, any other a name.
impl FromStr for CsvColumn {
    type Err = Infallible;
    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(text.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Index))
    }
}

/// What a gap is filled with, from the training rows only; in a column of categories it is their most frequent one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Nothing: it is an error.
    #[default]
    Refuse,
    /// The mean, summed in `f64` in file order.
    Mean,
    /// The median; of an even number the mean of the middle two. Reads the file once more.
    Median,
    /// The most frequent number, the smallest of equals. Needs the column in memory.
    MostFrequent,
    /// This number; in a column of categories the category `missing`.
    Constant(f32),
}

/// What becomes of a category that no training row has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unseen {
    /// It is none of the known ones: all their features are 0.
    #[default]
    Zeros,
    /// It is an error.
    Refuse,
}

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
    let encoding = file.fit(|_| true)?;
    file.encode(&encoding)
}

/// A delimited text file, read once per call and never held: what its columns mean is decided by the rows that train.
///
/// Fields may be quoted with `"` and have spaces around them; blank lines are skipped.
///
/// ```
/// use simdescent::dataset::{CsvFile, CsvOptions, Missing};
///
/// # let folder = std::env::temp_dir().join(format!("simdescent-csv-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let path = folder.join("houses.csv");
/// std::fs::write(&path, "area,colour,price\n50,red,1.5\n,blue,2.5\n70,red,3.5\n90,green,4.5\n")?;
/// let options = CsvOptions { missing: Missing::Mean, ..CsvOptions::default() };
/// let mut file = CsvFile::open(&path, &options)?;
/// let encoding = file.fit(|row| row < 3)?; // the others are for validation
/// let houses = file.encode(&encoding)?;
/// assert_eq!(houses.feature_names().collect::<Vec<_>>(), ["area", "colour=blue", "colour=red"]);
/// assert_eq!(houses.row(1), [60.0, 1.0, 0.0]); // the mean of 50 and 70
/// assert_eq!(houses.row(3), [90.0, 0.0, 0.0]); // no training row is green
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CsvFile<R = File> {
    path: PathBuf,
    reader: Reader<R>,
    record: ByteRecord,
    options: CsvOptions,
    /// Columns.
    width: usize,
    /// Their names, if the first record is a header.
    names: Option<Vec<String>>,
    rows: usize,
}

impl CsvFile {
    /// Opens a file, finds delimiter and header, and counts the rows.
    ///
    /// # Errors
    ///
    /// [`DataError::Io`] when the file cannot be read. [`DataError::Format`] when there is no data record or only one
    /// column, or, with the line, when a record has another number of fields than the first.
    pub fn open(path: &Path, options: &CsvOptions) -> Result<Self, DataError> {
        Self::new(path, open_regular(path)?, options)
    }
}

impl<R: Read + Seek> CsvFile<R> {
    fn new(path: &Path, mut source: R, options: &CsvOptions) -> Result<Self, DataError> {
        let whole = |message: String| DataError::format(path, Place::File, message);
        let delimiter = match options.delimiter {
            Some(delimiter) => delimiter,
            None => detect_delimiter(&mut source).map_err(|e| DataError::io(path, e))?,
        };
        // Flexible: records of unequal length are reported here, with the right line.
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(source);
        let (options, path) = (options.clone(), path.to_owned());
        let mut file = Self { path, reader, record: ByteRecord::new(), options, width: 0, names: None, rows: 0 };
        file.read()?;
        let first = file.record.clone();
        file.width = first.len();
        if file.width < 2 {
            return Err(whole(format!(
                "{} columns separated by {:?}; a feature and a target are needed, so state the right delimiter",
                file.width,
                char::from(delimiter)
            )));
        }
        let second = file.read()?.then_some(&file.record);
        if file.options.header.unwrap_or_else(|| is_header(&first, second)) {
            file.names = Some(first.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect());
        }
        let mut rows = 0;
        file.each(|_, _| {
            rows += 1;
            Ok(())
        })?;
        if rows == 0 {
            return Err(whole("column names, but no data record after them".into()));
        }
        file.rows = rows;
        Ok(file)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How many data records there are, at least 1.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// All rows as numbers. The columns are found by their names if there are names, otherwise by their order.
    ///
    /// * inputs: a number is a feature, a category one feature per level, 1 for its own and 0 for the others
    /// * targets: names are labels in the order of the [`classes`](CsvEncoding::classes); numbers are values if they
    ///   were in training, otherwise by [`Targets::infer`](super::Targets::infer)
    ///
    /// # Errors
    ///
    /// [`DataError::Format`], with line and column, when a field is missing that is not to be filled, is not a finite
    /// number where one is needed, or is an unknown class or, if asked for, category; also when columns are missing or
    /// the result exceeds 2³¹ values. [`DataError::Io`] when the file cannot be read.
    pub fn encode(&mut self, encoding: &CsvEncoding) -> Result<Dataset, DataError> {
        let whole = |path: &Path, message: String| DataError::format(path, Place::File, message);
        let place = encoding.place(self.names.as_deref(), self.width).map_err(|m| whole(&self.path, m))?;
        let mut inputs = super::input::table_for(&self.path, self.rows, encoding.features())?;
        let (mut targets, mut weights) = (vec![], vec![]);
        let rows = self.rows;
        self.each(|row, record| {
            if row == rows {
                return Err("the file has grown since it was opened".into());
            }
            targets.push(encoding.push(record, &place, &mut inputs, &mut weights)?);
            Ok(())
        })?;
        let data =
            Dataset::new(dataset_name(&self.path), inputs, encoding.features(), encoding.target().targets(targets))?;
        let data = if weights.is_empty() { data } else { data.with_weights(weights)? };
        encoding.give_names(data)
    }

    /// Shows `see` every data record and its number.
    fn each(&mut self, mut see: impl FnMut(usize, &ByteRecord) -> Result<(), String>) -> Result<(), DataError> {
        self.rewind()?;
        for row in 0.. {
            if !self.advance()? {
                break;
            }
            see(row, &self.record).map_err(|message| self.fault(message))?;
        }
        Ok(())
    }

    /// Goes back to before the first data record.
    fn rewind(&mut self) -> Result<(), DataError> {
        self.reader.seek(Position::new()).map_err(|e| DataError::io(&self.path, e.into()))?;
        if self.names.is_some() {
            self.read()?;
        }
        Ok(())
    }

    /// Reads the next data record, if there is one.
    fn advance(&mut self) -> Result<bool, DataError> {
        let more = self.read()?;
        if more && self.record.len() != self.width {
            let message = format!("{} fields, but the first record has {}", self.record.len(), self.width);
            return Err(self.fault(message));
        }
        Ok(more)
    }

    fn read(&mut self) -> Result<bool, DataError> {
        self.reader.read_byte_record(&mut self.record).map_err(|e| DataError::io(&self.path, e.into()))
    }

    /// An error in the present record.
    fn fault(&mut self, message: String) -> DataError {
        let start = self.record.position().map_or(0, Position::byte);
        match line_of(self.reader.get_mut(), start) {
            Ok(line) => DataError::format(&self.path, Place::Line(line), message),
            Err(error) => DataError::io(&self.path, error),
        }
    }
}

/// A field in messages: `column 2 of 5 ("area")`.
fn describe(column: usize, width: usize, name: Option<&String>) -> String {
    let name = name.map(|name| format!(" ({})", quoted(name.as_bytes())));
    format!("column {} of {width}{}", column + 1, name.unwrap_or_default())
}

#[cfg(test)]
mod tests;
