//! `simdescent train`: one model, from data to final weight.

use crate::cli::{Example, TrainOptions};
use anyhow::{Context, Result};
use serde_json::json;
use simdescent::kernels::{Exec, Par, isa};
use simdescent::{
    Dataset, Evaluator, LearningRate, Linear, Loss, Model, Modifiers, Rule, Sampling, Settings, Targets, Trainer,
    synthetic,
};

pub(crate) fn run(options: &TrainOptions) -> Result<()> {
    match options.example {
        Example::Linear => linear(options),
    }
}

/// The project's reference example: full-batch training of one weight, by default by gradient descent, beside the closed form.
fn linear(&TrainOptions { optimizer: rule, rate, json, .. }: &TrainOptions) -> Result<()> {
    const STEPS: usize = 1000;
    let data = synthetic::linear_example();
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
    let exec = Exec::new(isa::try_active()?, Par::Seq);
    let mut trainer = Trainer::new(exec, Linear::new(1, false), &data, settings)?;
    for _ in 0..STEPS {
        trainer.step();
    }
    let evaluator = Evaluator::new(Loss::Squared, &data)?;
    let (loss, weight) = trainer.at_average(|model| (evaluator.evaluate(exec, model).loss, model.parameters()[0]));
    let (best_weight, best_loss) = closed_form(&data).context("the example has one feature and numbers as targets")?;
    let digest = trainer.digest();

    if json {
        let report = json!({
            "schema_version": 1,
            "example": "linear",
            "isa": exec.isa().kernel_name(),
            "steps": STEPS,
            "optimizer": rule.name(),
            "learning_rate": rate,
            "weight": weight,
            "loss": loss,
            "optimum": { "weight": best_weight, "loss": best_loss },
            "digest": digest,
        });
        println!("{report:#}");
    } else {
        let method = if rule == Rule::Sgd { "gradient descent" } else { rule.name() };
        println!("y = 3x + 2 + noise, 100 samples, one weight, no bias; {STEPS} steps of {method}, rate {rate}");
        println!("final weight  {weight:.6}   loss {loss:.6}");
        println!("closed form   {best_weight:.6}   loss {best_loss:.6}   (w* = Σxy/Σx²)");
        println!("digest        {digest}   ({})", exec.isa().kernel_name());
    }
    Ok(())
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
