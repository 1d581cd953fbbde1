//! Reports beside each other: bits, times, and why.

pub(crate) mod bits;
pub(crate) mod compare;
pub(crate) mod result;
pub(crate) mod speed;
pub(crate) mod subject;
pub(crate) mod warning;
