//! A bar on stderr with the time left.

use crate::base::progress::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Drawn only on a terminal; gone when dropped.
pub(super) struct Bar(ProgressBar);

impl Bar {
    /// Of so many trainings.
    pub(super) fn new(runs: usize) -> Self {
        Self::of(runs, "runs")
    }

    /// Of so many of what this word names.
    pub(super) fn of(count: usize, what: &str) -> Self {
        let template = format!("{{bar:30}} {{pos}}/{{len}} {what}, {{eta}} left  {{msg}}");
        let style = ProgressStyle::with_template(&template).expect("a valid template");
        Self(ProgressBar::with_draw_target(Some(count as u64), ProgressDrawTarget::stderr()).with_style(style))
    }
}

impl Progress for Bar {
    fn subject(&self, name: &str) {
        self.0.set_message(name.to_owned());
    }

    fn expect(&self, more: i64) {
        self.0.set_length(self.0.length().unwrap_or(0).saturating_add_signed(more));
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
