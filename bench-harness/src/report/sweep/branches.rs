//! What branches say, for people.

use super::grid::Grid;
use crate::base::format_number::{si, si_interval};
use crate::study::branch_report::{BranchReport, CheckpointReport};
use crate::study::result::WorkloadReport;

/// A sentence for each optimizer; unless all are wanted, for those whose schedule saves steps, and one for the others.
pub(super) fn sentences(workload: &WorkloadReport, all: bool) -> Vec<String> {
    let shown: Vec<&BranchReport> = workload.branches.iter().filter(|branch| all || branch.saves_steps()).collect();
    let others = workload.branches.len() - shown.len();
    let mut lines: Vec<String> = vec![];
    for branch in shown {
        lines.push(format!("  {}", branch.sentence()));
        lines.extend(branch.flags().filter(|_| branch.saves_steps()).map(|flags| format!("    train {flags}")));
    }
    if others > 0 {
        let all = workload.branches.len();
        lines.push(format!(
            "  {others} of {all} optimizers: no batch that grows is known to do better than a fixed one."
        ));
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

/// The critical batch size with its interval; `>` where the largest tried keeps pace; the next, where it diverges.
pub(crate) fn critical(checkpoint: &CheckpointReport) -> String {
    let Some(critical) = checkpoint.critical_batch_size else { return "?".into() };
    let [value, low, high] = [critical.value.0, critical.low.0, critical.high.0];
    if let Some(next) = checkpoint.diverges {
        return format!("{} ({next} diverges)", si(value));
    }
    let open = if checkpoint.open { ">" } else { "" };
    format!("{open}{} {}", si(value), si_interval(value, (low, high)))
}
