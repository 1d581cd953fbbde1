//! Which runs branches still need.

use super::branch_analysis::schedule_of;
use super::facts::StudyFacts;
use super::schedule::Task;
use super::specification::Specification;
use super::store::Records;
use anyhow::Result;

impl StudyFacts {
    /// Those of the branches; once they are all there, those of the schedules that they imply.
    pub(crate) fn missing_branches(&self, records: &Records) -> Result<Vec<Task>> {
        if !self.study.branches {
            return Ok(vec![]);
        }
        let cells = self.cells()?;
        let done = self.done(&cells, records)?;
        let done: Vec<_> = done.iter().map(|(cell, targets)| (*cell, &targets[..])).collect();
        let mut tasks = vec![];
        for trunk in self.trunks(&done, records) {
            let facts = &self.workloads[trunk.cell.workload];
            let mut runs = missing(trunk.branches()?, records)?;
            if runs.is_empty() {
                runs = missing(schedule_of(&trunk, facts.reference_loss, self.study.repeats, records)?, records)?;
            }
            for run in runs {
                tasks.push(Task::new(trunk.cell.workload, facts.parameters, run)?);
            }
        }
        Ok(tasks)
    }
}

fn missing(runs: Vec<Specification>, records: &Records) -> Result<Vec<Specification>> {
    let mut missing = vec![];
    for run in runs {
        if records.of(&run)?.is_none() {
            missing.push(run);
        }
    }
    Ok(missing)
}
