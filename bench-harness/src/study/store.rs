//! The folder of a study: its facts, and its records as JSON lines.

use super::facts::StudyFacts;
use super::noise::NoiseRecord;
use super::record::{ConvergenceRecord, of_line, to_line};
use super::specification::Specification;
use crate::base::lines::Lines;
use anyhow::{Context, Result, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Convergence records by key, and those of noise by theirs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Records {
    by_key: BTreeMap<String, ConvergenceRecord>,
    noise: BTreeMap<String, NoiseRecord>,
    /// Files and folders that records came from, and which of them each did.
    places: Vec<String>,
    whence: BTreeMap<String, usize>,
}

/// Fewer lines are not worth a thread.
const LINES_OF_A_THREAD: usize = 256;

impl Records {
    /// The records of these lines, each with its place, checked; by all cores, because a large study has tens of thousands.
    pub(crate) fn of_lines(lines: &[(String, String)]) -> Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let part = lines.len().div_ceil(cores).max(LINES_OF_A_THREAD);
        let read = |lines: &[(String, String)]| -> Vec<Result<ConvergenceRecord>> {
            lines.iter().map(|(place, line)| ConvergenceRecord::of_line(line).with_context(|| place.clone())).collect()
        };
        let parts: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = lines.chunks(part).map(|lines| scope.spawn(|| read(lines))).collect();
            threads.into_iter().map(|thread| thread.join().expect("reading does not panic")).collect()
        });
        let mut records = Self::default();
        for (record, (place, _)) in parts.into_iter().flatten().zip(lines) {
            records.add(record?, place)?;
        }
        Ok(records)
    }

    /// The record of a run.
    pub(crate) fn of(&self, specification: &Specification) -> Result<Option<&ConvergenceRecord>> {
        Ok(self.by_key.get(&specification.key()?))
    }

    /// The record of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&ConvergenceRecord> {
        self.by_key.get(key)
    }

    pub(crate) fn has(&self, key: &str) -> bool {
        self.by_key.contains_key(key)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_key.len()
    }

    /// In the order of their keys.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &ConvergenceRecord> {
        self.by_key.values()
    }

    /// Adds a record of a file or folder; one that is there already has to be the same. Returns whether it is new.
    pub(crate) fn add(&mut self, record: ConvergenceRecord, whence: &str) -> Result<bool> {
        match self.by_key.get(&record.key) {
            None => {
                // The place of a line is its file, for the next lines too.
                let place = whence.split(", line ").next().unwrap_or(whence);
                if self.places.last().is_none_or(|last| last != place) {
                    self.places.push(place.to_owned());
                }
                self.whence.insert(record.key.clone(), self.places.len() - 1);
                self.by_key.insert(record.key.clone(), record);
                Ok(true)
            }
            Some(known) if *known == record => Ok(false),
            Some(known) => {
                let other = self.whence.get(&record.key).and_then(|&place| self.places.get(place));
                bail!(
                    "{whence} and {} have run {} with other bits ({}): one of the two machines computes wrongly. \
                    `simdescent verify DIR` on each folder tells which",
                    other.map_or("a folder before it", String::as_str),
                    &record.key[..16],
                    difference(known, &record)
                )
            }
        }
    }
}

impl Records {
    /// The record of noise of a key.
    pub(crate) fn noise(&self, key: &str) -> Option<&NoiseRecord> {
        self.noise.get(key)
    }

    /// All of noise, in the order of their keys.
    pub(crate) fn all_noise(&self) -> impl Iterator<Item = &NoiseRecord> {
        self.noise.values()
    }

    /// Adds a record of noise; one that is there already has to be the same. Returns whether it is new.
    pub(crate) fn add_noise(&mut self, record: NoiseRecord, whence: &str) -> Result<bool> {
        match self.noise.get(&record.key) {
            Some(known) if *known != record => bail!(
                "{whence} and a folder before it have measured the noise {} with other bits: one of the two machines computes \
                wrongly. `simdescent verify DIR` on each folder tells which",
                &record.key[..16]
            ),
            Some(_) => Ok(false),
            None => Ok(self.noise.insert(record.key.clone(), record).is_none()),
        }
    }

    fn with_noise(mut self, lines: &[(String, String)]) -> Result<Self> {
        for (place, line) in lines {
            self.add_noise(NoiseRecord::of_line(line).with_context(|| place.clone())?, place)?;
        }
        Ok(self)
    }

    /// Adds the records of noise of other folders, likewise.
    pub(crate) fn take_noise_from(&mut self, folders: &[StudyFolder]) -> Result<Vec<NoiseRecord>> {
        let mut new = vec![];
        for folder in folders {
            let name = folder.0.display().to_string();
            for (place, line) in lines(&folder.path(NOISE))? {
                let record = NoiseRecord::of_line(&line).with_context(|| place.clone())?;
                if self.add_noise(record.clone(), &name)? {
                    new.push(record);
                }
            }
        }
        new.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(new)
    }

    /// Adds the records of other folders, and gives those that are new, in the order of their keys, whatever that of the folders.
    pub(crate) fn take_from(&mut self, folders: &[StudyFolder]) -> Result<Vec<ConvergenceRecord>> {
        let mut new = vec![];
        for folder in folders {
            let name = folder.0.display().to_string();
            for record in folder.records()?.by_key.into_values() {
                if self.add(record.clone(), &name)? {
                    new.push(record);
                }
            }
        }
        new.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(new)
    }
}

/// What two records of one run disagree in.
fn difference(a: &ConvergenceRecord, b: &ConvergenceRecord) -> String {
    match a.chain.iter().zip(&b.chain).position(|(a, b)| a != b) {
        Some(0) => "from the first samples on".into(),
        Some(i) => format!("after {} samples", a.curve.samples[i - 1]),
        None if a.digest != b.digest => "in the digest of the whole".into(),
        None => "in what was written of them".into(),
    }
}

/// A folder of records.
#[derive(Clone, Debug)]
pub(crate) struct StudyFolder(pub(crate) PathBuf);

/// Names in it.
pub(crate) const CONVERGENCE: &str = "convergence.jsonl";
pub(crate) const NOISE: &str = "noise.jsonl";
pub(crate) const THROUGHPUT: &str = "throughput.jsonl";
pub(crate) const FACTS: &str = "study.json";
pub(crate) const SELF_CHECK: &str = "self-check.json";

impl StudyFolder {
    /// Makes the folder if there is none.
    pub(crate) fn create(path: &Path) -> Result<Self> {
        let context = || format!("{}: cannot keep records there, choose another folder with --out", path.display());
        fs::create_dir_all(path).with_context(context)?;
        // Before the first run: a folder that cannot be written to would be noticed after it.
        simdescent::output_file::check(&path.join(FACTS)).with_context(context)?;
        Ok(Self(path.to_owned()))
    }

    /// A folder that is there.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        if !path.is_dir() {
            bail!("{}: no such folder; `simdescent sweep --out DIR` makes one", path.display());
        }
        Ok(Self(path.to_owned()))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Reads a JSON file of the folder.
    pub(crate) fn read_json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>> {
        let path = self.path(name);
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            text => {
                let value = serde_json::from_str(&text.with_context(|| path.display().to_string())?);
                Ok(Some(value.with_context(|| format!("{}: not what this version writes", path.display()))?))
            }
        }
    }

    /// Writes a JSON file of the folder, whole or not at all.
    pub(crate) fn write_json(&self, name: &str, value: &impl Serialize) -> Result<()> {
        self.write(name, &(serde_json::to_string_pretty(value)? + "\n"))
    }

    /// Writes a file of the folder, whole or not at all.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.path(name);
        simdescent::output_file::write(&path, text.as_bytes())
            .with_context(|| format!("{}: cannot write", path.display()))
    }

    /// What a sweep knew before its first cell.
    pub(crate) fn facts(&self) -> Result<StudyFacts> {
        let missing =
            "which a sweep writes before its first cell: it has not come so far, or this is no folder of a sweep";
        self.read_json(FACTS)?.with_context(|| format!("{}: there is no {FACTS}, {missing}", self.0.display()))
    }

    /// The convergence records, locked, to add to them; with those of noise.
    pub(crate) fn open_records(&self) -> Result<(RecordFile, Records)> {
        let (file, lines) = RecordFile::open(&self.path(CONVERGENCE))?;
        Ok((file, Records::of_lines(&lines)?.with_noise(&self::lines(&self.path(NOISE))?)?))
    }

    /// The records of noise, locked, to add to them.
    pub(crate) fn open_noise(&self) -> Result<RecordFile> {
        Ok(RecordFile::open(&self.path(NOISE))?.0)
    }

    /// The convergence records and those of noise, to read.
    pub(crate) fn records(&self) -> Result<Records> {
        Records::of_lines(&lines(&self.path(CONVERGENCE))?)?.with_noise(&lines(&self.path(NOISE))?)
    }

    /// Other records, to read.
    pub(crate) fn read_lines<R: DeserializeOwned>(&self, name: &str) -> Result<Vec<R>> {
        lines(&self.path(name))?.into_iter().map(|(place, line)| of_line(&line).context(place)).collect()
    }
}

/// The whole lines of a file, each with its place; none if there is no file.
fn lines(path: &Path) -> Result<Vec<(String, String)>> {
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
        bytes => bytes.with_context(|| path.display().to_string())?,
    };
    // Half a last line is one that is being written, or was when its writer was killed.
    let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |end| end + 1);
    let text = std::str::from_utf8(&bytes[..whole]).with_context(|| path.display().to_string())?;
    let numbered = text.lines().enumerate();
    Ok(numbered.map(|(i, line)| (format!("{}, line {}", path.display(), i + 1), line.to_owned())).collect())
}

/// A file of records that this process alone adds to.
pub(crate) struct RecordFile(Lines);

impl RecordFile {
    /// Opens or makes the file and locks it, and gives the lines that it has with their places.
    pub(crate) fn open(path: &Path) -> Result<(Self, Vec<(String, String)>)> {
        let mut file = Lines::open(path, "sweep", "file of records")?;
        let text = file.take_text();
        file.begin()?;
        let numbered = text.lines().enumerate();
        let lines =
            numbered.map(|(i, line)| (format!("{}, line {}", path.display(), i + 1), line.to_owned())).collect();
        Ok((Self(file), lines))
    }

    /// Adds records; they are on the disk when this returns.
    pub(crate) fn add(&mut self, records: &[impl Serialize]) -> Result<()> {
        let lines = records.iter().map(to_line).collect::<Result<Vec<_>>>()?;
        if lines.is_empty() { Ok(()) } else { self.0.add(&lines) }
    }
}
