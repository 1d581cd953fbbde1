//! `simdescent train`: one model, from data to final weights.

use crate::assessment::Assessment;
use crate::cli::TrainOptions;
use crate::problem::{Example, Method};
use crate::report::{number, number_value};
use crate::run_options::RunOptions;
use crate::saved_model;
use crate::streamed::Streamed;
use crate::threads::Threads;
use crate::workload::{ModelSpec, Workload};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::{Value, json};
use simdescent::dataset::{CsvEncoding, Standardizer};
use simdescent::kernels::Exec;
use simdescent::{
    Checkpoint, Dataset, Evaluation, Evaluator, Fit, FitOptions, FitProgress, Model, Settings, Stop, Targets, Trainer,
    Validation, lbfgs, trajectory_digest,
};
use std::path::Path;
use toml::Table;

pub(crate) fn run(options: &TrainOptions) -> Result<()> {
    let started = options.resume.as_deref().map(Started::read).transpose()?;
    let run = match &started {
        None => options.run.over(options.config.as_deref())?,
        Some(started) => options.run.over_run(started.run.clone())?,
    };
    let threads = Threads::new(run.threads.map_or(1, |n| n.get()))?;
    let exec = threads.exec()?;

    if let Some(window) = run.problem.window() {
        return stream(exec, options, &run, window, started);
    }
    let workload = run.problem.workload(run.seed())?;
    if run.method() == Method::Lbfgs {
        if options.save.is_some() || started.is_some() {
            let flag = if started.is_some() { "--resume" } else { "--save" };
            bail!("{flag} is for optimizers that take steps, lbfgs has no state to go on from");
        }
        return lbfgs(exec, &run, &workload, options.json);
    }
    let (settings, length) = run.settings(workload.training.rows(), workload.loss)?;
    let model = workload.model.build(run.trial(), run.seed());
    let (trainer, progress) = match started {
        None => (Trainer::new(exec, model, &workload.training, settings)?, FitProgress::default()),
        Some(started) => {
            started.check(&run, settings)?;
            (Trainer::resume(exec, model, &workload.training, &started.checkpoint)?, started.progress)
        }
    };
    let subject = Subject {
        name: &workload.name,
        model: &workload.model,
        rows: workload.training.rows(),
        training: Some(&workload.training),
        validation: &workload.validation,
        standardizer: workload.standardizer.as_ref(),
        encoding: workload.encoding.as_ref(),
    };
    train(exec, options, &run, (trainer, progress), &subject, length)
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
    let Streamed { name, rows, validation, loss, model, standardizer, encoding } = run.problem.streamed()?;
    let (settings, length) = run.settings(rows.rows(), loss)?;
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
    let loss = settings.loss;
    let validation = Evaluator::new(loss, subject.validation)?;
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
        Some(training) => Assessment::of_both(exec, model, loss, [training, subject.validation], lowest),
        None => Assessment::of_one(exec, model, loss, "validation", subject.validation),
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
    if options.json {
        println!("{:#}", outcome.json()?)
    } else {
        outcome.print()?
    }
    Ok(())
}

/// A training to go on with.
struct Started {
    name: String,
    checkpoint: Checkpoint,
    run: RunOptions,
    progress: FitProgress,
}

impl Started {
    fn read(path: &Path) -> Result<Self> {
        let mut checkpoint = Checkpoint::read(path)?;
        let name = path.display().to_string();
        let (run, progress) = (saved_model::run(&checkpoint).with_context(|| name.clone())?, checkpoint.fit.take());
        let (Some(run), Some(progress)) = (run, progress) else {
            bail!("{name} does not say what training it is of: only `train --save` writes files to resume");
        };
        Ok(Self { name, checkpoint, run, progress })
    }

    /// Whether the steps to come are those that it would have taken.
    fn check(&self, run: &RunOptions, settings: Settings) -> Result<()> {
        if Table::try_from(&self.run.problem)? != Table::try_from(&run.problem)? {
            bail!("{}: a resumed training keeps its data and model: leave the options of [problem] out", self.name);
        }
        let [before, now] = [*self.checkpoint.settings(), settings].map(serde_json::to_value);
        let (before, now) = (before?, now?);
        let changed = before.as_object().into_iter().flatten().find(|(key, value)| now.get(key) != Some(value));
        if let Some((key, value)) = changed {
            bail!(
                "{}: a resumed training keeps its settings, {key} would change from {value} to {}",
                self.name,
                now[key]
            );
        }
        Ok(())
    }
}

/// The whole training set at once, by L-BFGS.
fn lbfgs(exec: Exec<'_>, run: &RunOptions, workload: &Workload, json: bool) -> Result<()> {
    let (method, l2) = run.lbfgs()?;
    if matches!(workload.model, ModelSpec::Mlp { dropout, .. } if dropout != 0.0) {
        bail!("lbfgs needs the same function in every step: leave --dropout out");
    }
    let mut model = workload.model.build(run.trial(), run.seed());
    let minimum = method.train(exec, &mut model, &workload.training, workload.loss, l2)?;
    let evaluation = Evaluator::new(workload.loss, &workload.validation)?.evaluate(exec, &mut model);
    let sets = [&workload.training, &workload.validation];
    let assessment = Assessment::of_both(exec, &mut model, workload.loss, sets, None)?;
    let digest = trajectory_digest(&[minimum.value as f32], model.parameters());
    let stop = match minimum.stop {
        lbfgs::Stop::Converged => "converged",
        lbfgs::Stop::Precision => "no step is better in single precision",
        lbfgs::Stop::Iterations => "all iterations done",
        _ => "the loss is not finite",
    };
    if json {
        let mut report = json!({
            "schema_version": 1,
            "workload": workload.name,
            "model": workload.model.describe(),
            "isa": exec.isa().kernel_name(),
            "optimizer": "lbfgs",
            "stop": stop,
            "steps": minimum.iterations,
            "evaluations": minimum.evaluations,
            "training_objective": number_value(minimum.value),
            "loss": number_value(evaluation.loss),
            "accuracy": evaluation.accuracy,
            "metrics": assessment.json()?,
            "digest": digest,
        });
        if run.problem.example.is_some() {
            add_example(&mut report, model.parameters()[0], &workload.training)?;
        }
        println!("{report:#}");
    } else {
        println!("{}: {}, {} training rows, lbfgs", workload.name, workload.model.describe(), workload.training.rows());
        println!("{stop} after {} iterations, {} gradients", minimum.iterations, minimum.evaluations);
        println!("objective     {:.6}   largest gradient {:.1e}", minimum.value, minimum.gradient);
        println!("validation    {}", quality(&evaluation));
        println!("digest        {digest}   ({})", exec.isa().kernel_name());
    }
    Ok(())
}

/// A validation in the report.
#[derive(Serialize)]
struct Row {
    step: u64,
    samples: u64,
    #[serde(serialize_with = "number")]
    loss: f64,
    accuracy: Option<f64>,
}

struct Outcome<'a> {
    assessment: Assessment,
    subject: &'a Subject<'a>,
    settings: Settings,
    fit: &'a Fit,
    /// The validation of the weights that were kept.
    kept: &'a Validation,
    steps: u64,
    samples: u64,
    isa: &'static str,
    digest: String,
    /// The weight of the reference example.
    example: Option<f32>,
}

impl Outcome<'_> {
    fn json(&self) -> Result<Value> {
        let row = |v: &Validation| {
            let Evaluation { loss, accuracy } = v.evaluation;
            Row { step: v.step, samples: v.samples, loss, accuracy }
        };
        let kept = serde_json::to_value(row(self.kept))?;
        let mut report = json!({
            "schema_version": 1,
            "workload": self.subject.name,
            "model": self.subject.model.describe(),
            "isa": self.isa,
            "optimizer": self.settings.rule.name(),
            "settings": self.settings,
            "stop": self.fit.stop,
            "steps": self.steps,
            "samples": self.samples,
            "loss": kept["loss"],
            "accuracy": kept["accuracy"],
            "best": self.fit.best.map(|best| row(&self.fit.validations[best])),
            "metrics": self.assessment.json()?,
            "validations": self.fit.validations.iter().map(row).collect::<Vec<_>>(),
            "digest": self.digest,
        });
        if let Some(weight) = self.example {
            add_example(&mut report, weight, self.subject.training.context("an example is in memory")?)?;
        }
        Ok(report)
    }

    fn print(&self) -> Result<()> {
        let loss = self.kept.evaluation.loss;
        if let Some(weight) = self.example {
            let training = self.subject.training.context("an example is in memory")?;
            let (best_weight, best_loss) = closed_form(training)?;
            println!("y = 3x + 2 + noise, 100 samples, one weight, no bias; {} steps of {}", self.steps, self.method());
            println!("final weight  {weight:.6}   loss {loss:.6}");
            println!("closed form   {best_weight:.6}   loss {best_loss:.6}   (w* = Σxy/Σx²)");
        } else {
            let Subject { name, model, rows, .. } = self.subject;
            println!("{name}: {}, {rows} training rows, {}", model.describe(), self.method());
            println!("{:>10} {:>12}  validation loss", "step", "samples");
            let stride = self.fit.validations.len().div_ceil(20);
            for (i, v) in self.fit.validations.iter().enumerate() {
                if i % stride == 0 || i + 1 == self.fit.validations.len() {
                    println!("{:>10} {:>12}  {}", v.step, v.samples, quality(&v.evaluation));
                }
            }
            let end = match self.fit.stop {
                Stop::Steps => "all steps taken",
                Stop::Early => "stopped early",
                Stop::Diverged => "DIVERGED: take a lower --rate",
            };
            println!("{end}; kept the weights of step {}: {}", self.kept.step, quality(&self.kept.evaluation));
        }
        println!("digest        {}   ({})", self.digest, self.isa);
        Ok(())
    }

    fn method(&self) -> String {
        let Settings { rule, learning_rate, batch_size, .. } = self.settings;
        format!("{}, batch {batch_size}, {} rate from {}", rule.name(), learning_rate.name(), learning_rate.at(0, &[]))
    }
}

fn quality(evaluation: &Evaluation) -> String {
    let accuracy = evaluation.accuracy.map(|a| format!("   accuracy {:.2} %", 100.0 * a));
    format!("{:.6}{}", evaluation.loss, accuracy.unwrap_or_default())
}

/// The reference example beside its closed form.
fn add_example(report: &mut Value, weight: f32, data: &Dataset) -> Result<()> {
    let (best_weight, best_loss) = closed_form(data)?;
    report["example"] = json!("linear");
    report["weight"] = json!(weight);
    report["optimum"] = json!({ "weight": best_weight, "loss": best_loss });
    Ok(())
}

/// (w* = Σxy/Σx², its mean squared error) for one feature and no bias, in `f64`.
fn closed_form(data: &Dataset) -> Result<(f64, f64)> {
    let (1, Targets::Values(y)) = (data.features(), data.targets()) else {
        bail!("the closed form is for one feature and numbers as targets");
    };
    let pairs = || data.inputs().iter().zip(y).map(|(&x, &y)| (f64::from(x), f64::from(y)));
    let (xx, xy) = pairs().fold((0.0, 0.0), |(xx, xy), (x, y)| (xx + x * x, xy + x * y));
    let weight = xy / xx;
    let loss = pairs().map(|(x, y)| (weight * x - y) * (weight * x - y)).sum::<f64>() / data.rows() as f64;
    Ok((weight, loss))
}
