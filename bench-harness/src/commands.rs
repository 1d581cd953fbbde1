//! One file for each command: its arguments, and what it does.

pub(crate) mod arguments;
pub(crate) mod bench;
pub(crate) mod compare;
pub(crate) mod cross_validate;
pub(crate) mod diff;
pub(crate) mod evaluate;
pub(crate) mod exit;
pub(crate) mod explain;
mod files;
pub(crate) mod learning_curve;
pub(crate) mod merge;
pub(crate) mod predict;
pub(crate) mod print;
mod progress;
pub(crate) mod project;
pub(crate) mod report;
pub(crate) mod results;
pub(crate) mod schedule;
mod sides;
pub(crate) mod sweep;
mod sweep_plan;
mod sweep_report;
mod threads;
pub(crate) mod train;
pub(crate) mod tune_lr;
pub(crate) mod tune_search;
pub(crate) mod verify;
