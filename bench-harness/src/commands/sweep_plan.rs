//! What a sweep would do.

use super::exit::Exit;
use super::print::{print, print_json};
use crate::study::cell::Cell;
use crate::study::definition::Study;
use crate::study::facts::StudyFacts;
use crate::study::plan::Plan;
use crate::study::workload::Workload;
use anyhow::Result;
use serde::Serialize;
use simdescent::kernels::Exec;

/// The plan as JSON.
#[derive(Serialize)]
struct PlanReport<'a> {
    study: &'a Study,
    cells: Vec<CellPlan<'a>>,
}

#[derive(Serialize)]
struct CellPlan<'a> {
    /// For `--keys`.
    key: String,
    workload: &'a str,
    optimizer: String,
    variant: String,
    batch_size: usize,
}

/// Prints cells, runs and the time they may take; as JSON the study and the keys of its cells.
pub(super) fn print_plan(
    exec: Exec<'_>,
    facts: &StudyFacts,
    workloads: &[Workload],
    own: &[Cell],
    jobs: usize,
    json: bool,
) -> Result<Exit> {
    if !json {
        return print(&Plan::new(exec, facts, workloads, own)?.text(jobs)).map(|()| Exit::Success);
    }
    let cell = |cell: &Cell| {
        let key = facts.key(cell)?;
        let workload = &facts.workloads[cell.workload].name;
        let (optimizer, variant) = (cell.optimizer.label.clone(), cell.variant.name.clone());
        Ok(CellPlan { key, workload, optimizer, variant, batch_size: cell.batch_size })
    };
    let cells = own.iter().map(cell).collect::<Result<_>>()?;
    print_json(&PlanReport { study: &facts.study, cells }).map(|()| Exit::Success)
}
