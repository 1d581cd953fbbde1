//! The options of `simdescent sweep`, and the study that they say.

use crate::base::causes::{WrongFlags, causes};
use crate::base::text_file::read_text;
use crate::options::csv::CsvFlags;
use crate::options::files::{FileFlags, data_source};
use crate::options::loss::{LossName, TaskName};
use crate::options::problem::ProblemOptions;
use crate::options::yes_no::yes_no;
use crate::problem::source::DataSource;
use crate::study::definition::{LossOn, Study, WorkloadDefinition};
use crate::study::profile::Profile;
use crate::study::shard::Shard;
use anyhow::{Result, bail};
use clap::{Args, value_parser};
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Enough to tell optimizers apart, and few enough that looking does not take longer than training.
const EVALUATION_ROWS_OF_QUICK: NonZeroUsize = NonZeroUsize::new(500).expect("not zero");
/// Runs side by side at most, however many are asked for.
const MOST_JOBS: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

/// The share of records that `--verify` takes.
fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| *share > 0.0 && *share <= 1.0);
    share.ok_or_else(|| "it takes a share of the records above 0 and at most 1".into())
}

#[derive(Debug, Args)]
pub(crate) struct SweepOptions {
    /// How much to measure: quick in a minute, standard in ten, full in an hour, on two cores. Each is a study file
    #[arg(long, value_enum, default_value_t = Profile::Quick, conflicts_with = "study")]
    pub(crate) profile: Profile,
    /// What to measure, as a file; PROTOCOL.md describes it
    #[arg(long, value_name = "FILE")]
    pub(crate) study: Option<PathBuf>,
    /// The folder of records and reports. Runs whose records are there are not run again
    #[arg(long, value_name = "DIR", default_value = "sweep")]
    pub(crate) out: PathBuf,
    /// Runs side by side, each on one thread; results do not depend on it [default: all cores]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Print the plan and measure nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Measure no throughput: only what is the same on every machine
    #[arg(long)]
    pub(crate) no_throughput: bool,
    /// Measure throughput and nothing else, which takes seconds: `project` joins it with runs from anywhere. In the folder of a sweep of
    /// this study its reports are made anew, with these times
    #[arg(long, conflicts_with_all = ["no_throughput", "shard", "keys", "verify"])]
    pub(crate) throughput_only: bool,
    /// Threads of each step whose time is measured
    #[arg(long, value_name = "N", requires = "throughput_only")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Run only the cells of one of N shards, from 1/N to N/N, or auto: as the job array or launcher says that started this
    #[arg(long, value_name = "I/N|auto", conflicts_with = "verify")]
    pub(crate) shard: Option<Shard>,
    /// Run only the cells whose keys are in this file, one per line; --dry-run --json lists all
    #[arg(long, value_name = "FILE", conflicts_with_all = ["verify", "shard"])]
    pub(crate) keys: Option<PathBuf>,
    /// Leave winning runs by branches with larger batches: how large a batch may be as training goes on, and what a batch that grows so saves
    /// [default: as the study says; standard and full do]
    #[arg(long)]
    pub(crate) branches: bool,
    /// Run a random share of the records again and compare: above 0, at most 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) verify: Option<f64>,
    /// Open the page in the browser at the end
    #[arg(long)]
    pub(crate) open: bool,
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Optimizers instead of the profile's, e.g. adam,sgd
    #[arg(long, value_name = "NAME,...", value_delimiter = ',')]
    pub(crate) optimizers: Option<Vec<String>>,
    /// Batch sizes instead of the profile's, e.g. 16,64,256; 0 is all training rows
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    pub(crate) batch_sizes: Option<Vec<usize>>,
    /// Measure on files instead of the embedded workloads: mnist:DIR (IDX files), svmlight:FILE, csv:FILE, npz:FILE or
    /// npy:INPUTS.npy,TARGETS.npy (features of the last three are standardized). Files without a validation part
    /// of their own are shuffled and split 80:20
    #[arg(long, value_name = "KIND:PATH", value_parser = data_source())]
    pub(crate) data: Option<DataSource>,
    /// What the targets of --data are, as for train
    #[arg(long, value_enum, requires = "data")]
    pub(crate) task: Option<TaskName>,
    /// The loss on --data, as for train
    #[arg(long, value_enum, requires = "data")]
    pub(crate) loss: Option<LossName>,
    /// The number of some losses, as for train
    #[arg(long, value_name = "X", allow_negative_numbers = true, requires = "loss")]
    pub(crate) loss_parameter: Option<f32>,
    /// Train on scaled targets, as for train
    #[arg(long, num_args = 0..=1, default_missing_value = "yes", value_name = "yes|no", value_parser = yes_no(), hide_possible_values = true, requires = "data")]
    pub(crate) standardize_targets: Option<bool>,
    /// Widths of the hidden layers of the network on --data [default: a linear model and a network of 32]
    #[arg(long, value_name = "N", value_delimiter = ',', requires = "data")]
    pub(crate) hidden: Option<Vec<NonZeroUsize>>,
    /// Leave the shares of the classes in both parts of --data to chance
    #[arg(long, requires = "data")]
    pub(crate) not_stratified: bool,
    /// Epochs that a run on --data may see [default: as many as make 100 000 samples]
    #[arg(long, value_name = "N", requires = "data", value_parser = value_parser!(u64).range(1..))]
    pub(crate) budget_epochs: Option<u64>,
    /// Validation rows of --data that are looked at [default: 500 with --profile quick, else all]
    #[arg(long, value_name = "N", requires = "data")]
    pub(crate) evaluation_rows: Option<NonZeroUsize>,
    /// Seed of weights and sample order [default: the study's, 1 in the profiles]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(..1 << 63))]
    pub(crate) seed: Option<u64>,
    /// Seed of generated data, and of the split of files [default: the study's, 1 in the profiles]
    #[arg(long, value_name = "N", value_parser = value_parser!(u64).range(..1 << 63))]
    pub(crate) data_seed: Option<u64>,
    #[command(flatten, next_help_heading = "svmlight and npz files")]
    pub(crate) files: FileFlags,
    #[command(flatten, next_help_heading = "CSV files")]
    pub(crate) csv: CsvFlags,
}

impl SweepOptions {
    /// The study that the options say.
    pub(super) fn study(&self) -> Result<Study> {
        let mut study = match &self.study {
            Some(path) => Study::read(path)?,
            None => self.profile.study()?,
        };
        if let Some(optimizers) = &self.optimizers {
            study.optimizers.clone_from(optimizers);
            study.optimizer.retain(|label, _| optimizers.contains(label));
        }
        if let Some(batch_sizes) = &self.batch_sizes {
            study.batch_sizes.clone_from(batch_sizes);
        }
        study.branches |= self.branches;
        study.seed = self.seed.unwrap_or(study.seed);
        study.data_seed = self.data_seed.unwrap_or(study.data_seed);
        self.check_flags().map_err(|fault| WrongFlags(causes(&fault)))?;
        if self.data.is_some() {
            study.workloads = self.files();
        }
        study.flush_files();
        study.check()?;
        Ok(study)
    }

    /// An error if flags are for files of another kind than --data.
    fn check_flags(&self) -> Result<()> {
        if !matches!(self.data, Some(DataSource::Csv(_))) {
            self.csv.refuse()?;
        }
        self.files.check(self.data.as_ref())
    }

    /// The workloads on files: a linear model and a small network, or the network that is asked for.
    fn files(&self) -> Vec<WorkloadDefinition> {
        let mut problem = ProblemOptions::default();
        (problem.data, problem.task) = (self.data.clone(), self.task);
        (problem.loss, problem.loss_parameter) = (self.loss, self.loss_parameter);
        problem.standardize_targets = self.standardize_targets;
        problem.not_stratified = self.not_stratified.then_some(true);
        (problem.files, problem.csv) = (self.files.clone(), self.csv.clone());
        let quick = self.study.is_none() && self.profile == Profile::Quick;
        let workload = |hidden: Option<Vec<NonZeroUsize>>| WorkloadDefinition {
            name: None,
            budget_samples: None,
            budget_epochs: self.budget_epochs,
            loss_on: LossOn::Validation,
            evaluation_rows: self.evaluation_rows.or(quick.then_some(EVALUATION_ROWS_OF_QUICK)),
            reference_loss: None,
            sampling: None,
            problem: problem.with_hidden(hidden),
            regularization: Default::default(),
        };
        match &self.hidden {
            Some(hidden) => vec![workload(Some(hidden.clone()))],
            None => vec![workload(None), workload(Some(vec![NonZeroUsize::new(32).expect("not zero")]))],
        }
    }

    /// The keys of the cells that are asked for.
    pub(super) fn keys(&self) -> Result<Option<BTreeSet<String>>> {
        let Some(path) = &self.keys else { return Ok(None) };
        let text = read_text(path)?;
        if text.trim().is_empty() {
            bail!("{}: no key of a cell is there", path.display());
        }
        Ok(Some(text.lines().map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned).collect()))
    }

    /// Runs side by side.
    pub(super) fn jobs(&self) -> usize {
        self.jobs
            .map(|jobs| jobs.min(MOST_JOBS))
            .map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), NonZeroUsize::get)
    }
}
