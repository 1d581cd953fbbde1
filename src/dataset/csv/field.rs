//! What one field says: a gap, a number, a text.

use super::options::CsvOptions;
use crate::dataset::input::{checked, parse_exact, quoted};

/// The spellings of a gap that pandas knows, `None` and `null` among them, UCI's and MySQL's; `NA` and `NaN` in any case besides.
const GAPS: [&[u8]; 19] = [
    b"?",
    b"#N/A",
    b"#N/A N/A",
    b"#NA",
    b"-1.#IND",
    b"-1.#QNAN",
    b"-NaN",
    b"-nan",
    b"1.#IND",
    b"1.#QNAN",
    b"<NA>",
    b"N/A",
    b"n/a",
    b"NULL",
    b"Null",
    b"null",
    b"None",
    b"NaT",
    b"\\N",
];

/// Gaps among numbers; as texts they may be categories.
const NUMBER_GAPS: [&[u8]; 7] = [b"-", b"--", b"---", b".", b"..", "\u{2013}".as_bytes(), "\u{2014}".as_bytes()];

/// How the fields of a file are to be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Fields {
    decimal_comma: bool,
    /// Whether the usual spellings of gaps are none.
    only_own: bool,
    gaps: Vec<String>,
    /// Those of them that are numbers.
    gap_numbers: Vec<f64>,
}

impl Fields {
    pub(super) fn new(options: &CsvOptions) -> Self {
        let gaps: Vec<String> = options.missing_values.iter().map(|text| text.trim().to_owned()).collect();
        let only_own = options.usual_missing_values == Some(false);
        let plain = Self { decimal_comma: options.decimal_comma, only_own, ..Self::default() };
        let gap_numbers = gaps.iter().filter_map(|text| plain.parse(text.as_bytes())).collect();
        Self { gaps, gap_numbers, ..plain }
    }

    pub(super) fn is_missing(&self, field: &[u8]) -> bool {
        field.is_empty()
            || !self.only_own && is_usual_gap(field)
            || !self.gaps.is_empty() && self.gaps.iter().any(|gap| gap.as_bytes() == field)
            || !self.gap_numbers.is_empty() && self.parse(field).is_some_and(|x| self.gap_numbers.contains(&x))
    }

    /// Whether it would be a gap if the column is one of numbers.
    pub(super) fn is_number_gap(&self, field: &[u8]) -> bool {
        !self.only_own && NUMBER_GAPS.contains(&field)
    }

    pub(super) fn is_number(&self, field: &[u8]) -> bool {
        self.parse(field).is_some()
    }

    fn parse(&self, field: &[u8]) -> Option<f64> {
        if !self.decimal_comma {
            return std::str::from_utf8(field).ok()?.parse().ok();
        }
        if field.contains(&b'.') {
            return None;
        }
        std::str::from_utf8(field).ok()?.replacen(',', ".", 1).parse().ok()
    }

    /// The number, finite as `f32`.
    pub(super) fn number(&self, field: &[u8]) -> Result<f64, String> {
        if field.is_empty() { parse_exact(field) } else { checked(field, self.parse(field)) }
    }

    /// As what a text looks like a number or a date, and what to do about it.
    pub(super) fn looks_like(&self, field: &[u8], delimiter: u8) -> Option<Look> {
        let text = std::str::from_utf8(field).ok()?;
        super::number_like::look(text, self.decimal_comma, delimiter)
    }
}

pub(super) use super::number_like::Look;

fn is_usual_gap(field: &[u8]) -> bool {
    match field[0] {
        b'0' | b'2'..=b'9' => false,
        _ => GAPS.contains(&field) || field.eq_ignore_ascii_case(b"na") || field.eq_ignore_ascii_case(b"nan"),
    }
}

/// A field in messages: `column 2 of 5 ("area")`.
pub(super) fn describe(column: usize, width: usize, name: Option<&String>) -> String {
    let name = name.map(|name| format!(" ({})", quoted(name.as_bytes())));
    format!("column {} of {width}{}", column + 1, name.unwrap_or_default())
}

pub(super) fn missing(field: &[u8]) -> String {
    format!("the value is missing{}; fill it in, drop the row, or have it imputed (--impute)", written(field))
}

pub(super) fn missing_target(field: &[u8]) -> String {
    format!("the target is missing{}; fill it in, drop the row, or name another column (--target)", written(field))
}

/// How a gap is written that is not empty.
fn written(field: &[u8]) -> String {
    match field {
        [] => String::new(),
        gap => format!(" ({} stands for a gap; with --usual-missing no the usual ones are values)", quoted(gap)),
    }
}

/// The text of a field, as a level.
pub(super) fn level(field: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(field).map_err(|_| format!("{} is not UTF-8 text; save the file as UTF-8", quoted(field)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_the_usual_ones_and_those_that_are_named() {
        let usual = Fields::new(&CsvOptions::default());
        for gap in
            ["", "?", "NA", "na", "NaN", "nan", "N/A", "n/a", "null", "NULL", "None", "#N/A", "<NA>", "1.#IND", "-nan"]
        {
            assert!(usual.is_missing(gap.as_bytes()), "{gap:?}");
        }
        for value in ["0", "-1", "none", "-", "+", "1", "name", "n"] {
            assert!(!usual.is_missing(value.as_bytes()), "{value:?}");
        }
        assert!(usual.is_number_gap(b"-") && usual.is_number_gap(b".") && !usual.is_number_gap(b"+"));
        let missing_values = ["-999", "unknown "].map(String::from).to_vec();
        let own = Fields::new(&CsvOptions { missing_values: missing_values.clone(), ..CsvOptions::default() });
        for gap in ["", "NA", "-999", "-999.0", "-9.99e2", "unknown"] {
            assert!(own.is_missing(gap.as_bytes()), "{gap:?}");
        }
        assert!(!own.is_missing(b"999"));
        let options = CsvOptions { missing_values, usual_missing_values: Some(false), ..CsvOptions::default() };
        let only = Fields::new(&options);
        assert!(only.is_missing(b"") && only.is_missing(b"unknown"));
        assert!(!only.is_missing(b"None") && !only.is_missing(b"NA") && !only.is_number_gap(b"-"));
    }

    #[test]
    fn a_decimal_comma_is_read_where_it_is_asked_for() {
        let comma = Fields::new(&CsvOptions { decimal_comma: true, ..CsvOptions::default() });
        for (text, x) in [("1,5", 1.5), ("-0,25", -0.25), (",5", 0.5), ("3", 3.0), ("1,5e3", 1500.0)] {
            assert_eq!(comma.number(text.as_bytes()), Ok(x), "{text}");
        }
        for text in ["1.5", "1.234,5", "1,234,5", ",", "1,5x"] {
            assert!(comma.number(text.as_bytes()).unwrap_err().contains("is not a number"), "{text}");
        }
        assert!(comma.number(b"1e39").unwrap_err().contains("not a finite f32"));
        assert!(!Fields::default().is_number(b"1,5"));
    }
}
