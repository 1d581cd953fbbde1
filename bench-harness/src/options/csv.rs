//! How to read a CSV file, as options.

use super::column;
use super::yes_no::{self, yes_no};
use crate::base::number::short;
use anyhow::{Result, bail};
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use simdescent::dataset::{CsvColumn, CsvOptions, Missing, Unseen};

/// A column is its name in the header, or its index from 0; a name of digits only has to be given as index.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct CsvFlags {
    /// The column to predict, by name or index from 0; text is taken as class names [default: the last]
    #[arg(long, value_name = "COLUMN")]
    #[serde(deserialize_with = "column::one")]
    target: Option<String>,
    /// Columns of numbers that are codes of categories, by name or index; columns of text are categories anyway, but if they look
    /// like numbers or dates, they have to be listed
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    #[serde(deserialize_with = "column::several")]
    categorical: Option<Vec<String>>,
    /// Columns to leave out, by name or index
    #[arg(long, value_name = "COLUMN", value_delimiter = ',')]
    #[serde(deserialize_with = "column::several")]
    ignore: Option<Vec<String>>,
    /// The column that says how much a row counts in the loss, by name or index; it is no feature [default: all count the same]
    #[arg(long, value_name = "COLUMN")]
    #[serde(deserialize_with = "column::one")]
    weight_column: Option<String>,
    /// Fill gaps (empty fields, ?, NA, NaN, N/A, null, None and the like) from the training rows; a category always by the most frequent one, by constant with
    /// the category "missing" [default: they are an error]
    #[arg(long, value_enum)]
    impute: Option<ImputeName>,
    /// The number of --impute constant [default: 0]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    #[serde(serialize_with = "short")]
    impute_value: Option<f32>,
    /// More fields that are gaps, e.g. -999,unknown
    #[arg(long, value_name = "TEXT", value_delimiter = ',', allow_hyphen_values = true)]
    #[serde(deserialize_with = "column::several")]
    missing: Option<Vec<String>>,
    /// Whether the usual spellings of gaps are gaps, too: no, if None or NA is a value of its own [default: yes]
    #[arg(long, value_name = "yes|no", value_parser = yes_no(), hide_possible_values = true)]
    #[serde(deserialize_with = "yes_no::read")]
    usual_missing: Option<bool>,
    /// What a category is that no training row has [default: zeros]
    #[arg(long, value_enum)]
    unseen: Option<UnseenName>,
    /// Whether the first line has the names of the columns [default: detected; a guess is printed]
    #[arg(long, num_args = 0..=1, default_missing_value = "yes", value_name = "yes|no", value_parser = yes_no(), hide_possible_values = true)]
    #[serde(deserialize_with = "yes_no::read")]
    header: Option<bool>,
    /// The character between fields, tab, or ' ' for any number of blanks [default: detected]
    #[arg(long, value_name = "CHAR")]
    delimiter: Option<String>,
    /// Whether numbers have a comma where others have a point, as in 1,5 [default: no]
    #[arg(long, num_args = 0..=1, default_missing_value = "yes", value_name = "yes|no", value_parser = yes_no(), hide_possible_values = true)]
    #[serde(deserialize_with = "yes_no::read")]
    decimal_comma: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ImputeName {
    Mean,
    Median,
    MostFrequent,
    Constant,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum UnseenName {
    /// None of the known ones: all their features are 0
    Zeros,
    /// An error
    Refuse,
}

impl CsvFlags {
    /// The first of them that is given, for data that is no CSV file.
    pub(crate) fn refuse(&self) -> Result<()> {
        if *self != Self::default() {
            bail!("--target, --impute and the other options of CSV files need --data csv:FILE");
        }
        Ok(())
    }

    pub(crate) fn options(&self) -> Result<CsvOptions> {
        let column = |text: &String| text.parse::<CsvColumn>().unwrap_or_else(|never| match never {});
        let columns = |list: &Option<Vec<String>>| list.iter().flatten().map(column).collect();
        let missing = match (self.impute, self.impute_value) {
            (Some(ImputeName::Constant), Some(x)) if !x.is_finite() => {
                bail!("--impute-value has to be finite, got {x}")
            }
            (Some(ImputeName::Constant), x) => Missing::Constant(x.unwrap_or(0.0)),
            (_, Some(_)) => bail!("--impute-value belongs to --impute constant"),
            (None, None) => Missing::Refuse,
            (Some(ImputeName::Mean), None) => Missing::Mean,
            (Some(ImputeName::Median), None) => Missing::Median,
            (Some(ImputeName::MostFrequent), None) => Missing::MostFrequent,
        };
        let delimiter = match self.delimiter.as_deref().map(str::as_bytes) {
            None => None,
            Some(b"tab" | b"\\t") => Some(b'\t'),
            Some(&[byte]) if byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r') => Some(byte),
            Some(_) => bail!("--delimiter takes one ASCII character, or tab"),
        };
        Ok(CsvOptions {
            target: self.target.as_ref().map(column).unwrap_or_default(),
            delimiter,
            header: self.header,
            decimal_comma: self.decimal_comma.unwrap_or(false),
            categorical: columns(&self.categorical),
            ignored: columns(&self.ignore),
            weights: self.weight_column.as_ref().map(column),
            missing,
            missing_values: self.missing.clone().unwrap_or_default(),
            usual_missing_values: self.usual_missing,
            unseen: match self.unseen {
                Some(UnseenName::Refuse) => Unseen::Refuse,
                Some(UnseenName::Zeros) | None => Unseen::Zeros,
            },
            task: None,
        })
    }
}
