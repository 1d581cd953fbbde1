//! How to read svmlight files and archives, as options.

use super::yes_no::{self, yes_no};
use crate::problem::files::Reading;
use crate::problem::source::DataSource;
use anyhow::{Result, bail};
use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};
use serde::{Deserialize, Serialize};
use simdescent::dataset::has_index_zero;
use std::num::NonZeroUsize;

/// Reads what `--data` names, whatever bytes its path has.
pub(crate) fn data_source() -> impl TypedValueParser<Value = DataSource> {
    OsStringValueParser::new().try_map(|text| DataSource::parse(&text))
}

/// The same where rows need no targets.
pub(crate) fn input_source() -> impl TypedValueParser<Value = DataSource> {
    OsStringValueParser::new().try_map(|text| DataSource::parse_inputs(&text))
}

/// What such a file does not say itself.
#[derive(Args, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct FileFlags {
    /// How many features a svmlight file has; a saved model knows it [default: the largest index]
    #[arg(long, value_name = "N")]
    pub(crate) features: Option<NonZeroUsize>,
    /// Whether the indices of a svmlight file start at 0, as scikit-learn, XGBoost and LightGBM write them, instead of 1; a saved model
    /// knows it [default: yes if the file has an index 0, which is printed]
    #[arg(long, num_args = 0..=1, default_missing_value = "yes", value_name = "yes|no", value_parser = yes_no(), hide_possible_values = true)]
    #[serde(deserialize_with = "yes_no::read")]
    pub(crate) zero_based: Option<bool>,
    /// The inputs of an npz file [default: X, x, x_train, arr_0 or another usual name]
    #[arg(long, value_name = "NAME")]
    pub(crate) inputs_array: Option<String>,
    /// The targets of an npz file [default: y, Y, y_train, arr_1 or another usual name]
    #[arg(long, value_name = "NAME")]
    pub(crate) targets_array: Option<String>,
}

impl FileFlags {
    /// An error if one of them is given for data of another kind.
    pub(crate) fn check(&self, data: Option<&DataSource>) -> Result<()> {
        let svmlight = matches!(data, Some(DataSource::Svmlight(_)));
        if !svmlight && (self.features.is_some() || self.zero_based.is_some()) {
            bail!("--features and --zero-based need --data svmlight:FILE");
        }
        if !matches!(data, Some(DataSource::Npz(_))) && (self.inputs_array.is_some() || self.targets_array.is_some()) {
            bail!("--inputs-array and --targets-array need --data npz:FILE");
        }
        Ok(())
    }

    /// These, and where they say nothing those of `base`, as far as they are for such data.
    pub(crate) fn over(&self, base: &Self, data: &DataSource) -> Self {
        let base = match data {
            DataSource::Svmlight(_) => Self { inputs_array: None, targets_array: None, ..base.clone() },
            DataSource::Npz(_) => Self { features: None, zero_based: None, ..base.clone() },
            DataSource::Csv(_) | DataSource::Npy(..) | DataSource::NpyInputs(_) | DataSource::Mnist(_) => {
                Self::default()
            }
        };
        Self {
            features: self.features.or(base.features),
            zero_based: self.zero_based.or(base.zero_based),
            inputs_array: self.inputs_array.clone().or(base.inputs_array),
            targets_array: self.targets_array.clone().or(base.targets_array),
        }
    }

    /// The same with what they leave open about this file found out.
    pub(crate) fn resolved(&self, data: Option<&DataSource>) -> Result<Self> {
        let zero_based = match (self.zero_based, data) {
            (None, Some(DataSource::Svmlight(path))) => Some(has_index_zero(path)?),
            (stated, _) => stated,
        };
        Ok(Self { zero_based, ..self.clone() })
    }

    /// Files read as these say, and otherwise in the usual way.
    pub(crate) fn reading(&self) -> Reading {
        Reading {
            features: self.features.map(NonZeroUsize::get),
            zero_based: self.zero_based.unwrap_or(false),
            inputs_array: self.inputs_array.clone(),
            targets_array: self.targets_array.clone(),
            ..Reading::default()
        }
    }
}
