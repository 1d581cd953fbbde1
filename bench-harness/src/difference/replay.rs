//! Runs that can be had again, step by step, on any instruction set and number of threads.

use super::trace::Trace;
use crate::base::digest::hexadecimal;
use crate::study::runner::{Run, TrainingData};
use crate::study::specification::Specification;
use anyhow::Result;
use sha2::{Digest, Sha256};
use simdescent::kernels::Exec;
use simdescent::{Checkpoint, Evaluator, FitOptions, FitProgress, Model, Probe, Trainer};

/// A run under way.
pub(crate) trait Replay {
    /// Takes a step, with the look at a loss that is due; says whether there are more.
    fn step(&mut self) -> Result<bool>;
    /// Steps taken.
    fn steps(&self) -> u64;
    /// A hash over all that the rest of the run depends on, the last loss and the last look.
    fn digest(&self) -> [u8; 32];
    /// What a file says of a run as far as this one, as text; to compare.
    fn claim(&mut self) -> Result<String>;
    /// From now on a trace takes down what kernels compute.
    fn trace(&mut self, trace: Trace);
}

/// A run that can be started as often as it is needed.
pub(crate) trait Repeatable {
    fn start<'s>(&'s self, exec: Exec<'s>) -> Result<Box<dyn Replay + 's>>;
}

/// What is done wrong, on purpose, in a run on an instruction set or number of threads: for tests.
pub(crate) type Fault = fn(Exec<'_>) -> Option<Box<dyn Probe>>;

/// A probe that hands on to two others.
struct Both(Box<dyn Probe>, Trace);

impl Probe for Both {
    fn called(&mut self, call: simdescent::KernelCall, result: &mut [f32]) {
        self.0.called(call, result);
        self.1.called(call, result);
    }
}

fn state<M: Model>(trainer: &Trainer<'_, M>, look: Option<f64>) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(trainer.link_digest([0; 32]));
    hash.update(trainer.history().losses().last().map_or(0, |loss| loss.to_bits()).to_le_bytes());
    hash.update(look.map_or(0, f64::to_bits).to_le_bytes());
    hash.finalize().into()
}

/// The run of a record.
pub(crate) struct RecordedRun<'a> {
    pub(crate) data: TrainingData<'a>,
    pub(crate) specification: &'a Specification,
    /// The point of the grid that its claim is of; none: its end.
    pub(crate) point: Option<usize>,
    pub(crate) fault: Option<Fault>,
}

impl Repeatable for RecordedRun<'_> {
    fn start<'s>(&'s self, exec: Exec<'s>) -> Result<Box<dyn Replay + 's>> {
        let mut run = Run::new(exec, self.data, self.specification)?;
        run.trainer.set_probe(self.fault.and_then(|fault| fault(exec)));
        Ok(Box::new(RecordReplay { run, point: self.point }))
    }
}

struct RecordReplay<'a> {
    run: Run<'a>,
    point: Option<usize>,
}

impl Replay for RecordReplay<'_> {
    fn step(&mut self) -> Result<bool> {
        if self.run.outcome.is_none() {
            self.run.step();
        }
        Ok(self.run.outcome.is_none())
    }
    fn steps(&self) -> u64 {
        self.run.trainer.history().steps()
    }
    fn digest(&self) -> [u8; 32] {
        state(&self.run.trainer, self.run.curve.loss.last().copied())
    }
    fn claim(&mut self) -> Result<String> {
        Ok(record_claim(&self.run.record()?, self.point))
    }
    fn trace(&mut self, trace: Trace) {
        let trainer = &mut self.run.trainer;
        let probe: Box<dyn Probe> = match trainer.set_probe(None) {
            Some(fault) => Box::new(Both(fault, trace)),
            None => Box::new(trace),
        };
        trainer.set_probe(Some(probe));
    }
}

/// What a record says at a point of its grid, or at its end.
pub(crate) fn record_claim(record: &crate::study::record::ConvergenceRecord, point: Option<usize>) -> String {
    match point {
        Some(i) => match (record.chain.get(i), record.curve.loss.get(i)) {
            (Some(link), Some(loss)) => format!("{link} {loss}"),
            _ => "no such point".into(),
        },
        None => format!("{} {:?} {:?} {:?}", record.digest, record.outcome, record.chain.last(), record.curve.loss),
    }
}

/// The training of a checkpoint, from its beginning.
pub(crate) struct SavedRun<'a> {
    pub(crate) problem: &'a crate::problem::Problem,
    pub(crate) settings: simdescent::Settings,
    pub(crate) length: FitOptions,
}

impl Repeatable for SavedRun<'_> {
    fn start<'s>(&'s self, exec: Exec<'s>) -> Result<Box<dyn Replay + 's>> {
        let model = self.problem.model.build(self.settings.trial, self.settings.seed);
        Ok(Box::new(FitReplay {
            trainer: Trainer::new(exec, model, &self.problem.training, self.settings)?,
            validation: self.settings.evaluator(&self.problem.validation)?,
            length: self.length,
            progress: FitProgress::default(),
        }))
    }
}

struct FitReplay<'a> {
    trainer: Trainer<'a, Box<dyn Model>>,
    validation: Evaluator<'a>,
    length: FitOptions,
    progress: FitProgress,
}

impl Replay for FitReplay<'_> {
    fn step(&mut self) -> Result<bool> {
        let pause = self.trainer.history().steps() + 1;
        Ok(self.trainer.fit_until(&self.validation, self.length, &mut self.progress, pause)?.is_none())
    }
    fn steps(&self) -> u64 {
        self.trainer.history().steps()
    }
    fn digest(&self) -> [u8; 32] {
        state(&self.trainer, self.progress.validations().last().map(|validation| validation.evaluation.loss))
    }
    fn claim(&mut self) -> Result<String> {
        Ok(digest(&self.trainer.checkpoint()?))
    }
    fn trace(&mut self, trace: Trace) {
        self.trainer.set_probe(Some(Box::new(trace)));
    }
}

/// SHA-256 over all numbers that a training goes on with, and its losses so far; NaNs are one value.
pub(crate) fn digest(checkpoint: &Checkpoint) -> String {
    let mut hash = Sha256::new();
    let losses = ("losses", checkpoint.history().losses());
    for (name, vector) in checkpoint.vectors().into_iter().chain([losses]) {
        hash.update(name);
        hash.update((vector.len() as u64).to_le_bytes());
        vector.iter().for_each(|x| hash.update((if x.is_nan() { f32::NAN } else { *x }).to_bits().to_le_bytes()));
    }
    hexadecimal(&hash.finalize())
}
