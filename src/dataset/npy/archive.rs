//! `.npz`, a zip archive of arrays.

use super::{Elements, NpyArray, join, without_targets};
use crate::dataset::input::{dataset_name, open_regular, quoted};
use crate::dataset::text::packed_as;
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

/// How the other parts of an archive are called: in place of `train` in a name, or after it. For validation the first that is there is
/// taken, for tests the last.
const PARTS: [&str; 5] = ["val", "valid", "validation", "dev", "test"];

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
    /// Whether the other part is to test on: of several that of tests is taken.
    pub tests: bool,
    /// What the targets are.
    pub targets: TargetOptions,
}

/// The parts of an archive, by the names of their arrays of inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct NpzParts {
    /// The part that trains.
    pub training: String,
    /// The part that [`read_npz`] returns beside it, if there is one.
    pub other: Option<String>,
    /// Those that are not read.
    pub left_out: Vec<String>,
    /// All arrays that are in none of these parts.
    pub unknown: Vec<String>,
}

/// Reads inputs and targets from an `.npz` file of NumPy's `savez` or `savez_compressed`, as
/// [`read_npy_pair`](super::read_npy_pair) takes them: a training part, and a validation part if there is one.
///
/// Usual names are `X`, `x`, `features`, `inputs`, `data`, `x_train`, `X_train`, `train_images`, `train_data`, `arr_0`, and `y`, `Y`,
/// `targets`, `labels`, `target`, `y_train`, `Y_train`, `train_labels`, `train_targets`, `arr_1`. The arrays that have `val`, `valid`,
/// `validation`, `dev` or `test` in place of `train` (`x_train` and `x_val`), or where there is no `train` after the name (`X` and `X_test`), are
/// other parts; the first of them is the validation part, and one to test on the last: [`npz_parts`] says which. Both parts have the same
/// classes. Where targets are [absent](crate::dataset::TargetEncoding::ABSENT), the same holds for the inputs alone.
///
/// # Errors
///
/// As there; also [`DataError::Format`] when the archive is damaged or encrypted, lacks an array (the names found are listed) or has
/// several of usual names, or unpacks to more than 500 times its size; [`DataError::Invalid`] when the parts differ in features.
pub fn read_npz(path: &Path, options: &NpzOptions) -> Result<(Dataset, Option<Dataset>), DataError> {
    Archive::open(path, BufReader::new(open_regular(path)?))?.read(options)
}

/// Which parts [`read_npz`] finds in an archive.
///
/// # Errors
///
/// As there, but for what is in the arrays.
pub fn npz_parts(path: &Path, options: &NpzOptions) -> Result<NpzParts, DataError> {
    let archive = Archive::open(path, BufReader::new(open_regular(path)?))?;
    let (training, y) = archive.names(options)?;
    let all: Vec<Arrays> = archive.others(&training, y.as_deref()).collect();
    let targets = all.iter().filter_map(|(_, y)| y.as_ref());
    let known: Vec<&String> = all.iter().map(|(x, _)| x).chain(targets).chain([&training]).chain(&y).collect();
    let names = archive.zip.file_names().map(|name| name.strip_suffix(".npy").unwrap_or(name).to_owned());
    let unknown: Vec<String> = names.filter(|name| !known.contains(&name)).collect();
    let mut others: Vec<String> = all.iter().map(|(x, _)| x.clone()).collect();
    let other = archive.other(&training, y.as_deref(), options).map(|(x, _)| x);
    others.retain(|x| Some(x) != other.as_ref());
    Ok(NpzParts { training, other, left_out: others, unknown })
}

/// The names of inputs and targets of a part; without these, if they are not read.
type Arrays = (String, Option<String>);

pub(super) struct Archive<'p, R> {
    path: &'p Path,
    zip: ZipArchive<R>,
}

fn broken(path: &Path, error: &zip::result::ZipError) -> DataError {
    DataError::format(path, Place::File, format!("not a zip archive that can be read: {error}"))
}

impl<'p, R: Read + Seek> Archive<'p, R> {
    pub(super) fn open(path: &'p Path, mut source: R) -> Result<Self, DataError> {
        let mut start = vec![];
        let read = source.by_ref().take(8).read_to_end(&mut start).and_then(|_| source.rewind());
        read.map_err(|error| DataError::io(path, error))?;
        let what = match start[..] {
            [0x1f, 0x8b, ..] => Some("compressed by gzip: unpack it (gunzip)"),
            [b'P', b'K', ..] => None,
            _ => packed_as(&start),
        };
        if let Some(what) = what {
            return Err(DataError::format(path, Place::File, format!("not a zip archive: it is {what}")));
        }
        let zip = ZipArchive::new(source).map_err(|error| broken(path, &error))?;
        Ok(Self { path, zip })
    }

    pub(super) fn read(&mut self, options: &NpzOptions) -> Result<(Dataset, Option<Dataset>), DataError> {
        let (x, y) = self.names(options)?;
        let other = self.other(&x, y.as_deref(), options);
        let name = dataset_name(self.path);
        let Some(y) = y else {
            let training = without_targets(&name, self.array(&x)?.read()?)?;
            let validation = other.map(|(x, _)| without_targets(&format!("{name}/{x}"), self.array(&x)?.read()?));
            return Ok((training, validation.transpose()?));
        };
        let training = self.unpack(&x, &y)?;
        let validation = other.map(|(x, y)| Ok((self.unpack(&x, &y.unwrap_or_default())?, x))).transpose()?;

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

    /// The names of the arrays of inputs and of targets, if these are read.
    fn names(&self, options: &NpzOptions) -> Result<Arrays, DataError> {
        let x = self.find(options.inputs_array.as_deref(), INPUTS, "inputs")?;
        if options.targets.are_absent() {
            return Ok((x, None));
        }
        Ok((x, Some(self.find(options.targets_array.as_deref(), TARGETS, "targets")?)))
    }

    /// The arrays of all other parts, as [`names`](Self::names) has those of the first.
    fn others(&self, x: &str, y: Option<&str>) -> impl DoubleEndedIterator<Item = Arrays> {
        let other = |name: &str, part: &str| {
            let other = if name.contains("train") { name.replacen("train", part, 1) } else { format!("{name}_{part}") };
            self.has(&other).then_some(other)
        };
        PARTS.iter().filter_map(move |part| {
            let x = other(x, part)?;
            Some((
                x,
                match y {
                    Some(y) => Some(other(y, part)?),
                    None => None,
                },
            ))
        })
    }

    /// The part that is read beside the first.
    fn other(&self, x: &str, y: Option<&str>, options: &NpzOptions) -> Option<Arrays> {
        let mut others = self.others(x, y);
        if options.tests { others.next_back() } else { others.next() }
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
