//! A CSV file row by row.

use super::encoding::{CsvEncoding, Places};
use super::file::CsvFile;
use crate::error::{DataError, Place};

/// The rows of a file as an encoding has them.
#[derive(Debug)]
pub(crate) struct CsvRows {
    file: CsvFile,
    encoding: CsvEncoding,
    /// Where the encoding's columns are.
    place: Places,
}

impl CsvRows {
    pub(crate) fn new(mut file: CsvFile, encoding: CsvEncoding) -> Result<Self, DataError> {
        let place = file.place(&encoding)?;
        file.rewind()?;
        Ok(Self { file, encoding, place })
    }

    pub(crate) fn encoding(&self) -> &CsvEncoding {
        &self.encoding
    }

    pub(crate) fn rewind(&mut self) -> Result<(), DataError> {
        self.file.rewind()
    }

    /// Appends the features of the next row, and its weight if it has one; returns its target.
    pub(crate) fn next(&mut self, inputs: &mut Vec<f64>, weights: &mut Vec<f32>) -> Result<f64, DataError> {
        if !self.file.advance()? {
            return Err(DataError::format(self.file.path(), Place::File, "the file has shrunk since it was opened"));
        }
        let pushed = self.encoding.push(self.file.record(), &self.place, inputs, weights);
        pushed.map_err(|message| self.file.fault(message))
    }
}
