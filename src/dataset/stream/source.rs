//! The files that can be read row by row.

use super::Buffer;
use crate::dataset::TargetEncoding;
use crate::dataset::csv::CsvRows;
use crate::dataset::idx::IdxRows;
use crate::dataset::npy::NpyRows;
use crate::dataset::svmlight::SvmlightRows;
use crate::error::{DataError, Place};

#[derive(Debug)]
pub(super) enum Source {
    Csv(Box<CsvRows>),
    Idx(Box<IdxRows>),
    Npy(Box<NpyRows>),
    Svmlight(Box<SvmlightRows>),
}

impl Source {
    /// Appends the next row, whose target means this.
    pub(super) fn next(&mut self, rows: &mut Buffer, encoding: &TargetEncoding) -> Result<(), DataError> {
        rows.row.clear();
        let (target, path) = match self {
            Self::Csv(source) => {
                let mut weights = std::mem::take(&mut rows.weights);
                let target = source.next(&mut rows.row, &mut weights);
                rows.weights = weights;
                rows.push_target(target?);
                return Ok(());
            }
            Self::Idx(source) => (source.next(&mut rows.row)?, source.targets_path()),
            Self::Npy(source) => (source.next(&mut rows.row)?, source.targets_path()),
            Self::Svmlight(source) => (source.next(rows.sparse())?, source.path()),
        };
        let code = encoding.code(target).map_err(|problem| DataError::format(path, Place::File, problem))?;
        rows.push_target(code);
        Ok(())
    }

    /// Goes back to the first row.
    pub(super) fn rewind(&mut self) -> Result<(), DataError> {
        match self {
            Self::Csv(source) => source.rewind(),
            Self::Idx(source) => source.rewind(),
            Self::Npy(source) => source.rewind(),
            Self::Svmlight(source) => source.rewind(),
        }
    }
}
