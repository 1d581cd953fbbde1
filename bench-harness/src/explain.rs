//! `simdescent explain`: what a saved model makes of each feature.

use crate::cli::ExplainOptions;
use crate::report::number_value;
use crate::saved_model::{self, SavedModel};
use crate::shown::shown;
use crate::threads::Threads;
use crate::workload::Inputs;
use anyhow::Result;
use serde_json::{Value, json};
use simdescent::dataset::Standardizer;
use simdescent::{Coefficients, Dataset, Importance, Model, PermutationImportance, Settings};

pub(crate) fn run(options: &ExplainOptions) -> Result<()> {
    let threads = Threads::new(options.saved.threads.get())?;
    let exec = threads.exec()?;

    let mut saved = SavedModel::read(&options.saved)?;
    let SavedModel { checkpoint, model, .. } = &mut saved;
    let data = match &options.saved.data {
        Some(source) => saved_model::test_set(checkpoint, &**model, source)?,
        None => saved_model::for_model(saved_model::workload(checkpoint)?.validation, &**model)?,
    };
    // Importance permutes columns, and standard units need means.
    let data = Inputs::Dense.of(data)?;
    let settings = *checkpoint.settings();
    let evaluator = settings.evaluator(&data)?;
    let importance =
        PermutationImportance { metric: options.metric, repeats: options.repeats.get(), seed: options.seed };
    let metrics = evaluator.metrics(exec, model);
    let explanation = Explanation {
        importance,
        value: importance.metric.of(&metrics),
        importances: importance.measure(exec, model, &evaluator)?,
        outputs: Output::all(&**model, &settings, saved_model::standardizer(checkpoint)?, &data)?,
        data: &data,
    };
    if options.output.json {
        let mut report = saved.json(&options.saved);
        report["data"] = json!(data.name());
        report["rows"] = json!(data.rows());
        report["isa"] = json!(exec.isa().kernel_name());
        report["importance"] = explanation.importance_json();
        report["coefficients"] = json!(explanation.coefficients_json());
        println!("{report:#}");
    } else {
        let SavedModel { description, steps, .. } = &saved;
        println!("{description} after {steps} steps, on {} ({} rows)", data.name(), data.rows());
        explanation.print(options.top);
    }
    Ok(())
}

/// The coefficients of one output.
struct Output {
    standard: Coefficients,
    original: Coefficients,
}

impl Output {
    /// Of a linear model, in the unit of the targets. Where nothing scaled the features in training, standard deviations are
    /// those of `data`.
    fn all(
        model: &dyn Model,
        settings: &Settings,
        scaled_by: Option<Standardizer>,
        data: &Dataset,
    ) -> Result<Option<Vec<Self>>> {
        let Some(coefficients) = model.coefficients() else { return Ok(None) };
        let both = |found: Coefficients| {
            let found = settings.target_scaling.map_or(found.clone(), |scaling| found.in_target_units(scaling));
            Ok(match &scaled_by {
                Some(standardizer) => Self { original: found.in_original_units(standardizer)?, standard: found },
                None => Self { standard: found.in_standard_units(&Standardizer::fit(data))?, original: found },
            })
        };
        coefficients.into_iter().map(both).collect::<Result<_>>().map(Some)
    }

    /// Features by the size of their coefficients in standard units, largest first.
    fn order(&self) -> Vec<usize> {
        descending(self.standard.weights.len(), |j| self.standard.weights[j].abs())
    }
}

/// The numbers 0..n by a key, largest first, the first of equals first.
fn descending(n: usize, key: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| key(b).total_cmp(&key(a)));
    order
}

struct Explanation<'a> {
    importance: PermutationImportance,
    /// The metric as it is.
    value: Option<f64>,
    importances: Vec<Importance>,
    outputs: Option<Vec<Output>>,
    data: &'a Dataset,
}

impl Explanation<'_> {
    /// Features by importance, most important first.
    fn order(&self) -> Vec<usize> {
        descending(self.importances.len(), |j| self.importances[j].mean)
    }

    /// What output `k` is the logit of, if there is one per class.
    fn class(&self, k: usize) -> Option<String> {
        let one_each = self.outputs.as_ref().is_some_and(|outputs| outputs.len() > 1);
        let names = self.data.class_names();
        one_each.then(|| names.map_or_else(|| k.to_string(), |names| names[k].clone()))
    }

    fn importance_json(&self) -> Value {
        let feature = |j: usize| {
            let Importance { mean, deviation } = self.importances[j];
            let name = self.data.feature_name(j);
            json!({ "feature": j, "name": name, "mean": number_value(mean), "deviation": deviation.map(number_value) })
        };
        json!({
            "metric": self.importance.metric.name(),
            "higher_is_better": self.importance.metric.higher_is_better(),
            "value": self.value.map(number_value),
            "repeats": self.importance.repeats,
            "seed": self.importance.seed,
            "features": self.order().into_iter().map(feature).collect::<Vec<_>>(),
        })
    }

    /// One object per output, or null for a network.
    fn coefficients_json(&self) -> Option<Value> {
        let pair =
            |standard, original| json!({ "standard": number_value(standard), "original": number_value(original) });
        let output = |(k, Output { standard, original }): (usize, &Output), order: Vec<usize>| {
            let feature = |j: usize| {
                let mut feature = pair(standard.weights[j], original.weights[j]);
                (feature["feature"], feature["name"]) = (j.into(), self.data.feature_name(j).into());
                feature
            };
            json!({
                "output": k,
                "class": self.class(k),
                "intercept": pair(standard.intercept, original.intercept),
                "features": order.into_iter().map(feature).collect::<Vec<_>>(),
            })
        };
        let outputs = self.outputs.as_ref()?;
        Some(outputs.iter().enumerate().map(|(k, found)| output((k, found), found.order())).collect())
    }

    fn print(&self, top: usize) {
        let Self { importance: PermutationImportance { metric, repeats, .. }, data, .. } = self;
        let names = data.feature_names().map(|name| name.chars().count()).max().unwrap_or(0);
        let width = names.clamp("(intercept)".len(), 40);
        let name = |j: usize| data.feature_name(j).chars().take(width).collect::<String>();
        let row = |name: &str, a: String, b: String| println!("{name:<width$} {a:>14} {b:>14}");

        let verb = if metric.higher_is_better() { "falls" } else { "rises" };
        let value = self.value.map_or("-".into(), shown);
        println!("importance: how much {} {value} {verb} if the feature is permuted, mean of {repeats}", metric.name());
        row("feature", "importance".into(), "deviation".into());
        for &j in self.order().iter().take(top) {
            let Importance { mean, deviation } = self.importances[j];
            row(&name(j), shown(mean), deviation.map_or("-".into(), shown));
        }
        let Some(outputs) = &self.outputs else {
            return println!("coefficients: none, the model has hidden layers");
        };
        println!("coefficients: what one standard deviation and one unit of the feature add to the output");
        for (k, output) in outputs.iter().enumerate() {
            if outputs.len() > 1 {
                println!("class {}", self.class(k).unwrap_or_default());
            }
            row("feature", "standard".into(), "original".into());
            for &j in output.order().iter().take(top) {
                row(&name(j), shown(output.standard.weights[j]), shown(output.original.weights[j]));
            }
            row("(intercept)", shown(output.standard.intercept), shown(output.original.intercept));
        }
    }
}
