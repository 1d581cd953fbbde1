//! What was found so far, on disk: a line that says of what, then one per finished trial.

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    version: u32,
    /// SHA-256 of everything that decides the trials.
    search: String,
}

/// An open journal, locked for this process; or none.
pub(crate) struct Journal<R> {
    file: Option<(PathBuf, File)>,
    records: Vec<R>,
}

impl<R: Serialize + DeserializeOwned> Journal<R> {
    /// Opens or makes the file of the search with this digest, whose records are valid. Half a line at its end, of a program that
    /// was killed, is cut off.
    pub(crate) fn open(path: Option<&Path>, search: &str, is_valid: impl Fn(&R) -> bool) -> Result<Self> {
        let Some(path) = path else { return Ok(Self { file: None, records: vec![] }) };
        let name = path.display();
        let context = || format!("cannot use the journal {name}");
        if std::fs::metadata(path).is_ok_and(|found| !found.is_file()) {
            bail!("{name}: not a regular file, a journal is read again before it is gone on with");
        }
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).with_context(context)?;
        // A file system without locks is no reason to refuse.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            bail!("{name}: another search is writing this journal");
        }
        let mut bytes = vec![];
        file.read_to_end(&mut bytes).with_context(context)?;
        // Before it is text: a line can end in the middle of a character.
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
        let text = std::str::from_utf8(&bytes[..whole]).with_context(context)?;
        let mut lines = text.lines().enumerate();
        let mut journal = Self { file: None, records: vec![] };
        match lines.next() {
            None if Self::is_begun_header(&bytes) => {}
            None => bail!("{name}: not a journal of trials"),
            Some((_, line)) => {
                let header: Header =
                    serde_json::from_str(line).with_context(|| format!("{name}, line 1: not a journal of trials"))?;
                if header.version != VERSION {
                    bail!("{name}: a journal of version {}, this program writes version {VERSION}", header.version);
                }
                if header.search != search {
                    bail!(
                        "{name} is of another search: space, configuration, data, method or metric differ; \
                        take another --journal, or remove it"
                    );
                }
            }
        }
        for (i, line) in lines {
            let place = || format!("{name}, line {}: no trial of this search", i + 1);
            let record: R = serde_json::from_str(line).with_context(place)?;
            if !is_valid(&record) {
                bail!(place());
            }
            journal.records.push(record);
        }
        file.set_len(whole as u64).and_then(|()| file.seek(SeekFrom::End(0))).with_context(context)?;
        journal.file = Some((path.to_owned(), file));
        if whole == 0 {
            journal.line(&Header { version: VERSION, search: search.to_owned() })?;
        }
        Ok(journal)
    }

    /// Whether this is nothing, or what a kill leaves of a first line: no other file may be overwritten.
    fn is_begun_header(bytes: &[u8]) -> bool {
        let begin = format!("{{\"version\":{VERSION},\"search\":\"");
        begin.as_bytes().starts_with(bytes) || bytes.starts_with(begin.as_bytes())
    }

    /// What it has, in the order in which it was added.
    pub(crate) fn records(&self) -> &[R] {
        &self.records
    }

    /// Adds a finished one; it is on the disk when this returns.
    pub(crate) fn add(&mut self, record: R) -> Result<()> {
        self.line(&record)?;
        self.records.push(record);
        Ok(())
    }

    fn line(&mut self, value: &impl Serialize) -> Result<()> {
        let Some((path, file)) = &mut self.file else { return Ok(()) };
        let line = serde_json::to_string(value)? + "\n";
        let write = |file: &mut File| file.write_all(line.as_bytes()).and_then(|()| file.sync_data());
        write(file).with_context(|| format!("cannot write {}", path.display()))
    }
}
