//! A training set that stays on the disk.

use super::Problem;
use super::files::Reading;
use super::model_spec::linear_model;
use super::remarks::{guessed, remark_blurred, remark_targets};
use super::room;
use super::source::{DataSource, NO_TARGETS};
use anyhow::{Result, bail};
use simdescent::dataset::{CsvFile, Missing, RowStream};

/// Rows that validate, at most: they are in memory.
const MOST_HELD_OUT: usize = 10_000;

/// Of so many rows the last validates.
fn every(rows: usize) -> usize {
    rows.div_ceil(MOST_HELD_OUT).max(5)
}

impl DataSource {
    /// The linear model that fits the targets, on the rows of these files; those of a file without a validation part are
    /// every fifth, or every k-th of more than 50 000.
    pub(crate) fn streamed(&self, reading: &Reading, window: usize) -> Result<Problem<RowStream>> {
        let mut encoded_by = None;
        let (mut training, mut validation) = match self {
            Self::Csv(path) => {
                if reading.csv.missing == Missing::MostFrequent {
                    bail!(
                        "--impute most-frequent needs whole columns in memory: with --stream take mean, median or constant, or fill \
                         the gaps in the file"
                    );
                }
                let mut file = CsvFile::open(path, &reading.csv)?;
                let every = every(file.rows());
                let encoding = match reading.known.encoding.clone() {
                    Some(known) => known,
                    None => {
                        let fitted = file.fit(&|row| row % every != every - 1);
                        guessed(&file, fitted)?
                    }
                };
                encoded_by = Some(encoding.clone());
                room::for_table(&self.file_name(), file.rows().div_ceil(every), encoding.features())?;
                RowStream::csv(file, encoding)?.hold_out(every)?
            }
            Self::Npy(inputs, targets) => {
                let rows = RowStream::npy(inputs, targets, &reading.targets)?;
                let every = every(rows.rows());
                room::for_table(&self.file_name(), rows.rows().div_ceil(every), rows.features())?;
                rows.hold_out(every)?
            }
            Self::Mnist(dir) => RowStream::mnist_dir(dir, &reading.targets)?,
            Self::Svmlight(path) => {
                let rows = RowStream::svmlight(path, &reading.svmlight())?;
                let every = every(rows.rows());
                rows.hold_out(every)?
            }
            Self::NpyInputs(_) => bail!(NO_TARGETS),
            Self::Npz(_) => bail!("--stream is for csv, svmlight, npy and mnist files: unpack the archive"),
        };
        // Without their zeros the rows of svmlight files are small.
        if !matches!(self, Self::Svmlight(_)) {
            let rows = window.min(training.rows());
            room::for_table(&format!("{}, as --stream reads it", self.file_name()), rows, training.features())?;
        }
        let mut standardizer = None;
        if self.is_standardized() {
            let by = match reading.known.standardizer.clone() {
                Some(known) => {
                    training.standardize_by(known.clone())?;
                    known
                }
                None => {
                    let fitted = training.standardize()?.clone();
                    // Of the rows that are in memory.
                    remark_blurred(&fitted, &validation);
                    fitted
                }
            };
            by.apply(&mut validation)?;
            standardizer = Some(by);
        }
        remark_targets(&self.file_name(), &validation);
        let (loss, model) = linear_model(training.features(), training.classes());
        let name = self.problem_name(&model.heading(loss));
        Ok(Problem { name, training, validation, loss, model, standardizer, encoding: encoded_by })
    }
}
