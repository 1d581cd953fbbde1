//! Where two runs of one specification part: in which record, interval of the grid, step and kernel.

pub(crate) mod checkpoints;
pub(crate) mod fields;
pub(crate) mod records;
pub(crate) mod replay;
pub(crate) mod result;
pub(crate) mod search;
pub(crate) mod trace;
pub(crate) mod vectors;
