//! Runs the program and reads what it says.

use serde_json::Value;
use std::process::{Command, Output};

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
