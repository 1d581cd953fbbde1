//! `simdescent sweep`: plan, measure, write, print.

use crate::cli::SweepOptions;
use crate::environment::Environment;
use crate::protocol::{self, PILOT, Profile, RULES, TARGET_GAP, budget};
use crate::report::{Cell, DataReport, Outcome, Report, Run, SCHEMA_VERSION, WorkloadReport, median};
use crate::results_dir::ResultsDir;
use crate::runner::{Point, run as train};
use crate::table;
use crate::threads::Threads;
use crate::workload::{self, Inputs, Workload, data_digest};
use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::Timestamp;
use simdescent::kernels::{Exec, Par, isa};
use simdescent::{Dataset, Rule};

pub(crate) fn run(options: &SweepOptions) -> Result<()> {
    sweep(options, Threads::new(options.threads.get())?.par())
}

fn sweep(options: &SweepOptions, par: Par<'_>) -> Result<()> {
    let started = Timestamp::now();
    let exec = Exec::new(isa::try_active()?, par);
    let environment = Environment::detect(exec);
    let results = ResultsDir::open(&options.out, &environment.cpu)?;
    let workloads = match &options.data {
        // Dense: throughput is of the work that the shapes say.
        Some(source) => {
            let workloads = source.workloads(options.seed, &options.csv)?;
            let dense = |workload: Workload| {
                workload.model.check_size()?;
                workload.keeping(Inputs::Dense)
            };
            workloads.into_iter().map(dense).collect::<Result<_>>()?
        }
        None => {
            options.csv.refuse()?;
            workload::embedded(options.seed)?
        }
    };

    let sweep = Sweep { exec, profile: options.profile, seed: options.seed };
    let progress = progress_bar(workloads.iter().map(|workload| sweep.runs(workload)).sum());
    let mut reports = vec![];
    for workload in &workloads {
        let report = sweep.workload(workload, &progress)?;
        progress.suspend(|| println!("{}", table::render(&report)));
        reports.push(report);
    }
    progress.finish_and_clear();

    let report = Report {
        schema_version: SCHEMA_VERSION,
        protocol_version: protocol::VERSION,
        started: started.to_string(),
        command: std::env::args().collect(),
        profile: options.profile,
        seed: options.seed,
        environment,
        workloads: reports,
    };
    let date = started.strftime("%Y-%m-%d").to_string();
    let path = results.write(&date, &report.environment.commit, &report)?;
    println!(
        "steps, samples, time: to the target; * = lowest or highest rate tried\n{} on {}, {} thread(s), commit {}\nreport: {}",
        report.environment.isa,
        report.environment.cpu,
        report.environment.threads,
        report.environment.commit,
        path.display()
    );
    Ok(())
}

/// On stderr, with the time left; drawn only on a terminal.
pub(crate) fn progress_bar(runs: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} runs, {eta} left  {msg}").expect("a valid template");
    ProgressBar::with_draw_target(Some(runs as u64), ProgressDrawTarget::stderr()).with_style(style)
}

/// What all cells of a sweep share.
struct Sweep<'t> {
    exec: Exec<'t>,
    profile: Profile,
    seed: u64,
}

impl Sweep<'_> {
    /// How many runs a workload takes, the pilot included.
    fn runs(&self, workload: &Workload) -> usize {
        let batch_sizes = self.profile.batch_sizes(workload.training.rows()).len();
        let per_cell = |rule| self.profile.learning_rates(rule).len() + self.profile.repeats() as usize;
        Profile::Quick.learning_rates(PILOT.0).len() + batch_sizes * RULES.map(per_cell).iter().sum::<usize>()
    }

    fn workload(&self, workload: &Workload, progress: &ProgressBar) -> Result<WorkloadReport> {
        progress.set_message(workload.name.clone());
        let (initial_loss, target_loss) = self.target(workload, progress)?;
        let mut cells = vec![];
        for rule in RULES {
            for batch_size in self.profile.batch_sizes(workload.training.rows()) {
                cells.push(self.cell(workload, rule, batch_size, target_loss, progress)?);
            }
        }
        Ok(WorkloadReport {
            name: workload.name.clone(),
            model: workload.model.describe(),
            parameters: workload.model.build(0, self.seed).parameters().len(),
            loss: workload.loss.name(),
            sampling: "reshuffled",
            last_batch: "short",
            training: data_report(&workload.training),
            validation: data_report(&workload.validation),
            budget_samples: budget(workload.training.rows()),
            initial_loss,
            target_loss,
            cells,
        })
    }

    /// (initial loss, target loss), from the best of the pilot's runs. The pilot is the same in every profile, so that
    /// the target is.
    fn target(&self, workload: &Workload, progress: &ProgressBar) -> Result<(f64, f64)> {
        let (rule, batch_size) = PILOT;
        let batch_size = batch_size.min(workload.training.rows());
        let runs = self.tune(workload, rule, batch_size, f64::NEG_INFINITY, Profile::Quick, progress)?;
        let best = runs.iter().map(|run| run.best_loss).fold(f64::INFINITY, f64::min);
        let initial = runs[0].initial_loss;
        Ok((initial, best + TARGET_GAP * (initial - best)))
    }

    /// One run per learning rate, all with trial 0.
    fn tune(
        &self,
        workload: &Workload,
        rule: Rule,
        batch_size: usize,
        target: f64,
        profile: Profile,
        progress: &ProgressBar,
    ) -> Result<Vec<Run>> {
        let mut runs = vec![];
        for learning_rate in profile.learning_rates(rule) {
            let point = Point { rule, batch_size, learning_rate, trial: 0, seed: self.seed };
            runs.push(train(self.exec, workload, point, target)?);
            progress.inc(1);
        }
        Ok(runs)
    }

    /// Tunes the learning rate, then measures with fresh seeds: trials 1, 2, …
    fn cell(
        &self,
        workload: &Workload,
        rule: Rule,
        batch_size: usize,
        target: f64,
        progress: &ProgressBar,
    ) -> Result<Cell> {
        let tuning = self.tune(workload, rule, batch_size, target, self.profile, progress)?;
        let chosen = best(&tuning);
        let learning_rate = tuning[chosen].learning_rate;
        let mut runs = vec![];
        for trial in 1..=self.profile.repeats() {
            let point = Point { rule, batch_size, learning_rate, trial, seed: self.seed };
            runs.push(train(self.exec, workload, point, target)?);
            progress.inc(1);
        }
        let outcome = overall(&runs);
        let all = |value: fn(&Run) -> f64| median(runs.iter().map(value).collect());
        let to_target = |value: fn(&Run) -> Option<f64>| {
            // A run that missed or diverged counts as infinitely slow: the median is finite only if most runs arrived.
            let arrived = |run: &Run| value(run).filter(|_| run.outcome == Outcome::Complete);
            let median = median(runs.iter().map(|run| arrived(run).unwrap_or(f64::INFINITY)).collect());
            (outcome == Outcome::Complete && median.is_finite()).then_some(median)
        };
        Ok(Cell {
            optimizer: rule.name(),
            rule,
            batch_size,
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

fn data_report(data: &Dataset) -> DataReport {
    DataReport { name: data.name().into(), rows: data.rows(), features: data.features(), sha256: data_digest(data) }
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
}
