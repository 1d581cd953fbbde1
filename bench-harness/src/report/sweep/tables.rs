//! What a sweep's report says, in order.

use super::batch_sizes::{coupling, critical, noise, rates};
use super::branches;
use super::cells::{cells, heat_map};
use super::grid::Grid;
use super::notes::{alarms, legend, measured, self_check};
use super::rankings::{best_by, comparisons, profiles, rankings};
use crate::base::format_number::{count, digits, percent};
use crate::study::answer::hardest_reached;
use crate::study::definition::LossOn;
use crate::study::facts::{ReferenceSource, WorkloadFacts};
use crate::study::result::{CellReport, Report, TargetReport, WorkloadReport};

/// A piece of a report.
pub(super) enum Part {
    Heading(String),
    Lines(Vec<String>),
    /// Something that is wrong.
    Alarm(String),
    Grid(Grid),
}

/// How much is said.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Of the hardest target that was reached, but for a sentence of each.
    Terminal,
    /// Every table of the page.
    All,
}

/// All pieces in order.
pub(super) fn parts(report: &Report, extent: Extent) -> Vec<Part> {
    let mut parts = vec![];
    for workload in report.workloads.iter().filter(|workload| !workload.cells.is_empty()) {
        let hardest = hardest_reached(workload);
        let targets: Vec<usize> = match extent {
            Extent::Terminal => vec![hardest],
            Extent::All => (0..workload.targets.len()).rev().collect(),
        };
        parts.push(Part::Heading(heading(&workload.facts)));
        parts.push(Part::Lines(description(report, workload, hardest)));
        parts.push(Part::Grid(cells(workload, hardest)));
        for (t, answer) in workload.answers.iter().enumerate().rev() {
            let sentences = answer.sentences();
            // Of the other targets, the first sentence.
            let shown = if extent == Extent::All || t == hardest { sentences.len() } else { 1 };
            let lines = sentences.into_iter().take(shown).map(|sentence| format!("  {sentence}"));
            parts.push(Part::Lines(std::iter::once(format!("{}:", answer.target)).chain(lines).collect()));
        }
        if !workload.branches.is_empty() {
            let heading =
                "Growing the batch during training, beside the fixed batch with the fewest samples:".to_owned();
            parts.push(Part::Lines(
                std::iter::once(heading).chain(branches::sentences(workload, extent == Extent::All)).collect(),
            ));
        }
        if report.study.branches && workload.branches.is_empty() {
            let line = "Branches were not run yet, or there is nothing to leave: the same sweep goes on with them.";
            parts.push(Part::Lines(vec![line.into()]));
        }
        if let Some(grid) = branches::grid(workload).filter(|_| extent == Extent::All) {
            parts.push(Part::Lines(vec![
                "Largest batch that still makes 83 % of the progress per sample, after so many samples:".into(),
            ]));
            parts.push(Part::Grid(grid));
        }
        parts.push(Part::Lines(vec![
            String::new(),
            "Best for each target, with the ratio of medians to the first:".into(),
        ]));
        parts.push(Part::Grid(rankings(report, workload)));
        for t in targets {
            let share = percent(workload.targets[t].share);
            let mut add = |what: &str, grid: Option<Grid>| {
                if let Some(grid) = grid {
                    parts.push(Part::Lines(vec![format!("{what} ({share} of the gap left):")]));
                    parts.push(Part::Grid(grid));
                }
            };
            add("Batch sizes by the curves of each optimizer", critical(workload, t, extent == Extent::All));
            add("Best rate over the batch size, by curves", rates(workload, t));
            add("Noise scale at the target in samples, by the best runs", noise(workload, t));
            add("What a rule costs against tuning again, steps over steps", coupling(workload, t));
            if extent == Extent::All {
                add(
                    if report.throughput.is_some() { "Time to target" } else { "Steps to target" },
                    heat_map(workload, t),
                );
                add("The leader beside the next cells", comparisons(workload, t));
            }
        }
    }
    if report.profiles.iter().any(|profiles| !profiles.is_empty()) {
        parts.push(Part::Heading("All workloads".into()));
        parts.push(Part::Lines(vec![
            "How near to the best optimizer, 0: never within 4 times, 1: always the best,".into(),
            format!("by steps at each batch size, and by {} at the best one:", best_by(report).1),
        ]));
        parts.push(Part::Grid(profiles(report)));
    }
    parts.push(Part::Heading("Legend".into()));
    parts.push(Part::Lines(legend(report)));
    parts.push(Part::Heading("How it was measured".into()));
    parts.push(Part::Lines(measured(report)));
    parts.extend(alarms(report).into_iter().map(Part::Alarm));
    if let Some(check) = report.self_check.as_ref().filter(|_| extent == Extent::All) {
        parts.push(Part::Grid(self_check(check)));
    }
    parts
}

fn heading(facts: &WorkloadFacts) -> String {
    let WorkloadFacts { name, model, parameters, training, .. } = facts;
    format!("{name}: {model}, {parameters} parameters, {} training rows", training.rows)
}

fn description(report: &Report, workload: &WorkloadReport, target: usize) -> Vec<String> {
    let WorkloadFacts { loss_on, initial_loss, reference_loss, reference, .. } = &workload.facts;
    let rows = match loss_on {
        LossOn::Training => "training",
        LossOn::Validation => "validation",
    };
    let source = match reference {
        ReferenceSource::Given => "given".to_owned(),
        ReferenceSource::Formula => "known".to_owned(),
        ReferenceSource::Solved => "solved".to_owned(),
        ReferenceSource::Lbfgs => "found by L-BFGS".to_owned(),
        ReferenceSource::Trials { trials, repeats } => format!("best of {trials} trials, {repeats} runs"),
    };
    let TargetReport { share, loss, .. } = &workload.targets[target];
    let trials = |cell: &CellReport| cell.targets[target].tuning.trials.len();
    let (least, most) = (workload.cells.iter().map(trials).min(), workload.cells.iter().map(trials).max());
    let (least, most) = (least.unwrap_or(0), most.unwrap_or(0));
    let trials = if least == most { count(most, "trial") } else { format!("{least} to {most} trials") };
    vec![
        format!(
            "{rows} loss {} before training, {} at best ({source})",
            digits(*initial_loss, 5),
            digits(*reference_loss, 5)
        ),
        format!("target: {} of the gap left, {}", percent(*share), digits(*loss, 5)),
        format!(
            "tuning of a cell: {trials}, {} each; then {} with fresh seeds",
            count(report.study.tuning.seeds, "run"),
            count(report.study.repeats, "run")
        ),
    ]
}
