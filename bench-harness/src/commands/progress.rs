//! A bar on stderr with the time left.

use super::print::print;
use crate::progress::Progress;
use anyhow::Result;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Drawn only on a terminal; gone when dropped.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// Of so many trainings.
    pub(super) fn new(runs: usize) -> Self {
        let style =
            ProgressStyle::with_template("{bar:30} {pos}/{len} runs, {eta} left  {msg}").expect("a valid template");
        Self(ProgressBar::with_draw_target(Some(runs as u64), ProgressDrawTarget::stderr()).with_style(style))
    }

    /// Prints to stdout without tearing the bar.
    pub(super) fn print(&self, text: &str) -> Result<()> {
        self.0.suspend(|| print(text))
    }
}

impl Progress for Bar {
    fn subject(&self, name: &str) {
        self.0.set_message(name.to_owned());
    }

    fn expect(&self, more: usize) {
        self.0.inc_length(more as u64);
    }

    fn advance(&self) {
        self.0.inc(1);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
