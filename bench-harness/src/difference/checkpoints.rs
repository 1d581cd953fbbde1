//! Two checkpoints of `train --save`.

use super::fields::{FieldDifference, field_differences};
use super::records::Again;
use super::replay::{SavedRun, digest};
use super::result::{DiffReport, SCHEMA_VERSION};
use super::search::{Claim, search};
use super::vectors::vector_difference;
use crate::training::prepare::prepare;
use crate::training::resume::Resumed;
use crate::training::saved_model;
use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use simdescent::{Checkpoint, FitOptions};
use std::path::Path;

/// Compares two checkpoints, and runs their training again from its beginning, without `again` not.
pub(crate) fn checkpoints(paths: [&Path; 2], again: Option<&Again<'_>>) -> Result<Option<DiffReport>> {
    let [a, b] = paths.map(Checkpoint::read);
    let both = [a?, b?];
    let [a, b] = &both;
    let mut report = DiffReport {
        schema_version: SCHEMA_VERSION,
        names: paths.map(|path| path.display().to_string()).into(),
        fields: fields(a, b)?,
        records: None,
        runs: vec![],
        vectors: vec![],
        search: None,
        equal: true,
    };
    let steps = [a, b].map(|checkpoint| checkpoint.history().steps());
    let common = steps[0].min(steps[1]) as usize;
    let losses = [a, b].map(|checkpoint| &checkpoint.history().losses()[..common]);
    report.vectors.extend(vector_difference("loss of each step".into(), losses[0], losses[1]));
    // After another number of steps all other numbers are others.
    if steps[0] == steps[1] {
        let of = |checkpoint: &Checkpoint| checkpoint.vectors().map(|(name, vector)| (name, vector.to_vec()));
        for ((name, a), (_, b)) in of(a).into_iter().zip(of(b)) {
            report.vectors.extend(vector_difference(name.into(), &a, &b));
        }
    }
    report.equal = report.vectors.is_empty();
    let same_run = report.fields.iter().all(|difference| difference.field == "steps");
    if let (true, false, Some(again)) = (same_run, report.equal, again) {
        let claims = both.each_ref().map(|c| Claim { steps: Some(c.history().steps()), text: digest(c) });
        // A fault shows in the parameters before it shows in a loss.
        match repeat(paths[0], &claims, again)? {
            Some(found) => report.search = Some(found),
            None => return Ok(None),
        }
    }
    Ok(Some(report))
}

/// Runs the training of one checkpoint again on all sides.
pub(crate) fn checkpoint(path: &Path, again: &Again<'_>) -> Result<Option<DiffReport>> {
    let saved = Checkpoint::read(path)?;
    let claims = [Claim { steps: Some(saved.history().steps()), text: digest(&saved) }];
    let Some(found) = repeat(path, &claims, again)? else { return Ok(None) };
    Ok(Some(DiffReport {
        schema_version: SCHEMA_VERSION,
        names: vec![path.display().to_string()],
        fields: vec![],
        records: None,
        runs: vec![],
        vectors: vec![],
        equal: found.found.is_none() && found.sides.iter().all(|side| side.gives == [true]),
        search: Some(found),
    }))
}

fn repeat(path: &Path, claims: &[Claim], again: &Again<'_>) -> Result<Option<super::search::Search>> {
    let saved = Resumed::read(path)?;
    let name = path.display();
    if saved.run.problem.window().is_some() {
        bail!("{name}: its training read a stream, which is not run again: --no-run says what the files differ in");
    }
    let problem = saved_model::problem(&saved.checkpoint).with_context(|| name.to_string())?;
    let prepared = prepare(&saved.run, &problem.training, &problem.model, problem.loss)?;
    let (settings, length) = (prepared.settings, prepared.length("diff")?);
    if settings != *saved.checkpoint.settings() {
        bail!("{name}: its settings are not those of its options: it was made by another version of this program");
    }
    // The file may have been resumed for more steps than its options say.
    let steps = claims.iter().filter_map(|claim| claim.steps).max().unwrap_or(length.steps);
    let length = FitOptions { steps: length.steps.max(steps), ..length };
    search(&SavedRun { problem: &problem, settings, length }, again.sides, 0, claims, again.stop)
}

/// Settings, notes, rows and steps that differ.
fn fields(a: &Checkpoint, b: &Checkpoint) -> Result<Vec<FieldDifference>> {
    let note = |text: &String| serde_json::from_str(text).unwrap_or(Value::String(text.clone()));
    let value = |checkpoint: &Checkpoint| {
        // How long, when to look and on how many threads is no part of what is computed.
        let notes = checkpoint.notes.iter().filter(|(key, _)| *key != "run");
        let notes: serde_json::Map<String, Value> = notes.map(|(key, text)| (key.clone(), note(text))).collect();
        json!({
            "settings": checkpoint.settings(),
            "notes": notes,
            "layout": checkpoint.layout(),
            "rows": checkpoint.data_digest(),
            "steps": checkpoint.history().steps(),
        })
    };
    field_differences(&value(a), &value(b))
}
