//! What a checkpoint's notes say of its model, of the columns of its file and how its inputs were scaled, so that it can be used
//! without the training data.

use super::contradictions::Noted;
use super::result::SCHEMA_VERSION;
use crate::options::RunOptions;
use crate::options::files::FileFlags;
use crate::options::network::ActivationName;
use crate::problem::files::{Known, Reading};
use crate::problem::model_spec::ModelSpec;
use crate::problem::source::DataSource;
use crate::problem::{InputLayout, Problem};
use anyhow::{Context, Result, bail, ensure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use simdescent::dataset::{CsvEncoding, Standardizer, TargetEncoding, TargetOptions};
use simdescent::{Checkpoint, Dataset, Initializer, Model};
use std::path::{Path, PathBuf};

/// A model as it was saved.
pub(crate) struct SavedModel {
    path: PathBuf,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) model: Box<dyn Model>,
    /// What it is called.
    pub(crate) description: String,
    /// Steps or iterations that made it.
    pub(crate) steps: u64,
}

impl SavedModel {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let checkpoint = Checkpoint::read(path)?;
        let opened = || {
            let (model, description) = checked(&checkpoint)?;
            let steps = read(&checkpoint, ITERATIONS)?.unwrap_or(checkpoint.history().steps());
            Ok::<_, anyhow::Error>((model, description, steps))
        };
        let (model, description, steps) = opened().with_context(|| path.display().to_string())?;
        Ok(Self { path: path.into(), checkpoint, model, description, steps })
    }

    /// What a report of it begins with.
    pub(crate) fn report(&self) -> SavedModelReport {
        SavedModelReport {
            schema_version: SCHEMA_VERSION,
            checkpoint: self.path.display().to_string(),
            model: self.description.clone(),
            loss: self.checkpoint.settings().loss.name(),
            steps: self.steps,
        }
    }
}

/// What a report of a saved model begins with.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SavedModelReport {
    schema_version: u32,
    checkpoint: String,
    pub(crate) model: String,
    loss: &'static str,
    pub(crate) steps: u64,
}

const CLASS_WEIGHTS: &str = "class_weights";
/// The note of the iterations of L-BFGS, which are no steps of a trainer.
const ITERATIONS: &str = "lbfgs_iterations";

/// Notes how many iterations of L-BFGS made the model.
pub(crate) fn note_iterations(checkpoint: &mut Checkpoint, iterations: usize) {
    checkpoint.notes.insert(ITERATIONS.into(), iterations.to_string());
}

/// The model, without how its weights start.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Shape {
    Linear { features: usize, bias: bool },
    Mlp { widths: Vec<usize>, activation: ActivationName },
    NoisyQuadratic { dimensions: usize },
}

#[derive(Serialize, Deserialize)]
struct Scaling {
    mean: Vec<f64>,
    scale: Vec<f64>,
}

/// SHA-256 of the rows of a training as the model sees them.
#[derive(Serialize, Deserialize)]
pub(crate) struct RowDigests {
    /// `None` if they were read as they were needed: the digest of these is in the checkpoint itself.
    training: Option<String>,
    validation: String,
}

impl RowDigests {
    pub(crate) fn of(training: Option<&Dataset>, validation: &Dataset) -> Self {
        Self { training: training.map(Dataset::digest), validation: validation.digest() }
    }
}

/// Writes the notes.
pub(crate) fn note<R>(
    checkpoint: &mut Checkpoint,
    problem: &Problem<R>,
    rows: &RowDigests,
    run: &RunOptions,
) -> Result<()> {
    let shape = match &problem.model {
        ModelSpec::Linear { features, bias } => Shape::Linear { features: *features, bias: *bias },
        ModelSpec::Mlp { widths, activation, .. } => {
            Shape::Mlp { widths: widths.clone(), activation: (*activation).into() }
        }
        ModelSpec::NoisyQuadratic { dimensions } => Shape::NoisyQuadratic { dimensions: *dimensions },
    };
    let mut add = |key: &str, text| checkpoint.notes.insert(key.into(), text);
    add("model", serde_json::to_string(&shape)?);
    add("run", serde_json::to_string(&RunOptions { problem: run.problem.resolved()?, ..run.clone() })?);
    add("rows", serde_json::to_string(rows)?);
    if let Some(s) = &problem.standardizer {
        add("standardizer", serde_json::to_string(&Scaling { mean: s.mean().into(), scale: s.scale().into() })?);
    }
    if let Some(encoding) = &problem.encoding {
        add("csv", serde_json::to_string(encoding)?);
    }
    if let Some(targets) = problem.validation.target_encoding() {
        add("targets", serde_json::to_string(targets)?);
    }
    if let Some(weights) = problem.validation.class_weights() {
        add(CLASS_WEIGHTS, serde_json::to_string(weights)?);
    }
    Ok(())
}

fn read<T: DeserializeOwned>(checkpoint: &Checkpoint, key: &str) -> Result<Option<T>> {
    let parse = |text: &String| serde_json::from_str(text).with_context(|| format!("note {key:?} of the checkpoint"));
    checkpoint.notes.get(key).map(parse).transpose()
}

/// The options of the training.
pub(crate) fn run(checkpoint: &Checkpoint) -> Result<Option<RunOptions>> {
    read(checkpoint, "run")
}

/// What the model was trained on.
pub(crate) fn problem(checkpoint: &Checkpoint) -> Result<Problem> {
    let run = run(checkpoint)?.context("the checkpoint does not say what it was trained on: give --data")?;
    if run.problem.window().is_some() {
        bail!("the model was trained on a stream: give --data");
    }
    let again = || {
        let problem = run.problem.problem_again(run.seed(), known(checkpoint)?)?;
        check_rows(checkpoint, Some(&problem.training), &problem.validation)?;
        Ok(problem)
    };
    again().map_err(|error: anyhow::Error| error.context("the data of the training; others can be given by --data"))
}

/// What the training found out from its rows.
pub(crate) fn known(checkpoint: &Checkpoint) -> Result<Known> {
    let (encoding, targets) = (encoding(checkpoint)?, targets(checkpoint)?);
    Ok(Known { encoding, targets, standardizer: standardizer(checkpoint)? })
}

/// An error if these are other rows than those of the training.
pub(crate) fn check_rows(checkpoint: &Checkpoint, training: Option<&Dataset>, validation: &Dataset) -> Result<()> {
    let Some(noted) = read::<RowDigests>(checkpoint, "rows")? else { return Ok(()) };
    let same = |noted: Option<&String>, data: Option<&Dataset>| match (noted, data) {
        (Some(noted), Some(data)) => *noted == data.digest(),
        _ => true,
    };
    for (which, noted, data) in
        [("training", noted.training.as_ref(), training), ("validation", Some(&noted.validation), Some(validation))]
    {
        ensure!(same(noted, data), "{}", other_rows(which));
    }
    Ok(())
}

/// What is wrong with rows that were others.
pub(crate) fn other_rows(which: &str) -> String {
    format!("the {which} rows are not those that the model was trained with: the file has changed since")
}

/// What the targets of the training are; `None` if no file had them.
pub(crate) fn targets(checkpoint: &Checkpoint) -> Result<Option<TargetEncoding>> {
    read(checkpoint, "targets")
}

/// How inputs were scaled.
pub(crate) fn standardizer(checkpoint: &Checkpoint) -> Result<Option<Standardizer>> {
    let scaling: Option<Scaling> = read(checkpoint, "standardizer")?;
    Ok(scaling.map(|Scaling { mean, scale }| Standardizer::from_parts(mean, scale)).transpose()?)
}

/// What the columns of a CSV file are.
fn encoding(checkpoint: &Checkpoint) -> Result<Option<CsvEncoding>> {
    read(checkpoint, "csv")
}

/// Other data than the training's: its targets mean what those did, it is scaled and weighted as they were. What `files` leaves open is
/// read as in training.
pub(crate) fn test_set(
    checkpoint: &Checkpoint,
    model: &dyn Model,
    (source, files): (&DataSource, &FileFlags),
) -> Result<Dataset> {
    let test = scaled(
        checkpoint,
        model,
        source.test_set(&reading(checkpoint, model, (source, files))?, encoding(checkpoint)?.as_ref())?,
    )?;
    match read::<Vec<f32>>(checkpoint, CLASS_WEIGHTS)? {
        Some(weights) => Ok(test.with_class_weights(weights)?),
        None => Ok(test),
    }
}

/// Rows to predict, read and scaled as those of the training were; their targets are not read.
pub(crate) fn inputs(
    checkpoint: &Checkpoint,
    model: &dyn Model,
    (source, files): (&DataSource, &FileFlags),
) -> Result<Dataset> {
    let reading = reading(checkpoint, model, (source, files))?;
    scaled(checkpoint, model, source.inputs(&reading, encoding(checkpoint)?.as_ref())?)
}

/// How other data is read: what `files` leaves open as in training.
fn reading(checkpoint: &Checkpoint, model: &dyn Model, (source, files): (&DataSource, &FileFlags)) -> Result<Reading> {
    files.check(Some(source))?;
    let of_training = run(checkpoint)?.map(|run| run.problem.files).unwrap_or_default();
    Ok(Reading {
        features: Some(model.inputs()),
        named_part: files.inputs_array.is_some(),
        targets: targets(checkpoint)?.map_or(TargetOptions::Guess, TargetOptions::Known),
        ..files.over(&of_training, source).reading()
    })
}

/// Other data as the model takes it.
fn scaled(checkpoint: &Checkpoint, model: &dyn Model, data: Dataset) -> Result<Dataset> {
    let mut data = InputLayout::Auto.of(data)?;
    if let Some(standardizer) = standardizer(checkpoint)? {
        standardizer.apply(&mut data)?;
    }
    for_model(checkpoint, data, model)
}

/// The data, if it has the features that the model takes, and the classes that its outputs are of.
pub(crate) fn for_model(checkpoint: &Checkpoint, data: Dataset, model: &dyn Model) -> Result<Dataset> {
    let features = data.features();
    if features != model.inputs() {
        bail!("dataset {} has {features} features, the model takes {}", data.name(), model.inputs());
    }
    if data.target_encoding().is_none_or(|targets| !targets.is_absent()) {
        let fits = Noted::plain(model, checkpoint.settings().loss).check_outputs(data.targets().classes());
        fits.with_context(|| format!("dataset {}", data.name()))?;
    }
    Ok(data)
}

/// An error that says what notes contradict the model, its loss or each other.
pub(crate) fn check(checkpoint: &Checkpoint) -> Result<()> {
    checked(checkpoint).map(drop)
}

/// The model with its weights, which no note contradicts, and how it is called.
fn checked(checkpoint: &Checkpoint) -> Result<(Box<dyn Model>, String)> {
    let (model, description) = model(checkpoint)?;
    let (encoding, targets, standardizer) = (encoding(checkpoint)?, targets(checkpoint)?, standardizer(checkpoint)?);
    let class_weights: Option<Vec<f32>> = read(checkpoint, CLASS_WEIGHTS)?;
    // What is left out would not be missed: its inputs would be taken as they are.
    if let Some(data) = run(checkpoint)?.and_then(|run| run.problem.data) {
        let (name, is_csv) = (data.file_name(), matches!(data, DataSource::Csv(_)));
        let needed =
            [("standardizer", data.is_standardized() && standardizer.is_none()), ("csv", is_csv && encoding.is_none())];
        if let Some((note, _)) = needed.into_iter().find(|(_, is_lost)| *is_lost) {
            bail!("the checkpoint contradicts itself: it is of a training on {name}, but has no note {note:?}");
        }
    }
    let noted = Noted {
        encoding: encoding.as_ref(),
        standardizer: standardizer.as_ref(),
        targets: targets.as_ref(),
        class_weights: class_weights.as_deref(),
        ..Noted::plain(&*model, checkpoint.settings().loss)
    };
    noted.check().context("the checkpoint contradicts itself")?;
    Ok((model, description))
}

/// The model with its weights, and how it is called.
fn model(checkpoint: &Checkpoint) -> Result<(Box<dyn Model>, String)> {
    let shape: Shape = read(checkpoint, "model")?.context("the checkpoint does not say what model it is")?;
    let spec = match shape {
        Shape::Linear { features, bias } => ModelSpec::Linear { features, bias },
        Shape::NoisyQuadratic { dimensions } => ModelSpec::NoisyQuadratic { dimensions },
        Shape::Mlp { widths, activation } => {
            ModelSpec::Mlp { widths, activation: activation.into(), initializer: Initializer::Zeros, dropout: 0.0 }
        }
    };
    // Before anything that large is made.
    if spec.parameters() != Some(checkpoint.weights.len()) {
        bail!("the model that the checkpoint names has not its {} parameters", checkpoint.weights.len());
    }
    let mut model = spec.build(0, 0);
    checkpoint.load_weights(&mut model)?;
    Ok((model, spec.describe()))
}
