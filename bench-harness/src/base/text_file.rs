//! Files that people write.

use anyhow::{Context, Result, bail};
use std::fs;
use std::path::Path;

/// The text of a file.
pub(crate) fn read_text(path: &Path) -> Result<String> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists()) {
        bail!("cannot read {}: the folder {} does not exist", path.display(), folder.display());
    }
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
