//! A delimited file that is read once per call and never held.

use super::dialect::{detect, has_declaration};
use super::encoding::{CsvEncoding, Places};
use super::field::Fields;
use super::header::HeaderDetector;
use super::options::CsvOptions;
use super::records::{Record, Records};
use crate::dataset::Dataset;
use crate::dataset::input::{dataset_name, open_regular, quoted, table_for, unreadable};
use crate::dataset::remainder::split;
use crate::dataset::text::Text;
use crate::error::{DataError, Place};
use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

/// The most columns: what is known of each is in memory.
const MAX_COLUMNS: usize = 1 << 20;

/// A delimited text file, read once per call and never held: what its columns mean is decided by the rows that train.
///
/// UTF-8 or, with a byte-order mark, UTF-16; plain or packed by gzip. Fields may be quoted with `"` and have spaces around them and their
/// quotes; blank lines are skipped.
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
/// let encoding = file.fit(&|row| row < 3)?; // the others are for validation
/// let houses = file.encode(&encoding)?;
/// assert_eq!(houses.feature_names().collect::<Vec<_>>(), ["area", "colour=blue", "colour=red"]);
/// assert_eq!(houses.row(1), [60.0, 1.0, 0.0]); // the mean of 50 and 70
/// assert_eq!(houses.row(3), [90.0, 0.0, 0.0]); // no training row is green
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct CsvFile<R: Read = File> {
    path: PathBuf,
    records: Records<R>,
    record: Record,
    pub(super) options: CsvOptions,
    pub(super) fields: Fields,
    pub(super) delimiter: u8,
    /// Columns.
    pub(super) width: usize,
    /// Their names, if the first record is a header.
    pub(super) names: Option<Vec<String>>,
    rows: usize,
    guesses: Vec<String>,
    /// How many of them are from when it was opened.
    found: usize,
}

/// What there is to say of names that are no UTF-8.
fn foreign_names(names: &Record) -> Option<String> {
    let foreign = |(_, name): &(usize, &[u8])| std::str::from_utf8(name).is_err();
    let shown: Vec<String> = names
        .iter()
        .enumerate()
        .filter(foreign)
        .map(|(column, name)| format!("{} of column {}", quoted(name), column + 1))
        .collect();
    const SHOWN: usize = 5;
    let more = if shown.len() > SHOWN { ", …" } else { "" };
    (!shown.is_empty()).then(|| {
        let shown = shown[..shown.len().min(SHOWN)].join(", ");
        format!("names that are no UTF-8 are read as they can be, {shown}{more}: save the file as UTF-8 to keep them")
    })
}

impl CsvFile {
    /// Opens a file, finds delimiter and header, and counts the rows.
    ///
    /// # Errors
    ///
    /// [`DataError::Io`] when the file cannot be read. [`DataError::Format`] when it is no text, there is no data record or only one
    /// column, or, with the line, when a record has another number of fields than the first.
    pub fn open(path: &Path, options: &CsvOptions) -> Result<Self, DataError> {
        Self::new(path, open_regular(path)?, options, None)
    }

    /// Opens a file to be read by the encoding of another: as [`open`](Self::open) with its options, but where it is a guess whether the
    /// first record is a header, the columns of the other file decide.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_like(path: &Path, encoding: &CsvEncoding) -> Result<Self, DataError> {
        Self::new(path, open_regular(path)?, encoding.options(), Some(encoding))
    }
}

impl<R: Read + Seek> CsvFile<R> {
    pub(super) fn new(
        path: &Path,
        source: R,
        options: &CsvOptions,
        like: Option<&CsvEncoding>,
    ) -> Result<Self, DataError> {
        let whole = |message: String| DataError::format(path, Place::File, message);
        let fields = Fields::new(options);
        let mut text = Text::new(source).map_err(|e| unreadable(path, e))?;
        let mut guesses = vec![];
        let (delimiter, is_declared) = match options.delimiter {
            Some(delimiter) => {
                let is_declared = has_declaration(&mut text, delimiter).map_err(|e| unreadable(path, e))?;
                (delimiter, is_declared)
            }
            None => {
                let dialect = detect(&mut text, &fields).map_err(|e| unreadable(path, e))?;
                guesses.extend(dialect.guess);
                (dialect.delimiter, dialect.is_declared)
            }
        };
        let records = Records::new(text, delimiter, is_declared).map_err(|e| unreadable(path, e))?;
        let (options, path) = (options.clone(), path.to_owned());
        let (record, names) = (Record::default(), None);
        let mut file =
            Self { path, records, record, options, fields, delimiter, width: 0, names, rows: 0, guesses, found: 0 };
        if !file.read()? {
            return Err(whole("the file is empty: there is no record in it".into()));
        }
        file.width = file.record.len();
        let first_line = file.record.line();
        let is_row_to_predict = like.is_some_and(|encoding| encoding.target().is_absent());
        if file.width < 2 && !is_row_to_predict {
            if file.read()? && file.record.len() > 1 {
                let message = "1 field, but the record after it has {}; take it out if it is a remark";
                let message = message.replace("{}", &file.record.len().to_string());
                return Err(DataError::format(&file.path, Place::Line(first_line), message));
            }
            let message = "1 column; a feature and a target are needed, so state the right delimiter (--delimiter)";
            return Err(whole(format!("{message}, records are cut at {:?}", char::from(delimiter))));
        }
        if file.width > MAX_COLUMNS {
            return Err(whole(format!("{} columns, more than {MAX_COLUMNS}", file.width)));
        }
        let first = file.record.clone();
        // Looked at and lent for it.
        let fields = std::mem::take(&mut file.fields);
        let mut detector =
            file.options.header.is_none().then(|| HeaderDetector::new(first.clone(), &fields, file.delimiter));
        let mut rows = 1;
        while file.advance()? {
            rows += 1;
            if let Some(detector) = &mut detector {
                detector.see(&file.record);
            }
        }
        let has_names = match (file.options.header, detector) {
            (Some(stated), _) => stated,
            (None, Some(detector)) => {
                let verdict = detector.decide();
                match like {
                    Some(encoding) if verdict.guess.is_some() => encoding.names_are_in(&first),
                    _ => {
                        file.guesses.extend(verdict.guess);
                        verdict.has_names
                    }
                }
            }
            (None, None) => false,
        };
        file.fields = fields;
        if has_names {
            file.guesses.extend(foreign_names(&first));
            file.names = Some(first.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect());
            rows -= 1;
        }
        if rows == 0 {
            return Err(whole("column names, but no data record after them".into()));
        }
        file.rows = rows;
        file.found = file.guesses.len();
        Ok(file)
    }

    /// The file as the caller named it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many data records there are, at least 1.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// What was decided about the file that may be otherwise, for people: what stands between fields, whether the first record is a
    /// header; after [`fit`](Self::fit), which columns of text differ in most rows. Each says which option decides instead.
    pub fn guesses(&self) -> &[String] {
        &self.guesses
    }

    /// All rows as numbers. The columns are found by their names if there are names, otherwise by their order.
    ///
    /// * inputs: a number is a feature, a category one feature per level, 1 for its own and 0 for the others
    /// * targets: what they were in training, see [`target`](CsvEncoding::target)
    ///
    /// # Errors
    ///
    /// [`DataError::Format`], with line and column, when a field is missing that is not to be filled, is not a finite
    /// number where one is needed, or is an unknown class or, if asked for, category; also when columns are missing or
    /// the result exceeds 2³¹ values. [`DataError::Io`] when the file cannot be read.
    #[inline(never)]
    pub fn encode(&mut self, encoding: &CsvEncoding) -> Result<Dataset, DataError> {
        let place = self.place(encoding)?;
        let features = encoding.features();
        let numbers = encoding.number_features();
        let mut inputs = table_for(&self.path, self.rows, features)?;
        let mut remainders = table_for(&self.path, self.rows, numbers.len())?;
        let (mut targets, mut target_remainders, mut weights) = (vec![], vec![], vec![]);
        let rows = self.rows;
        let mut exact = Vec::with_capacity(features);
        self.each(|row, record| {
            if row == rows {
                return Err("the file has grown since it was opened".into());
            }
            exact.clear();
            let [target, remainder] = split(encoding.push(record, &place, &mut exact, &mut weights)?);
            targets.push(target);
            target_remainders.push(remainder);
            inputs.extend(exact.iter().map(|&x| x as f32));
            remainders.extend(numbers.iter().map(|&j| split(exact[j as usize])[1]));
            Ok(())
        })?;
        let data = Dataset::new(dataset_name(&self.path), inputs, features, encoding.target().targets(targets))?;
        let data = data.with_remainders(&numbers, remainders, target_remainders);
        let data = if weights.is_empty() { data } else { data.with_weights(weights)? };
        encoding.give_names(data)
    }

    /// Where the columns of an encoding are.
    pub(super) fn place(&self, encoding: &CsvEncoding) -> Result<Places, DataError> {
        let place = encoding.place(self.names.as_deref(), self.width);
        place.map_err(|message| DataError::format(&self.path, Place::File, message))
    }

    /// Shows `see` every data record and its number.
    pub(super) fn each(&mut self, mut see: impl FnMut(usize, &Record) -> Result<(), String>) -> Result<(), DataError> {
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
    pub(super) fn rewind(&mut self) -> Result<(), DataError> {
        self.records.rewind().map_err(|e| unreadable(&self.path, e))?;
        if self.names.is_some() {
            self.read()?;
        }
        Ok(())
    }

    /// Reads the next data record, if there is one.
    pub(super) fn advance(&mut self) -> Result<bool, DataError> {
        let more = self.read()?;
        if more && self.width == 1 && self.record.follows_blank() {
            let message =
                "a line before it is blank, and in a file of one column that may be a gap: take it out, or write \"\"";
            return Err(self.fault(message.into()));
        }
        if more && self.record.len() != self.width {
            let message = format!("{} fields, but the first record has {}", self.record.len(), self.width);
            return Err(self.fault(message));
        }
        Ok(more)
    }

    /// The record last read.
    pub(super) fn record(&self) -> &Record {
        &self.record
    }

    /// Notes what there is to say of the columns that were fitted.
    pub(super) fn remember(&mut self, notes: Vec<String>) {
        self.guesses.truncate(self.found);
        self.guesses.extend(notes);
    }

    fn read(&mut self) -> Result<bool, DataError> {
        self.records.read(&mut self.record).map_err(|e| unreadable(&self.path, e))
    }

    /// An error in the present record.
    pub(super) fn fault(&self, message: String) -> DataError {
        DataError::format(&self.path, Place::Line(self.record.line()), message)
    }
}
