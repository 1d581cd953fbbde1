//! A table of finite numbers with one target per row: what every reader returns and every trainer takes.

mod csv;
mod idx;
mod input;
mod select;
mod sparse;
mod standardizer;
mod svmlight;

pub use csv::{CsvOptions, TargetColumn, read_csv};
pub(crate) use input::open_regular;
pub(crate) use sparse::Rows;

pub use idx::{read_idx_pair, read_mnist_dir};
pub use standardizer::Standardizer;
pub use svmlight::{read_svmlight, read_svmlight_sparse};

use crate::error::DataError;
use sparse::Inputs;
use std::fmt;

/// The most input values (rows × features) a reader builds from a file whose size does not already bound them: 2³¹,
/// which is 8 GiB as `f32`.
const MAX_ELEMENTS: usize = 1 << 31;

/// The most classes [`Targets::infer`] takes whole numbers for.
const MAX_INFERRED_CLASSES: usize = 1000;

/// A table for supervised learning, checked once so that training needs no checks.
///
/// * inputs: `[rows, features]`, `f32`, row-major, all finite; or without the zeros, see [`Dataset::sparse`]
/// * targets: `[rows]`, see [`Targets`]
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
    inputs: Inputs,
    targets: Targets,
}

/// One target per row.
#[derive(Debug, Clone, PartialEq)]
pub enum Targets {
    /// Regression: `[rows]` finite values.
    Values(Vec<f32>),
    /// Classification: `[rows]` labels, each below `classes`.
    Labels {
        /// The class of each row, `0..classes`.
        labels: Vec<u32>,
        /// How many classes there are; a class may have no row.
        classes: usize,
    },
}

impl Targets {
    /// Decides what a column of numbers from a text file means. The first rule that fits every value wins:
    ///
    /// 1. 0 and 1, or −1 and 1: two classes, −1 becoming class 0
    /// 2. whole numbers 0 ≤ v < 1000: classes, `classes` = largest value + 1
    /// 3. anything else: regression values
    ///
    /// A regression target of small whole numbers (counts, grades) reads as classes, and a validation file may lack the
    /// last class of its training file: [`Dataset::with_targets`] corrects both.
    pub fn infer(values: Vec<f32>) -> Targets {
        let all = |fits: fn(f32) -> bool| values.iter().all(|&v| fits(v));
        let labels = || values.iter().map(|&v| v.max(0.0) as u32).collect::<Vec<_>>();
        if all(|v| v == 0.0 || v == 1.0) || all(|v| v == -1.0 || v == 1.0) {
            return Targets::Labels { labels: labels(), classes: 2 };
        }
        if all(|v| v >= 0.0 && v < MAX_INFERRED_CLASSES as f32 && v.fract() == 0.0) {
            let labels = labels();
            let classes = labels.iter().max().map_or(0, |&label| label as usize + 1);
            return Targets::Labels { labels, classes };
        }
        Targets::Values(values)
    }

    /// How many rows have a target.
    pub fn rows(&self) -> usize {
        match self {
            Targets::Values(values) => values.len(),
            Targets::Labels { labels, .. } => labels.len(),
        }
    }

    fn check(&self, name: &str) -> Result<(), DataError> {
        let problem = match self {
            Targets::Values(values) => {
                values.iter().position(|v| !v.is_finite()).map(|row| format!("row {row}: target is {}", values[row]))
            }
            Targets::Labels { labels, classes } => labels
                .iter()
                .position(|&label| label as usize >= *classes)
                .map(|row| format!("row {row}: label {}, but there are {classes} classes", labels[row])),
        };
        problem.map_or(Ok(()), |message| Err(DataError::invalid(name, message)))
    }

    /// Keeps the first `rows` targets and returns the rest.
    fn split_off(&mut self, rows: usize) -> Targets {
        match self {
            Targets::Values(values) => Targets::Values(values.split_off(rows)),
            Targets::Labels { labels, classes } => {
                Targets::Labels { labels: labels.split_off(rows), classes: *classes }
            }
        }
    }
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
        Ok(Self { name, features, inputs: Inputs::Dense(inputs), targets })
    }

    /// The same inputs with other targets: more classes than the file shows, or labels as regression values.
    ///
    /// ```
    /// # use simdescent::{Dataset, Targets};
    /// # let data = Dataset::new("toy", vec![0.5; 3], 1, Targets::infer(vec![0.0, 1.0, 2.0]))?;
    /// let Targets::Labels { labels, .. } = data.targets().clone() else { panic!("no labels") };
    /// let data = data.with_targets(Targets::Labels { labels, classes: 10 })?;
    /// # Ok::<(), simdescent::DataError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Dataset::new`].
    pub fn with_targets(self, targets: Targets) -> Result<Self, DataError> {
        if targets.rows() != self.rows() {
            let message = format!("{} targets for {} rows", targets.rows(), self.rows());
            return Err(DataError::invalid(&self.name, message));
        }
        targets.check(&self.name)?;
        Ok(Self { targets, ..self })
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
        };
        self.name = format!("{}[0..{rows}]", self.name);
        Ok((self, rest))
    }

    /// The same table under another name.
    pub fn named(self, name: impl Into<String>) -> Self {
        Self { name: name.into(), ..self }
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

    /// All inputs, `[rows, features]` row-major.
    ///
    /// # Panics
    ///
    /// When they are sparse: see [`csr`](Dataset::csr) and [`into_dense`](Dataset::into_dense).
    #[track_caller]
    pub fn inputs(&self) -> &[f32] {
        match &self.inputs {
            Inputs::Dense(inputs) => inputs,
            Inputs::Sparse(_) => panic!("the inputs of dataset {} are sparse", self.name),
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
mod tests {
    use super::*;

    #[test]
    fn bad_tables_are_refused() {
        let labels = |labels: &[u32], classes| Targets::Labels { labels: labels.to_vec(), classes };
        let cases = [
            (vec![], 1, labels(&[], 2), "0 rows of 1 features"),
            (vec![], 0, labels(&[0], 2), "1 rows of 0 features"),
            (vec![1.0; 5], 2, labels(&[0, 1], 2), "5 inputs do not fill 2 rows of 2 features"),
            (vec![1.0; 4], usize::MAX, labels(&[0, 1], 2), "4 inputs do not fill"),
            (vec![0.0, 1.0, 2.0, f32::NAN], 2, labels(&[0, 1], 2), "row 1, feature 1: input is NaN"),
            (vec![0.0; 2], 1, labels(&[0, 2], 2), "row 1: label 2, but there are 2 classes"),
            (vec![0.0], 1, Targets::Values(vec![f32::INFINITY]), "row 0: target is inf"),
        ];
        for (inputs, features, targets, expected) in cases {
            let message = Dataset::new("t", inputs, features, targets).unwrap_err().to_string();
            assert!(message.starts_with("dataset t: ") && message.contains(expected), "{message}");
        }
    }

    #[test]
    fn targets_follow_the_documented_rules() {
        let labels = |labels: &[u32], classes| Targets::Labels { labels: labels.to_vec(), classes };
        assert_eq!(Targets::infer(vec![1.0, -0.0]), labels(&[1, 0], 2));
        assert_eq!(Targets::infer(vec![1.0, -1.0]), labels(&[1, 0], 2));
        assert_eq!(Targets::infer(vec![0.0, 0.0]), labels(&[0, 0], 2));
        assert_eq!(Targets::infer(vec![0.0, 999.0]), labels(&[0, 999], 1000));
        for values in [vec![0.0, 1000.0], vec![-1.0, 0.0, 1.0], vec![0.5, 1.0], vec![f32::NAN], vec![-2.0]] {
            assert!(matches!(Targets::infer(values), Targets::Values(_)));
        }
    }

    #[test]
    fn split_keeps_rows_classes_and_says_so_in_the_names() {
        let data = Dataset::new("t", vec![0.0, 1.0, 2.0], 1, Targets::infer(vec![0.0, 1.0, 4.0])).unwrap();
        let (training, validation) = data.clone().split_at(2).unwrap();
        assert_eq!((training.name(), validation.name()), ("t[0..2]", "t[2..3]"));
        assert_eq!((training.inputs(), validation.row(0)), (&[0.0, 1.0][..], &[2.0][..]));
        assert_eq!(validation.targets(), &Targets::Labels { labels: vec![4], classes: 5 });
        for rows in [0, 3, 4] {
            let message = data.clone().split_at(rows).unwrap_err().to_string();
            assert!(message.contains(&format!("cannot split 3 rows at {rows}")), "{message}");
        }
        assert!(
            data.with_targets(Targets::Values(vec![1.0])).unwrap_err().to_string().contains("1 targets for 3 rows")
        );
    }
}
