//! Batches from memory or from a stream.

use super::{Batch, Batches, Place, Windows};
use crate::error::DataError;

/// Where a trainer's batches come from.
pub(crate) enum Feed<'d> {
    Table(Batches<'d>),
    Stream(Windows),
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

    /// The data's SHA-256, or of a stream its name.
    pub(crate) fn data_digest(&self) -> String {
        match self {
            Self::Table(batches) => batches.data_digest(),
            Self::Stream(windows) => windows.describe(),
        }
    }

    /// Goes to a place; the message says why it is none of this source.
    pub(crate) fn go_to(&mut self, place: &Place) -> Result<(), String> {
        match self {
            Self::Table(batches) => batches.go_to(place),
            Self::Stream(_) => Err("a run on a stream cannot be resumed".into()),
        }
    }
}
