//! Tables as delimited text, all columns numeric, one of them the target.

use super::input::{dataset_name, open_regular, parse_number, quoted};
use super::{Dataset, Targets};
use crate::error::{DataError, Place};
use ::csv::{ByteRecord, Reader, ReaderBuilder};
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::Path;

/// How to read a delimited file. The default suits most: last column is the target, the rest is detected.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CsvOptions {
    /// Which column is the target; all others are features, in file order.
    pub target: TargetColumn,
    /// The byte between fields. `None` takes the most frequent of comma, semicolon and tab in the first line.
    pub delimiter: Option<u8>,
    /// Whether the first record holds column names. `None` means yes if any of its fields is text, not a number.
    pub header: Option<bool>,
}

/// The column that [`read_csv`] makes the target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum TargetColumn {
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

/// Reads a delimited text file (CSV, TSV).
///
/// * inputs: `[records, columns − 1]`, all columns but the target
/// * targets: by [`Targets::infer`] from the target column
///
/// Fields may be quoted with `"` and have spaces around them; blank lines are skipped. Memory is at most a small multiple
/// of the file's size.
///
/// ```no_run
/// use simdescent::dataset::{CsvOptions, TargetColumn, read_csv};
///
/// let options = CsvOptions { target: TargetColumn::Name("price".into()), ..CsvOptions::default() };
/// let houses = read_csv("houses.csv".as_ref(), &options)?;
/// # Ok::<(), simdescent::DataError>(())
/// ```
///
/// # Errors
///
/// [`DataError::Io`] when the file cannot be read. [`DataError::Format`], with line and column, when a field is missing
/// or not a finite number or a record has another number of fields than the first; also when there is no data record,
/// only one column, or no such target column.
pub fn read_csv(path: &Path, options: &CsvOptions) -> Result<Dataset, DataError> {
    parse(path, open_regular(path)?, options)
}

fn parse(path: &Path, mut source: impl Read + Seek, options: &CsvOptions) -> Result<Dataset, DataError> {
    let delimiter = match options.delimiter {
        Some(delimiter) => delimiter,
        None => detect_delimiter(&mut source).map_err(|e| DataError::io(path, e))?,
    };
    // Flexible: records of unequal length are reported here, with the right line.
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(source);
    let mut record = ByteRecord::new();
    let mut more = next(path, &mut reader, &mut record)?;
    let columns = Columns::new(&record, delimiter, options).map_err(|m| DataError::format(path, Place::File, m))?;
    if columns.names.is_some() {
        more = next(path, &mut reader, &mut record)?;
    }
    let (mut inputs, mut targets) = (Vec::new(), Vec::new());
    while more {
        if let Err(message) = columns.push(&record, &mut inputs, &mut targets) {
            let start = record.position().map_or(0, |position| position.byte());
            let line = line_of(reader.get_mut(), start).map_err(|e| DataError::io(path, e))?;
            return Err(DataError::format(path, Place::Line(line), message));
        }
        more = next(path, &mut reader, &mut record)?;
    }
    if targets.is_empty() {
        return Err(DataError::format(path, Place::File, "column names, but no data record after them"));
    }
    Dataset::new(dataset_name(path), inputs, columns.width - 1, Targets::infer(targets))
}

fn next(path: &Path, reader: &mut Reader<impl Read>, record: &mut ByteRecord) -> Result<bool, DataError> {
    reader.read_byte_record(record).map_err(|e| DataError::io(path, e.into()))
}

/// The most frequent candidate in the first line that is not blank, quoted text left out; comma if there is none.
fn detect_delimiter(source: &mut (impl Read + Seek)) -> io::Result<u8> {
    let mut line = Vec::new();
    let mut reader = BufReader::new(&mut *source);
    while line.trim_ascii().is_empty() {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            break;
        }
    }
    source.rewind()?;
    let count = |candidate: u8| {
        let unquoted = line.split(|&byte| byte == b'"').step_by(2).flatten();
        unquoted.filter(|&&byte| byte == candidate).count()
    };
    // `max_by_key` takes the last of equals, and the comma shall win a tie.
    Ok([b'\t', b';', b','].into_iter().max_by_key(|&candidate| count(candidate)).unwrap_or(b','))
}

/// The line, from 1, of the record that the csv crate found at byte `start`. Its own count is of no use in a message:
/// it lags behind by one with CRLF line ends and at blank lines before the record.
fn line_of(source: &mut (impl Read + Seek), start: u64) -> io::Result<u64> {
    source.rewind()?;
    let mut line = 1;
    for (at, byte) in (0..).zip(BufReader::new(source).bytes()) {
        match byte? {
            b'\n' => line += 1,
            b'\r' => {}
            _ if at >= start => break,
            _ => {}
        }
    }
    Ok(line)
}

/// What the first record and the options say about the columns.
struct Columns {
    width: usize,
    /// Index of the target column.
    target: usize,
    /// The names, if the first record is a header.
    names: Option<Vec<String>>,
}

impl Columns {
    fn new(first: &ByteRecord, delimiter: u8, options: &CsvOptions) -> Result<Self, String> {
        let width = first.len();
        if width < 2 {
            return Err(format!(
                "{width} columns separated by {:?}; a feature and a target are needed, so state the right delimiter",
                char::from(delimiter)
            ));
        }
        // A missing value is no sign of a header, or a gap in the first record would silently drop that record.
        let is_text = |field: &[u8]| {
            let field = std::str::from_utf8(field).map(str::trim);
            !field.is_ok_and(|field| field.is_empty() || field.parse::<f32>().is_ok())
        };
        let names = options
            .header
            .unwrap_or_else(|| first.iter().any(is_text))
            .then(|| first.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect::<Vec<_>>());
        let target = match &options.target {
            TargetColumn::First => 0,
            TargetColumn::Last => width - 1,
            TargetColumn::Index(index) if *index < width => *index,
            TargetColumn::Index(index) => {
                return Err(format!("target column {index} (counted from 0), but there are {width} columns"));
            }
            TargetColumn::Name(wanted) => {
                let names = names.as_ref().ok_or_else(|| {
                    format!("target column {wanted:?}, but the first record has no names; give the index instead")
                })?;
                let mut matching = (0..width).filter(|&column| names[column] == *wanted);
                match (matching.next(), matching.next()) {
                    (Some(column), None) => column,
                    (Some(_), Some(_)) => {
                        return Err(format!("several columns named {wanted:?}; give the index instead"));
                    }
                    (None, _) => {
                        let shown: Vec<_> = names.iter().take(10).map(|name| quoted(name.as_bytes())).collect();
                        let more = if width > 10 { ", …" } else { "" };
                        return Err(format!("no column {wanted:?} among the {width}: {}{more}", shown.join(", ")));
                    }
                }
            }
        };
        Ok(Self { width, target, names })
    }

    /// Appends one record.
    fn push(&self, record: &ByteRecord, inputs: &mut Vec<f32>, targets: &mut Vec<f32>) -> Result<(), String> {
        if record.len() != self.width {
            return Err(format!("{} fields, but the first record has {}", record.len(), self.width));
        }
        for (column, field) in record.iter().enumerate() {
            let value = parse_number(field).map_err(|problem| {
                let name = self.names.as_ref().map(|names| format!(" ({})", quoted(names[column].as_bytes())));
                format!("column {} of {}{}: {problem}", column + 1, self.width, name.unwrap_or_default())
            })?;
            if column == self.target { targets.push(value) } else { inputs.push(value) }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::input::noise;
    use super::*;
    use std::io::Cursor;

    fn read(text: &[u8], options: &CsvOptions) -> Result<Dataset, DataError> {
        parse(Path::new("d/t.csv"), Cursor::new(text), options)
    }

    fn target(target: TargetColumn) -> CsvOptions {
        CsvOptions { target, ..CsvOptions::default() }
    }

    #[test]
    fn detects_delimiter_and_header() {
        let texts = [
            "a,\"b;;;\",y\n1,2,0\n3,4,1\n",
            "\u{feff}a;b;y\r\n1; 2;0\r\n\r\n3;4;1\r\n",
            "\n1\t2\t0\n3\t4\t1",
            "1,2,0\n\"3\",4,1\n",
        ];
        for text in texts {
            let data = read(text.as_bytes(), &CsvOptions::default()).unwrap();
            assert_eq!((data.name(), data.features(), data.inputs()), ("t.csv", 2, &[1.0, 2.0, 3.0, 4.0][..]));
            assert_eq!(data.targets(), &Targets::Labels { labels: vec![0, 1], classes: 2 });
        }
    }

    #[test]
    fn any_column_can_be_the_target() {
        let columns = [TargetColumn::First, TargetColumn::Index(0), TargetColumn::Name("y".into())];
        for column in columns {
            let data = read(b"y,a,b\n0.5,1,2\n", &target(column)).unwrap();
            assert_eq!((data.inputs(), data.targets()), (&[1.0, 2.0][..], &Targets::Values(vec![0.5])));
        }
        let options =
            CsvOptions { header: Some(true), delimiter: Some(b' '), ..target(TargetColumn::Name("7".into())) };
        assert_eq!(read(b"6 7\n1 2\n", &options).unwrap().targets(), &Targets::Labels { labels: vec![2], classes: 3 });
    }

    #[test]
    fn hostile_files_are_named_errors() {
        let last = CsvOptions::default();
        let named = target(TargetColumn::Name("z".into()));
        let header = |header| CsvOptions { header: Some(header), ..CsvOptions::default() };
        let cases: [(&[u8], CsvOptions, &str); 18] = [
            (b"", last.clone(), "t.csv: 0 columns separated by ','"),
            (b"\r\n \n", last.clone(), "1 columns"),
            (b"a\n1\n", last.clone(), "1 columns separated by ','; a feature and a target are needed"),
            (b"a,b\n", last.clone(), "column names, but no data record"),
            (b"a,b\n1,2\n3\n", last.clone(), "line 3: 1 fields, but the first record has 2"),
            (b"1,2\n3,4,5\n", last.clone(), "line 2: 3 fields, but the first record has 2"),
            (b"a,b\r\n\r\n1,2\r\n\r\nx,3\r\n", last.clone(), "line 5: column 1 of 2 (\"a\"): \"x\" is not a number"),
            (b"1,2\n3,nan", last.clone(), "line 2: column 2 of 2: \"nan\" is not a finite f32"),
            (b"1,inf\n", last.clone(), "line 1: column 2 of 2: \"inf\" is not a finite"),
            (b",2\n3,4", last.clone(), "line 1: column 1 of 2: the value is missing"),
            (b"1,2\n3,\"\"", last.clone(), "line 2: column 2 of 2: the value is missing"),
            (b"1,2\n3,\"4\n5,6\n", last.clone(), "line 2: column 2 of 2: \"4\\n5,6\" is not a number"),
            (b"\"a\nb\",c\n1,x", last.clone(), "line 3: column 2 of 2 (\"c\"): \"x\""),
            (b"a,b\n1,2", header(false), "line 1: column 1 of 2: \"a\" is not a number"),
            (b"1,2\n3,4", named.clone(), "the first record has no names"),
            (b"a,b\n3,4", named.clone(), "no column \"z\" among the 2: \"a\", \"b\""),
            (b"z,z\n3,4", named, "several columns named \"z\""),
            (b"1,2", target(TargetColumn::Index(2)), "target column 2 (counted from 0), but there are 2 columns"),
        ];
        for (text, options, expected) in cases {
            let message = read(text, &options).unwrap_err().to_string();
            assert!(message.starts_with("d/t.csv") && message.contains(expected), "{message:?} lacks {expected:?}");
        }
    }

    #[test]
    fn random_text_never_panics() {
        let mut state = 3;
        for _ in 0..2000 {
            let length = noise(&mut state);
            let random: Vec<u8> = (0..length).map(|_| noise(&mut state)).collect();
            let delimiter = Some(noise(&mut state));
            let _ = read(&random, &CsvOptions { delimiter, ..CsvOptions::default() });
            // The format's own alphabet reaches deeper than random bytes do.
            let text: Vec<u8> = random.iter().map(|&byte| b"01.,,,;\t\n\r\"-"[usize::from(byte) % 12]).collect();
            let _ = read(&text, &CsvOptions::default());
            let _ = read(&text, &CsvOptions { header: Some(true), ..target(TargetColumn::First) });
        }
    }
}
