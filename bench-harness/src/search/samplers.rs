//! How points of the unit cube are chosen.

pub(crate) mod sobol;
pub(super) mod tpe;
