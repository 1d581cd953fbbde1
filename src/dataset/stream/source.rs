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
        let target = match self {
            Self::Csv(source) => {
                let mut weights = std::mem::take(&mut rows.weights);
                let target = source.next(rows.dense(), &mut weights);
                rows.weights = weights;
                target?
            }
            Self::Idx(source) => source.next(rows.dense())?,
            Self::Npy(source) => source.next(rows.dense())?,
            Self::Svmlight(source) => source.next(rows.sparse())?,
        };
        rows.targets.push(target);
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
