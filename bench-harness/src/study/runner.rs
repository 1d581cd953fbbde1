//! One training run: from its specification to its record.

use super::protocol::{DIVERGED, VERSION, next_evaluation};
use super::record::{ConvergenceRecord, Curve, Outcome};
use super::specification::Specification;
use crate::base::digest::hexadecimal;
use crate::problem::Problem;
use crate::problem::model_spec::ModelSpec;
use anyhow::{Result, ensure};
use simdescent::kernels::Exec;
use simdescent::{Dataset, Trainer};
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
        let TrainingData { problem, model, evaluation } = self.workloads[workload];
        let Specification { settings, budget, target, .. } = *specification;
        ensure!(
            (specification.protocol, specification.values) == (VERSION, simdescent::VALUE_VERSION),
            "a run of another version"
        );
        let evaluator = settings.evaluator(evaluation)?;
        let model = model.build(settings.trial, settings.seed);
        let mut trainer = Trainer::new(self.exec, model, &problem.training, settings)?;
        let initial_loss = evaluator.evaluate(self.exec, trainer.model_mut()).loss;
        let (mut curve, mut chain, mut link) = (Curve::default(), vec![], [0; 32]);
        let mut outcome = Outcome::Censored;
        while trainer.history().samples() < budget {
            let due = next_evaluation(trainer.history().samples()).min(budget);
            let mut finite = true;
            while trainer.history().samples() < due && finite {
                if stop.load(Ordering::Relaxed) {
                    return Ok(None);
                }
                finite = trainer.step().is_finite();
            }
            let loss = nine_digits(trainer.at_average(|model| evaluator.evaluate(self.exec, model).loss));
            trainer.record_validation(loss);
            finite &= loss.is_finite();
            if finite {
                link = trainer.link_digest(link);
                chain.push(hexadecimal(&link[..4]));
                curve.push(trainer.history().steps(), trainer.history().samples(), loss);
            }
            if !finite || loss > DIVERGED * initial_loss.abs() {
                outcome = Outcome::Diverged;
                break;
            }
            if target.is_some_and(|target| curve.holds(target)) {
                outcome = Outcome::Complete;
                break;
            }
        }
        Ok(Some(ConvergenceRecord {
            key: specification.key()?,
            specification: specification.clone(),
            outcome,
            initial_loss,
            curve,
            chain,
            digest: trainer.digest(),
        }))
    }
}

/// The nearest number of nine significant digits: more than single precision has, in half the text.
fn nine_digits(x: f64) -> f64 {
    format!("{x:.8e}").parse().expect("a formatted number is one")
}
