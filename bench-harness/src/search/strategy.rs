//! How a search chooses its points, by name.

use clap::ValueEnum;
use serde::Serialize;

/// How points are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) enum Strategy {
    /// A scrambled Sobol sequence: evenly spread, whatever was found before
    QuasiRandom,
    /// Its points, all for a few steps and the best for more: see --eta
    SuccessiveHalving,
    /// Tree-structured Parzen estimator: ten points of the sequence, then where good trials are dense
    Tpe,
}

impl Strategy {
    pub(crate) fn name(self) -> String {
        self.to_possible_value().expect("named").get_name().to_owned()
    }
}
