//! What a sweep would do, and how long it may take.

use super::branches::SEEDS;
use super::cell::Cell;
use super::definition::Study;
use super::facts::StudyFacts;
use super::optimum::is_solvable;
use super::protocol::EVALUATION_RATIO;
use super::reference::RUNS;
use super::workload::Workload;
use anyhow::Result;
use simdescent::kernels::Exec;
use simdescent::{LearningRate, Rule, Settings, Trainer};
use std::time::Instant;

/// Cells, runs and time of each workload.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    lines: Vec<WorkloadPlan>,
    /// Of all cells, if they are timed.
    throughput_seconds: Option<f64>,
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
/// The batch size whose time stands for those of the trials that look for a reference loss.
const REFERENCE_BATCH_SIZE: usize = 64;

/// Branches of each seed of a winning run, and the run they leave, about.
const BRANCHES: usize = 16;

/// The runs that a cell usually has, for so many targets.
pub(super) fn runs_of_cell(study: &Study, targets: usize) -> usize {
    let seeds = study.tuning.seeds as usize;
    study.tuning.points * seeds + targets * (REFINED * seeds + study.repeats as usize)
}

impl Plan {
    /// Times a few steps of each batch size of these cells.
    pub(crate) fn new(exec: Exec<'_>, facts: &StudyFacts, workloads: &[Workload], own: &[Cell]) -> Result<Self> {
        let study = &facts.study;
        let (seeds, repeats) = (study.tuning.seeds as usize, study.repeats as usize);
        let targets = study.targets.len();
        let factors = study.optimizers.len() * study.variants().len();
        let mut lines = vec![];
        for (number, (workload, facts)) in workloads.iter().zip(&facts.workloads).enumerate() {
            let own: Vec<&Cell> = own.iter().filter(|cell| cell.workload == number).collect();
            let smallest = facts.batch_sizes[0];
            let seconds_of_run = |batch_size: usize, used: f64| -> Result<f64> {
                let steps = facts.budget as f64 / batch_size as f64;
                let evaluations = steps.ln().max(1.0) / EVALUATION_RATIO.ln();
                Ok(used * steps * seconds_per_step(exec, workload, batch_size)?
                    + evaluations * seconds_per_evaluation(exec, workload)?)
            };
            let reference =
                if workload.definition.reference_loss.is_some() || is_solvable(workload) { 0 } else { RUNS };
            let mut seconds = match reference {
                0 => 0.0,
                runs => runs as f64 * seconds_of_run(facts.training.rows.min(REFERENCE_BATCH_SIZE), 1.0)?,
            };
            let mut coupled = 0;
            for &batch_size in &facts.batch_sizes {
                let cells = own.iter().filter(|cell| cell.batch_size == batch_size).count();
                if cells == 0 {
                    continue;
                }
                let by_rules =
                    if batch_size == smallest { 0 } else { cells * study.coupling.len() * targets * repeats };
                coupled += by_rules;
                let runs = cells * runs_of_cell(study, targets) + by_rules;
                seconds += runs as f64 * seconds_of_run(batch_size, USED)?;
            }
            // A part of a study does not know the winners.
            let winners = if study.branches && own.len() == facts.batch_sizes.len() * factors { factors } else { 0 };
            let branches = winners * ((SEEDS as usize).min(repeats) * BRANCHES + repeats);
            let usual = facts.batch_sizes[facts.batch_sizes.len() / 2];
            seconds += branches as f64 * seconds_of_run(usual, USED)?;
            let more = reference + coupled;
            let least = own.len() * (study.tuning.points * seeds + targets * repeats) + more;
            // A run that reaches no target is left by none.
            let most = own.len() * runs_of_cell(study, targets) + more + branches;
            let (name, model) = (workload.name.clone(), facts.model.clone());
            lines.push(WorkloadPlan { name, model, cells: own.len(), runs: (least, most), seconds });
        }
        let cells = facts.cells()?.len();
        let per_cell = study.throughput.rounds as f64 * study.throughput.milliseconds / 1e3;
        // A part of a study is not timed.
        let throughput_seconds = (own.len() == cells).then_some(cells as f64 * per_cell);
        Ok(Self { lines, throughput_seconds })
    }

    /// A line for each workload, and the time of all with so many runs side by side.
    pub(crate) fn text(&self, jobs: usize) -> String {
        let width = |head: &str, of: fn(&WorkloadPlan) -> &String| {
            self.lines.iter().map(|line| of(line).chars().count()).fold(head.len(), usize::max)
        };
        let (names, models) = (width("workload", |line| &line.name), width("model", |line| &line.model));
        let mut lines = vec![format!("{:names$}  {:models$}  {:>6}  {:>15}", "workload", "model", "cells", "runs")];
        for WorkloadPlan { name, model, cells, runs: (least, most), .. } in &self.lines {
            lines.push(format!("{name:names$}  {model:models$}  {cells:>6}  {least:>6} to {most:>5}"));
        }
        let convergence = self.lines.iter().map(|line| line.seconds).sum::<f64>() / jobs as f64;
        let throughput = self.throughput_seconds.map(|seconds| format!(", then {} of throughput", duration(seconds)));
        lines.push(format!(
            "about {} with {jobs} runs side by side{}; records that are there are not run again",
            duration(convergence),
            throughput.unwrap_or_default()
        ));
        lines.join("\n")
    }
}

fn duration(seconds: f64) -> String {
    if seconds < 90.0 { format!("{seconds:.0} s") } else { format!("{:.0} min", seconds / 60.0) }
}

/// The least of several: what other programs take is no part of the plan.
fn least_seconds(mut timed: impl FnMut()) -> f64 {
    let mut one = || {
        let start = Instant::now();
        timed();
        start.elapsed().as_secs_f64()
    };
    one();
    (0..5).map(|_| one()).fold(f64::INFINITY, f64::min)
}

fn seconds_per_step(exec: Exec<'_>, workload: &Workload, batch_size: usize) -> Result<f64> {
    let learning_rate = LearningRate::Constant { rate: 1e-6 };
    let settings = Settings { rule: Rule::ADAM, batch_size, learning_rate, ..workload.settings };
    let mut trainer = Trainer::new(exec, workload.model().build(0, 1), &workload.problem.training, settings)?;
    // Many short steps are timed at once.
    let one = least_seconds(|| _ = trainer.step());
    let steps = (2e-4 / one).clamp(1.0, 1000.0) as usize;
    Ok(least_seconds(|| (0..steps).for_each(|_| _ = trainer.step())) / steps as f64)
}

fn seconds_per_evaluation(exec: Exec<'_>, workload: &Workload) -> Result<f64> {
    let evaluator = workload.settings.evaluator(workload.evaluation())?;
    let mut model = workload.model().build(0, 1);
    Ok(least_seconds(|| _ = evaluator.evaluate(exec, &mut model)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_words() {
        let line = |name: &str, model: &str| {
            let (name, model) = (name.to_owned(), model.to_owned());
            WorkloadPlan { name, model, cells: 20, runs: (972, 2232), seconds: 7.0 }
        };
        let lines = vec![line("linear regression on houses.csv", "linear 7-1"), line("lines", "a model of seventeen")];
        let text = Plan { lines, throughput_seconds: None }.text(2);
        let table: Vec<&str> = text.lines().take(3).collect();
        assert_eq!(table[0].find("model"), table[1].find("linear 7-1"), "{text}");
        assert_eq!(table[0].find("model"), table[2].find("a model"), "{text}");
        assert!(table.iter().all(|line| line.len() == table[0].len()), "{text}");
    }
}
