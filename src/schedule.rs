//! Schedules: what changes with the number of steps.

mod learning_rate;

pub use learning_rate::LearningRate;
