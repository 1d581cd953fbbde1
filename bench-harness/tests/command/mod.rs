//! Runs the program and reads what it says.

use serde_json::Value;
use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

/// The files of a folder that takes seconds to make: made once for all tests that begin with it.
pub(crate) struct Kept(OnceLock<Vec<(OsString, Vec<u8>)>>);

impl Kept {
    pub(crate) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// A new folder with these files; whoever comes first makes the folder that it returns.
    pub(crate) fn copy(&self, folder: &Path, make: impl FnOnce() -> (tempfile::TempDir, &'static str)) {
        let files = self.0.get_or_init(|| {
            let (place, name) = make();
            let files = fs::read_dir(place.path().join(name)).unwrap().map(|entry| entry.unwrap());
            files.map(|file| (file.file_name(), fs::read(file.path()).unwrap())).collect()
        });
        fs::create_dir(folder).unwrap();
        for (name, bytes) in files {
            fs::write(folder.join(name), bytes).unwrap();
        }
    }
}

pub(crate) fn simdescent(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_simdescent")).args(arguments).output().expect("the program starts")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What it prints as JSON.
pub(crate) fn json(arguments: &[&str]) -> Value {
    let output = simdescent(&[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// An error, not a panic, that says this.
pub(crate) fn refused(arguments: &[&str], wanted: &str) {
    let output = simdescent(arguments);
    let message = text(&output.stderr);
    assert!(!output.status.success() && message.contains(wanted), "{arguments:?}: {message}");
    assert!(!message.contains("panicked"), "{message}");
}
