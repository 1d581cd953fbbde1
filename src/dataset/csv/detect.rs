//! What the text itself says: gaps, numbers, header, delimiter, lines.

use csv::ByteRecord;
use std::io::{self, BufRead, BufReader, Read, Seek};

pub(super) fn is_missing(field: &[u8]) -> bool {
    let field = field.trim_ascii();
    matches!(field, b"" | b"?") || field.eq_ignore_ascii_case(b"na") || field.eq_ignore_ascii_case(b"nan")
}

pub(super) fn is_number(field: &[u8]) -> bool {
    std::str::from_utf8(field).is_ok_and(|field| field.trim().parse::<f32>().is_ok())
}

/// A missing value is no sign of a header, or a gap in the first record would silently drop that record.
pub(super) fn is_header(first: &ByteRecord, second: Option<&ByteRecord>) -> bool {
    let is_text = |field: &[u8]| !is_missing(field) && !is_number(field);
    let above_numbers = second.is_some_and(|second| first.iter().zip(second).any(|(a, b)| is_text(a) && is_number(b)));
    above_numbers || first.iter().all(is_text)
}

/// The most frequent candidate in the first line that is not blank, quoted text left out; comma if there is none.
pub(super) fn detect_delimiter(source: &mut (impl Read + Seek)) -> io::Result<u8> {
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
pub(super) fn line_of(source: &mut (impl Read + Seek), start: u64) -> io::Result<u64> {
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
