//! An svmlight file row by row.

use super::{Lines, SparseRows, check_width, shape};
use crate::dataset::input::open_regular;
use crate::dataset::{Csr, Inference};
use crate::error::{DataError, Place};
use std::fmt;
use std::fs::File;
use std::path::Path;

/// The rows of a file, without their zeros.
pub(crate) struct SvmlightRows {
    lines: Lines<File>,
    /// The row last read.
    row: SparseRows,
    pub(crate) rows: usize,
    pub(crate) features: usize,
    /// How many classes the targets are labels of, if they are.
    pub(crate) classes: Option<usize>,
}

impl fmt::Debug for SvmlightRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {}", self.lines.path.display(), self.lines.number)
    }
}

impl SvmlightRows {
    /// Opens the file and reads it once.
    pub(crate) fn open(path: &Path, features: Option<usize>) -> Result<Self, DataError> {
        let lines = Lines::new(path, open_regular(path)?);
        let mut file = Self { lines, row: SparseRows::default(), rows: 0, features: 0, classes: None };
        let (mut inference, mut values, mut width) = (Inference::default(), 0, 0);
        while let Some(target) = file.advance(features)? {
            inference.see(target);
            file.rows += 1;
            values += file.row.values.len();
            width = width.max(file.row.width as usize);
        }
        (file.rows, file.features) = shape(path, file.rows, features.unwrap_or(width))?;
        check_width(path, file.features, features, values)?;
        file.classes = inference.classes();
        file.rewind()?;
        Ok(file)
    }

    /// Goes back to the first row.
    pub(crate) fn rewind(&mut self) -> Result<(), DataError> {
        self.lines = Lines::new(&self.lines.path, open_regular(&self.lines.path)?);
        Ok(())
    }

    /// Appends the values of the next row; returns its target.
    pub(crate) fn next(&mut self, inputs: &mut Csr) -> Result<f32, DataError> {
        let Some(target) = self.advance(Some(self.features))? else {
            let message = "the file has shrunk since it was opened";
            return Err(DataError::format(&self.lines.path, Place::File, message));
        };
        inputs.push(&self.row.indices, &self.row.values);
        Ok(target)
    }

    /// Reads the next row, if there is one; returns its target.
    fn advance(&mut self, features: Option<usize>) -> Result<Option<f32>, DataError> {
        self.row.clear();
        while self.lines.next(&mut self.row, features)? {
            if let [target] = self.row.targets[..] {
                return Ok(Some(target));
            }
        }
        Ok(None)
    }
}
