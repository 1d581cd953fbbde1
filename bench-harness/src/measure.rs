//! What a result is measured on, how time is measured, and what the machine allows.

pub mod clock;
mod environment;
pub mod limits;

pub use environment::Environment;
