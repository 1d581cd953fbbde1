//! `.npz`, a zip archive of arrays.

use super::{Elements, NpyArray, join, without_targets};
use crate::dataset::input::{dataset_name, open_regular, quoted};
use crate::dataset::{Dataset, TargetOptions, TargetProfile};
use crate::error::{DataError, Place};
use std::io::{BufReader, Read, Seek};
use std::path::Path;
use zip::ZipArchive;

/// How the arrays of inputs may be called (`arr_0` by `np.savez` without names, `x_train` in Keras's archives), and how those of
/// targets.
const INPUTS: [&str; 10] =
    ["X", "x", "features", "inputs", "data", "x_train", "X_train", "train_images", "train_data", "arr_0"];
const TARGETS: [&str; 10] =
    ["y", "Y", "targets", "labels", "target", "y_train", "Y_train", "train_labels", "train_targets", "arr_1"];

/// What `train` in a name becomes in that of the validation part, the first that is there.
const PARTS: [&str; 3] = ["val", "valid", "test"];

/// An archive may not grow by more than this when it is unpacked, beyond the first 2²⁶ bytes: data seldom exceeds 100,
/// deflate ends at 1032, and a file of zeros is no data.
const MAX_UNPACKING: u64 = 500;

/// Which arrays of an archive are read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NpzOptions {
    /// The name of the array of inputs; `None` for the one that has a usual name, see [`read_npz`].
    pub inputs_array: Option<String>,
    /// The name of the array of targets.
    pub targets_array: Option<String>,
    /// What the targets are.
    pub targets: TargetOptions,
}

/// Reads inputs and targets from an `.npz` file of NumPy's `savez` or `savez_compressed`, as
/// [`read_npy_pair`](super::read_npy_pair) takes them: a training part, and a validation part if there is one.
///
/// Usual names are `X`, `x`, `features`, `inputs`, `data`, `x_train`, `X_train`, `train_images`, `train_data`, `arr_0`, and `y`, `Y`,
/// `targets`, `labels`, `target`, `y_train`, `Y_train`, `train_labels`, `train_targets`, `arr_1`. Where both names have `train` in
/// them, the arrays with `val`, `valid` or `test` in its place are the validation part. Both parts have the same classes. Where targets
/// are [absent](crate::dataset::TargetEncoding::ABSENT), the same holds for the inputs alone.
///
/// # Errors
///
/// As there; also [`DataError::Format`] when the archive is damaged or encrypted, lacks an array (the names found are listed) or has
/// several of usual names, or unpacks to more than 500 times its size; [`DataError::Invalid`] when the parts differ in features.
pub fn read_npz(path: &Path, options: &NpzOptions) -> Result<(Dataset, Option<Dataset>), DataError> {
    Archive::open(path, BufReader::new(open_regular(path)?))?.read(options)
}

pub(super) struct Archive<'p, R> {
    path: &'p Path,
    zip: ZipArchive<R>,
}

fn broken(path: &Path, error: &zip::result::ZipError) -> DataError {
    DataError::format(path, Place::File, format!("not a zip archive that can be read: {error}"))
}

impl<'p, R: Read + Seek> Archive<'p, R> {
    pub(super) fn open(path: &'p Path, source: R) -> Result<Self, DataError> {
        let zip = ZipArchive::new(source).map_err(|error| broken(path, &error))?;
        Ok(Self { path, zip })
    }

    pub(super) fn read(&mut self, options: &NpzOptions) -> Result<(Dataset, Option<Dataset>), DataError> {
        let x = self.find(options.inputs_array.as_deref(), INPUTS, "inputs")?;
        let other = |name: &str, part| name.contains("train").then(|| name.replacen("train", part, 1));
        let name = dataset_name(self.path);
        if options.targets.are_absent() {
            let other = PARTS.iter().find_map(|part| other(&x, part).filter(|x| self.has(x)));
            let training = without_targets(&name, self.array(&x)?.read()?)?;
            let validation = other.map(|x| without_targets(&format!("{name}/{x}"), self.array(&x)?.read()?));
            return Ok((training, validation.transpose()?));
        }
        let y = self.find(options.targets_array.as_deref(), TARGETS, "targets")?;
        let other = PARTS
            .iter()
            .find_map(|part| Some((other(&x, part)?, other(&y, part)?)).filter(|(x, y)| self.has(x) && self.has(y)));
        let training = self.unpack(&x, &y)?;
        let validation = other.map(|(x, y)| Ok((self.unpack(&x, &y)?, x))).transpose()?;

        let mut profile = TargetProfile::new(&options.targets);
        training.1.exact().into_iter().for_each(|number| profile.see(number));
        validation.iter().flat_map(|((_, y), _)| y.exact()).for_each(|number| profile.see(number));
        let encoding = profile.encoding().map_err(|problem| DataError::invalid(&name, problem))?;
        let training = join(&name, training.0, &training.1, &encoding)?;
        let Some(((inputs, targets), x)) = validation else { return Ok((training, None)) };
        let validation = join(&format!("{name}/{x}"), inputs, &targets, &encoding)?;
        if validation.features() != training.features() {
            let message = format!("{} features, but {name} has {}", validation.features(), training.features());
            return Err(DataError::invalid(validation.name(), message));
        }
        Ok((training, Some(validation)))
    }

    fn has(&self, name: &str) -> bool {
        self.zip.index_for_name(&format!("{name}.npy")).is_some()
    }

    /// The name of an array: the one that is wanted, or the only usual one.
    fn find(&self, wanted: Option<&str>, usual: [&str; 10], what: &str) -> Result<String, DataError> {
        let found: Vec<&str> = usual.into_iter().filter(|name| self.has(name)).collect();
        let problem = match (wanted, &found[..]) {
            (Some(name), _) if self.has(name) => return Ok(name.to_owned()),
            (None, [name]) => return Ok((*name).to_owned()),
            (Some(name), _) => format!("no array {}", quoted(name.as_bytes())),
            (None, []) => {
                format!("no array of {what} with a usual name ({}); name it with --{what}-array", usual.join(", "))
            }
            (None, _) => format!("{} may all be {what}; name the right one with --{what}-array", found.join(", ")),
        };
        const SHOWN: usize = 20;
        let mut names: Vec<_> = self.zip.file_names().collect();
        names.sort_unstable();
        let more = if names.len() > SHOWN { ", …" } else { "" };
        let shown: Vec<String> =
            names.iter().take(SHOWN).map(|name| quoted(name.strip_suffix(".npy").unwrap_or(name).as_bytes())).collect();
        let message = format!("{problem}; the archive has {}{more}", shown.join(", "));
        Err(DataError::format(self.path, Place::File, message))
    }

    fn unpack(&mut self, x: &str, y: &str) -> Result<(Elements, Elements), DataError> {
        let y = self.array(y)?.read()?;
        Ok((self.array(x)?.read()?, y))
    }

    fn array(&mut self, name: &str) -> Result<NpyArray<impl Read>, DataError> {
        let name = format!("{name}.npy");
        let member = self.zip.by_name(&name).map_err(|error| broken(self.path, &error))?;
        let limit = (1 << 26).max(member.compressed_size().saturating_mul(MAX_UNPACKING));
        let array = NpyArray::open(&self.path.join(&name), member)?;
        if array.bytes() > limit {
            let message = format!("{name} unpacks to more than {MAX_UNPACKING} times its size; save it with np.savez");
            return Err(DataError::format(self.path, Place::File, message));
        }
        Ok(array)
    }
}
