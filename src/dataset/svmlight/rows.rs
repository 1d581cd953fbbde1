//! An svmlight file row by row.

use super::{Lines, SparseRows, SvmlightOptions, check_width, shape};
use crate::dataset::input::{dataset_name, open_regular};
use crate::dataset::{Csr, TargetEncoding, TargetProfile};
use crate::error::{DataError, Place};
use std::fmt;
use std::fs::File;
use std::path::Path;

/// The rows of a file, without their zeros.
pub(crate) struct SvmlightRows {
    lines: Lines<File>,
    options: SvmlightOptions,
    /// The row last read.
    row: SparseRows,
    pub(crate) rows: usize,
    pub(crate) features: usize,
}

impl fmt::Debug for SvmlightRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {}", self.lines.path.display(), self.lines.number)
    }
}

impl SvmlightRows {
    /// Opens the file and reads it once, also to find what its targets mean.
    pub(crate) fn open(path: &Path, options: &SvmlightOptions) -> Result<(Self, TargetEncoding), DataError> {
        let lines = Lines::new(path, open_regular(path)?)?;
        let mut file = Self { lines, options: options.clone(), row: SparseRows::default(), rows: 0, features: 0 };
        let (mut targets, mut values, mut width) = (TargetProfile::new(&options.targets), 0, 0);
        while let Some(target) = file.advance()? {
            targets.see(target);
            file.rows += 1;
            values += file.row.values.len();
            width = width.max(file.row.width);
        }
        (file.rows, file.features) = shape(path, file.rows, options.features.unwrap_or(width))?;
        check_width(path, file.features, options.features, values)?;
        let targets = targets.encoding().map_err(|problem| DataError::invalid(&dataset_name(path), problem))?;
        file.options.features = Some(file.features);
        file.rewind()?;
        Ok((file, targets))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.lines.path
    }

    /// Goes back to the first row.
    pub(crate) fn rewind(&mut self) -> Result<(), DataError> {
        self.lines = Lines::new(&self.lines.path, open_regular(&self.lines.path)?)?;
        Ok(())
    }

    /// Appends the values of the next row; returns its target.
    pub(crate) fn next(&mut self, inputs: &mut Csr) -> Result<f64, DataError> {
        let Some(target) = self.advance()? else {
            let message = "the file has shrunk since it was opened";
            return Err(DataError::format(&self.lines.path, Place::File, message));
        };
        inputs.push(&self.row.indices, &self.row.values);
        Ok(target)
    }

    /// Reads the next row, if there is one; returns its target.
    fn advance(&mut self) -> Result<Option<f64>, DataError> {
        self.row.clear();
        while self.lines.next(&mut self.row, &self.options)? {
            if let [target] = self.row.targets[..] {
                return Ok(Some(target));
            }
        }
        Ok(None)
    }
}
