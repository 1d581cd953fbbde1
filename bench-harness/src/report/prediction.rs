//! Predictions as files: CSV, and arrays for NumPy.

use crate::training::prediction::{Predicted, PredictionReport};
use std::fmt::Write;
use std::path::Path;

/// What a file of predictions can be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum PredictionForm {
    Csv,
    Npy,
}

impl PredictionForm {
    /// As the file's name ends.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?;
        match ending.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "npy" => Some(Self::Npy),
            _ => None,
        }
    }

    pub(crate) fn bytes(self, report: &PredictionReport) -> Vec<u8> {
        match self {
            Self::Csv => csv(report).into_bytes(),
            Self::Npy => npy(report),
        }
    }
}

/// A line of names, then one per row: the prediction, and the probabilities of the classes if there are any.
pub(crate) fn csv(report: &PredictionReport) -> String {
    let mut text = "prediction".to_owned();
    if report.probabilities.is_some() {
        for name in report.class_names.iter().flatten() {
            text.push(',');
            text.push_str(&field(&format!("probability of {name}")));
        }
    }
    for row in 0..report.rows {
        text.push('\n');
        match &report.predictions {
            // The shortest decimal that is read as the same number.
            Predicted::Numbers(numbers) => _ = write!(text, "{:?}", numbers[row].0),
            Predicted::Classes(names) => text.push_str(&field(&names[row])),
        }
        for p in report.probabilities.iter().flat_map(|all| &all[row]) {
            _ = write!(text, ",{p:?}");
        }
    }
    text.push('\n');
    text
}

/// A field in quotes where it needs them.
fn field(text: &str) -> String {
    let plain = !text.is_empty() && text.trim() == text && !text.contains(['"', ',', '\n', '\r']);
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

/// An array of one prediction per row, or of the probabilities, `[rows, classes]`, if there are any. Classes that are called by
/// numbers are these numbers, others texts.
fn npy(report: &PredictionReport) -> Vec<u8> {
    let rows = report.rows;
    if let (Some(probabilities), Some(names)) = (&report.probabilities, &report.class_names) {
        let bytes = probabilities.iter().flatten().flat_map(|p| p.to_le_bytes()).collect();
        return array("<f8", &format!("({rows}, {})", names.len()), bytes);
    }
    let shape = format!("({rows},)");
    let names = match &report.predictions {
        Predicted::Numbers(numbers) => {
            return array("<f8", &shape, numbers.iter().flat_map(|x| x.0.to_le_bytes()).collect());
        }
        Predicted::Classes(names) => names,
    };
    let classes = report.class_names.as_deref().unwrap_or_default();
    if classes.iter().all(|name| is_number::<i64>(name)) {
        let whole = |name: &String| name.parse::<i64>().unwrap_or_default().to_le_bytes();
        return array("<i8", &shape, names.iter().flat_map(whole).collect());
    }
    if classes.iter().all(|name| is_number::<f64>(name)) {
        let number = |name: &String| name.parse().unwrap_or(f64::NAN).to_le_bytes();
        return array("<f8", &shape, names.iter().flat_map(number).collect());
    }
    // UTF-32, as long as the longest.
    let width = classes.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(1);
    let padded = |name: &String| {
        let characters: Vec<u32> = name.chars().map(u32::from).collect();
        (0..width).flat_map(move |i| characters.get(i).copied().unwrap_or(0).to_le_bytes()).collect::<Vec<_>>()
    };
    array(&format!("<U{width}"), &shape, names.iter().flat_map(padded).collect())
}

/// Whether a name is a number and nothing of it is lost if it is taken for one, as zeros in front would be.
fn is_number<T: std::str::FromStr + ToString + std::fmt::Debug>(name: &str) -> bool {
    let is_written_so = |number: T| number.to_string() == name || format!("{number:?}") == name;
    name.parse::<T>().is_ok_and(is_written_so)
}

/// NumPy's format 1: the header is filled up so that the elements begin at a multiple of 64.
fn array(descr: &str, shape: &str, elements: Vec<u8>) -> Vec<u8> {
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let end = (10 + header.len() + 1).next_multiple_of(64);
    header.extend(std::iter::repeat_n(' ', end - 11 - header.len()));
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.into_bytes());
    bytes.extend(elements);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_need_it() {
        for (text, wanted) in
            [("cat", "cat"), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""), (" a", "\" a\""), ("", "\"\"")]
        {
            assert_eq!(field(text), wanted);
        }
    }

    #[test]
    fn the_ending_says_the_form() {
        let form = |name: &str| PredictionForm::of(name.as_ref());
        assert_eq!((form("a.csv"), form("b/a.NPY")), (Some(PredictionForm::Csv), Some(PredictionForm::Npy)));
        assert_eq!((form("a"), form("a.txt"), form(".csv")), (None, None, None));
    }

    #[test]
    fn only_numbers_that_are_written_as_usual_become_numbers() {
        assert!(
            is_number::<i64>("-3")
                && is_number::<f64>("0.5")
                && is_number::<f64>("1.0")
                && !is_number::<i64>("03")
                && !is_number::<f64>("1e3")
        );
    }

    #[test]
    fn headers_are_aligned() {
        let bytes = array("<i8", "(1,)", 7i64.to_le_bytes().to_vec());
        assert_eq!((bytes.len() - 8) % 64, 0);
        assert_eq!((bytes[bytes.len() - 9], &bytes[bytes.len() - 8..]), (b'\n', &7i64.to_le_bytes()[..]));
        assert_eq!(usize::from(u16::from_le_bytes([bytes[8], bytes[9]])) + 18, bytes.len());
    }
}
