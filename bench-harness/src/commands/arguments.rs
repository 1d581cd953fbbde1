//! Arguments that several commands take.

use crate::options::RunOptions;
use crate::options::files::{FileFlags, data_source};
use crate::problem::source::DataSource;
use anyhow::Result;
use clap::Args;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// The options of a run, from a file, from flags, or from both.
///
/// Whatever is left out has the default in brackets; the effect of a value is the same from a flag and from a file.
#[derive(Debug, Args)]
pub(crate) struct ConfiguredRun {
    /// TOML file with the options of the run: a key is the name of a flag; flags below a heading belong into the table that it
    /// names. A flag wins over the file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    flags: RunOptions,
}

impl ConfiguredRun {
    /// The run that file and flags say.
    pub(crate) fn read(&self) -> Result<RunOptions> {
        self.flags.over(self.config.as_deref())
    }

    /// The flags over another run.
    pub(crate) fn over(&self, base: RunOptions) -> Result<RunOptions> {
        self.flags.over_run(base)
    }
}

/// What is printed.
#[derive(Debug, Args)]
pub(crate) struct Output {
    /// Print JSON, with all that was found, instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// A saved model and rows to use it on.
#[derive(Debug, Args)]
pub(crate) struct SavedModelOptions {
    /// The file that `train --save` wrote.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: PathBuf,
    /// A test set instead of the training's own data: csv:FILE, svmlight:FILE, npz:FILE or npy:INPUTS.npy,TARGETS.npy, all rows
    /// of it, or the test part of mnist:DIR and of an archive that has one, which is printed (of both, that of tests before that for validation). Columns, classes and scale are those of the training.
    #[arg(long, value_name = "KIND:PATH", value_parser = data_source())]
    pub(crate) data: Option<DataSource>,
    /// Threads; results do not depend on it.
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) threads: NonZeroUsize,
    #[command(flatten, next_help_heading = "svmlight and npz files")]
    pub(crate) files: FileFlags,
}

impl SavedModelOptions {
    /// The test set and how to read it, if there is one.
    pub(super) fn source(&self) -> Result<Option<(&DataSource, &FileFlags)>> {
        self.files.check(self.data.as_ref())?;
        Ok(self.data.as_ref().map(|data| (data, &self.files)))
    }
}
