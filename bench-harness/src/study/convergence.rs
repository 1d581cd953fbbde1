//! The runs of a problem: after a pilot has found the target, each cell is tuned and measured.

use super::pilot::Pilot;
use super::plan::{CellPlan, ProblemPlan};
use super::result::{Cell, Outcome, Run};
use super::runner::{RunSpec, Runner};
use crate::progress::Progress;
use anyhow::Result;
use simdescent_measure::statistics::median;

/// Does the runs of a plan but for its pilot, all with this seed, until they reach this validation loss.
pub(crate) fn measure(
    plan: &ProblemPlan,
    target_loss: f64,
    seed: u64,
    runner: &impl Runner,
    progress: &dyn Progress,
) -> Result<Vec<Cell>> {
    let study = Study { seed, runner, progress };
    plan.cells.iter().map(|cell| study.cell(cell, target_loss)).collect()
}

/// Does the runs of the pilot.
pub(crate) fn pilot(plan: &ProblemPlan, seed: u64, runner: &impl Runner, progress: &dyn Progress) -> Result<Pilot> {
    let runs = Study { seed, runner, progress }.tune(&plan.pilot, f64::NEG_INFINITY)?;
    let best_loss = runs.iter().map(|run| run.best_loss).fold(f64::INFINITY, f64::min);
    Ok(Pilot { initial_loss: runs[0].initial_loss, best_loss })
}

/// What all cells share.
struct Study<'s, R> {
    seed: u64,
    runner: &'s R,
    progress: &'s dyn Progress,
}

impl<R: Runner> Study<'_, R> {
    fn run(&self, cell: &CellPlan, learning_rate: f64, trial: u64, target: f64) -> Result<Run> {
        let CellPlan { rule, batch_size, .. } = *cell;
        let run = self.runner.run(RunSpec { rule, batch_size, learning_rate, trial, seed: self.seed, target })?;
        self.progress.advance();
        Ok(run)
    }

    /// One run per learning rate, all with trial 0.
    fn tune(&self, cell: &CellPlan, target: f64) -> Result<Vec<Run>> {
        cell.learning_rates.iter().map(|&rate| self.run(cell, rate, 0, target)).collect()
    }

    /// Tunes the learning rate, then measures with fresh seeds: trials 1, 2, …
    fn cell(&self, cell: &CellPlan, target: f64) -> Result<Cell> {
        let tuning = self.tune(cell, target)?;
        let chosen = best(&tuning);
        let learning_rate = tuning[chosen].learning_rate;
        let runs: Vec<Run> =
            (1..=cell.repeats).map(|trial| self.run(cell, learning_rate, trial, target)).collect::<Result<_>>()?;
        let outcome = overall(&runs);
        let all = |value: fn(&Run) -> f64| median(runs.iter().map(value).collect());
        let to_target = |value: fn(&Run) -> Option<f64>| {
            // A run that missed or diverged counts as infinitely slow: the median is finite only if most runs arrived.
            let arrived = |run: &Run| value(run).filter(|_| run.outcome == Outcome::Complete);
            let median = median(runs.iter().map(|run| arrived(run).unwrap_or(f64::INFINITY)).collect());
            (outcome == Outcome::Complete && median.is_finite()).then_some(median)
        };
        Ok(Cell {
            optimizer: cell.rule.name(),
            rule: cell.rule,
            batch_size: cell.batch_size,
            learning_rate,
            learning_rate_at_border: chosen == 0 || chosen + 1 == tuning.len(),
            outcome,
            diverged: outcome == Outcome::Diverged,
            samples_per_second: all(|run| run.samples_per_second),
            steps_to_target: to_target(|run| run.steps_to_target.map(|steps| steps as f64)),
            samples_to_target: to_target(|run| run.samples_to_target.map(|samples| samples as f64)),
            seconds_to_target: to_target(|run| run.seconds_to_target),
            final_loss: all(|run| run.final_loss),
            final_accuracy: runs[0].final_accuracy.map(|_| all(|run| run.final_accuracy.unwrap_or(f64::NAN))),
            digest: runs[0].digest.clone(),
            runs,
            tuning,
        })
    }
}

/// The best run of a tuning: fewest steps to the target; if none arrived, the lowest final loss; diverged ones last.
fn best(runs: &[Run]) -> usize {
    let key = |run: &Run| {
        let loss = if run.final_loss.is_nan() { f64::INFINITY } else { run.final_loss };
        (run.outcome, run.steps_to_target.unwrap_or(u64::MAX), loss)
    };
    let order = |a: &Run, b: &Run| {
        let ((outcome, steps, loss), (outcome2, steps2, loss2)) = (key(a), key(b));
        (outcome, steps).cmp(&(outcome2, steps2)).then(loss.total_cmp(&loss2))
    };
    (0..runs.len()).min_by(|&a, &b| order(&runs[a], &runs[b])).expect("at least one learning rate")
}

/// The outcome of most runs; the worse of two equally frequent ones.
fn overall(runs: &[Run]) -> Outcome {
    let mut outcomes: Vec<_> = runs.iter().map(|run| run.outcome).collect();
    outcomes.sort();
    outcomes[outcomes.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(outcome: Outcome, steps_to_target: Option<u64>, final_loss: f64) -> Run {
        Run {
            trial: 0,
            learning_rate: 0.1,
            outcome,
            initial_loss: 1.0,
            final_loss,
            best_loss: final_loss,
            final_accuracy: None,
            steps: 10,
            samples: 10,
            seconds: 1.0,
            samples_per_second: 10.0,
            steps_to_target,
            samples_to_target: steps_to_target,
            seconds_to_target: None,
            digest: String::new(),
        }
    }

    #[test]
    fn the_best_run_arrives_first_or_ends_lowest_or_at_least_does_not_diverge() {
        use Outcome::{Censored, Complete, Diverged};
        let runs = [
            ended(Diverged, Some(1), 9.0),
            ended(Diverged, None, f64::NAN),
            ended(Censored, None, 0.4),
            ended(Censored, None, 0.3),
            ended(Complete, Some(8), 0.2),
            ended(Complete, Some(7), 0.25),
        ];
        assert_eq!([6, 4, 3, 2].map(|n| best(&runs[..n])), [5, 3, 2, 0]);
    }

    #[test]
    fn the_overall_outcome_is_the_median_one() {
        use Outcome::{Censored, Complete, Diverged};
        let overall =
            |outcomes: &[Outcome]| overall(&outcomes.iter().map(|&o| ended(o, None, 1.0)).collect::<Vec<_>>());
        assert_eq!(overall(&[Complete, Diverged, Complete]), Complete);
        assert_eq!(overall(&[Complete, Censored]), Censored);
        assert_eq!(overall(&[Diverged, Censored, Complete]), Censored);
    }

    /// Trains nothing: the steps to a target are 100 / rate, up to a rate of 0.5; above it runs diverge. Fresh seeds take 10 steps more.
    struct FakeRunner(std::cell::RefCell<Vec<RunSpec>>);

    impl Runner for FakeRunner {
        fn run(&self, spec: RunSpec) -> Result<Run> {
            self.0.borrow_mut().push(spec);
            let steps = (100.0 / spec.learning_rate) as u64 + 10 * spec.trial;
            let outcome = if spec.learning_rate > 0.5 { Outcome::Diverged } else { Outcome::Complete };
            let run = ended(outcome, (outcome == Outcome::Complete).then_some(steps), 0.2);
            Ok(Run { trial: spec.trial, learning_rate: spec.learning_rate, best_loss: 0.1, ..run })
        }
    }

    struct Count(std::cell::Cell<usize>);

    impl Progress for Count {
        fn advance(&self) {
            self.0.set(self.0.get() + 1);
        }
    }

    #[test]
    fn a_plan_is_done_in_order_and_the_best_rate_is_repeated_with_fresh_seeds() {
        use crate::study::protocol::{Profile, TARGET_GAP};
        let plan = ProblemPlan::new(Profile::Standard, 1);
        let (runner, count) = (FakeRunner(vec![].into()), Count(0.into()));
        let pilot = pilot(&plan, 7, &runner, &count).unwrap();
        let target = pilot.target();
        assert_eq!((pilot.initial_loss, target), (1.0, 0.1 + TARGET_GAP * 0.9));
        let cells = measure(&plan, target, 7, &runner, &count).unwrap();
        let specs = runner.0.into_inner();
        assert_eq!((specs.len(), count.0.get()), (plan.runs(), plan.runs()));
        assert!(specs[..4].iter().all(|spec| spec.target == f64::NEG_INFINITY), "the pilot has no target yet");
        assert!(specs[4..].iter().all(|spec| spec.target == target && spec.seed == 7));
        let sgd = &cells[0];
        assert_eq!((sgd.optimizer, sgd.learning_rate, sgd.learning_rate_at_border), ("sgd", 0.316, false));
        assert_eq!(sgd.runs.iter().map(|run| run.trial).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(sgd.steps_to_target, Some((100.0f64 / 0.316).floor() + 20.0), "the median of three");
        assert_eq!(
            cells.iter().map(|cell| cell.optimizer).collect::<Vec<_>>(),
            ["sgd", "momentum", "adagrad", "rmsprop", "adam"]
        );
    }
}
