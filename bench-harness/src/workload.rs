//! Workloads: a training set, a validation set, a model and a loss.

use crate::csv_flags::CsvFlags;
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use simdescent::dataset::{
    CsvEncoding, CsvFile, CsvOptions, Standardizer, read_csv, read_mnist_dir, read_npy_pair, read_npz,
    read_svmlight_sparse,
};
use simdescent::kernels::activation::Activation;
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{Dataset, Dropout, Initializer, Linear, Loss, Mlp, Model, Targets, synthetic};
use std::path::PathBuf;
use std::str::FromStr;

/// What a sweep trains.
pub(crate) struct Workload {
    pub(crate) name: String,
    pub(crate) training: Dataset,
    pub(crate) validation: Dataset,
    pub(crate) loss: Loss,
    pub(crate) model: ModelSpec,
    /// What scaled the inputs, if anything did.
    pub(crate) standardizer: Option<Standardizer>,
    /// What the columns of the file are, if it is a CSV file.
    pub(crate) encoding: Option<CsvEncoding>,
}

/// A model, before its weights are drawn.
#[derive(Clone, Debug)]
pub(crate) enum ModelSpec {
    /// One linear output, from zero.
    Linear { features: usize, bias: bool },
    /// A network of these widths.
    Mlp { widths: Vec<usize>, activation: Activation, initializer: Initializer, dropout: f32 },
}

/// The most parameters of a model: 8 GiB, and as much again for their gradient.
const MAX_PARAMETERS: usize = 1 << 31;

/// Whether zeros among the inputs are kept. No result depends on it, but for the sign of a zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Inputs {
    /// svmlight files without their zeros, if not even 1 value in 16 is written or there are more than 2^31 with zeros
    #[default]
    Auto,
    /// Without zeros
    Sparse,
    /// With all zeros
    Dense,
}

/// [`Inputs::Auto`] leaves zeros out below it.
const SPARSE_DENSITY: f64 = 1.0 / 16.0;

/// And above so many values with their zeros, the limit of [`Dataset::into_dense`].
const MOST_WITH_ZEROS: usize = 1 << 31;

impl Inputs {
    /// `data` as it is to be kept.
    pub(crate) fn of(self, data: Dataset) -> Result<Dataset> {
        let with_zeros = data.rows().saturating_mul(data.features());
        Ok(match self {
            Self::Auto if data.is_sparse() && (data.density() < SPARSE_DENSITY || with_zeros > MOST_WITH_ZEROS) => data,
            Self::Sparse => data.into_sparse()?,
            Self::Auto | Self::Dense => data.into_dense()?,
        })
    }
}

impl Workload {
    /// The workload with its inputs kept so; both sets alike, as the training set decides.
    pub(crate) fn keeping(self, inputs: Inputs) -> Result<Self> {
        let training = inputs.of(self.training)?;
        let alike = if training.is_sparse() { Inputs::Sparse } else { Inputs::Dense };
        Ok(Self { validation: alike.of(self.validation)?, training, ..self })
    }
}

impl ModelSpec {
    /// A network of these widths with ReLU between layers and He-normal weights; without hidden layers, from zero.
    pub(crate) fn mlp(widths: Vec<usize>) -> Self {
        let initializer = if widths.len() == 2 { Initializer::Zeros } else { Initializer::HeNormal };
        Self::Mlp { widths, activation: Activation::Relu, initializer, dropout: 0.0 }
    }

    /// Inputs and outputs.
    pub(crate) fn shape(&self) -> (usize, usize) {
        match self {
            Self::Linear { features, .. } => (*features, 1),
            Self::Mlp { widths, .. } => (widths[0], widths[widths.len() - 1]),
        }
    }

    /// The same for so many features.
    pub(crate) fn with_inputs(&self, features: usize) -> Self {
        let mut model = self.clone();
        match &mut model {
            Self::Linear { features: own, .. } => *own = features,
            Self::Mlp { widths, .. } => widths[0] = features,
        }
        model
    }

    /// How many parameters it has; `None` if no model has these widths.
    pub(crate) fn parameters(&self) -> Option<usize> {
        match self {
            Self::Linear { features, bias } => features.checked_add(usize::from(*bias)),
            Self::Mlp { widths, .. } if widths.len() < 2 || widths.contains(&0) => None,
            Self::Mlp { widths, .. } => {
                widths.windows(2).try_fold(0usize, |sum, w| sum.checked_add(w[0].checked_add(1)?.checked_mul(w[1])?))
            }
        }
    }

    /// Before anything that large is made.
    pub(crate) fn check_size(&self) -> Result<()> {
        if self.parameters().is_none_or(|n| n > MAX_PARAMETERS) {
            bail!("{} has more than {MAX_PARAMETERS} parameters: take fewer features or hidden units", self.describe());
        }
        Ok(())
    }

    /// A model with the weights of this trial.
    pub(crate) fn build(&self, trial: u64, seed: u64) -> Box<dyn Model> {
        match self {
            Self::Linear { features, bias } => Box::new(Linear::new(*features, *bias)),
            Self::Mlp { widths, activation, initializer, dropout } => {
                let mut stream = Stream::new(StreamKey { trial, ..StreamKey::new(Purpose::Weights, seed) });
                let mlp = Mlp::new(widths, *activation, *initializer, &mut stream);
                if *dropout == 0.0 {
                    return Box::new(mlp);
                }
                Box::new(mlp.with_dropout(Dropout::new(*dropout, trial, seed).expect("a rate that was checked")))
            }
        }
    }

    /// For people: `linear 64-1` or `mlp 32-64-10`.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Linear { features, .. } => format!("linear {features}-1"),
            Self::Mlp { widths, .. } => {
                let widths: Vec<_> = widths.iter().map(usize::to_string).collect();
                format!("{} {}", if widths.len() == 2 { "softmax" } else { "mlp" }, widths.join("-"))
            }
        }
    }
}

/// The workloads of a sweep without `--data`.
pub(crate) fn embedded(seed: u64) -> Result<Vec<Workload>> {
    /// Rows for training, and as many again divided by four for validation.
    const ROWS: usize = 4000;
    let stream = || Stream::new(StreamKey::new(Purpose::Data, seed));
    let regression = synthetic::linear(ROWS + ROWS / 4, 64, 0.5, &mut stream());
    let mixture = synthetic::gaussian_mixture(ROWS + ROWS / 4, 32, 10, 3.0, &mut stream());
    let teacher = synthetic::teacher(ROWS + ROWS / 4, &[16, 16, 4], &mut stream());
    [
        ("linear regression", regression, Loss::Squared, ModelSpec::Linear { features: 64, bias: true }),
        ("softmax regression", mixture, Loss::SoftmaxCrossEntropy, ModelSpec::mlp(vec![32, 10])),
        ("mlp", teacher, Loss::SoftmaxCrossEntropy, ModelSpec::mlp(vec![16, 64, 4])),
    ]
    .into_iter()
    .map(|(name, data, loss, model)| {
        let (training, validation) = data.split_at(ROWS)?;
        Ok(Workload { name: name.into(), training, validation, loss, model, standardizer: None, encoding: None })
    })
    .collect()
}

/// Files to measure on, as `--data` names them.
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
    /// The workloads on these files: the linear model that fits the targets, and a small network. svmlight is sparse.
    pub(crate) fn workloads(&self, seed: u64, csv: &CsvFlags) -> Result<Vec<Workload>> {
        if !matches!(self, Self::Csv(_)) {
            csv.refuse()?;
        }
        let (mut scaled_by, mut encoded_by) = (None, None);
        let (mut training, mut validation) = match self {
            Self::Mnist(dir) => read_mnist_dir(dir)?,
            Self::Svmlight(file) => shuffled_split(read_svmlight_sparse(file, None)?, seed)?,
            Self::Csv(path) => {
                let mut file = CsvFile::open(path, &csv.options()?)?;
                if file.rows() < 2 {
                    bail!("{}: data too small to split 80:20", path.display());
                }
                let order = shuffled(file.rows(), seed);
                let mut in_training = vec![false; file.rows()];
                order[..training_rows(order.len())].iter().for_each(|&row| in_training[row as usize] = true);
                let encoding = file.fit(|row| in_training.get(row).is_some_and(|&yes| yes))?;
                let data = file.encode(&encoding)?;
                encoded_by = Some(encoding);
                shuffled_split(data, seed)?
            }
            Self::Npy(inputs, targets) => shuffled_split(read_npy_pair(inputs, targets)?, seed)?,
            Self::Npz(file) => shuffled_split(read_npz(file)?, seed)?,
        };
        if self.is_standardized() {
            let standardizer = Standardizer::fit(&training);
            standardizer.apply(&mut training)?;
            standardizer.apply(&mut validation)?;
            scaled_by = Some(standardizer);
        }
        let (rows, features) = (training.rows(), training.features());
        if rows < 2 {
            bail!("{}: a sweep needs at least two training rows, got {rows}", training.name());
        }
        let classes = training.targets().classes();
        let (name, loss, model) = linear_model(features, classes);
        let outputs = model.shape().1;
        let network = ModelSpec::mlp(vec![features, 32, outputs]);
        let workload = |name: &str, model, training, validation| Workload {
            name: format!("{name} on {}", self.file_name()),
            training,
            validation,
            loss,
            model,
            standardizer: scaled_by.clone(),
            encoding: encoded_by.clone(),
        };
        Ok(vec![
            workload(name, model, training.clone(), validation.clone()),
            workload("mlp", network, training, validation),
        ])
    }

    /// All rows of a file, or the validation part of a folder, as they are; svmlight, which may leave out features, sparse with
    /// so many; CSV by the encoding of the training, if there is one.
    pub(crate) fn test_set(&self, features: usize, encoding: Option<&CsvEncoding>) -> Result<Dataset> {
        Ok(match self {
            Self::Mnist(dir) => read_mnist_dir(dir)?.1,
            Self::Svmlight(file) => read_svmlight_sparse(file, Some(features))?,
            Self::Csv(path) => match encoding {
                Some(encoding) => CsvFile::open(path, encoding.options())?.encode(encoding)?,
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

/// The linear model that fits targets of so many classes, or values.
pub(crate) fn linear_model(features: usize, classes: Option<usize>) -> (&'static str, Loss, ModelSpec) {
    let linear = ModelSpec::Linear { features, bias: true };
    match classes {
        None => ("linear regression", Loss::Squared, linear),
        Some(2) => ("logistic regression", Loss::Logistic, linear),
        Some(n) => ("softmax regression", Loss::SoftmaxCrossEntropy, ModelSpec::mlp(vec![features, n])),
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

/// SHA-256 over inputs, targets and weights of a data set, so that a report names its data.
pub(crate) fn data_digest(data: &Dataset) -> String {
    let mut hash = Sha256::new();
    hash.update((data.features() as u64).to_le_bytes());
    match data.csr() {
        None => data.inputs().iter().for_each(|x| hash.update(x.to_bits().to_le_bytes())),
        Some(x) => {
            for (columns, values) in (0..x.rows()).map(|i| x.row(i)) {
                hash.update((columns.len() as u64).to_le_bytes());
                columns.iter().for_each(|j| hash.update(j.to_le_bytes()));
                values.iter().for_each(|x| hash.update(x.to_bits().to_le_bytes()));
            }
        }
    }
    match data.targets() {
        Targets::Values(values) => values.iter().for_each(|x| hash.update(x.to_bits().to_le_bytes())),
        Targets::Labels { labels, .. } => labels.iter().for_each(|x| hash.update(x.to_le_bytes())),
        Targets::Probabilities { values, .. } => values.iter().for_each(|x| hash.update(x.to_bits().to_le_bytes())),
    }
    data.weights().into_iter().flatten().for_each(|x| hash.update(x.to_bits().to_le_bytes()));
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn embedded_workloads_fit_their_models() {
        for workload in embedded(1).unwrap() {
            let model = workload.model.build(0, 1);
            assert_eq!(model.inputs(), workload.training.features(), "{}", workload.name);
            assert_eq!(workload.training.rows(), 4 * workload.validation.rows());
        }
    }
}
