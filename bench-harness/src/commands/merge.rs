//! `simdescent merge`: the records of several folders in one.

use super::exit::Exit;
use super::print::print;
use crate::study::facts::StudyFacts;
use crate::study::store::{FACTS, RecordFile, StudyFolder, THROUGHPUT};
use crate::study::throughput::ThroughputLine;
use anyhow::{Result, bail};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct MergeOptions {
    /// The folder that gets all records; it may have some
    into: PathBuf,
    /// Folders of shards, in any order
    #[arg(required = true)]
    from: Vec<PathBuf>,
}

pub(crate) fn run(options: &MergeOptions) -> Result<Exit> {
    let sources: Vec<StudyFolder> = options.from.iter().map(|path| StudyFolder::open(path)).collect::<Result<_>>()?;
    let mut studies: Vec<(String, StudyFacts)> = vec![];
    for folder in &sources {
        if let Some(facts) = folder.read_json(FACTS)? {
            studies.push((folder.0.display().to_string(), facts));
        }
    }
    let into = StudyFolder::create(&options.into)?;
    if let Some(facts) = into.read_json(FACTS)? {
        studies.push((into.0.display().to_string(), facts));
    }
    if let [(name, first), others @ ..] = &studies[..] {
        let text = |facts: &StudyFacts| serde_json::to_value(facts);
        for (other, facts) in others {
            if text(facts)? != text(first)? {
                bail!("{other} and {name} are of different studies (see their {FACTS}): merge those of one study");
            }
        }
    }
    let (mut file, mut records) = into.open_records()?;
    let new = records.take_from(&sources)?;
    file.add(&new)?;
    let noise = records.take_noise_from(&sources)?;
    if !noise.is_empty() {
        into.open_noise()?.add(&noise)?;
    }
    merge_throughput(&into, &sources)?;
    if let Some((_, facts)) = studies.first() {
        into.write_json(FACTS, facts)?;
    }
    print(&format!(
        "{}: {} records, {} of them new. Next: simdescent sweep --out {0} with the study's flags, or simdescent report {0}",
        into.0.display(),
        records.len(),
        new.len()
    ))?;
    Ok(Exit::Success)
}

/// Times of steps are facts of their machines: those of all are kept.
fn merge_throughput(into: &StudyFolder, sources: &[StudyFolder]) -> Result<()> {
    let mut new: Vec<ThroughputLine> = vec![];
    let known = into.read_lines::<ThroughputLine>(THROUGHPUT)?;
    for folder in sources {
        for line in folder.read_lines(THROUGHPUT)? {
            if !known.contains(&line) && !new.contains(&line) {
                new.push(line);
            }
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    let (mut file, _) = RecordFile::open(&into.path(THROUGHPUT))?;
    file.add(&new)
}
