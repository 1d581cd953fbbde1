//! What a page is made of.

use crate::study::record::ConvergenceRecord;
use crate::study::result::Report;
use std::collections::BTreeMap;

/// A part of the page: charts, then tables.
pub(super) struct Section {
    pub(super) id: &'static str,
    pub(super) heading: &'static str,
    /// How to read it.
    pub(super) text: &'static str,
    pub(super) charts: Vec<Figure>,
    pub(super) tables: Vec<Grid>,
}

/// A chart that stands for a workload, and perhaps for one target.
pub(super) struct Figure {
    pub(super) workload: usize,
    pub(super) target: Option<usize>,
    pub(super) svg: String,
    pub(super) caption: String,
}

/// A table likewise.
pub(super) struct Grid {
    pub(super) workload: usize,
    pub(super) target: Option<usize>,
    pub(super) caption: String,
    pub(super) head: Vec<String>,
    pub(super) rows: Vec<Vec<Square>>,
}

/// A square of a table.
#[derive(Default)]
pub(super) struct Square {
    pub(super) text: String,
    /// What it is sorted by.
    pub(super) value: Option<f64>,
    pub(super) style: String,
    pub(super) marked: bool,
}

/// What a page is made of.
pub(super) struct Source<'a> {
    pub(super) report: &'a Report,
    pub(super) records: BTreeMap<&'a str, &'a ConvergenceRecord>,
    /// Optimizers with their variants, in the order of the study.
    pub(super) series: Vec<String>,
}

impl Source<'_> {
    /// Which color an optimizer has.
    pub(super) fn number(&self, optimizer: &str, variant: &str) -> usize {
        let name = series_name(optimizer, variant);
        self.series.iter().position(|series| *series == name).unwrap_or(0)
    }
}

/// What an optimizer with its variant is called.
pub(super) fn series_name(optimizer: &str, variant: &str) -> String {
    if variant.is_empty() { optimizer.to_owned() } else { format!("{optimizer}, {variant}") }
}

/// A quantity of the self-check.
pub(super) struct CheckRow {
    pub(super) name: String,
    pub(super) measured: String,
    pub(super) expected: String,
    pub(super) ok: bool,
}
