//! Going on with a training that was saved.

use super::saved_model;
use crate::options::RunOptions;
use crate::options::method::Method;
use anyhow::{Context, Result, bail};
use simdescent::{Checkpoint, FitProgress, Settings};
use std::path::Path;
use toml::Table;

/// A training to go on with.
pub(crate) struct Resumed {
    name: String,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) run: RunOptions,
    pub(crate) progress: FitProgress,
}

impl Resumed {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let mut checkpoint = Checkpoint::read(path)?;
        let name = path.display().to_string();
        let (run, progress) = (saved_model::run(&checkpoint).with_context(|| name.clone())?, checkpoint.fit.take());
        if run.as_ref().is_some_and(|run| run.method() == Method::Lbfgs) {
            bail!("{name} is of lbfgs, which has no state to go on from: train again with more --steps");
        }
        let (Some(run), Some(progress)) = (run, progress) else {
            bail!("{name} does not say what training it is of: only `train --save` writes files to resume");
        };
        Ok(Self { name, checkpoint, run, progress })
    }

    /// Whether the steps to come are those that it would have taken.
    pub(crate) fn check(&self, run: &RunOptions, settings: &Settings) -> Result<()> {
        if Table::try_from(&self.run.problem)? != Table::try_from(&run.problem)? {
            bail!("{}: a resumed training keeps its data and model: leave the options of [problem] out", self.name);
        }
        let [before, now] = [self.checkpoint.settings(), settings].map(serde_json::to_value);
        let (before, now) = (before?, now?);
        let changed = before.as_object().into_iter().flatten().find(|(key, value)| now.get(key) != Some(value));
        if let Some((key, value)) = changed {
            bail!(
                "{}: a resumed training keeps its settings, {key} would change from {value} to {}",
                self.name,
                now[key]
            );
        }
        Ok(())
    }
}
