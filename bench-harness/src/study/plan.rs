//! What a sweep would do, and how long it may take.

use super::definition::Study;
use super::facts::StudyFacts;
use super::workload::Workload;
use anyhow::Result;
use simdescent::kernels::Exec;
use simdescent::{LearningRate, Rule, Settings, Trainer};
use std::time::Instant;

/// Cells, runs and time of each workload.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    lines: Vec<WorkloadPlan>,
    throughput_seconds: f64,
}

#[derive(Clone, Debug)]
struct WorkloadPlan {
    name: String,
    model: String,
    cells: usize,
    /// From the first points and repeats alone to all that tuning may add.
    runs: (usize, usize),
    /// Of one thread, about.
    seconds: f64,
}

/// Rates that tuning adds to the first points for each target, about.
const REFINED: usize = 7;
/// The part of its budget that a run uses, about.
const USED: f64 = 0.35;

/// The runs that a cell usually has, for so many targets.
pub(super) fn runs_of_cell(study: &Study, targets: usize) -> usize {
    let seeds = study.tuning.seeds as usize;
    study.tuning.points * seeds + targets * (REFINED * seeds + study.repeats as usize)
}

impl Plan {
    /// Times a few steps of each batch size.
    pub(crate) fn new(exec: Exec<'_>, facts: &StudyFacts, workloads: &[Workload]) -> Result<Self> {
        let study = &facts.study;
        let (optimizers, variants) = (study.optimizers.len(), study.variants().len());
        let (points, seeds) = (study.tuning.points, study.tuning.seeds as usize);
        let (targets, repeats) = (study.targets.len(), study.repeats as usize);
        let mut lines = vec![];
        let mut all_cells = 0;
        for (workload, facts) in workloads.iter().zip(&facts.workloads) {
            let each = optimizers * variants;
            let least = points * seeds + targets * repeats;
            let most = runs_of_cell(study, targets);
            let mut seconds = 0.0;
            for &batch_size in &facts.batch_sizes {
                let budget = facts.budget as f64;
                let run = budget / batch_size as f64 * seconds_per_step(exec, workload, batch_size)?;
                let evaluations = (budget / batch_size as f64).ln().max(1.0) / 0.05;
                let evaluation = evaluations * seconds_per_evaluation(exec, workload)?;
                seconds += (each * most) as f64 * (USED * run + evaluation);
            }
            let cells = each * facts.batch_sizes.len();
            all_cells += cells;
            let (name, model) = (workload.name.clone(), facts.model.clone());
            lines.push(WorkloadPlan { name, model, cells, runs: (cells * least, cells * most), seconds });
        }
        let per_cell = study.throughput.rounds as f64 * study.throughput.milliseconds / 1e3;
        Ok(Self { lines, throughput_seconds: all_cells as f64 * per_cell })
    }

    /// A line for each workload, and the time of all with so many runs side by side.
    pub(crate) fn text(&self, jobs: usize) -> String {
        let mut lines = vec![format!("{:24} {:16} {:>6}  {:>15}", "workload", "model", "cells", "runs")];
        for WorkloadPlan { name, model, cells, runs: (least, most), .. } in &self.lines {
            lines.push(format!("{name:24} {model:16} {cells:>6}  {least:>6} to {most:>5}"));
        }
        let convergence = self.lines.iter().map(|line| line.seconds).sum::<f64>() / jobs as f64;
        lines.push(format!(
            "about {} with {jobs} runs side by side, then {} of throughput; records that are there are not run again",
            duration(convergence),
            duration(self.throughput_seconds)
        ));
        lines.join("\n")
    }
}

fn duration(seconds: f64) -> String {
    if seconds < 90.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", seconds / 60.0) }
}

fn seconds_per_step(exec: Exec<'_>, workload: &Workload, batch_size: usize) -> Result<f64> {
    let learning_rate = LearningRate::Constant { rate: 1e-6 };
    let settings = Settings { rule: Rule::ADAM, batch_size, learning_rate, ..workload.settings };
    let mut trainer = Trainer::new(exec, workload.model().build(0, 1), &workload.problem.training, settings)?;
    (0..3).for_each(|_| _ = trainer.step());
    let (start, mut steps) = (Instant::now(), 0);
    while steps < 5 || (steps < 1000 && start.elapsed().as_secs_f64() < 2e-3) {
        trainer.step();
        steps += 1;
    }
    Ok(start.elapsed().as_secs_f64() / f64::from(steps))
}

fn seconds_per_evaluation(exec: Exec<'_>, workload: &Workload) -> Result<f64> {
    let evaluator = workload.settings.evaluator(workload.evaluation())?;
    let mut model = workload.model().build(0, 1);
    evaluator.evaluate(exec, &mut model);
    let start = Instant::now();
    evaluator.evaluate(exec, &mut model);
    Ok(start.elapsed().as_secs_f64())
}
