//! What was found so far, on disk: a line that says of what, then one per finished trial.

use crate::base::lines::Lines;
use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::path::Path;

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
    file: Option<Lines>,
    records: Vec<R>,
}

impl<R: Serialize + DeserializeOwned> Journal<R> {
    /// Opens or makes the file of the search with this digest, whose records are valid. Half a line at its end, of a program that
    /// was killed, is cut off.
    pub(crate) fn open(path: Option<&Path>, search: &str, is_valid: impl Fn(&R) -> bool) -> Result<Self> {
        let Some(path) = path else { return Ok(Self { file: None, records: vec![] }) };
        let name = path.display();
        let mut file = Lines::open(path, "search", "journal")?;
        let text = file.take_text();
        let mut lines = text.lines().enumerate();
        let mut journal = Self { file: None, records: vec![] };
        match lines.next() {
            None if Self::is_begun_header(file.cut_off()) => {}
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
        file.begin()?;
        if text.is_empty() {
            file.add(&[serde_json::to_string(&Header { version: VERSION, search: search.to_owned() })?])?;
        }
        journal.file = Some(file);
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
        if let Some(file) = &mut self.file {
            file.add(&[serde_json::to_string(&record)?])?;
        }
        self.records.push(record);
        Ok(())
    }
}
