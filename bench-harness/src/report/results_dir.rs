//! Where reports lie: `DIR/<cpu-slug>/<date>-<commit>.json`.

use anyhow::{Context, Result};
use serde::Serialize;
use simdescent::output_file;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The folder of a CPU: its name in lower case, everything but letters and digits as single dashes.
pub(crate) fn cpu_slug(cpu: &str) -> String {
    let words: Vec<_> = cpu.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    if words.is_empty() { "unknown-cpu".into() } else { words.join("-").to_ascii_lowercase() }
}

/// A place that can be written to, found before the measuring starts, so that a wrong `--out` does not cost an hour.
pub(crate) struct ResultsDir {
    dir: PathBuf,
}

impl ResultsDir {
    pub(crate) fn open(root: &Path, cpu: &str) -> Result<Self> {
        let dir = root.join(cpu_slug(cpu));
        let context = || format!("cannot write reports to {}: choose another folder with --out", dir.display());
        fs::create_dir_all(&dir).with_context(context)?;
        output_file::check(&dir.join("report.json")).with_context(context)?;
        Ok(Self { dir })
    }

    /// Writes `report` whole or not at all, under a name that no earlier report has: `<date>-<commit>.json`, then
    /// `<date>-<commit>-2.json` and so on.
    pub(crate) fn write(&self, date: &str, commit: &str, report: &impl Serialize) -> Result<PathBuf> {
        let context = || format!("cannot write the report to {}", self.dir.display());
        let text = serde_json::to_string_pretty(report)? + "\n";
        for number in 1.. {
            let suffix = if number == 1 { String::new() } else { format!("-{number}") };
            let path = self.dir.join(format!("{date}-{commit}{suffix}.json"));
            match output_file::write_new(&path, text.as_bytes()) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                written => return written.with_context(context).map(|()| path),
            }
        }
        unreachable!("numbers do not run out")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs() {
        assert_eq!(cpu_slug("AMD EPYC 9B45 (128-Core)"), "amd-epyc-9b45-128-core");
        assert_eq!(cpu_slug("../../etc"), "etc");
        assert_eq!(cpu_slug("®"), "unknown-cpu");
    }

    #[test]
    fn no_report_overwrites_another_and_no_rest_is_left() {
        let root = tempfile::tempdir().unwrap();
        let results = ResultsDir::open(root.path(), "Some CPU").unwrap();
        let paths: Vec<_> = (0..3).map(|i| results.write("2026-01-02", "abc", &i).unwrap()).collect();
        for (i, (path, name)) in
            paths.iter().zip(["2026-01-02-abc", "2026-01-02-abc-2", "2026-01-02-abc-3"]).enumerate()
        {
            assert_eq!(path, &root.path().join("some-cpu").join(format!("{name}.json")));
            assert_eq!(fs::read_to_string(path).unwrap(), format!("{i}\n"));
        }
        assert_eq!(fs::read_dir(root.path().join("some-cpu")).unwrap().count(), 3);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = ResultsDir::open(file.path(), "x").err().expect("a file is not a folder");
        assert!(format!("{error:#}").contains("choose another folder with --out"), "{error:#}");
    }
}
