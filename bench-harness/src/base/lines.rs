//! Files of lines that are added one after the other and survive a kill: what a long command found so far.

use anyhow::{Context, Result, bail};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// An open file of lines, locked for this process.
pub(crate) struct Lines {
    path: PathBuf,
    file: File,
    text: String,
    cut_off: Vec<u8>,
    /// The length of the whole lines.
    end: u64,
}

impl Lines {
    /// Opens or makes a file and reads its whole lines. `writer` is who else might be writing it, `kind` what it is called.
    pub(crate) fn open(path: &Path, writer: &str, kind: &str) -> Result<Self> {
        let name = path.display();
        let context = || format!("cannot use the {kind} {name}");
        if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            bail!("{name}: not a regular file, a {kind} is read again before it is gone on with");
        }
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).with_context(context)?;
        // A file system without locks is no reason to refuse.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            bail!("{name}: another {writer} is writing this {kind}");
        }
        let mut bytes = vec![];
        file.read_to_end(&mut bytes).with_context(context)?;
        // Before it is text: a line can end in the middle of a character.
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let cut_off = bytes.split_off(whole);
        let text = String::from_utf8(bytes).with_context(context)?;
        Ok(Self { path: path.to_owned(), file, text, cut_off, end: whole as u64 })
    }

    /// The whole lines that were there, given away.
    pub(crate) fn take_text(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// What follows them: half a line of a program that was killed.
    pub(crate) fn cut_off(&self) -> &[u8] {
        &self.cut_off
    }

    /// Cuts half a line off: the file is what its caller took it for.
    pub(crate) fn begin(&mut self) -> Result<()> {
        let cut = self.file.set_len(self.end).and_then(|()| self.file.seek(SeekFrom::End(0)));
        cut.map(|_| ()).with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Adds lines; they are on the disk when this returns. If they cannot be written, none of them is left.
    pub(crate) fn add(&mut self, lines: &[String]) -> Result<()> {
        let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        let written = self.file.write_all(text.as_bytes()).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => self.end += text.len() as u64,
            Err(_) => _ = self.begin(),
        }
        written.with_context(|| format!("cannot write {}", self.path.display()))
    }
}
