//! What the page of a sweep is made of.

use crate::study::record::ConvergenceRecord;
use crate::study::result::Report;
use crate::study::store::Records;
use std::collections::BTreeMap;

/// Places of a ranking that the page has.
pub(super) const PLACES: usize = 8;

/// What a page is made of.
pub(super) struct Source<'a> {
    pub(super) report: &'a Report,
    pub(super) records: BTreeMap<&'a str, &'a ConvergenceRecord>,
    /// Optimizers with their variants, in the order of the study.
    pub(super) series: Vec<String>,
}

impl<'a> Source<'a> {
    pub(super) fn new(report: &'a Report, records: &'a Records) -> Self {
        let mut series: Vec<String> = vec![];
        for cell in report.workloads.iter().flat_map(|workload| &workload.cells) {
            let name = series_name(&cell.optimizer, &cell.variant);
            if !series.contains(&name) {
                series.push(name);
            }
        }
        Source { report, records: records.iter().map(|record| (record.key.as_str(), record)).collect(), series }
    }

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
