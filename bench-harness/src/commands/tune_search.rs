//! `simdescent tune search`: hyper-parameters by many trainings.

use super::arguments::{ConfiguredRun, Output};
use super::files;
use super::page::PageFlags;
use super::print::{print, print_json, warn};
use super::progress::Bar;
use super::threads::Threads;
use crate::report;
use crate::search::{LONGEST, Objective, Search, Space, Strategy, Study};
use anyhow::Result;
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct SearchOptions {
    /// The space.
    #[arg(long, value_name = "FILE")]
    pub(crate) space: PathBuf,
    /// How points are chosen.
    #[arg(long, value_enum, default_value_t = Strategy::QuasiRandom)]
    pub(crate) method: Strategy,
    /// How many points.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=LONGEST))]
    pub(crate) trials: u64,
    /// Of how many trials successive halving promotes one [default: 3].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..))]
    pub(crate) eta: Option<u64>,
    /// What is sought, on the validation set: of the weights that a training keeps, which are the best ones with --patience and
    /// else the last.
    #[arg(long, value_enum, default_value_t = Objective::Loss)]
    pub(crate) metric: Objective,
    /// Append a JSON line per finished trial to this file; a search that finds some of its trials there does only the rest.
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// Write the best configuration into this file, for train --config.
    #[arg(long, value_name = "FILE")]
    pub(crate) best: Option<PathBuf>,
    /// Draw the best value so far over the trials into this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) page: PageFlags,
    #[command(flatten)]
    pub(crate) output: Output,
    #[command(flatten)]
    pub(crate) run: ConfiguredRun,
}

pub(crate) fn run(options: &SearchOptions) -> Result<()> {
    let base = options.run.read()?;
    let space = Space::read(&options.space, &base)?;
    let search = Search { strategy: options.method, trials: options.trials, eta: options.eta };
    search.check(base.method(), &space, options.metric)?;
    let mut read = base.problem.paths();
    read.push(&options.space);
    let writes =
        [("best", &options.best), ("svg", &options.svg), ("page", &options.page.page), ("journal", &options.journal)];
    files::check(&writes, &read)?;
    let threads = Threads::of(&base)?;
    let data = base.problem.keep(base.problem.data(base.seed())?)?;
    warn(base.batch.cut(data.training.rows()));
    let study = Study { exec: threads.exec()?, base, data, space, objective: options.metric };
    let bar = Bar::new(search.trainings() as usize);
    let report = search.run(&study, options.journal.as_deref(), &bar)?;
    drop(bar);
    if let Some(path) = &options.best {
        files::write(path, &report.configuration)?;
    }
    if let Some(path) = &options.svg {
        files::write(path, &report::search::svg(&report)?)?;
    }
    if options.output.json {
        print_json(&report)?;
        return options.page.write(|| report::page::search::page(&report));
    }
    print(report::search::text(&report).trim_end_matches('\n'))?;
    match &options.best {
        Some(path) => print(&format!("for train --config: {}", path.display()))?,
        None => print(&format!("for train --config (or into a file with --best):\n\n{}", report.configuration))?,
    }
    if let Some(path) = &options.svg {
        print(&format!("plot: {}", path.display()))?;
    }
    options.page.write(|| report::page::search::page(&report))
}
