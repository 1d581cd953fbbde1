//! Files of data, as `--data` names them.

use super::Problem;
use super::model_spec::{ModelSpec, linear_model};
use super::remarks::{guessed, remark_blurred};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use simdescent::Dataset;
use simdescent::dataset::{
    CsvEncoding, CsvFile, CsvOptions, Standardizer, read_csv, read_mnist_dir, read_npy_pair, read_npz,
    read_svmlight_sparse,
};
use simdescent::random::{Purpose, Stream, StreamKey};
use std::path::PathBuf;
use std::str::FromStr;

/// Where data is read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) enum DataSource {
    Mnist(PathBuf),
    Svmlight(PathBuf),
    Csv(PathBuf),
    /// Inputs and targets.
    Npy(PathBuf, PathBuf),
    Npz(PathBuf),
}

impl FromStr for DataSource {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let forms = "write mnist:DIR, svmlight:FILE, csv:FILE, npz:FILE or npy:INPUTS.npy,TARGETS.npy";
        match text.split_once(':') {
            Some((_, "")) | None => Err(forms.into()),
            Some(("mnist", path)) => Ok(Self::Mnist(path.into())),
            Some(("svmlight", path)) => Ok(Self::Svmlight(path.into())),
            Some(("csv", path)) => Ok(Self::Csv(path.into())),
            Some(("npz", path)) => Ok(Self::Npz(path.into())),
            Some(("npy", paths)) => match paths.split_once(',') {
                Some((inputs, targets)) if !inputs.is_empty() && !targets.is_empty() => {
                    Ok(Self::Npy(inputs.into(), targets.into()))
                }
                _ => Err(forms.into()),
            },
            Some((kind, _)) => Err(format!("unknown kind of data {kind:?}: {forms}")),
        }
    }
}

impl TryFrom<String> for DataSource {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<DataSource> for String {
    fn from(source: DataSource) -> Self {
        let (kind, path) = match &source {
            DataSource::Mnist(path) => ("mnist", path),
            DataSource::Svmlight(path) => ("svmlight", path),
            DataSource::Csv(path) => ("csv", path),
            DataSource::Npz(path) => ("npz", path),
            DataSource::Npy(inputs, targets) => return format!("npy:{},{}", inputs.display(), targets.display()),
        };
        format!("{kind}:{}", path.display())
    }
}

impl DataSource {
    /// The linear model that fits the targets, on these files; svmlight is sparse. `csv` says how to read a CSV file.
    pub(crate) fn problem(&self, seed: u64, csv: &CsvOptions) -> Result<Problem> {
        let (mut standardizer, mut encoded_by) = (None, None);
        let (mut training, mut validation) = match self {
            Self::Mnist(dir) => read_mnist_dir(dir)?,
            Self::Svmlight(file) => shuffled_split(read_svmlight_sparse(file, None)?, seed)?,
            Self::Csv(path) => {
                let mut file = CsvFile::open(path, csv)?;
                if file.rows() < 2 {
                    bail!("{}: data too small to split 80:20", path.display());
                }
                let order = shuffled(file.rows(), seed);
                let mut in_training = vec![false; file.rows()];
                order[..training_rows(order.len())].iter().for_each(|&row| in_training[row as usize] = true);
                let guesses = file.guesses().to_vec();
                let encoding = guessed(&guesses, file.fit(&|row| in_training.get(row).is_some_and(|&yes| yes)))?;
                let data = file.encode(&encoding)?;
                encoded_by = Some(encoding);
                shuffled_split(data, seed)?
            }
            Self::Npy(inputs, targets) => shuffled_split(read_npy_pair(inputs, targets)?, seed)?,
            Self::Npz(file) => shuffled_split(read_npz(file)?, seed)?,
        };
        if self.is_standardized() {
            let fitted = Standardizer::fit(&training);
            remark_blurred(&fitted, &training);
            fitted.apply(&mut training)?;
            fitted.apply(&mut validation)?;
            standardizer = Some(fitted);
        }
        let (rows, features) = (training.rows(), training.features());
        if rows < 2 {
            bail!("{}: a training needs at least two rows, got {rows}", training.name());
        }
        let (name, loss, model) = linear_model(features, training.targets().classes());
        let name = self.problem_name(name);
        Ok(Problem { name, training, validation, loss, model, standardizer, encoding: encoded_by })
    }

    /// A small network for the data of such a problem.
    pub(crate) fn network(&self, problem: &Problem) -> (String, ModelSpec) {
        let (features, outputs) = problem.model.shape();
        (self.problem_name("mlp"), ModelSpec::mlp(vec![features, 32, outputs]))
    }

    fn problem_name(&self, model: &str) -> String {
        format!("{model} on {}", self.file_name())
    }

    /// All rows of a file, or the validation part of a folder, as they are; svmlight, which may leave out features, sparse with
    /// so many; CSV by the encoding of the training, if there is one.
    pub(crate) fn test_set(&self, features: usize, encoding: Option<&CsvEncoding>) -> Result<Dataset> {
        Ok(match self {
            Self::Mnist(dir) => read_mnist_dir(dir)?.1,
            Self::Svmlight(file) => read_svmlight_sparse(file, Some(features))
                .with_context(|| format!("the model takes {features} features"))?,
            Self::Csv(path) => match encoding {
                Some(encoding) => {
                    let mut file = CsvFile::open_like(path, encoding)?;
                    let guesses = file.guesses().to_vec();
                    guessed(&guesses, file.encode(encoding))?
                }
                None => read_csv(path, &CsvOptions::default())?,
            },
            Self::Npy(inputs, targets) => read_npy_pair(inputs, targets)?,
            Self::Npz(file) => read_npz(file)?,
        })
    }

    /// Whether features get mean 0 and standard deviation 1; pixels and sparse features are scaled already.
    pub(crate) fn is_standardized(&self) -> bool {
        matches!(self, Self::Csv(_) | Self::Npy(..) | Self::Npz(_))
    }

    pub(crate) fn file_name(&self) -> String {
        let (Self::Mnist(path) | Self::Svmlight(path) | Self::Csv(path) | Self::Npy(path, _) | Self::Npz(path)) = self;
        path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
    }
}

/// The rows in random order, because files are often sorted; the first 80 % for training, the rest for validation.
fn shuffled_split(data: Dataset, seed: u64) -> Result<(Dataset, Dataset)> {
    let rows = data.rows();
    let shuffled = data.select(&shuffled(rows, seed)).renamed(format!("{} shuffled", data.name()));
    shuffled.split_at(training_rows(rows)).context("data too small to split 80:20")
}

pub(crate) fn shuffled(rows: usize, seed: u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..rows as u32).collect();
    Stream::new(StreamKey::new(Purpose::Data, seed)).shuffle(&mut order);
    order
}

pub(crate) fn training_rows(rows: usize) -> usize {
    rows - rows.div_ceil(5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use simdescent::Targets;

    #[test]
    fn data_sources_are_parsed_or_explained() {
        assert_eq!("csv:a:b.csv".parse(), Ok(DataSource::Csv("a:b.csv".into())));
        assert_eq!("mnist:/d".parse(), Ok(DataSource::Mnist("/d".into())));
        let npy: DataSource = "npy:a.npy,b.npy".parse().unwrap();
        assert_eq!(
            (&npy, String::from(npy.clone())),
            (&DataSource::Npy("a.npy".into(), "b.npy".into()), "npy:a.npy,b.npy".into())
        );
        for bad in ["", "x.csv", "csv:", "arff:x", "npy:a.npy", "npy:a.npy,"] {
            let error = bad.parse::<DataSource>().unwrap_err();
            assert!(error.contains("write mnist:DIR, svmlight:FILE, csv:FILE, npz:FILE or npy:"), "{bad}: {error}");
        }
    }

    #[test]
    fn a_split_keeps_rows_and_targets_together() {
        let inputs: Vec<f32> = (0..50).map(|i| i as f32).collect();
        let targets = Targets::Values((0..25).map(|i| (2 * i) as f32).collect());
        let (a, b) = shuffled_split(Dataset::new("x", inputs, 2, targets).unwrap(), 3).unwrap();
        assert_eq!((a.rows(), b.rows()), (20, 5));
        let mut seen = vec![];
        for part in [&a, &b] {
            let Targets::Values(y) = part.targets() else { panic!("values") };
            (0..part.rows()).for_each(|i| assert_eq!(part.row(i), [y[i], y[i] + 1.0]));
            seen.extend_from_slice(y);
        }
        assert_ne!(seen, (0..25).map(|i| (2 * i) as f32).collect::<Vec<_>>());
        seen.sort_by(f32::total_cmp);
        assert_eq!(seen, (0..25).map(|i| (2 * i) as f32).collect::<Vec<_>>());
    }
}
