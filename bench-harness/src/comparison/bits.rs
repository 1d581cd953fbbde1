//! Whether two sweeps computed the same.

use super::subject::{cell_name, model};
use crate::study::result::{CellReport, Report, WorkloadReport};
use serde::Serialize;
use std::collections::BTreeMap;

/// Cells of two sweeps, by the digests of their runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct BitsReport {
    pub(crate) cells_in_both: usize,
    /// Of them, those with the same runs and the same bits.
    pub(crate) equal: usize,
    /// Those with runs of other specifications, because the study or what tuning chose is another.
    pub(crate) other_runs: usize,
    /// Runs that both have.
    pub(crate) runs_in_both: usize,
    /// The first cell in which a run of one specification has other bits, with the key of the run.
    pub(crate) first_difference: Option<CellBits>,
    /// How many cells have such a run.
    pub(crate) differ: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct CellBits {
    pub(crate) cell: String,
    pub(crate) key: String,
}

/// Compares cell by cell; `None` if one of the reports holds no digests.
pub(crate) fn bits(a: &Report, b: &Report) -> Option<BitsReport> {
    let (a, b) = (cells(a), cells(b));
    if a.iter().chain(&b).any(|(_, cell)| cell.convergence.is_empty()) {
        return None;
    }
    let mut found = BitsReport::default();
    for (id, cell) in &a {
        let Some((_, other)) = b.iter().find(|(other, _)| other == id) else { continue };
        found.cells_in_both += 1;
        let others = runs(other);
        let both: Vec<_> =
            runs(cell).into_iter().filter_map(|(key, digest)| Some((key, digest, others.get(key)?))).collect();
        found.runs_in_both += both.len();
        let wrong = both.iter().find(|(_, digest, other)| digest != *other);
        match wrong {
            Some((key, ..)) => {
                found.differ += 1;
                found.first_difference.get_or_insert_with(|| CellBits { cell: id.0.clone(), key: (*key).to_owned() });
            }
            None if cell.convergence == other.convergence => found.equal += 1,
            None => found.other_runs += 1,
        }
    }
    Some(found)
}

/// Cells by their names and models.
fn cells(report: &Report) -> Vec<((String, String), &CellReport)> {
    let named = |w: &WorkloadReport, cell| (cell_name(&w.facts.name, cell), model(&w.facts));
    report.workloads.iter().flat_map(|w| w.cells.iter().map(move |cell| (named(w, cell), cell))).collect()
}

fn runs(cell: &CellReport) -> BTreeMap<&str, &str> {
    cell.targets.iter().flat_map(|target| &target.runs).map(|run| (run.key.as_str(), run.digest.as_str())).collect()
}
