//! The classes of a file's rows alone.

use super::encoding::target_code;
use super::field::describe;
use super::file::CsvFile;
use super::options::Missing;
use super::profile::{Profile, find};
use crate::error::{DataError, Place};
use std::io::{Read, Seek};

impl<R: Read + Seek> CsvFile<R> {
    /// The labels of all rows, as [`fit`](Self::fit) and [`encode`](Self::encode) will have them, to divide the rows by their classes
    /// before anything is measured on some of them; `None` if the targets are numbers.
    ///
    /// # Errors
    ///
    /// As there, for the column of the target.
    pub fn labels(&mut self) -> Result<Option<Vec<u32>>, DataError> {
        let (width, names, options) = (self.width, self.names.clone(), self.options.clone());
        let (path, fields) = (self.path().to_owned(), self.fields.clone());
        let find = |wanted, what| find(names.as_deref(), width, wanted, what);
        let target = find(&options.target, "target column");
        let target = target.map_err(|message| DataError::format(&path, Place::File, message))?;
        let listed = options.categorical.iter().any(|column| find(column, "categorical column") == Ok(target));
        let in_column = |problem: String| {
            format!("{}: {problem}", describe(target, width, names.as_ref().map(|names| &names[target])))
        };

        let mut profile = Profile::new(listed, self.delimiter).of_target(options.task);
        self.each(|_, record| profile.see_target(record.get(target), &fields, record.line()).map_err(in_column))?;
        if let Some((line, problem)) = profile.fault(Missing::Refuse) {
            return Err(DataError::format(&path, Place::Line(line), in_column(problem)));
        }
        let encoding = profile.target(options.task);
        let encoding = encoding.map_err(|problem| DataError::format(&path, Place::File, in_column(problem)))?;
        if encoding.classes().is_none() {
            return Ok(None);
        }
        let mut labels = vec![];
        self.each(|_, record| {
            labels.push(target_code(&encoding, &fields, record.get(target)).map_err(in_column)? as u32);
            Ok(())
        })?;
        Ok(Some(labels))
    }
}
