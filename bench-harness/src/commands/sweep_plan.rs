//! What a sweep would do.

use super::exit::Exit;
use super::print::{print, print_json};
use crate::study::definition::Study;
use crate::study::plan::Plan;
use crate::study::workload::Workload;
use anyhow::Result;
use simdescent::kernels::Exec;

/// Prints cells, runs and the time they may take; with `--json` the study itself.
pub(super) fn print_plan(
    exec: Exec<'_>,
    study: &Study,
    workloads: &[Workload],
    jobs: usize,
    json: bool,
) -> Result<Exit> {
    if json {
        return print_json(study).map(|()| Exit::Success);
    }
    print(&Plan::new(exec, study, workloads)?.text(jobs)).map(|()| Exit::Success)
}
