//! `bench`: kernels and training steps timed so that it may be believed.
//!
//! The process is the unit: [`process`] is what one of them measures, [`analysis`] what several of them say, [`baseline`] how that
//! compares with an earlier report. All but `process` is pure.

pub(crate) mod analysis;
pub(crate) mod baseline;
#[cfg(test)]
pub(crate) mod fake;
pub(crate) mod plan;
pub(crate) mod process;
pub(crate) mod result;
