//! The file: safetensors, with what is no array as JSON in its metadata.
//!
//! | tensor | |
//! | --- | --- |
//! | `parameters` | `f32`, all of them, flat |
//! | `weights` | `f32`, the same if left out |
//! | `optimizer.0`, `.1`, `.2` | `f32`, state, most of it as long as the parameters or empty |
//! | `optimizer.accumulated` | `f64`, one number |
//! | `history.losses`, `history.validation` | `f32` per step, `f64` per validation |
//! | `fit.validations` | `f64`, step, samples, loss and accuracy (or NaN) of each; left out if there is no fit under way |
//! | `fit.best_weights` | `f32`, as long as the parameters; left out without early stopping |
//! | `sampling.order` | `u32`, the rows in the order of this epoch; empty if it is that of the data |
//!
//! One file, so that a rename replaces all of it or nothing. Equal runs make equal files.

use super::Checkpoint;
use crate::dataset::open_regular;
use crate::error::{CheckpointError, DataError, Place};
use crate::evaluate::Evaluation;
use crate::fit::{FitProgress, Validation};
use crate::history::History;
use crate::output_file;
use crate::sampling::BatchPosition;
use crate::settings::Settings;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::Path;

/// The entry of the metadata.
const KEY: &str = "simdescent";
const VERSION: u32 = 1;

/// What is not a tensor.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    version: u32,
    settings: Settings,
    layout: Vec<(usize, usize)>,
    steps: u64,
    samples: u64,
    /// Where in the order of samples the next batch starts.
    next: usize,
    /// Words drawn from the sampling stream.
    drawn: u64,
    data_sha256: String,
    notes: BTreeMap<String, String>,
}

impl Checkpoint {
    /// Writes the file, as [`output_file::write`] does.
    ///
    /// # Errors
    /// [`CheckpointError::Write`] if that fails; a file of this name is left as it was.
    pub fn write(&self, path: &Path) -> Result<(), CheckpointError> {
        output_file::write(path, &self.to_bytes())
            .map_err(|source| CheckpointError::Write { path: path.to_owned(), source })
    }

    /// Reads a file that [`write`](Self::write) made. Nothing in it is believed: lengths are compared with each other here,
    /// with model and data in [`Trainer::resume`](crate::Trainer::resume). Memory grows with the file, not with what it promises.
    ///
    /// # Errors
    /// [`CheckpointError::Read`] if the file cannot be read or is not such a file.
    pub fn read(path: &Path) -> Result<Self, CheckpointError> {
        let mut bytes = vec![];
        open_regular(path)?.read_to_end(&mut bytes).map_err(|source| DataError::Io { path: path.into(), source })?;
        Self::from_bytes(&bytes).map_err(|message| DataError::format(path, Place::File, message).into())
    }

    fn to_bytes(&self) -> Vec<u8> {
        let header = Header {
            version: VERSION,
            settings: self.settings,
            layout: self.layout.clone(),
            steps: self.history.steps(),
            samples: self.history.samples(),
            next: self.position.next,
            drawn: self.position.drawn,
            data_sha256: self.data.clone(),
            notes: self.notes.clone(),
        };
        let f32s = |values: &[f32]| (Dtype::F32, bytes(values, |x| x.to_le_bytes()));
        let f64s = |values: &[f64]| (Dtype::F64, bytes(values, |x| x.to_le_bytes()));
        let u32s = |values: &[u32]| (Dtype::U32, bytes(values, |x| x.to_le_bytes()));
        let [first, second, third] = &self.state;
        let mut tensors = vec![
            ("parameters", f32s(&self.parameters)),
            ("optimizer.0", f32s(first)),
            ("optimizer.1", f32s(second)),
            ("optimizer.2", f32s(third)),
            ("optimizer.accumulated", f64s(&[self.accumulated])),
            ("history.losses", f32s(self.history.losses())),
            ("history.validation", f64s(self.history.validation())),
            ("sampling.order", u32s(&self.position.order)),
        ];
        if !self.weights.iter().map(|x| x.to_bits()).eq(self.parameters.iter().map(|x| x.to_bits())) {
            tensors.push(("weights", f32s(&self.weights)));
        }
        if let Some(fit) = &self.fit {
            let row = |v: &Validation| {
                let Evaluation { loss, accuracy } = v.evaluation;
                [v.step as f64, v.samples as f64, loss, accuracy.unwrap_or(f64::NAN)]
            };
            tensors.push(("fit.validations", f64s(&fit.validations.iter().flat_map(row).collect::<Vec<_>>())));
            tensors.extend(fit.best_weights.iter().map(|weights| ("fit.best_weights", f32s(weights))));
        }
        let views = tensors.iter().map(|(name, (kind, bytes))| {
            let length = bytes.len() * 8 / kind.bitsize();
            (*name, TensorView::new(*kind, vec![length], bytes).expect("as many bytes as the length says"))
        });
        let header = serde_json::to_string(&header).expect("settings and text have a JSON form");
        let metadata = HashMap::from([(KEY.to_owned(), header)]);
        safetensors::serialize(views, Some(metadata)).expect("names and lengths of tensors have a JSON form")
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let broken = |error| format!("not a safetensors file, or damaged: {error}");
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(broken)?;
        let tensors = SafeTensors::deserialize(bytes).map_err(broken)?;
        let header = metadata.metadata().as_ref().and_then(|entries| entries.get(KEY));
        let header = header.ok_or_else(|| format!("no checkpoint: its metadata has no entry {KEY:?}"))?;
        // The version first: fields of another one would be errors that mislead.
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let unfit = |error| format!("metadata {KEY:?}: {error}");
        let Version { version } = serde_json::from_str(header).map_err(unfit)?;
        if version != VERSION {
            return Err(format!("a checkpoint of version {version}, this program reads version {VERSION}"));
        }
        let header: Header = serde_json::from_str(header).map_err(unfit)?;
        header.settings.validate(usize::MAX).map_err(|error| format!("its settings are none of a run: {error}"))?;

        let f32s = |name| Ok::<_, String>(values(&tensors, name, Dtype::F32)?.map(f32::from_le_bytes).collect());
        let f64s = |name| Ok::<Vec<_>, String>(values(&tensors, name, Dtype::F64)?.map(f64::from_le_bytes).collect());
        let parameters: Vec<f32> = f32s("parameters")?;
        let weights = if tensors.names().contains(&"weights") { f32s("weights")? } else { parameters.clone() };
        let total =
            header.layout.iter().try_fold(0usize, |sum, (rows, cols)| sum.checked_add(rows.checked_mul(*cols)?));
        if total != Some(parameters.len()) || weights.len() != parameters.len() {
            return Err(format!(
                "{} parameters and {} weights do not fill arrays of shapes {:?}",
                parameters.len(),
                weights.len(),
                header.layout
            ));
        }
        let accumulated = f64s("optimizer.accumulated")?;
        let [accumulated] = accumulated[..] else {
            return Err(format!("tensor \"optimizer.accumulated\" has {} numbers instead of one", accumulated.len()));
        };
        let losses: Vec<f32> = f32s("history.losses")?;
        let (steps, samples) = (losses.len() as u64, header.samples);
        if header.steps != steps || samples < steps || samples > steps.saturating_mul(1 << 32) {
            return Err(format!("{steps} losses do not go with {} steps and {samples} samples", header.steps));
        }
        let has = |name| tensors.names().contains(&name);
        let fit = if has("fit.validations") {
            let best_weights = if has("fit.best_weights") { Some(f32s("fit.best_weights")?) } else { None };
            if best_weights.as_ref().is_some_and(|weights| weights.len() != parameters.len()) {
                return Err("tensor \"fit.best_weights\" is not as long as the parameters".into());
            }
            Some(FitProgress { validations: validations(&f64s("fit.validations")?, steps)?, best_weights })
        } else {
            None
        };
        Ok(Self {
            weights,
            notes: header.notes,
            fit,
            settings: header.settings,
            parameters,
            layout: header.layout,
            state: [f32s("optimizer.0")?, f32s("optimizer.1")?, f32s("optimizer.2")?],
            accumulated,
            history: History::from_parts(losses, samples, f64s("history.validation")?),
            position: BatchPosition {
                order: values(&tensors, "sampling.order", Dtype::U32)?.map(u32::from_le_bytes).collect(),
                next: header.next,
                drawn: header.drawn,
            },
            data: header.data_sha256,
        })
    }
}

/// Rows of four numbers as validations of a run that took so many steps.
fn validations(numbers: &[f64], steps: u64) -> Result<Vec<Validation>, String> {
    let (rows, rest) = numbers.as_chunks();
    let counts = |&x: &f64| x >= 0.0 && x.fract() == 0.0 && x < 1e18;
    let ascending = rows.iter().is_sorted_by(|a: &&[f64; 4], b| a[0] < b[0] && a[1] <= b[1]);
    let known = rows.last().is_none_or(|last| last[0] <= steps as f64);
    if !rest.is_empty() || !ascending || !known || !rows.iter().all(|row| row[..2].iter().all(counts)) {
        return Err("tensor \"fit.validations\" has no validations of this run".into());
    }
    let validation = |&[step, samples, loss, accuracy]: &[f64; 4]| {
        let evaluation = Evaluation { loss, accuracy: Some(accuracy).filter(|x| !x.is_nan()) };
        Validation { step: step as u64, samples: samples as u64, evaluation }
    };
    Ok(rows.iter().map(validation).collect())
}

/// The bytes of all values, in exactly as much memory.
fn bytes<T: Copy, const N: usize>(values: &[T], bytes_of: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    let mut all = Vec::with_capacity(values.len() * N);
    values.iter().for_each(|&x| all.extend_from_slice(&bytes_of(x)));
    all
}

/// The elements of a tensor with one dimension, as bytes.
fn values<'a, const N: usize>(
    tensors: &SafeTensors<'a>,
    name: &str,
    kind: Dtype,
) -> Result<impl Iterator<Item = [u8; N]> + use<'a, N>, String> {
    let tensor = tensors.tensor(name).map_err(|_| format!("tensor {name:?} is missing"))?;
    if tensor.dtype() != kind || tensor.shape().len() != 1 {
        let (found, shape) = (tensor.dtype(), tensor.shape());
        return Err(format!("tensor {name:?} is {found:?} of shape {shape:?} instead of {kind:?} in one dimension"));
    }
    let (elements, _) = tensor.data().as_chunks::<N>();
    Ok(elements.iter().copied())
}

#[cfg(test)]
mod tests;
