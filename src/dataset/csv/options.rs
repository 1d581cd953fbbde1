//! How to read a delimited file.

use crate::dataset::Task;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::str::FromStr;

/// How to read a delimited file. The default suits most: the last column is the target, the rest is detected, and a gap
/// is an error.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CsvOptions {
    /// Which column is the target; all others that are not left out are features, in file order.
    pub target: CsvColumn,
    /// The byte between fields. Of a blank, runs of spaces and tabs are one delimiter, and those at the ends of a line none.
    ///
    /// `None` takes what a first line `sep=;` says, else that of comma, semicolon, tab and bar by which most of the first 200 records
    /// have equally many fields, of equals the one between most numbers; and blanks if none of them is there.
    pub delimiter: Option<u8>,
    /// Whether the first record holds column names. `None` finds out; what is doubtful is among the
    /// [`guesses`](super::CsvFile::guesses).
    ///
    /// Names are text above columns of numbers. In a file of text only, a first record is one of names if they differ and none of them
    /// is a value of its column. A first record of numbers is one of names if they count up (0, 1, 2, …) and are unlike those below.
    pub header: Option<bool>,
    /// Whether numbers have a comma where others have a point.
    #[serde(default)]
    pub decimal_comma: bool,
    /// Columns of numbers that are codes of categories, not quantities; and columns of text that looks like numbers or dates, which is
    /// refused otherwise.
    pub categorical: Vec<CsvColumn>,
    /// Columns that are left out.
    pub ignored: Vec<CsvColumn>,
    /// The column that says how much a row counts, which becomes the [weights](crate::Dataset::with_weights); a file
    /// other than that of the training may lack it if its columns have names.
    #[serde(default)]
    pub weights: Option<CsvColumn>,
    /// What becomes of a feature without a value. A target without one is always an error.
    pub missing: Missing,
    /// Fields that are no value, besides the usual ones; one that is a number is meant however it is written.
    #[serde(default)]
    pub missing_values: Vec<String>,
    /// Whether the usual spellings are gaps, too (`None`: they are): `?`, `NA` and `NaN` in any case, `N/A`, `n/a`, `null`, `NULL`, `None`,
    /// `<NA>`, `#N/A` and the others that pandas knows; among numbers also `-`, `--` and `.`. An empty field always is.
    #[serde(default)]
    pub usual_missing_values: Option<bool>,
    /// What becomes of a category that no training row has.
    pub unseen: Unseen,
    /// What is to be learned; `None` takes text for classes, and numbers for what they
    /// [look like](crate::dataset::TargetEncoding::fit).
    #[serde(default)]
    pub task: Option<Task>,
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
