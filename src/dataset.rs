//! A table of finite numbers with one target per row: what every reader returns and every trainer takes.

mod csv;
pub(crate) mod digest;
mod encoded;
mod exact;
mod idx;
mod input;
mod npy;
mod remainder;
mod rows;
mod select;
mod sparse;
mod standardizer;
mod storage;
mod stream;
mod svmlight;
mod target_encoding;
mod targets;
mod text;
mod weights;

pub use csv::{CsvColumn, CsvEncoding, CsvFile, CsvOptions, Missing, Unseen, read_csv};
#[cfg(feature = "checkpoints")]
pub(crate) use input::open_regular;
pub(crate) use remainder::exact_targets;
pub(crate) use standardizer::{blurs, spread};
pub(crate) use stream::Buffer;
pub(crate) use target_encoding::TargetProfile;

pub use idx::{read_idx_pair, read_mnist_dir, read_mnist_inputs};
#[cfg(feature = "npz")]
pub use npy::{NpzOptions, NpzParts, npz_parts, read_npz};
pub use npy::{npy_memory, read_npy_inputs, read_npy_pair};
pub use rows::Rows;
pub use standardizer::Standardizer;
pub use storage::Csr;
pub use stream::RowStream;
pub use svmlight::{SvmlightOptions, has_index_zero, read_svmlight, read_svmlight_sparse};
pub use target_encoding::{TargetEncoding, TargetOptions, Task};
pub use targets::Targets;

use crate::error::DataError;
use remainder::Remainders;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use storage::{MAX_ELEMENTS, Storage};

/// A table for supervised learning, checked once so that training needs no checks.
///
/// * inputs: `[rows, features]`, `f32`, row-major, all finite; or without the zeros, see [`Dataset::sparse`]
/// * targets: `[rows]`, see [`Targets`]
/// * weights of rows and classes, if they are [given](Dataset::with_weights)
///
/// ```
/// use simdescent::{Dataset, Targets};
///
/// let targets = Targets::Labels { labels: vec![0, 1, 1], classes: 2 };
/// let data = Dataset::new("toy", vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0], 2, targets)?;
/// assert_eq!((data.rows(), data.row(1)), (3, &[2.0, 3.0][..]));
/// let (training, validation) = data.split_at(2)?;
/// assert_eq!((training.rows(), validation.rows()), (2, 1));
/// # Ok::<(), simdescent::DataError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Dataset {
    name: String,
    features: usize,
    inputs: Storage,
    targets: Targets,
    /// `[features]`; `None` for x0, x1, …
    feature_names: Option<Arc<[String]>>,
    /// `[classes]`
    class_names: Option<Arc<[String]>>,
    weights: Option<Vec<f32>>,
    class_weights: Option<Vec<f32>>,
    remainders: Option<Remainders>,
    /// `[rows]`
    target_remainders: Option<Vec<f32>>,
    target_encoding: Option<Arc<TargetEncoding>>,
}

impl Dataset {
    /// Checks and takes a table: `inputs` `[rows, features]` row-major, `targets` `[rows]`.
    ///
    /// # Errors
    ///
    /// [`DataError::Invalid`] when there is no row or no feature, `inputs` is not rows × features long, an input or a
    /// target value is not finite, or a label is not below `classes`.
    pub fn new(
        name: impl Into<String>,
        inputs: Vec<f32>,
        features: usize,
        targets: Targets,
    ) -> Result<Self, DataError> {
        let name = name.into();
        let rows = targets.rows();
        if rows == 0 || features == 0 {
            return Err(DataError::invalid(
                &name,
                format!("{rows} rows of {features} features; both must be at least 1"),
            ));
        }
        if rows.checked_mul(features) != Some(inputs.len()) {
            let message = format!("{} inputs do not fill {rows} rows of {features} features", inputs.len());
            return Err(DataError::invalid(&name, message));
        }
        if let Some(at) = inputs.iter().position(|x| !x.is_finite()) {
            let message = format!("row {}, feature {}: input is {}", at / features, at % features, inputs[at]);
            return Err(DataError::invalid(&name, message));
        }
        targets.check(&name)?;
        Ok(Self::plain(name, features, Storage::Dense(inputs), targets))
    }

    /// A checked table without names and weights.
    fn plain(name: String, features: usize, inputs: Storage, targets: Targets) -> Self {
        Self {
            name,
            features,
            inputs,
            targets,
            feature_names: None,
            class_names: None,
            weights: None,
            class_weights: None,
            remainders: None,
            target_remainders: None,
            target_encoding: None,
        }
    }

    /// The same inputs, and weights if they have any, with other targets: more classes than the file shows, or labels as
    /// regression values.
    ///
    /// ```
    /// # use simdescent::{Dataset, Targets};
    /// # let targets = Targets::Labels { labels: vec![0, 1, 2], classes: 3 };
    /// # let data = Dataset::new("toy", vec![0.5; 3], 1, targets)?;
    /// let Targets::Labels { labels, .. } = data.targets().clone() else { panic!("no labels") };
    /// let data = data.with_targets(Targets::Labels { labels, classes: 10 })?;
    /// # Ok::<(), simdescent::DataError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Dataset::new`], and if there are class weights for another number of classes.
    pub fn with_targets(self, targets: Targets) -> Result<Self, DataError> {
        if targets.rows() != self.rows() {
            let message = format!("{} targets for {} rows", targets.rows(), self.rows());
            return Err(DataError::invalid(&self.name, message));
        }
        targets.check(&self.name)?;
        let class_names = self.class_names.filter(|names| targets.classes() == Some(names.len()));
        let are_same = targets == self.targets;
        let target_remainders = self.target_remainders.filter(|_| are_same);
        let target_encoding = self.target_encoding.filter(|_| are_same);
        let data = Self { targets, class_names, target_remainders, target_encoding, ..self };
        match data.class_weights.clone() {
            Some(weights) => data.with_class_weights(weights),
            None => Ok(data),
        }
    }

    /// The same data under another name.
    pub fn renamed(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
    }

    /// The same data with names for its features, one each. Readers do this where the file has names.
    ///
    /// # Errors
    ///
    /// [`DataError::Invalid`] when there are not as many names as features.
    pub fn with_feature_names(self, names: Vec<String>) -> Result<Self, DataError> {
        if names.len() != self.features {
            let message = format!("{} names for {} features", names.len(), self.features);
            return Err(DataError::invalid(&self.name, message));
        }
        Ok(Self { feature_names: Some(names.into()), ..self })
    }

    /// The same data with names for its classes, one each.
    ///
    /// # Errors
    ///
    /// [`DataError::Invalid`] when the targets are numbers or there are not as many names as classes.
    pub fn with_class_names(self, names: Vec<String>) -> Result<Self, DataError> {
        match self.targets.classes() {
            Some(classes) if classes == names.len() => Ok(Self { class_names: Some(names.into()), ..self }),
            _ => Err(DataError::invalid(&self.name, format!("{} names for other classes", names.len()))),
        }
    }

    /// Splits into (rows `0..rows`, the rest), usually training and validation set. Nothing is shuffled. The parts are
    /// named after their rows, as in `iris.csv[0..120]`.
    ///
    /// # Errors
    ///
    /// [`DataError::Invalid`] when a part would be empty.
    pub fn split_at(mut self, rows: usize) -> Result<(Dataset, Dataset), DataError> {
        let total = self.rows();
        if rows == 0 || rows >= total {
            let message = format!("cannot split {total} rows at {rows}: each part needs at least 1 row");
            return Err(DataError::invalid(&self.name, message));
        }
        let rest = Dataset {
            name: format!("{}[{rows}..{total}]", self.name),
            features: self.features,
            inputs: self.inputs.split_off(rows, self.features),
            targets: self.targets.split_off(rows),
            feature_names: self.feature_names.clone(),
            class_names: self.class_names.clone(),
            weights: self.weights.as_mut().map(|weights| weights.split_off(rows)),
            class_weights: self.class_weights.clone(),
            remainders: self.remainders.as_mut().map(|remainders| remainders.split_off(rows)),
            target_remainders: self.target_remainders.as_mut().map(|remainders| remainders.split_off(rows)),
            target_encoding: self.target_encoding.clone(),
        };
        self.name = format!("{}[0..{rows}]", self.name);
        Ok((self, rest))
    }

    /// The name given at construction; readers give the file name without its folder.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many rows, at least 1.
    pub fn rows(&self) -> usize {
        self.targets.rows()
    }

    /// How many features each row has, at least 1.
    pub fn features(&self) -> usize {
        self.features
    }

    /// The name of feature `j`: that of its column in the file, `color=red` for a category, and `xj` where there is none.
    ///
    /// # Panics
    ///
    /// When `j >= features()`.
    #[track_caller]
    pub fn feature_name(&self, j: usize) -> Cow<'_, str> {
        assert!(j < self.features, "feature {j} of {}", self.features);
        match &self.feature_names {
            Some(names) => Cow::Borrowed(&names[j]),
            None => Cow::Owned(format!("x{j}")),
        }
    }

    /// The names of all features in order, as [`feature_name`](Self::feature_name) gives them.
    pub fn feature_names(&self) -> impl ExactSizeIterator<Item = Cow<'_, str>> {
        (0..self.features).map(|j| self.feature_name(j))
    }

    /// The names of the classes in the order of their labels, if they have names.
    pub fn class_names(&self) -> Option<&[String]> {
        self.class_names.as_deref()
    }

    /// All inputs, `[rows, features]` row-major.
    ///
    /// # Panics
    ///
    /// When they are sparse: see [`csr`](Dataset::csr) and [`into_dense`](Dataset::into_dense).
    #[track_caller]
    pub fn inputs(&self) -> &[f32] {
        match &self.inputs {
            Storage::Dense(inputs) => inputs,
            Storage::Sparse(_) => panic!("the inputs of dataset {} are sparse", self.name),
        }
    }

    /// The inputs of row `i`, `[features]`.
    ///
    /// # Panics
    ///
    /// When `i >= rows()`, or the inputs are sparse.
    #[track_caller]
    pub fn row(&self, i: usize) -> &[f32] {
        assert!(i < self.rows(), "row {i} of a dataset with {} rows", self.rows());
        &self.inputs()[i * self.features..][..self.features]
    }

    /// The targets, `[rows]`.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }
}

/// The shape only: a failed assertion must not print millions of numbers.
impl fmt::Debug for Dataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sparse = if self.is_sparse() { ", sparse" } else { "" };
        write!(f, "Dataset({:?}, {} rows × {} features{sparse})", self.name, self.rows(), self.features)
    }
}

#[cfg(test)]
mod tests;
