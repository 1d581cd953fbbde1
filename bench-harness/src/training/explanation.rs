//! What a saved model makes of each feature, as JSON has it.

use super::saved_model::{self, SavedModel, SavedModelReport};
use crate::base::number::Number;
use crate::options::files::FileFlags;
use crate::problem::InputLayout;
use crate::problem::source::DataSource;
use anyhow::Result;
use serde::Serialize;
use simdescent::dataset::Standardizer;
use simdescent::kernels::Exec;
use simdescent::{Coefficients, Dataset, Importance, Model, PermutationImportance, Settings};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ExplanationReport {
    #[serde(flatten)]
    pub(crate) saved: SavedModelReport,
    /// The data's name.
    pub(crate) data: String,
    pub(crate) rows: usize,
    /// The instruction set that ran.
    isa: &'static str,
    pub(crate) importance: ImportanceReport,
    /// One per output; null for a network.
    pub(crate) coefficients: Option<Vec<OutputReport>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct ImportanceReport {
    pub(crate) metric: &'static str,
    pub(crate) higher_is_better: bool,
    /// The metric as it is.
    pub(crate) value: Option<Number>,
    /// Permutations of each feature.
    pub(crate) repeats: u32,
    seed: u64,
    /// The most important first.
    pub(crate) features: Vec<FeatureImportance>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct FeatureImportance {
    feature: usize,
    pub(crate) name: String,
    pub(crate) mean: Number,
    pub(crate) deviation: Option<Number>,
}

/// The coefficients of one output, in the unit of the targets.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct OutputReport {
    output: usize,
    /// What it is the logit of, if there is one per class.
    pub(crate) class: Option<String>,
    pub(crate) intercept: Units,
    /// By size in standard units, largest first.
    pub(crate) features: Vec<FeatureCoefficient>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct FeatureCoefficient {
    feature: usize,
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) coefficient: Units,
}

/// A coefficient per standard deviation and per unit of the feature.
#[derive(Clone, Copy, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Units {
    pub(crate) standard: Number,
    pub(crate) original: Number,
}

impl ExplanationReport {
    /// On this data, or on the training's own validation rows.
    pub(crate) fn new(
        exec: Exec<'_>,
        mut saved: SavedModel,
        data: Option<(&DataSource, &FileFlags)>,
        importance: PermutationImportance,
    ) -> Result<Self> {
        let SavedModel { checkpoint, model, .. } = &mut saved;
        let data = match data {
            Some(source) => saved_model::test_set(checkpoint, &**model, source)?,
            None => saved_model::for_model(checkpoint, saved_model::problem(checkpoint)?.validation, &**model)?,
        };
        // Importance permutes columns, and standard units need means.
        let data = InputLayout::Dense.of(data)?;
        let settings = *checkpoint.settings();
        let evaluator = settings.evaluator(&data)?;
        let value = importance.metric.of(&evaluator.metrics(exec, model));
        let measured = importance.measure(exec, model, &evaluator)?;
        let feature = |j: usize| {
            let Importance { mean, deviation } = measured[j];
            let name = data.feature_name(j).to_string();
            FeatureImportance { feature: j, name, mean: Number(mean), deviation: deviation.map(Number) }
        };
        let order = descending(measured.len(), |j| measured[j].mean);
        Ok(Self {
            importance: ImportanceReport {
                metric: importance.metric.name(),
                higher_is_better: importance.metric.higher_is_better(),
                value: value.map(Number),
                repeats: importance.repeats,
                seed: importance.seed,
                features: order.into_iter().map(feature).collect(),
            },
            coefficients: coefficients(&**model, &settings, saved_model::standardizer(checkpoint)?, &data)?,
            data: data.name().to_owned(),
            rows: data.rows(),
            isa: exec.isa().kernel_name(),
            saved: saved.report(),
        })
    }
}

/// Of a linear model. Where nothing scaled the features in training, standard deviations are those of `data`.
fn coefficients(
    model: &dyn Model,
    settings: &Settings,
    scaled_by: Option<Standardizer>,
    data: &Dataset,
) -> Result<Option<Vec<OutputReport>>> {
    let Some(outputs) = model.coefficients() else { return Ok(None) };
    let one_per_class = outputs.len() > 1;
    let class = |k: usize| {
        let names = data.class_names();
        one_per_class.then(|| names.map_or_else(|| k.to_string(), |names| names[k].clone()))
    };
    let output = |(k, found): (usize, Coefficients)| {
        let found = settings.target_scaling.map_or(found.clone(), |scaling| found.in_target_units(scaling));
        let (standard, original) = match &scaled_by {
            Some(standardizer) => (found.clone(), found.in_original_units(standardizer)?),
            None => (found.in_standard_units(&Standardizer::fit(data))?, found),
        };
        let feature = |j: usize| FeatureCoefficient {
            feature: j,
            name: data.feature_name(j).to_string(),
            coefficient: Units { standard: Number(standard.weights[j]), original: Number(original.weights[j]) },
        };
        let order = descending(standard.weights.len(), |j| standard.weights[j].abs());
        Ok(OutputReport {
            output: k,
            class: class(k),
            intercept: Units { standard: Number(standard.intercept), original: Number(original.intercept) },
            features: order.into_iter().map(feature).collect(),
        })
    };
    outputs.into_iter().enumerate().map(output).collect::<Result<_>>().map(Some)
}

/// The numbers 0..n by a key, largest first, the first of equals first.
fn descending(n: usize, key: impl Fn(usize) -> f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| key(b).total_cmp(&key(a)));
    order
}
