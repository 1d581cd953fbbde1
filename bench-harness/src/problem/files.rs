//! Files of data become problems.

use super::Problem;
use super::model_spec::linear_model;
use super::remarks::{guessed, or_guesses, remark_blurred, remark_fixed_parts, remark_targets};
use super::room;
use super::source::{DataSource, NO_TARGETS};
use super::split::Split;
use crate::base::progress::remark;
use anyhow::{Result, bail};
use simdescent::Dataset;
use simdescent::dataset::{
    CsvEncoding, CsvFile, CsvOptions, NpzOptions, NpzParts, Standardizer, SvmlightOptions, TargetEncoding,
    TargetOptions, Task, npz_parts, read_mnist_dir, read_mnist_inputs, read_npy_inputs, read_npy_pair, read_npz,
    read_svmlight_sparse,
};
use std::path::Path;

/// How files are read and divided.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    /// Of a CSV file.
    pub(crate) csv: CsvOptions,
    /// What the targets are, of others.
    pub(crate) targets: TargetOptions,
    /// Of a svmlight file.
    pub(crate) features: Option<usize>,
    pub(crate) zero_based: bool,
    /// Of an npz file.
    pub(crate) inputs_array: Option<String>,
    pub(crate) targets_array: Option<String>,
    /// Whether a test set is the arrays that are named, rather than another part of the archive.
    pub(crate) named_part: bool,
    /// Whether training and validation rows have the same shares of all classes.
    pub(crate) stratified: bool,
    /// To be used, not to be found out again.
    pub(crate) known: Known,
}

/// What a training found out from its rows, and all others are read with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// What the columns of a CSV file are, the target among them.
    pub(crate) encoding: Option<CsvEncoding>,
    /// What the targets are, of all kinds of files.
    pub(crate) targets: Option<TargetEncoding>,
    /// What scales the inputs.
    pub(crate) standardizer: Option<Standardizer>,
}

impl Reading {
    /// The same with what an earlier training found out.
    pub(crate) fn knowing(self, known: Known) -> Self {
        Self { targets: known.targets.clone().map_or(self.targets, TargetOptions::Known), known, ..self }
    }

    pub(super) fn svmlight(&self) -> SvmlightOptions {
        SvmlightOptions { features: self.features, zero_based: self.zero_based, targets: self.targets.clone() }
    }

    fn npz(&self, tests: bool) -> NpzOptions {
        NpzOptions {
            inputs_array: self.inputs_array.clone(),
            targets_array: self.targets_array.clone(),
            tests,
            targets: self.targets.clone(),
        }
    }
}

/// How a CSV file is divided before anything is measured on its rows.
pub(super) fn split_csv(file: &mut CsvFile, stratified: bool, seed: u64) -> Result<Split> {
    let labels = if stratified { file.labels() } else { Ok(None) };
    let labels = or_guesses(file.guesses(), labels)?;
    Split::new(file.rows(), labels.as_deref(), seed)
}

/// The options to read an archive; tells which of its parts they take, where that can be meant otherwise.
fn told_parts(file: &Path, options: &NpzOptions) -> Result<NpzOptions> {
    let parts = npz_parts(file, options)?;
    let name = file.file_name().unwrap_or(file.as_os_str()).to_string_lossy();
    if !options.tests && !parts.unknown.is_empty() {
        let unknown = parts.unknown.iter().take(10).cloned().collect::<Vec<_>>().join(", ");
        let more = if parts.unknown.len() > 10 { ", …" } else { "" };
        remark(&format!("note: {name}: other arrays are not read: {unknown}{more}"));
    }
    if let NpzParts { training, other: Some(other), left_out, unknown: _ } = &parts
        && (!training.contains("train") || !left_out.is_empty() || options.tests)
    {
        let is_for = if options.tests { "is read" } else { "is for validation" };
        let rest =
            if options.tests { [std::slice::from_ref(training), &left_out[..]].concat() } else { left_out.clone() };
        let rest = match &rest[..] {
            [] => String::new(),
            [one] => format!(", {one} is not read"),
            several => format!(", {} are not", several.join(", ")),
        };
        remark(&format!("note: {name}: {other} {is_for}{rest}; --inputs-array and --targets-array name others"));
    }
    Ok(options.clone())
}

impl DataSource {
    /// The linear model that fits the targets, on these files; svmlight is sparse.
    pub(crate) fn problem(&self, seed: u64, reading: &Reading) -> Result<Problem> {
        self.check_memory(true)?;
        let (mut standardizer, mut encoded_by) = (None, None);
        let split = |data: Dataset| Split::of(&data, reading.stratified, seed)?.apply(&data);
        let (mut training, mut validation) = match self {
            Self::Mnist(dir) => {
                remark_fixed_parts(&self.file_name(), reading.stratified);
                read_mnist_dir(dir, &reading.targets)?
            }
            Self::Svmlight(file) => split(read_svmlight_sparse(file, &reading.svmlight())?)?,
            Self::Csv(path) => {
                let mut file = CsvFile::open(path, &reading.csv)?;
                let split = split_csv(&mut file, reading.stratified, seed)?;
                let is_training = split.is_training();
                let encoding = match reading.known.encoding.clone() {
                    Some(known) => known,
                    None => {
                        let fitted = file.fit(&|row| is_training.get(row).is_some_and(|&yes| yes));
                        guessed(&file, fitted)?
                    }
                };
                room::for_table(&self.file_name(), file.rows(), encoding.features())?;
                let data = file.encode(&encoding)?;
                encoded_by = Some(encoding);
                split.apply(&data)?
            }
            Self::Npy(inputs, targets) => split(read_npy_pair(inputs, targets, &reading.targets)?)?,
            Self::NpyInputs(_) => bail!(NO_TARGETS),
            Self::Npz(file) => match read_npz(file, &told_parts(file, &reading.npz(false))?)? {
                (training, Some(validation)) => {
                    remark_fixed_parts(&self.file_name(), reading.stratified);
                    (training, validation)
                }
                (data, None) => split(data)?,
            },
        };
        if self.is_standardized() {
            let by = reading.known.standardizer.clone().unwrap_or_else(|| {
                let fitted = Standardizer::fit(&training);
                remark_blurred(&fitted, &training);
                fitted
            });
            by.apply(&mut training)?;
            by.apply(&mut validation)?;
            standardizer = Some(by);
        }
        let (rows, features) = (training.rows(), training.features());
        if rows < 2 {
            bail!("{}: a training needs at least two rows, got {rows}", training.name());
        }
        remark_targets(&self.file_name(), &validation);
        let (loss, model) = linear_model(features, training.targets().classes());
        let name = self.problem_name(&model.heading(loss));
        Ok(Problem { name, training, validation, loss, model, standardizer, encoding: encoded_by })
    }

    /// What a problem on these files is called.
    pub(crate) fn problem_name(&self, heading: &str) -> String {
        format!("{heading} on {}", self.file_name())
    }

    /// All rows of a file, or the other part of a folder or archive than the one for training, as they are; what columns and targets mean is said by
    /// `reading`, and of CSV by the encoding of the training, if there is one.
    pub(crate) fn test_set(&self, reading: &Reading, encoding: Option<&CsvEncoding>) -> Result<Dataset> {
        self.check_memory(false)?;
        Ok(match self {
            Self::NpyInputs(_) => bail!(NO_TARGETS),
            Self::Mnist(dir) => read_mnist_dir(dir, &reading.targets)?.1,
            Self::Svmlight(file) => read_svmlight_sparse(file, &reading.svmlight())?,
            Self::Csv(path) => match encoding {
                Some(encoding) => {
                    let mut file = CsvFile::open_like(path, encoding)?;
                    room::for_table(&self.file_name(), file.rows(), encoding.features())?;
                    let encoded = file.encode(encoding);
                    guessed(&file, encoded)?
                }
                None => {
                    let task = matches!(reading.targets, TargetOptions::Known(_)).then_some(Task::Regression);
                    let mut file = CsvFile::open(path, &CsvOptions { task, ..CsvOptions::default() })?;
                    let fitted = file.fit(&|_| true);
                    let mut encoding = guessed(&file, fitted)?;
                    if let TargetOptions::Known(targets) = &reading.targets {
                        encoding = encoding.with_target(targets.clone());
                    }
                    file.encode(&encoding)?
                }
            },
            Self::Npy(inputs, targets) => read_npy_pair(inputs, targets, &reading.targets)?,
            Self::Npz(file) => {
                if reading.named_part {
                    return Ok(read_npz(file, &reading.npz(true))?.0);
                }
                let (data, other) = read_npz(file, &told_parts(file, &reading.npz(true))?)?;
                other.unwrap_or(data)
            }
        })
    }

    /// All rows of a file, those for tests of a folder or archive, to predict: without their targets, which they need not have. CSV is read
    /// by the encoding of the training, if there is one, and otherwise as numbers.
    pub(crate) fn inputs(&self, reading: &Reading, encoding: Option<&CsvEncoding>) -> Result<Dataset> {
        self.check_memory(false)?;
        match self {
            Self::Npy(inputs, _) | Self::NpyInputs(inputs) => Ok(read_npy_inputs(inputs)?),
            Self::Mnist(dir) => Ok(read_mnist_inputs(dir)?),
            Self::Csv(_) => {
                let numbers = CsvEncoding::of_numbers(reading.features.unwrap_or(1));
                let encoding = encoding.cloned().map_or(numbers, Ok)?.with_target(TargetEncoding::ABSENT);
                self.test_set(reading, Some(&encoding))
            }
            Self::Svmlight(_) | Self::Npz(_) => {
                let targets = TargetOptions::Known(TargetEncoding::ABSENT);
                self.test_set(&Reading { targets, ..reading.clone() }, None)
            }
        }
    }

    /// Whether features get mean 0 and standard deviation 1; pixels and sparse features are scaled already.
    pub(crate) fn is_standardized(&self) -> bool {
        matches!(self, Self::Csv(_) | Self::Npy(..) | Self::NpyInputs(_) | Self::Npz(_))
    }
}
