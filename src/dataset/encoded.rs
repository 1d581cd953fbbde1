//! Data whose targets come from a file.

use super::{Dataset, TargetEncoding};
use crate::error::DataError;

impl Dataset {
    /// The data, whose targets were encoded so; classes have their names, unless these are 0, 1, 2, ….
    pub(crate) fn encoded_by(self, encoding: &TargetEncoding) -> Result<Self, DataError> {
        let data = match encoding.class_names().filter(|_| !encoding.is_counted()) {
            Some(names) => self.with_class_names(names)?,
            None => self,
        };
        Ok(Self { target_encoding: Some(encoding.clone().into()), ..data })
    }

    /// What the targets are in the file they come from, if they come from one.
    pub fn target_encoding(&self) -> Option<&TargetEncoding> {
        self.target_encoding.as_deref()
    }
}
