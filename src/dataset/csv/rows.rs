//! A CSV file row by row.

use super::{CsvEncoding, CsvFile};
use crate::error::{DataError, Place};

/// The rows of a file as an encoding has them.
#[derive(Debug)]
pub(crate) struct CsvRows {
    file: CsvFile,
    encoding: CsvEncoding,
    /// Where the encoding's columns are.
    place: Vec<usize>,
}

impl CsvRows {
    pub(crate) fn new(mut file: CsvFile, encoding: CsvEncoding) -> Result<Self, DataError> {
        let place = encoding.place(file.names.as_deref(), file.width);
        let place = place.map_err(|message| DataError::format(&file.path, Place::File, message))?;
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
    pub(crate) fn next(&mut self, inputs: &mut Vec<f32>, weights: &mut Vec<f32>) -> Result<f32, DataError> {
        if !self.file.advance()? {
            return Err(DataError::format(&self.file.path, Place::File, "the file has shrunk since it was opened"));
        }
        let pushed = self.encoding.push(&self.file.record, &self.place, inputs, weights);
        pushed.map_err(|message| self.file.fault(message))
    }
}
