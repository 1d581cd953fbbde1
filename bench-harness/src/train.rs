//! `simdescent train`: one model, from data to final weights.

mod lbfgs;
mod outcome;
mod started;

use crate::assessment::Assessment;
use crate::cli::TrainOptions;
use crate::method::Method;
use crate::problem::Example;
use crate::run_options::RunOptions;
use crate::saved_model;
use crate::streamed::Streamed;
use crate::threads::Threads;
use crate::workload::{ModelSpec, Workload};
use anyhow::{Context, Result, bail};
use outcome::Outcome;
use simdescent::dataset::{CsvEncoding, Standardizer};
use simdescent::kernels::Exec;
use simdescent::{Dataset, FitOptions, FitProgress, Model, Trainer};
use started::Started;

pub(crate) fn run(options: &TrainOptions) -> Result<()> {
    let started = options.resume.as_deref().map(Started::read).transpose()?;
    let run = match &started {
        None => options.run.read()?,
        Some(started) => options.run.over(started.run.clone())?,
    };
    let threads = Threads::new(run.threads.map_or(1, |n| n.get()))?;
    let exec = threads.exec()?;

    if let Some(window) = run.problem.window() {
        return stream(exec, options, &run, window, started);
    }
    let workload = run.problem.workload(run.seed())?;
    if run.method() == Method::Lbfgs {
        if started.is_some() {
            bail!("--resume is for optimizers that take steps, lbfgs has no state to go on from");
        }
        return lbfgs::run(exec, options, &run, &workload);
    }
    let Workload { training, loss, .. } = &workload;
    let target_scaling = run.problem.target_scaling(training, *loss)?;
    let (settings, length) = run.settings(training.rows(), *loss, target_scaling)?;
    let model = workload.model.build(run.trial(), run.seed());
    let (trainer, progress) = match started {
        None => (Trainer::new(exec, model, &workload.training, settings)?, FitProgress::default()),
        Some(started) => {
            started.check(&run, settings)?;
            (Trainer::resume(exec, model, &workload.training, &started.checkpoint)?, started.progress)
        }
    };
    train(exec, options, &run, (trainer, progress), &Subject::of(&workload), length)
}

/// Trains on rows that are read as they are needed.
fn stream(
    exec: Exec<'_>,
    options: &TrainOptions,
    run: &RunOptions,
    window: usize,
    started: Option<Started>,
) -> Result<()> {
    if run.method() == Method::Lbfgs {
        bail!("lbfgs needs the whole training set in every step: leave --stream out");
    }
    let Streamed { name, rows, validation, loss, model, standardizer, encoding, target_scaling } =
        run.problem.streamed()?;
    let (settings, length) = run.settings(rows.rows(), loss, target_scaling)?;
    let subject = Subject {
        name: &name,
        model: &model,
        rows: rows.rows(),
        training: None,
        validation: &validation,
        standardizer: standardizer.as_ref(),
        encoding: encoding.as_ref(),
    };
    let untrained = model.build(run.trial(), run.seed());
    let (trainer, progress) = match started {
        None => (Trainer::streaming(exec, untrained, rows, window, settings)?, FitProgress::default()),
        Some(started) => {
            started.check(run, settings)?;
            (Trainer::resume_streaming(exec, untrained, rows, window, &started.checkpoint)?, started.progress)
        }
    };
    train(exec, options, run, (trainer, progress), &subject, length)
}

/// What is trained, wherever its rows are.
pub(crate) struct Subject<'a> {
    name: &'a str,
    pub(crate) model: &'a ModelSpec,
    /// Rows to train on.
    rows: usize,
    /// These rows, if they are in memory.
    training: Option<&'a Dataset>,
    pub(crate) validation: &'a Dataset,
    pub(crate) standardizer: Option<&'a Standardizer>,
    pub(crate) encoding: Option<&'a CsvEncoding>,
}

impl<'a> Subject<'a> {
    fn of(workload: &'a Workload) -> Self {
        Self {
            name: &workload.name,
            model: &workload.model,
            rows: workload.training.rows(),
            training: Some(&workload.training),
            validation: &workload.validation,
            standardizer: workload.standardizer.as_ref(),
            encoding: workload.encoding.as_ref(),
        }
    }
}

/// Trains to the end, from where the trainer is.
fn train(
    exec: Exec<'_>,
    options: &TrainOptions,
    run: &RunOptions,
    (mut trainer, mut progress): (Trainer<'_, Box<dyn Model>>, FitProgress),
    subject: &Subject<'_>,
    length: FitOptions,
) -> Result<()> {
    let settings = *trainer.settings();
    let validation = settings.evaluator(subject.validation)?;
    let stop = loop {
        let steps = trainer.history().steps();
        let pause = options.save_every.map_or(u64::MAX, |n| (steps / n + 1).saturating_mul(n.get()));
        let end = trainer.fit_until(&validation, length, &mut progress, pause)?;
        if let Some(path) = &options.save {
            let mut checkpoint = trainer.fit_checkpoint(&progress)?;
            saved_model::note(&mut checkpoint, subject, run)?;
            checkpoint.write(path)?;
        }
        if let Some(stop) = end {
            break stop;
        }
    };
    let fit = trainer.end_fit(progress, stop);
    let last = fit.validations.last().context("a run has at least one validation")?;
    // With early stopping the weights are the best ones.
    let kept = fit.best.filter(|_| length.early_stopping.is_some()).map_or(last, |best| &fit.validations[best]);
    let lowest = fit.best.map(|best| fit.validations[best].evaluation.loss);
    let assessment = trainer.at_result(length, |model| match subject.training {
        Some(training) => Assessment::of_both(exec, model, &settings, [training, subject.validation], lowest),
        None => Assessment::of_one(exec, model, &settings, "validation", subject.validation),
    })?;
    let outcome = Outcome {
        assessment,
        subject,
        settings,
        fit: &fit,
        kept,
        samples: trainer.history().samples(),
        steps: trainer.history().steps(),
        isa: exec.isa().kernel_name(),
        digest: trainer.digest(),
        example: run.problem.example.map(|Example::Linear| trainer.model().parameters()[0]),
    };
    if options.output.json { outcome.print_json() } else { outcome.print() }
}
