//! Errors: bad data, settings that cannot be, checkpoints that do not fit.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why data was refused. Every message names the file or dataset, the place in it, and the offending value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The operating system could not open or read the file.
    #[error("{}: cannot read: {source}", path.display())]
    Io {
        /// The file as the caller named it.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The file was read, but its content breaks the format.
    #[error("{}{place}: {message}", path.display())]
    Format {
        /// The file as the caller named it.
        path: PathBuf,
        /// Where in the file.
        place: Place,
        /// What is wrong there and what to do about it.
        message: String,
    },
    /// The values do not form a valid dataset, or not one that fits the request.
    #[error("dataset {name}: {message}")]
    Invalid {
        /// The dataset's name.
        name: String,
        /// What is wrong, with row and feature counted from 0.
        message: String,
    },
}

/// A place in a file, as a [`DataError::Format`] names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The file as a whole.
    File,
    /// A line of a text file, counted from 1.
    Line(u64),
    /// A byte offset counted from 0; in a gzip file, of the decompressed content.
    Byte(u64),
}

/// The suffix of a file name in a message: nothing, `, line 3` or `, byte 16`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File => Ok(()),
            Place::Line(line) => write!(f, ", line {line}"),
            Place::Byte(offset) => write!(f, ", byte {offset}"),
        }
    }
}

impl DataError {
    pub(crate) fn io(path: &Path, source: io::Error) -> Self {
        DataError::Io { path: path.to_owned(), source }
    }

    pub(crate) fn format(path: &Path, place: Place, message: impl Into<String>) -> Self {
        DataError::Format { path: path.to_owned(), place, message: message.into() }
    }

    pub(crate) fn invalid(name: &str, message: impl Into<String>) -> Self {
        DataError::Invalid { name: name.to_owned(), message: message.into() }
    }
}

/// Why a training run cannot start.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A number of the learning-rate schedule is out of range.
    #[error("learning-rate schedule {schedule}: {fault}")]
    LearningRate {
        /// The schedule.
        schedule: &'static str,
        /// What is wrong.
        fault: &'static str,
    },
    /// The range of a learning-rate finder is not one, or there is nothing to find.
    #[error("learning-rate finder: {0}")]
    Finder(&'static str),
    /// A parameter of the loss is out of range.
    #[error("loss {name}: {fault}")]
    Loss {
        /// The loss.
        name: &'static str,
        /// What is wrong.
        fault: &'static str,
    },
    /// A hyper-parameter of the optimizer is out of range.
    #[error("optimizer {name}: {fault}")]
    Rule {
        /// The optimizer.
        name: &'static str,
        /// What is wrong.
        fault: &'static str,
    },
    /// A hyper-parameter of the optimizer is out of range.
    #[error("optimizer {rule}: {field} has to be {range}, got {value}")]
    Hyperparameter {
        /// The optimizer.
        rule: &'static str,
        /// Which hyper-parameter.
        field: &'static str,
        /// Its value.
        value: f64,
        /// What it has to be.
        range: &'static str,
    },
    /// The L2 penalty is out of range.
    #[error("the L2 penalty has to be at least 0 and finite, got {0}")]
    L2(f32),
    /// Something in [`StepTransforms`](crate::StepTransforms) is out of range.
    #[error("{name} has to be {range}, got {value}")]
    StepTransform {
        /// The field.
        name: &'static str,
        /// Its value.
        value: f32,
        /// What it has to be.
        range: &'static str,
    },
    /// The batch is empty or larger than the data.
    #[error("a batch of {batch_size} samples does not fit the {rows} rows of the data: take 1 to {rows}")]
    BatchSize {
        /// Samples per batch.
        batch_size: usize,
        /// Rows of the data.
        rows: usize,
    },
    /// The batch-size schedule is out of range or does not go with the learning-rate schedule.
    #[error("batch-size schedule: {0}")]
    BatchGrowth(&'static str),
    /// The probability of dropout is out of range.
    #[error("the dropout rate has to be in [0, 1), got {0}")]
    Dropout(f32),
    /// The number of an initializer is out of range.
    #[error("{0}")]
    Initializer(&'static str),
    /// A number of an elastic net is out of range.
    #[error("elastic net: {0}")]
    ElasticNet(&'static str),
    /// An option of [`Trainer::fit`](crate::Trainer::fit) is out of range.
    #[error("fit: {0}")]
    Fit(&'static str),
    /// Training on a stream is asked for in a way it cannot be done.
    #[error("stream: {0}")]
    Stream(&'static str),
    /// The rows of a stream cannot be read; the message of the [`DataError`].
    #[error("{0}")]
    Data(String),
    /// Targets cannot be scaled so.
    #[error("target scaling: {0}")]
    TargetScaling(String),
    /// Rows cannot be divided as asked for.
    #[error("{0}")]
    Resampling(String),
    /// A permutation importance cannot be measured.
    #[error("permutation importance: {0}")]
    Importance(String),
    /// The targets do not go with the loss.
    #[error("dataset {name}: {fault}")]
    Targets {
        /// The data set.
        name: String,
        /// What is wrong.
        fault: String,
    },
    /// The model does not go with data and loss.
    #[error("dataset {name} needs a model of {} inputs and {} outputs, this one has {} and {}", .needed.0, .needed.1, .has.0, .has.1)]
    Model {
        /// The data set.
        name: String,
        /// Inputs and outputs that data and loss need.
        needed: (usize, usize),
        /// Inputs and outputs of the model.
        has: (usize, usize),
    },
    /// The model does not take sparse inputs.
    #[error("dataset {0} is sparse, which this model does not take: fill in its zeros (Dataset::into_dense)")]
    Sparse(String),
}

/// Why a checkpoint could not be read, written or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// The file cannot be read or is no checkpoint; or the data of a stream cannot be read.
    #[error(transparent)]
    Read(#[from] DataError),
    /// The file cannot be written; what was there before still is.
    #[error("{}: cannot write: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The checkpoint is of another model or other data, or contradicts itself.
    #[error("checkpoint: {0}")]
    Mismatch(String),
    /// Its settings do not go with model and data.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_file_and_place() {
        let at = |place| DataError::format(Path::new("d/x.csv"), place, "bad").to_string();
        assert_eq!(at(Place::File), "d/x.csv: bad");
        assert_eq!(at(Place::Line(3)), "d/x.csv, line 3: bad");
        assert_eq!(at(Place::Byte(16)), "d/x.csv, byte 16: bad");
        assert_eq!(DataError::invalid("x", "no rows").to_string(), "dataset x: no rows");
        let io = DataError::io(Path::new("d/x.csv"), io::Error::other("disk gone"));
        assert_eq!(io.to_string(), "d/x.csv: cannot read: disk gone");
    }
}
