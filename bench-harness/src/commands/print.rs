//! What is printed: results to standard output, everything else to standard error.

use crate::base::causes::causes;
use anyhow::{Context, Result};
use serde::Serialize;
use std::io::{self, Write};

/// Prints a text and the end of its line.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    written.context("cannot write to standard output")
}

/// Prints a text with colors, which are left out where nobody sees them: not on a terminal, or with `NO_COLOR`; `CLICOLOR_FORCE` prints
/// them anyway.
pub(super) fn print_colored(text: &str) -> Result<()> {
    let mut out = anstream::AutoStream::auto(io::stdout().lock());
    let written = writeln!(out, "{text}").and_then(|()| out.flush());
    written.context("cannot write to standard output")
}

/// Prints a report, its keys in alphabetical order.
pub(super) fn print_json(report: &impl Serialize) -> Result<()> {
    print(&format!("{:#}", serde_json::to_value(report)?))
}

/// Prints lines of text.
pub(super) fn print_lines(lines: &[String]) -> Result<()> {
    print(&lines.join("\n"))
}

/// Says something on standard error, as it is.
pub(crate) fn say(remark: &str) {
    // Where standard error cannot be written to, nobody can be told.
    let _ = writeln!(io::stderr(), "{remark}");
}

/// Says things on standard error that the result does not show.
pub(super) fn warn(warnings: impl IntoIterator<Item = String>) {
    warnings.into_iter().for_each(|warning| say(&format!("warning: {warning}")));
}

/// Says why the command failed.
pub(crate) fn fail(error: &anyhow::Error) {
    say(&format!("error: {}", causes(error)));
}
