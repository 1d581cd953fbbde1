//! The page of a command: where it goes, and who shows it.

use super::files;
use super::print::say;
use anyhow::Result;
use clap::Args;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[derive(Debug, Args)]
pub(crate) struct PageFlags {
    /// Write a page into this file: charts and tables in one HTML file that needs no network
    #[arg(long, value_name = "FILE")]
    pub(crate) page: Option<PathBuf>,
    /// Open that page in the browser
    #[arg(long, requires = "page")]
    open: bool,
}

impl PageFlags {
    /// Writes the page, if one is asked for, says where it is, and opens it if that is asked for, too.
    pub(super) fn write(&self, html: impl FnOnce() -> Result<String>) -> Result<()> {
        let Some(path) = &self.page else { return Ok(()) };
        files::write(path, html()?)?;
        say(&format!("the page: {}", path.display()));
        if self.open {
            open(path);
        }
        Ok(())
    }
}

/// How a file is opened here.
fn opener() -> (&'static str, &'static [&'static str]) {
    if cfg!(windows) {
        ("cmd", &["/C", "start", ""])
    } else if cfg!(target_os = "macos") {
        ("open", &[])
    } else {
        ("xdg-open", &[])
    }
}

/// A program that opens files and has not failed within this time has a window, or will have.
const PATIENCE: Duration = Duration::from_secs(3);

/// Opens a page in the browser. That nothing shows it is no error: the page is there.
pub(super) fn open(path: &Path) {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let (program, arguments) = opener();
    let mut command = Command::new(program);
    command.args(arguments).arg(&path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let failure = match command.spawn() {
        Err(error) => Some(format!("{program}: {error}")),
        Ok(mut child) => {
            let start = Instant::now();
            loop {
                match child.try_wait() {
                    Ok(Some(status)) if status.success() => break None,
                    Ok(Some(status)) => break Some(format!("{program} ended with {status}")),
                    Ok(None) if start.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(50)),
                    _ => break None,
                }
            }
        }
    };
    if let Some(failure) = failure {
        say(&format!("no browser shows it ({failure}): open {} yourself", path.display()));
    }
}
