//! What a result is measured on, and how time is measured.

mod environment;

pub use environment::Environment;
