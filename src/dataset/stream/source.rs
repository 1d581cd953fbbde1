//! The files that can be read row by row.

use super::Buffer;
use crate::dataset::csv::CsvRows;
use crate::dataset::idx::IdxRows;
use crate::dataset::npy::NpyRows;
use crate::dataset::svmlight::SvmlightRows;
use crate::error::DataError;

#[derive(Debug)]
pub(super) enum Source {
    Csv(Box<CsvRows>),
    Idx(Box<IdxRows>),
    Npy(Box<NpyRows>),
    Svmlight(Box<SvmlightRows>),
}

impl Source {
    /// Appends the next row.
    pub(super) fn next(&mut self, rows: &mut Buffer) -> Result<(), DataError> {
        rows.row.clear();
        let target = match self {
            Self::Csv(source) => {
                let mut weights = std::mem::take(&mut rows.weights);
                let target = source.next(&mut rows.row, &mut weights);
                rows.weights = weights;
                target?
            }
            Self::Idx(source) => source.next(&mut rows.row)?,
            Self::Npy(source) => source.next(&mut rows.row)?,
            Self::Svmlight(source) => f64::from(source.next(rows.sparse())?),
        };
        rows.push_target(target);
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
