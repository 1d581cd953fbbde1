//! Whether zeros among the inputs are kept.

use anyhow::Result;
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use simdescent::Dataset;

/// Whether zeros among the inputs are kept. No result depends on it, but for the sign of a zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum InputLayout {
    /// svmlight files without their zeros, if not even 1 value in 16 is written or there are more than 2^31 with zeros
    #[default]
    Auto,
    /// Without zeros
    Sparse,
    /// With all zeros
    Dense,
}

/// [`InputLayout::Auto`] leaves zeros out below it.
const SPARSE_DENSITY: f64 = 1.0 / 16.0;

/// And above so many values with their zeros, the limit of [`Dataset::into_dense`].
const MOST_WITH_ZEROS: usize = 1 << 31;

impl InputLayout {
    /// `data` as it is to be kept.
    pub(crate) fn of(self, data: Dataset) -> Result<Dataset> {
        let with_zeros = data.rows().saturating_mul(data.features());
        Ok(match self {
            Self::Auto if data.is_sparse() && (data.density() < SPARSE_DENSITY || with_zeros > MOST_WITH_ZEROS) => data,
            Self::Sparse => data.into_sparse()?,
            Self::Auto | Self::Dense => data.into_dense()?,
        })
    }
}
