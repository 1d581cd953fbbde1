//! `simdescent sweep`: plan, measure, write, print.

use super::print::print;
use super::progress::Bar;
use super::threads::Threads;
use crate::environment::Environment;
use crate::options::RunOptions;
use crate::options::csv::CsvFlags;
use crate::options::files::{FileFlags, data_source};
use crate::options::loss::{LossName, TaskName};
use crate::options::problem::ProblemOptions;
use crate::problem::embedded::Embedded;
use crate::problem::model_spec::ModelSpec;
use crate::problem::source::DataSource;
use crate::problem::{InputLayout, Problem};
use crate::progress::Progress;
use crate::report::results_dir::ResultsDir;
use crate::report::table;
use crate::study::convergence::{measure, pilot};
use crate::study::pilot::{Pilot, known_loss};
use crate::study::plan::ProblemPlan;
use crate::study::protocol::{self, Profile, budget};
use crate::study::result::{Cell, DataReport, Report, SCHEMA_VERSION, WorkloadReport};
use crate::study::runner::TrainingRunner;
use crate::training::prepare::{check_memory, prepare};
use anyhow::{Context, Result};
use clap::Args;
use humantime::format_rfc3339;
use simdescent::kernels::Exec;
use simdescent::{Dataset, Model, Rule, Settings};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::SystemTime;

#[derive(Debug, Args)]
pub(crate) struct SweepOptions {
    /// How much to measure.
    #[arg(long, value_enum, default_value_t = Profile::Quick)]
    pub(crate) profile: Profile,
    /// Where reports go: DIR/<cpu>/<date>-<commit>.json.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub(crate) out: PathBuf,
    /// Threads per training step; results do not depend on it, and models this small seldom gain.
    #[arg(long, value_name = "N", default_value = "1")]
    pub(crate) threads: NonZeroUsize,
    /// Measure on files instead of the embedded workloads: mnist:DIR (IDX files), svmlight:FILE, csv:FILE, npz:FILE or
    /// npy:INPUTS.npy,TARGETS.npy (features of the last three are standardized). Files without a validation part
    /// of their own are shuffled and split 80:20.
    #[arg(long, value_name = "KIND:PATH", value_parser = data_source())]
    pub(crate) data: Option<DataSource>,
    /// What the targets of --data are, as for train.
    #[arg(long, value_enum, requires = "data")]
    pub(crate) task: Option<TaskName>,
    /// The loss on --data, as for train.
    #[arg(long, value_enum, requires = "data")]
    pub(crate) loss: Option<LossName>,
    /// The number of some losses, as for train.
    #[arg(long, value_name = "X", allow_negative_numbers = true, requires = "loss")]
    pub(crate) loss_parameter: Option<f32>,
    /// Train on scaled targets, as for train.
    #[arg(long, num_args = 0..=1, default_missing_value = "true", value_name = "BOOL", requires = "data")]
    pub(crate) standardize_targets: Option<bool>,
    /// Widths of the hidden layers of the network on --data [default: 32]
    #[arg(long, value_name = "N", value_delimiter = ',', requires = "data")]
    pub(crate) hidden: Option<Vec<NonZeroUsize>>,
    /// Leave the shares of the classes in both parts of --data to chance.
    #[arg(long, requires = "data")]
    pub(crate) not_stratified: bool,
    /// Seed of data, weights and sample order.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    #[command(flatten, next_help_heading = "svmlight and npz files")]
    pub(crate) files: FileFlags,
    #[command(flatten, next_help_heading = "CSV files")]
    pub(crate) csv: CsvFlags,
}

impl SweepOptions {
    /// A run on the files, as of train.
    fn run(&self) -> RunOptions {
        let mut problem = ProblemOptions::default();
        (problem.data, problem.task) = (self.data.clone(), self.task);
        (problem.loss, problem.loss_parameter) = (self.loss, self.loss_parameter);
        problem.standardize_targets = self.standardize_targets;
        problem.not_stratified = self.not_stratified.then_some(true);
        (problem.files, problem.csv) = (self.files.clone(), self.csv.clone());
        RunOptions { problem, seed: Some(self.seed), ..RunOptions::default() }
    }
}

pub(crate) fn run(options: &SweepOptions) -> Result<()> {
    let threads = Threads::new(options.threads.get())?;
    let started = format_rfc3339(SystemTime::now()).to_string();
    let exec = threads.exec()?;
    let environment = Environment::detect(exec);
    let results = ResultsDir::open(&options.out, &environment.cpu)?;
    let problems = problems(options)?;
    let workloads: Vec<Workload<'_>> =
        problems.iter().map(|problem| workloads(exec, options, problem)).collect::<Result<Vec<_>>>()?.concat();
    for Workload { model, settings, problem, .. } in &workloads {
        model.check_size()?;
        // No optimizer of a sweep has a larger state.
        check_memory(model, &Settings { rule: Rule::ADAM, ..*settings }, problem.training.rows())?;
    }
    let plan = |workload: &Workload<'_>| ProblemPlan::new(options.profile, workload.problem.training.rows());
    let bar = Bar::new(workloads.iter().map(|workload| plan(workload).runs()).sum());
    // All pilots first: what they refuse is known before anything is measured.
    let mut pilots = vec![];
    for workload in &workloads {
        bar.subject(&workload.name);
        let pilot = pilot(&plan(workload), options.seed, &workload.runner(exec), &bar)?;
        pilot.check(workload.known, workload.problem, &workload.settings).with_context(|| workload.name.clone())?;
        pilots.push(pilot);
    }
    let (mut reports, mut printed) = (vec![], Ok(()));
    for (workload, pilot) in workloads.iter().zip(pilots) {
        bar.subject(&workload.name);
        let cells = measure(&plan(workload), pilot.target(), options.seed, &workload.runner(exec), &bar)?;
        let report = workload_report(workload, options.seed, pilot, cells);
        // The file is what the measuring is for: it goes on where the table cannot be printed.
        printed = printed.and(bar.print(&table::render(&report)));
        reports.push(report);
    }
    drop(bar);

    let report = Report {
        schema_version: SCHEMA_VERSION,
        protocol_version: protocol::VERSION,
        started: started.clone(),
        command: std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()).collect(),
        profile: options.profile,
        seed: options.seed,
        environment,
        workloads: reports,
    };
    let (date, _time) = started.split_once('T').expect("RFC 3339");
    let path = results.write(date, &report.environment.commit, &report)?;
    printed?;
    print(&format!(
        "steps, samples, time: to the target; * = lowest or highest rate tried\n{} on {}, {} thread(s), commit {}\nreport: {}",
        report.environment.isa,
        report.environment.cpu,
        report.environment.threads,
        report.environment.commit,
        path.display()
    ))
}

/// What is measured: a problem with one of the models that a sweep trains on it.
#[derive(Clone)]
struct Workload<'p> {
    name: String,
    problem: &'p Problem,
    model: ModelSpec,
    /// Those of `train`, but for what is varied.
    settings: Settings,
    /// A validation loss that is possible.
    known: f64,
}

impl Workload<'_> {
    fn runner<'a>(&'a self, exec: Exec<'a>) -> TrainingRunner<'a> {
        TrainingRunner { exec, problem: self.problem, model: &self.model, settings: &self.settings }
    }
}

fn problems(options: &SweepOptions) -> Result<Vec<Problem>> {
    if options.data.is_none() {
        options.csv.refuse()?;
        options.files.check(None)?;
        return Embedded::ALL.into_iter().map(|embedded| embedded.problem(options.seed)).collect();
    }
    // Dense: throughput is of the work that the shapes say.
    Ok(vec![options.run().problem.problem(options.seed)?.keeping(InputLayout::Dense)?])
}

/// The embedded problems with their models, files with a linear one and a small network.
fn workloads<'p>(exec: Exec<'_>, options: &SweepOptions, problem: &'p Problem) -> Result<Vec<Workload<'p>>> {
    let settings = prepare(&options.run(), &problem.training, &problem.model, problem.loss)?.settings;
    let known = known_loss(exec, problem, &settings)?;
    let own = Workload { name: problem.name.clone(), problem, model: problem.model.clone(), settings, known };
    let network = options.data.as_ref().map(|source| {
        let usual = vec![NonZeroUsize::new(32).expect("not zero")];
        let (name, model) = source.network(problem, options.hidden.as_ref().unwrap_or(&usual));
        Workload { name, problem, model, settings, known }
    });
    Ok([own].into_iter().chain(network).collect())
}

fn workload_report(workload: &Workload<'_>, seed: u64, pilot: Pilot, cells: Vec<Cell>) -> WorkloadReport {
    let Workload { name, problem, model, .. } = workload;
    WorkloadReport {
        name: name.clone(),
        model: model.describe(),
        parameters: model.build(0, seed).parameters().len(),
        loss: problem.loss.name(),
        sampling: "reshuffled",
        last_batch: "short",
        training: data_report(&problem.training),
        validation: data_report(&problem.validation),
        budget_samples: budget(problem.training.rows()),
        initial_loss: pilot.initial_loss,
        target_loss: pilot.target(),
        cells,
    }
}

fn data_report(data: &Dataset) -> DataReport {
    DataReport { name: data.name().into(), rows: data.rows(), features: data.features(), sha256: data.digest() }
}
