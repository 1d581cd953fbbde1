//! The one error type for bad data: unreadable files, malformed content, values that form no dataset.

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
