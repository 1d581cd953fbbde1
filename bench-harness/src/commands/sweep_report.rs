//! The end of a sweep: throughput, report, table.

use super::exit::Exit;
use super::print::print;
use super::sweep::SweepOptions;
use crate::study::cell::CellState;
use crate::study::facts::StudyFacts;
use crate::study::store::{Records, StudyFolder};
use crate::study::workload::Workload;
use anyhow::Result;
use simdescent::kernels::Exec;
use simdescent_measure::statistics::median;
use std::sync::atomic::AtomicBool;

/// Measures throughput, writes the reports and prints the table.
pub(super) fn finish(
    _exec: Exec<'_>,
    _options: &SweepOptions,
    _folder: &StudyFolder,
    facts: &StudyFacts,
    records: &Records,
    _workloads: &[Workload],
    _stop: &AtomicBool,
) -> Result<Exit> {
    let by_key: std::collections::BTreeMap<_, _> = records.iter().map(|record| (record.key.as_str(), record)).collect();
    for cell in facts.cells()? {
        let CellState::Done(targets) = facts.state(&cell, records)? else { continue };
        let mut line =
            format!("{:18} {:10} {:>5}", facts.workloads[cell.workload].name, cell.optimizer.label, cell.batch_size);
        for result in targets {
            let steps: Vec<f64> =
                result.repeats.iter().map(|key| by_key[key.as_str()].steps_to(result.target).or_infinite()).collect();
            let rates = result.tried.len();
            line += &format!(
                "  {:>7.4}{} S {:>6} ({rates} rates, {} beyond)",
                result.chosen.candidate.learning_rate,
                if result.chosen.at_border { "*" } else { " " },
                median(steps),
                result.chosen.widened
            );
        }
        print(&line)?;
    }
    Ok(Exit::Success)
}
