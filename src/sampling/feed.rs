//! Batches from memory or from a stream.

use super::{Batch, BatchPosition, Batches, Windows};
use crate::error::{CheckpointError, DataError};

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
    pub(crate) fn position(&self) -> BatchPosition {
        match self {
            Self::Table(batches) => batches.position(),
            Self::Stream(windows) => windows.position(),
        }
    }

    /// The data's SHA-256, and what else makes an order of samples one of it; only a stream can fail.
    pub(crate) fn data_digest(&mut self) -> Result<String, DataError> {
        match self {
            Self::Table(batches) => Ok(batches.data_digest()),
            Self::Stream(windows) => windows.data_digest(),
        }
    }

    /// Goes to a position.
    pub(crate) fn go_to(&mut self, position: &BatchPosition) -> Result<(), CheckpointError> {
        match self {
            Self::Table(batches) => batches.go_to(position).map_err(CheckpointError::Mismatch),
            Self::Stream(windows) => windows.go_to(position),
        }
    }
}
