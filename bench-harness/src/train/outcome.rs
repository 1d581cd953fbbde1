//! What a training came to, as JSON and as text.

use super::Subject;
use crate::assessment::Assessment;
use crate::plan::diverged;
use crate::report::number;
use crate::shown::shown;
use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde_json::{Value, json};
use simdescent::{Dataset, Evaluation, Fit, Settings, Stop, Targets, Validation};

/// A validation in the report.
#[derive(Serialize)]
struct Row {
    step: u64,
    samples: u64,
    #[serde(serialize_with = "number")]
    loss: f64,
    accuracy: Option<f64>,
}

pub(super) struct Outcome<'a> {
    pub(super) assessment: Assessment,
    pub(super) subject: &'a Subject<'a>,
    pub(super) settings: Settings,
    pub(super) fit: &'a Fit,
    /// The validation of the weights that were kept.
    pub(super) kept: &'a Validation,
    pub(super) steps: u64,
    pub(super) samples: u64,
    pub(super) isa: &'static str,
    pub(super) digest: String,
    /// The weight of the reference example.
    pub(super) example: Option<f32>,
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

    pub(super) fn print_json(&self) -> Result<()> {
        println!("{:#}", self.json()?);
        if self.fit.stop == Stop::Diverged {
            eprintln!("warning: {}", diverged(self.steps));
        }
        Ok(())
    }

    pub(super) fn print(&self) -> Result<()> {
        let loss = self.kept.evaluation.loss;
        if let Some(weight) = self.example {
            let training = self.subject.training.context("an example is in memory")?;
            let (best_weight, best_loss) = closed_form(training)?;
            println!("y = 3x + 2 + noise, 100 samples, one weight, no bias; {} steps of {}", self.steps, self.method());
            println!("final weight  {}   loss {}", shown(weight.into()), shown(loss));
            println!("closed form   {}   loss {}   (w* = Σxy/Σx²)", shown(best_weight), shown(best_loss));
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
                Stop::Steps => "all steps taken".to_owned(),
                Stop::Early => "stopped early".to_owned(),
                Stop::Diverged => diverged(self.steps),
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

pub(super) fn quality(evaluation: &Evaluation) -> String {
    let accuracy = evaluation.accuracy.map(|a| format!("   accuracy {:.2} %", 100.0 * a));
    format!("{}{}", shown(evaluation.loss), accuracy.unwrap_or_default())
}

/// The reference example beside its closed form.
pub(super) fn add_example(report: &mut Value, weight: f32, data: &Dataset) -> Result<()> {
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
