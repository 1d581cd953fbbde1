//! A training set that stays on the disk.

use crate::csv_flags::CsvFlags;
use crate::data_source::DataSource;
use crate::workload::{ModelSpec, linear_model};
use anyhow::{Result, bail};
use simdescent::dataset::{CsvEncoding, CsvFile, Missing, RowStream, Standardizer};
use simdescent::{Dataset, Loss, TargetScaling};

/// Rows that validate, at most: they are in memory.
const MOST_HELD_OUT: usize = 10_000;

/// A workload whose training rows are read as they are needed.
pub(crate) struct Streamed {
    pub(crate) name: String,
    pub(crate) rows: RowStream,
    pub(crate) validation: Dataset,
    pub(crate) loss: Loss,
    pub(crate) model: ModelSpec,
    pub(crate) standardizer: Option<Standardizer>,
    pub(crate) encoding: Option<CsvEncoding>,
    pub(crate) target_scaling: Option<TargetScaling>,
}

impl Streamed {
    /// Scales the targets as the training rows say.
    pub(crate) fn fit_target_scaling(&mut self) -> Result<()> {
        if !self.loss.scales_with_targets() {
            bail!("--standardize-targets does not go with the loss {}: leave it out", self.loss.name());
        }
        self.target_scaling = Some(self.rows.target_scaling()?);
        Ok(())
    }
}

/// Of so many rows the last validates.
fn every(rows: usize) -> usize {
    rows.div_ceil(MOST_HELD_OUT).max(5)
}

impl DataSource {
    /// The linear model that fits the targets, on the rows of these files; those of a file without a validation part are
    /// every fifth, or every k-th of more than 50 000.
    pub(crate) fn streamed(&self, csv: &CsvFlags) -> Result<Streamed> {
        if !matches!(self, Self::Csv(_)) {
            csv.refuse()?;
        }
        let mut encoded_by = None;
        let (mut rows, mut validation) = match self {
            Self::Csv(path) => {
                let options = csv.options()?;
                if options.missing == Missing::MostFrequent {
                    bail!(
                        "--impute most-frequent needs whole columns in memory: with --stream take mean, median or constant, or fill \
                         the gaps in the file"
                    );
                }
                let mut file = CsvFile::open(path, &options)?;
                let every = every(file.rows());
                let encoding = file.fit(|row| row % every != every - 1)?;
                encoded_by = Some(encoding.clone());
                RowStream::csv(file, encoding)?.hold_out(every)?
            }
            Self::Npy(inputs, targets) => {
                let rows = RowStream::npy(inputs, targets)?;
                let every = every(rows.rows());
                rows.hold_out(every)?
            }
            Self::Mnist(dir) => RowStream::mnist_dir(dir)?,
            Self::Svmlight(path) => {
                let rows = RowStream::svmlight(path, None)?;
                let every = every(rows.rows());
                rows.hold_out(every)?
            }
            Self::Npz(_) => bail!("--stream is for csv, svmlight, npy and mnist files: unpack the archive"),
        };
        let standardizer = if self.is_standardized() {
            let standardizer = rows.standardize()?.clone();
            standardizer.apply(&mut validation)?;
            Some(standardizer)
        } else {
            None
        };
        let (name, loss, model) = linear_model(rows.features(), rows.classes());
        let name = format!("{name} on {}, streamed", self.file_name());
        Ok(Streamed { name, rows, validation, loss, model, standardizer, encoding: encoded_by, target_scaling: None })
    }
}
