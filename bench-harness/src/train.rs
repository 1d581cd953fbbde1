//! `simdescent train`: one model, from data to final weight.

use crate::cli::{Example, Method, TrainOptions};
use anyhow::{Context, Result};
use serde_json::json;
use simdescent::kernels::{Exec, Par, isa};
use simdescent::{
    Dataset, Evaluator, Lbfgs, LearningRate, Linear, Loss, Model, Modifiers, Rule, Sampling, Settings, Targets,
    Trainer, synthetic, trajectory_digest,
};

pub(crate) fn run(options: &TrainOptions) -> Result<()> {
    match options.example {
        Example::Linear => linear(options),
    }
}

/// How a training ended.
struct End {
    steps: usize,
    weight: f32,
    loss: f64,
    digest: String,
}

/// The project's reference example: full-batch training of one weight, by default by gradient descent, beside the closed form.
fn linear(&TrainOptions { optimizer, rate, json, .. }: &TrainOptions) -> Result<()> {
    let data = synthetic::linear_example();
    let exec = Exec::new(isa::try_active()?, Par::Seq);
    let End { steps, weight, loss, digest } = match optimizer {
        Method::Rule(rule) => by_rule(exec, &data, rule, rate)?,
        Method::Lbfgs => by_lbfgs(exec, &data)?,
    };
    let (best_weight, best_loss) = closed_form(&data).context("the example has one feature and numbers as targets")?;

    if json {
        let report = json!({
            "schema_version": 1,
            "example": "linear",
            "isa": exec.isa().kernel_name(),
            "steps": steps,
            "optimizer": optimizer.name(),
            "learning_rate": matches!(optimizer, Method::Rule(_)).then_some(rate),
            "weight": weight,
            "loss": loss,
            "optimum": { "weight": best_weight, "loss": best_loss },
            "digest": digest,
        });
        println!("{report:#}");
    } else {
        let method = match optimizer {
            Method::Rule(Rule::Sgd) => format!("gradient descent, rate {rate}"),
            Method::Rule(rule) => format!("{}, rate {rate}", rule.name()),
            Method::Lbfgs => "L-BFGS".to_owned(),
        };
        println!("y = 3x + 2 + noise, 100 samples, one weight, no bias; {steps} steps of {method}");
        println!("final weight  {weight:.6}   loss {loss:.6}");
        println!("closed form   {best_weight:.6}   loss {best_loss:.6}   (w* = Σxy/Σx²)");
        println!("digest        {digest}   ({})", exec.isa().kernel_name());
    }
    Ok(())
}

fn by_rule(exec: Exec<'_>, data: &Dataset, rule: Rule, rate: f64) -> Result<End> {
    const STEPS: usize = 1000;
    let settings = Settings {
        loss: Loss::Squared,
        rule,
        learning_rate: LearningRate::Constant { rate },
        l2: 0.0,
        modifiers: Modifiers::NONE,
        batch_size: data.rows(),
        sampling: Sampling::FixedOrder,
        trial: 0,
        seed: 0,
    };
    let mut trainer = Trainer::new(exec, Linear::new(1, false), data, settings)?;
    for _ in 0..STEPS {
        trainer.step();
    }
    let evaluator = Evaluator::new(Loss::Squared, data)?;
    let (loss, weight) = trainer.at_average(|model| (evaluator.evaluate(exec, model).loss, model.parameters()[0]));
    Ok(End { steps: STEPS, weight, loss, digest: trainer.digest() })
}

fn by_lbfgs(exec: Exec<'_>, data: &Dataset) -> Result<End> {
    let mut model = Linear::new(1, false);
    let minimum = Lbfgs::default().train(exec, &mut model, data, Loss::Squared, 0.0)?;
    let digest = trajectory_digest(&[minimum.value as f32], model.parameters());
    let loss = Evaluator::new(Loss::Squared, data)?.evaluate(exec, &mut model).loss;
    Ok(End { steps: minimum.iterations, weight: model.parameters()[0], loss, digest })
}

/// (w* = Σxy/Σx², its mean squared error) for one feature and no bias, in `f64`.
fn closed_form(data: &Dataset) -> Option<(f64, f64)> {
    let Targets::Values(y) = data.targets() else { return None };
    let pairs = || data.inputs().iter().zip(y).map(|(&x, &y)| (f64::from(x), f64::from(y)));
    let (xx, xy) = pairs().fold((0.0, 0.0), |(xx, xy), (x, y)| (xx + x * x, xy + x * y));
    let weight = xy / xx;
    let loss = pairs().map(|(x, y)| (weight * x - y) * (weight * x - y)).sum::<f64>() / data.rows() as f64;
    (data.features() == 1).then_some((weight, loss))
}
