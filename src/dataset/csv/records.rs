//! Records and their fields.

use crate::dataset::text::Text;
use std::io::{self, BufRead, BufReader, Read, Seek};

/// The longest record: a quote that is never closed must not read a whole file into memory.
const MAX_RECORD: usize = 1 << 26;

/// One record.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    text: Vec<u8>,
    /// Where each field begins and ends in it.
    fields: Vec<(u32, u32)>,
    /// The line of the file it begins in, from 1.
    line: u64,
    /// Whether the line before it is blank.
    follows_blank: bool,
}

impl Record {
    pub(super) fn len(&self) -> usize {
        self.fields.len()
    }
    pub(super) fn line(&self) -> u64 {
        self.line
    }
    pub(super) fn follows_blank(&self) -> bool {
        self.follows_blank
    }
    /// Field `i`, without quotes and the blanks around it and within them; empty if there is none.
    pub(super) fn get(&self, i: usize) -> &[u8] {
        self.fields.get(i).map_or(&[], |&(from, to)| self.text[from as usize..to as usize].trim_ascii())
    }
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|i| self.get(i))
    }

    fn push(&mut self, field: &[u8]) {
        let from = self.text.len() as u32;
        self.text.extend_from_slice(field);
        self.fields.push((from, self.text.len() as u32));
    }
}

/// A text record by record (RFC 4180): fields between delimiters, a field in double quotes may hold delimiters, line ends and doubled
/// quotes. Blanks around fields and quotes are dropped, lines of blanks skipped; a line ends with LF, CR LF or CR.
#[derive(Debug)]
pub(super) struct Records<R: Read> {
    reader: BufReader<Text<R>>,
    delimiter: u8,
    /// Of the line last read.
    number: u64,
    line: Vec<u8>,
    /// Whether the first line is none of data.
    skips_first: bool,
}

impl<R: Read + Seek> Records<R> {
    pub(super) fn new(source: Text<R>, delimiter: u8, skips_first: bool) -> io::Result<Self> {
        let reader = BufReader::with_capacity(1 << 16, source);
        let mut records = Self { reader, delimiter, number: 0, line: vec![], skips_first };
        records.rewind()?;
        Ok(records)
    }

    /// Goes back to the first record.
    pub(super) fn rewind(&mut self) -> io::Result<()> {
        self.reader.get_mut().rewind()?;
        self.reader.consume(self.reader.buffer().len());
        self.number = 0;
        if self.skips_first {
            self.line.clear();
            self.append_line()?;
        }
        Ok(())
    }
}

impl<R: Read> Records<R> {
    /// Reads the next record; says whether there was one.
    pub(super) fn read(&mut self, record: &mut Record) -> io::Result<bool> {
        self.line.clear();
        // A line of nothing but tabs has empty fields, if tabs are what separates.
        let delimiter = self.delimiter;
        let is_tabs = move |line: &[u8]| {
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            delimiter == b'\t' && !line.is_empty() && line.iter().all(|&byte| byte == b'\t')
        };
        let before = self.number;
        while self.line.trim_ascii().is_empty() && !is_tabs(&self.line) {
            self.line.clear();
            if !self.append_line()? {
                return Ok(false);
            }
        }
        record.follows_blank = self.number > before + 1;
        record.text.clear();
        record.fields.clear();
        record.line = self.number;
        let is_blank = move |byte: &u8| matches!(byte, b' ' | b'\t') && (*byte != delimiter || delimiter == b' ');
        let blanks = |line: &[u8], at: usize| line[at..].iter().take_while(|byte| is_blank(byte)).count();
        let ends = move |byte: &u8| *byte == delimiter || (delimiter == b' ' && *byte == b'\t');
        let mut at = 0;
        loop {
            at += blanks(&self.line, at);
            if delimiter == b' ' && at == self.line.len() {
                break;
            }
            if self.line.get(at) == Some(&b'"') {
                at = self.quoted(at + 1, record)?;
                at += blanks(&self.line, at);
                // A blank that ends the field is among those just skipped.
                if delimiter == b' ' && at < self.line.len() {
                    continue;
                }
            } else {
                record.fields.push((record.text.len() as u32, record.text.len() as u32));
            }
            // The rest of an unquoted field, or what follows a closing quote.
            let length = self.line[at..].iter().position(ends).unwrap_or(self.line.len() - at);
            record.text.extend_from_slice(self.line[at..at + length].trim_ascii_end());
            if let Some((_, to)) = record.fields.last_mut() {
                *to = record.text.len() as u32;
            }
            at += length;
            if at == self.line.len() {
                break;
            }
            at += 1;
        }
        Ok(true)
    }

    /// Reads a field from after its quote on, and more lines if it has some; returns where it ends.
    fn quoted(&mut self, mut at: usize, record: &mut Record) -> io::Result<usize> {
        let start = self.number;
        record.push(b"");
        loop {
            let quote = self.line[at..].iter().position(|&byte| byte == b'"');
            let end = quote.map_or(self.line.len(), |quote| at + quote);
            record.text.extend_from_slice(&self.line[at..end]);
            at = end + 1;
            if quote.is_none() {
                let length = self.line.len();
                self.line.push(b'\n');
                if !self.append_line()? {
                    let message = format!("line {start}: a quote that is opened here is never closed");
                    return Err(io::Error::new(io::ErrorKind::InvalidData, message));
                }
                record.text.push(b'\n');
                at = length + 1;
            } else if self.line.get(at) == Some(&b'"') {
                record.text.push(b'"');
                at += 1;
            } else {
                break;
            }
        }
        if let Some((_, to)) = record.fields.last_mut() {
            *to = record.text.len() as u32;
        }
        Ok(at)
    }

    /// Appends the next line without its end; says whether there was one.
    fn append_line(&mut self) -> io::Result<bool> {
        let mut any = false;
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            any = true;
            let end = buffer.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let length = end.unwrap_or(buffer.len());
            if self.line.len() + length > MAX_RECORD {
                let message =
                    format!("line {}: longer than {MAX_RECORD} bytes; is a quote left open?", self.number + 1);
                return Err(io::Error::new(io::ErrorKind::InvalidData, message));
            }
            self.line.extend_from_slice(&buffer[..length]);
            let Some(end) = end.map(|end| buffer[end]) else {
                self.reader.consume(length);
                continue;
            };
            self.reader.consume(length + 1);
            if end == b'\r' && self.reader.fill_buf()?.first() == Some(&b'\n') {
                self.reader.consume(1);
            }
            break;
        }
        self.number += u64::from(any);
        if self.line.contains(&0) {
            let message =
                format!("line {}: a zero byte, which no text has: the file is damaged, or none of text", self.number);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::text::Text;
    use std::io::Cursor;

    fn all(text: &[u8], delimiter: u8) -> Vec<(u64, Vec<String>)> {
        let mut records = Records::new(Text::new(Cursor::new(text)).unwrap(), delimiter, false).unwrap();
        let (mut record, mut all) = (Record::default(), vec![]);
        while records.read(&mut record).unwrap() {
            let fields = record.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect();
            all.push((record.line(), fields));
        }
        all
    }

    fn one(text: &str, delimiter: u8) -> Vec<String> {
        let mut records = all(text.as_bytes(), delimiter);
        assert_eq!(records.len(), 1, "{text:?}");
        records.remove(0).1
    }

    #[test]
    fn fields_are_cut_and_unquoted() {
        let cases: [(&str, u8, &[&str]); 16] = [
            ("a,b,c", b',', &["a", "b", "c"]),
            (" a , b\t,", b',', &["a", "b", ""]),
            (",", b',', &["", ""]),
            ("\"a,b\",\"c \"\"d\"\"\"", b',', &["a,b", "c \"d\""]),
            (" \"a\" , \"b, c\"\t,\" d \"", b',', &["a", "b, c", "d"]),
            ("a\"b,\"c\"d,\"\"", b',', &["a\"b", "cd", ""]),
            ("\"a\nb\";1", b';', &["a\nb", "1"]),
            ("\"a\r\n\r\nb\";1", b';', &["a\n\nb", "1"]),
            ("a\t\tb", b'\t', &["a", "", "b"]),
            (" \ta\t\"b\"\t", b'\t', &["", "a", "b", ""]),
            ("  1   2\t 3 ", b' ', &["1", "2", "3"]),
            ("\"a b\"  \"c\"", b' ', &["a b", "c"]),
            ("  \"\"  1", b' ', &["", "1"]),
            ("1 2", b',', &["1 2"]),
            ("a|b", b'|', &["a", "b"]),
            ("a", b',', &["a"]),
        ];
        for (text, delimiter, fields) in cases {
            for end in ["", "\n", "\r\n", "\r", "\n \t\n\r\n"] {
                assert_eq!(one(&format!("{text}{end}"), delimiter), fields, "{text:?} {end:?}");
            }
        }
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["", "a,b", "  ", "\"1", "2\",3", "", "4,5", ""].join(end);
            let lines: Vec<u64> = all(text.as_bytes(), b',').into_iter().map(|(line, _)| line).collect();
            assert_eq!(lines, [2, 4, 7], "{end:?}");
        }
    }

    #[test]
    fn an_open_quote_is_named() {
        let mut records = Records::new(Text::new(Cursor::new(b"1,2\n3,\"4\n5,6\n")).unwrap(), b',', false).unwrap();
        let mut record = Record::default();
        assert!(records.read(&mut record).unwrap());
        let message = records.read(&mut record).unwrap_err().to_string();
        assert_eq!(message, "line 2: a quote that is opened here is never closed");
    }
}
