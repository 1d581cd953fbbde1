//! The files that a command writes.

use anyhow::{Context, Result, bail};
use simdescent::output_file;
use std::path::{Path, PathBuf};

/// Whether the files that these flags name can be written, and are none that the command reads. A command asks before it works,
/// lest its result have no place to go.
pub(super) fn check(flags: &[(&str, &Option<PathBuf>)], read: &[&Path]) -> Result<()> {
    // The same file can have several names.
    let same = |a: &Path, b: &Path| a == b || a.canonicalize().is_ok_and(|a| b.canonicalize().is_ok_and(|b| a == b));
    let named: Vec<(&str, &Path)> = flags.iter().filter_map(|(flag, path)| Some((*flag, path.as_deref()?))).collect();
    for (i, (flag, path)) in named.iter().enumerate() {
        if let Some((other, _)) = named[..i].iter().find(|(_, other)| same(other, path)) {
            bail!("{}: --{other} and --{flag} would be the same file", path.display());
        }
        if read.iter().any(|input| same(input, path)) {
            bail!("{}: --{flag} would overwrite a file that this command reads: take another name", path.display());
        }
        output_file::check(path).with_context(|| format!("{}: cannot write (--{flag})", path.display()))?;
    }
    Ok(())
}

/// Writes a file's content into the file that a flag names.
pub(super) fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<()> {
    output_file::write(path, content.as_ref()).with_context(|| format!("{}: cannot write", path.display()))
}
