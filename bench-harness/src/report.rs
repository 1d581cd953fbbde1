//! Forms of what was found: tables, texts, pictures, files.

pub(crate) mod bench;
pub(crate) mod chart;
pub(crate) mod comparison;
pub(crate) mod difference;
pub(crate) mod doctor;
pub(crate) mod explanation;
pub(crate) mod metrics_report;
pub(crate) mod page;
pub(crate) mod prediction;
pub(crate) mod rate_search;
pub(crate) mod resampling;
pub(crate) mod schedule;
pub(crate) mod search;
pub(crate) mod sweep;
pub(crate) mod training;
pub(crate) mod verification;

use crate::base::format_number;
