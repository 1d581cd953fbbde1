//! One training run: steps on the clock, validation off it.

use super::protocol::{DIVERGED, EVALUATION_RATIO, budget};
use super::result::{Outcome, Run};
use crate::problem::Problem;
use crate::problem::model_spec::ModelSpec;
use anyhow::Result;
use simdescent::kernels::Exec;
use simdescent::{LearningRate, Model, Rule, Settings, Trainer};
use std::time::{Duration, Instant};

/// What distinguishes one run from the others of a problem.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct RunSpec {
    pub(crate) rule: Rule,
    pub(crate) batch_size: usize,
    pub(crate) learning_rate: f64,
    pub(crate) trial: u64,
    pub(crate) seed: u64,
    /// A validation loss.
    pub(crate) target: f64,
}

/// Does runs.
pub(crate) trait Runner {
    /// Trains until the budget is spent or the run diverges.
    fn run(&self, spec: RunSpec) -> Result<Run>;
}

/// Trains for real.
pub(crate) struct TrainingRunner<'a> {
    pub(crate) exec: Exec<'a>,
    pub(crate) problem: &'a Problem,
    /// Instead of the problem's own.
    pub(crate) model: &'a ModelSpec,
    /// But for what a [`RunSpec`] says.
    pub(crate) settings: &'a Settings,
}

impl Runner for TrainingRunner<'_> {
    fn run(&self, spec: RunSpec) -> Result<Run> {
        let Self { exec, problem, model, settings } = *self;
        let settings = Settings {
            rule: spec.rule,
            learning_rate: LearningRate::Constant { rate: spec.learning_rate },
            batch_size: spec.batch_size,
            trial: spec.trial,
            seed: spec.seed,
            ..*settings
        };
        let validation = settings.evaluator(&problem.validation)?;
        let model = model.build(spec.trial, spec.seed);
        let mut trainer = Trainer::new(exec, model, &problem.training, settings)?;
        let initial = validation.evaluate(exec, trainer.model_mut());
        let mut last = initial;
        let mut best = initial.loss;
        let mut reached = None;
        let mut training = Duration::ZERO;
        let mut diverged = false;
        let budget = budget(problem.training.rows()) as u64;
        while trainer.history().samples() < budget && !diverged {
            let due = next_evaluation(trainer.history().samples()).min(budget);
            let start = Instant::now();
            while trainer.history().samples() < due && !diverged {
                diverged = !trainer.step().is_finite();
            }
            training += start.elapsed();

            last = trainer.at_average(|model| validation.evaluate(exec, model));
            diverged |= !last.loss.is_finite() || last.loss > DIVERGED * initial.loss;
            best = best.min(last.loss);
            if reached.is_none() && last.loss <= spec.target {
                reached = Some((trainer.history().steps(), trainer.history().samples(), training));
            }
        }
        diverged |= trainer.model().parameters().iter().any(|w| !w.is_finite()) || last.loss > initial.loss;
        let seconds = training.as_secs_f64();
        Ok(Run {
            trial: spec.trial,
            learning_rate: spec.learning_rate,
            outcome: match reached {
                _ if diverged => Outcome::Diverged,
                Some(_) => Outcome::Complete,
                None => Outcome::Censored,
            },
            initial_loss: initial.loss,
            final_loss: last.loss,
            best_loss: best,
            final_accuracy: last.accuracy,
            steps: trainer.history().steps(),
            samples: trainer.history().samples(),
            seconds,
            samples_per_second: trainer.history().samples() as f64 / seconds,
            steps_to_target: reached.map(|(steps, _, _)| steps),
            samples_to_target: reached.map(|(_, samples, _)| samples),
            seconds_to_target: reached.map(|(_, _, time)| time.as_secs_f64()),
            digest: trainer.digest(),
        })
    }
}

/// The number of samples seen at which to validate next: at least one more, and a fixed factor more.
fn next_evaluation(seen: u64) -> u64 {
    ((seen as f64 * EVALUATION_RATIO).ceil() as u64).max(seen + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use simdescent::random::{Purpose, Stream, StreamKey};
    use simdescent::{Loss, synthetic};

    fn problem() -> Problem {
        let mut stream = Stream::new(StreamKey::new(Purpose::Data, 1));
        let (training, validation) = synthetic::linear(250, 8, 0.1, &mut stream).split_at(200).unwrap();
        Problem {
            name: "test".into(),
            training,
            validation,
            loss: Loss::Squared,
            standardizer: None,
            encoding: None,
            model: ModelSpec::Linear { features: 8, bias: true },
        }
    }

    fn run(learning_rate: f64, target: f64) -> Run {
        let spec = RunSpec { rule: Rule::Sgd, batch_size: 16, learning_rate, trial: 0, seed: 1, target };
        let problem = problem();
        let (exec, settings) = (Exec::default(), Settings { loss: problem.loss, ..Settings::default() });
        TrainingRunner { exec, problem: &problem, model: &problem.model, settings: &settings }.run(spec).unwrap()
    }

    #[test]
    fn a_good_rate_reaches_the_target_before_the_end() {
        let run = run(0.05, 0.05);
        assert_eq!((run.outcome, run.samples, run.steps), (Outcome::Complete, 2000, 130));
        assert!(run.final_loss < 0.05 && run.best_loss <= run.final_loss && run.initial_loss > 0.3, "{run:?}");
        assert!(run.samples_to_target.unwrap() < 2000 && run.seconds_to_target.unwrap() <= run.seconds);
        assert_eq!(run.steps_to_target.unwrap(), run.samples_to_target.unwrap().div_ceil(16).max(1));
    }

    #[test]
    fn a_tiny_rate_is_censored_and_a_huge_one_diverges() {
        let slow = run(1e-6, 0.05);
        assert_eq!((slow.outcome, slow.steps_to_target, slow.samples), (Outcome::Censored, None, 2000));
        let wild = run(1e3, 0.05);
        assert_eq!((wild.outcome, wild.steps_to_target), (Outcome::Diverged, None));
        assert!(wild.samples < 2000, "a diverged run ends early");
    }

    #[test]
    fn validation_does_not_change_the_trajectory() {
        let a = run(0.05, 0.05);
        let b = run(0.05, 0.0);
        assert_eq!(a.digest, b.digest);
        assert_eq!(b.outcome, Outcome::Censored);
    }

    #[test]
    fn validations_are_dense_and_geometric() {
        let mut seen = vec![0];
        while *seen.last().unwrap() < 100_000 {
            seen.push(next_evaluation(*seen.last().unwrap()));
        }
        assert_eq!(seen[..4], [0, 1, 2, 3]);
        assert!(seen.windows(2).skip(20).all(|w| w[1] as f64 <= 1.05 * w[0] as f64 + 1.0));
    }
}
