//! What branches say, for people.

use super::grid::Grid;
use crate::base::format_number::{si, si_interval};
use crate::study::branch_report::{BranchReport, CheckpointReport};
use crate::study::result::WorkloadReport;

/// A sentence for each optimizer; unless all are wanted, for those whose schedule saves steps, and one for the others.
pub(super) fn sentences(workload: &WorkloadReport, all: bool) -> Vec<String> {
    let shown: Vec<&BranchReport> = workload.branches.iter().filter(|branch| all || branch.saves_steps()).collect();
    let others = workload.branches.len() - shown.len();
    let mut lines: Vec<String> = shown.iter().map(|branch| format!("  {}", branch.sentence())).collect();
    if others > 0 {
        lines.push(format!("  {others} of {}: no batch that grows is known to save steps.", workload.branches.len()));
    }
    lines
}

/// The critical batch size of each optimizer along its run.
pub(super) fn grid(workload: &WorkloadReport) -> Option<Grid> {
    let row = |branch: &BranchReport, checkpoint: &CheckpointReport| {
        vec![
            format!("{} {}", branch.optimizer, branch.variant).trim_end().to_owned(),
            branch.batch_size.to_string(),
            si(checkpoint.samples as f64),
            critical(checkpoint),
        ]
    };
    let rows = workload.branches.iter().flat_map(|branch| branch.checkpoints.iter().map(move |at| row(branch, at)));
    let rows: Vec<Vec<String>> = rows.collect();
    let header = ["optimizer", "batch", "after samples", "critical batch"].map(str::to_owned).to_vec();
    (!rows.is_empty()).then_some(Grid { header, rows, words: 1 })
}

/// The critical batch size with its interval; `>` where the largest tried keeps pace.
pub(crate) fn critical(checkpoint: &CheckpointReport) -> String {
    let Some(critical) = checkpoint.critical_batch_size else { return "?".into() };
    let [value, low, high] = [critical.value.0, critical.low.0, critical.high.0];
    let open = if checkpoint.open { ">" } else { "" };
    format!("{open}{} {}", si(value), si_interval(value, (low, high)))
}
