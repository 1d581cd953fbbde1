//! The lowest loss of each workload, which targets are measured from: given, solved, or found by trials.

use super::progress::Bar;
use crate::base::progress::Progress;
use crate::study::definition::Study;
use crate::study::facts::{ReferenceSource, StudyFacts, WorkloadFacts};
use crate::study::optimum;
use crate::study::pilot::{Pilot, known_loss};
use crate::study::reference::{self, Reference};
use crate::study::runner::TrainingRunner;
use crate::study::schedule::{Done, Task, Workshop};
use crate::study::workload::Workload;
use anyhow::{Context, Result, bail};
use simdescent::kernels::Exec;

/// The facts with the references of all workloads, for which trials may have to be run; `None` if that was stopped.
pub(super) fn with_references(
    exec: Exec<'_>,
    facts: &StudyFacts,
    workloads: &[Workload],
    workshop: &mut Workshop<'_, TrainingRunner<'_>>,
    bar: &Bar,
) -> Result<Option<StudyFacts>> {
    let mut complete = vec![];
    for (number, workload) in workloads.iter().enumerate() {
        bar.subject(&format!("lowest loss of {}", workload.name));
        let known = (number, &facts.workloads[number]);
        let Some(found) = reference_of(exec, &facts.study, workload, known, workshop)? else { return Ok(None) };
        complete.push(found);
    }
    Ok(Some(StudyFacts::new(&facts.study, complete)))
}

/// The facts of a workload, with its reference and targets.
fn reference_of(
    exec: Exec<'_>,
    study: &Study,
    workload: &Workload,
    (number, facts): (usize, &WorkloadFacts),
    workshop: &mut Workshop<'_, TrainingRunner<'_>>,
) -> Result<Option<WorkloadFacts>> {
    let complete = |(initial_loss, reference_loss, reference): (f64, f64, ReferenceSource)| {
        let targets = WorkloadFacts::targets(initial_loss, reference_loss, &study.targets);
        if initial_loss.is_nan() || initial_loss <= reference_loss {
            bail!(
                "{}: the loss before training, {initial_loss}, is not above the reference loss, {reference_loss}",
                workload.name
            );
        }
        Ok(WorkloadFacts { initial_loss, reference_loss, reference, targets, ..facts.clone() })
    };
    if let Some(reference_loss) = workload.definition.reference_loss {
        let initial_loss = workload.initial_loss(exec, study.seed)?;
        return complete((initial_loss, reference_loss, ReferenceSource::Given)).map(Some);
    }
    if let Some((reference_loss, source)) = optimum::solve(exec, workload)? {
        let initial_loss = workload.initial_loss(exec, study.seed)?;
        return complete((initial_loss, reference_loss, source)).map(Some);
    }
    loop {
        match reference::by_trials(facts, &workload.definition, study, workshop.records)? {
            Reference::Needs(specifications) => {
                let task = |specification| Task::new(number, facts.parameters, specification);
                let tasks = specifications.into_iter().map(task).collect::<Result<Vec<_>>>()?;
                if workshop.runs(tasks)? == Done::Stopped {
                    return Ok(None);
                }
            }
            Reference::Found { initial_loss, reference_loss, source } => {
                let known = known_loss(exec, &workload.problem, workload.evaluation(), &workload.settings)?;
                let pilot = Pilot { initial_loss, best_loss: reference_loss };
                pilot.check(known, &workload.problem, &workload.settings).with_context(|| workload.name.clone())?;
                return complete((initial_loss, reference_loss, source)).map(Some);
            }
        }
    }
}
