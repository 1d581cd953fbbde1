//! Statistics of samples: pure functions.

mod quantile;

pub use quantile::{interquartile_half_range, median};
