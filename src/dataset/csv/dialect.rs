//! What stands between the fields of a file.

use super::field::Fields;
use super::records::{Record, Records};
use crate::dataset::text::Text;
use std::io::{self, Cursor, Read};

/// So much of a file is looked at.
const SAMPLE: u64 = 1 << 18;
const RECORDS: usize = 200;

/// Where there is no reason to choose another, an earlier one is taken.
const CANDIDATES: [u8; 4] = [b',', b';', b'\t', b'|'];

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    /// Whether the first line is `sep=;`, as Excel writes and reads it.
    pub(super) is_declared: bool,
    /// What there is to say of it.
    pub(super) guess: Option<String>,
}

/// How a delimiter cuts the records of a sample.
struct Cut {
    delimiter: u8,
    /// Share of the records that have so many.
    share: f64,
    /// Share of the fields of those below the first that are numbers or gaps.
    numbers: f64,
}

/// Finds out what separates the fields, from the beginning of the text.
pub(super) fn detect(text: &mut impl Read, fields: &Fields) -> io::Result<Dialect> {
    let mut sample = Vec::new();
    text.take(SAMPLE).read_to_end(&mut sample)?;
    let whole = (sample.len() as u64) < SAMPLE;
    if let Some(delimiter) = declared(&sample) {
        return Ok(Dialect { delimiter, is_declared: true, guess: None });
    }
    let mut best: Option<Cut> = None;
    let mut as_good = None;
    for delimiter in CANDIDATES {
        let Some(cut) = cut(&sample, whole, delimiter, fields) else { continue };
        match &best {
            Some(old) if (old.share, old.numbers) >= (cut.share, cut.numbers) => {
                if old.share == cut.share && old.numbers < cut.numbers + 0.25 {
                    as_good = Some(delimiter);
                }
            }
            old => {
                let close = old.as_ref().filter(|old| old.share == cut.share && cut.numbers < old.numbers + 0.25);
                as_good = close.map(|old| old.delimiter);
                best = Some(cut);
            }
        }
    }
    let Some(best) = best else {
        let blanks = cut(&sample, whole, b' ', fields).filter(|cut| cut.share == 1.0 && cut.numbers >= 0.5);
        let guess = blanks
            .as_ref()
            .map(|_| "fields are taken to be separated by blanks: state another --delimiter if they are not");
        let delimiter = if blanks.is_some() { b' ' } else { b',' };
        return Ok(Dialect { delimiter, is_declared: false, guess: guess.map(str::to_owned) });
    };
    let guess = as_good.map(|other| {
        format!(
            "fields are taken to be separated by {:?}: --delimiter {:?} cuts equal records, too",
            char::from(best.delimiter),
            char::from(other)
        )
    });
    Ok(Dialect { delimiter: best.delimiter, is_declared: false, guess })
}

/// Whether the first line of a text says what separates the fields, and holds none itself.
pub(super) fn has_declaration(text: &mut impl Read, stated: u8) -> io::Result<bool> {
    let mut start = Vec::new();
    text.take(8).read_to_end(&mut start)?;
    // Of a file of fields between equals signs, it is a record.
    Ok(stated != b'=' && declared(&start).is_some())
}

/// The delimiter that the first line declares, if it is `sep=;` or the like.
fn declared(text: &[u8]) -> Option<u8> {
    let first = text.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default().trim_ascii();
    // Some programs put all texts in quotes.
    let unquoted = first.strip_prefix(b"\"").and_then(|first| first.strip_suffix(b"\""));
    match *unquoted.unwrap_or(first) {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', delimiter] => Some(delimiter),
        // The tab went with the blanks.
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'='] => Some(b'\t'),
        _ => None,
    }
}

/// How a delimiter cuts the sample; `None` if most records are not cut at all.
fn cut(sample: &[u8], whole: bool, delimiter: u8, fields: &Fields) -> Option<Cut> {
    let mut records = Records::new(Text::new(Cursor::new(sample)).ok()?, delimiter, false).ok()?;
    let (mut record, mut seen) = (Record::default(), vec![]);
    // A quote that is never closed ends the sample.
    while seen.len() < RECORDS && records.read(&mut record).unwrap_or(false) {
        let numbers =
            record.iter().filter(|field| fields.is_missing(field) || is_number(field, fields, delimiter)).count();
        seen.push((record.len(), numbers));
    }
    if !whole && seen.len() > 1 && seen.len() < RECORDS {
        seen.pop(); // cut off
    }
    let with = |width: usize| seen.iter().filter(|(len, _)| *len == width).count();
    let width = seen.iter().map(|(len, _)| *len).max_by_key(|&width| (with(width), width))?;
    let below = seen.iter().skip(usize::from(seen.len() > 1)).filter(|(len, _)| *len == width);
    let (fields, numbers) = below.fold((0, 0), |(fields, n), (len, numbers)| (fields + len, n + numbers));
    let (share, numbers) = (with(width) as f64 / seen.len() as f64, numbers as f64 / fields.max(1) as f64);
    (width > 1).then_some(Cut { delimiter, share, numbers })
}

fn is_number(field: &[u8], fields: &Fields, delimiter: u8) -> bool {
    fields.is_number(field) || fields.looks_like(field, delimiter).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> (char, bool) {
        let dialect = detect(&mut text.as_bytes(), &Fields::default()).unwrap();
        (char::from(dialect.delimiter), dialect.guess.is_some())
    }

    #[test]
    fn the_delimiter_cuts_equal_records() {
        let cases = [
            ("a,\"b;;;\",y\n1,2,0\n", ',', false),
            ("a;b;y\n1,5;2,5;0\n3;4,5;1\n", ';', false),
            // Every number has a comma: 3 commas and 2 semicolons in every line.
            ("1,288;1,449;1,127\n0,066;-0,765;0,897\n", ';', false),
            ("1\t2\t0\n3\t4\t1", '\t', false),
            ("a|b\n1|2\n", '|', false),
            ("name;note\nx;a, b\ny;c\nz;d, e, f\n", ';', false),
            ("2018-01-28 12:30,1,5\n2018-01-29 12:30,2,6\n", ',', false),
            ("  1.5  2.5\n 10.5 -3\n", ' ', true),
            ("hello world\nmore words\n", ',', false),
            ("a;b,c\nd;e,f\n", ',', true),
            ("sep=;\na,b;c\n", ';', false),
            ("\"sep=;\"\na,b;c\n", ';', false),
            ("sep=\t\na,b\tc\n", '\t', false),
            ("", ',', false),
            ("a,b\n1,2\n3\n", ',', false),
        ];
        for (text, delimiter, guessed) in cases {
            assert_eq!(found(text), (delimiter, guessed), "{text:?}");
        }
        let long = "0,5;1,5;2,5\n".repeat(50_000);
        assert_eq!(found(&long), (';', false));
    }
}
