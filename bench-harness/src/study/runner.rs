//! One training run: from its specification to its record.

use super::protocol::{DIVERGED, VERSION, next_evaluation};
use super::record::{ConvergenceRecord, Curve, Outcome};
use super::specification::Specification;
use crate::base::digest::hexadecimal;
use crate::problem::Problem;
use crate::problem::model_spec::ModelSpec;
use anyhow::{Result, ensure};
use simdescent::kernels::Exec;
use simdescent::{Dataset, Evaluator, Model, Trainer};
use std::sync::atomic::{AtomicBool, Ordering};

/// Does runs, from several threads at once.
pub(crate) trait Runner: Sync {
    /// The record of a run on the workload of this number; `None` if it was stopped in the middle.
    fn run(
        &self,
        workload: usize,
        specification: &Specification,
        stop: &AtomicBool,
    ) -> Result<Option<ConvergenceRecord>>;
}

/// What a run is trained on.
pub(crate) struct TrainingRunner<'a> {
    pub(crate) exec: Exec<'a>,
    /// By number of workload.
    pub(crate) workloads: Vec<TrainingData<'a>>,
}

/// Data and model of a workload.
#[derive(Clone, Copy)]
pub(crate) struct TrainingData<'a> {
    pub(crate) problem: &'a Problem,
    pub(crate) model: &'a ModelSpec,
    /// The rows whose loss is looked at.
    pub(crate) evaluation: &'a Dataset,
}

impl Runner for TrainingRunner<'_> {
    fn run(
        &self,
        workload: usize,
        specification: &Specification,
        stop: &AtomicBool,
    ) -> Result<Option<ConvergenceRecord>> {
        let mut run = Run::new(self.exec, self.workloads[workload], specification)?;
        while run.outcome.is_none() {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            run.step();
        }
        run.record().map(Some)
    }
}

/// A run under way.
pub(crate) struct Run<'a> {
    exec: Exec<'a>,
    specification: Specification,
    evaluator: Evaluator<'a>,
    pub(crate) trainer: Trainer<'a, Box<dyn Model>>,
    initial_loss: f64,
    pub(crate) curve: Curve,
    pub(crate) chain: Vec<String>,
    link: [u8; 32],
    /// Samples after which the loss is looked at next.
    due: u64,
    /// None while there are steps to take.
    pub(crate) outcome: Option<Outcome>,
}

impl<'a> Run<'a> {
    pub(crate) fn new(exec: Exec<'a>, data: TrainingData<'a>, specification: &Specification) -> Result<Self> {
        let TrainingData { problem, model, evaluation } = data;
        let settings = specification.settings;
        ensure!(
            (specification.protocol, specification.values) == (VERSION, simdescent::VALUE_VERSION),
            "a run of another version"
        );
        let evaluator = settings.evaluator(evaluation)?;
        let model = model.build(settings.trial, settings.seed);
        let mut trainer = Trainer::new(exec, model, &problem.training, settings)?;
        let initial_loss = evaluator.evaluate(exec, trainer.model_mut()).loss;
        Ok(Self {
            exec,
            specification: specification.clone(),
            evaluator,
            trainer,
            initial_loss,
            curve: Curve::default(),
            chain: vec![],
            link: [0; 32],
            due: next_evaluation(0).min(specification.budget),
            outcome: (specification.budget == 0).then_some(Outcome::Censored),
        })
    }

    /// One step, and the look at the loss that is due after it.
    pub(crate) fn step(&mut self) {
        let finite = self.trainer.step().is_finite();
        let samples = self.trainer.history().samples();
        if samples >= self.due || !finite {
            self.outcome = self.evaluate(finite);
            self.due = next_evaluation(samples).min(self.specification.budget);
        }
    }

    fn evaluate(&mut self, mut finite: bool) -> Option<Outcome> {
        let (exec, evaluator, trainer) = (self.exec, &self.evaluator, &mut self.trainer);
        let loss = nine_digits(trainer.at_average(|model| evaluator.evaluate(exec, model).loss));
        trainer.record_validation(loss);
        finite &= loss.is_finite();
        let (steps, samples) = (trainer.history().steps(), trainer.history().samples());
        if finite {
            self.link = trainer.link_digest(self.link);
            self.chain.push(hexadecimal(&self.link[..4]));
            self.curve.push(steps, samples, loss);
        }
        if !finite || loss > DIVERGED * self.initial_loss.abs() {
            Some(Outcome::Diverged)
        } else if self.specification.target.is_some_and(|target| self.curve.holds(target)) {
            Some(Outcome::Complete)
        } else {
            (samples >= self.specification.budget).then_some(Outcome::Censored)
        }
    }

    /// Its record, once it has an outcome; before, as if it had spent its budget.
    pub(crate) fn record(&self) -> Result<ConvergenceRecord> {
        Ok(ConvergenceRecord {
            key: self.specification.key()?,
            specification: self.specification.clone(),
            outcome: self.outcome.unwrap_or(Outcome::Censored),
            initial_loss: self.initial_loss,
            curve: self.curve.clone(),
            chain: self.chain.clone(),
            digest: self.trainer.digest(),
        })
    }
}

/// The nearest number of nine significant digits: more than single precision has, in half the text.
pub(super) fn nine_digits(x: f64) -> f64 {
    format!("{x:.8e}").parse().expect("a formatted number is one")
}
