//! How points of the unit cube are chosen.

pub(super) mod sobol;
pub(super) mod tpe;
