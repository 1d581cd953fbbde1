//! Batches from memory or from a stream.

use super::{Batch, Batches, Place, Windows};
use crate::checkpoint::CheckpointError;
use crate::error::DataError;

/// Where a trainer's batches come from.
pub(crate) enum Feed<'d> {
    Table(Box<Batches<'d>>),
    Stream(Box<Windows>),
}

impl Feed<'_> {
    /// The next batch, of `batch_size` rows, from 1 to all; only a stream can fail.
    pub(crate) fn next(&mut self, batch_size: usize) -> Result<Batch<'_>, DataError> {
        match self {
            Self::Table(batches) => Ok(batches.next(batch_size)),
            Self::Stream(windows) => windows.next(batch_size),
        }
    }

    /// Where the source is now.
    pub(crate) fn place(&self) -> Place {
        match self {
            Self::Table(batches) => batches.place(),
            Self::Stream(windows) => windows.place(),
        }
    }

    /// The data's SHA-256, and what else makes an order of samples one of it; only a stream can fail.
    pub(crate) fn data_digest(&mut self) -> Result<String, DataError> {
        match self {
            Self::Table(batches) => Ok(batches.data_digest()),
            Self::Stream(windows) => windows.data_digest(),
        }
    }

    /// Goes to a place.
    pub(crate) fn go_to(&mut self, place: &Place) -> Result<(), CheckpointError> {
        match self {
            Self::Table(batches) => batches.go_to(place).map_err(CheckpointError::Mismatch),
            Self::Stream(windows) => windows.go_to(place),
        }
    }
}
