//! `simdescent sweep`: plan, measure, write, print.

use super::print::print;
use super::progress::Bar;
use super::threads::Threads;
use crate::environment::Environment;
use crate::options::csv::CsvFlags;
use crate::options::files::{FileFlags, data_source};
use crate::options::loss::{LossName, TaskName};
use crate::options::problem::ProblemOptions;
use crate::problem::embedded::Embedded;
use crate::problem::model_spec::ModelSpec;
use crate::problem::source::DataSource;
use crate::problem::{Inputs, Problem};
use crate::progress::Progress;
use crate::report::results_dir::ResultsDir;
use crate::report::table;
use crate::study::convergence::{Measured, measure};
use crate::study::plan::ProblemPlan;
use crate::study::protocol::{self, Profile, budget};
use crate::study::result::{DataReport, Report, SCHEMA_VERSION, WorkloadReport};
use crate::study::runner::TrainingRunner;
use anyhow::Result;
use clap::Args;
use humantime::format_rfc3339;
use simdescent::{Dataset, Model};
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
    /// The problem of the files, as for train.
    fn problem(&self) -> ProblemOptions {
        let mut problem = ProblemOptions::default();
        (problem.data, problem.task) = (self.data.clone(), self.task);
        (problem.loss, problem.loss_parameter) = (self.loss, self.loss_parameter);
        problem.not_stratified = self.not_stratified.then_some(true);
        (problem.files, problem.csv) = (self.files.clone(), self.csv.clone());
        problem
    }
}

pub(crate) fn run(options: &SweepOptions) -> Result<()> {
    let threads = Threads::new(options.threads.get())?;
    let started = format_rfc3339(SystemTime::now()).to_string();
    let exec = threads.exec()?;
    let environment = Environment::detect(exec);
    let results = ResultsDir::open(&options.out, &environment.cpu)?;
    let problems = problems(options)?;
    let workloads: Vec<Workload<'_>> = problems.iter().flat_map(|problem| workloads(options, problem)).collect();
    workloads.iter().try_for_each(|workload| workload.model.check_size())?;
    let plan = |workload: &Workload<'_>| ProblemPlan::new(options.profile, workload.problem.training.rows());
    let bar = Bar::new(workloads.iter().map(|workload| plan(workload).runs()).sum());
    let (mut reports, mut printed) = (vec![], Ok(()));
    for workload in &workloads {
        let Workload { name, problem, model } = workload;
        bar.subject(name);
        let measured = measure(&plan(workload), options.seed, &TrainingRunner { exec, problem, model }, &bar)?;
        let report = workload_report(workload, options.seed, measured);
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
struct Workload<'p> {
    name: String,
    problem: &'p Problem,
    model: ModelSpec,
}

fn problems(options: &SweepOptions) -> Result<Vec<Problem>> {
    if options.data.is_none() {
        options.csv.refuse()?;
        options.files.check(None)?;
        return Embedded::ALL.into_iter().map(|embedded| embedded.problem(options.seed)).collect();
    }
    // Dense: throughput is of the work that the shapes say.
    Ok(vec![options.problem().problem(options.seed)?.keeping(Inputs::Dense)?])
}

/// The embedded problems with their models, files with a linear one and a small network.
fn workloads<'p>(options: &SweepOptions, problem: &'p Problem) -> Vec<Workload<'p>> {
    let own = Workload { name: problem.name.clone(), problem, model: problem.model.clone() };
    let network = options.data.as_ref().map(|source| {
        let (name, model) = source.network(problem);
        Workload { name, problem, model }
    });
    [own].into_iter().chain(network).collect()
}

fn workload_report(workload: &Workload<'_>, seed: u64, measured: Measured) -> WorkloadReport {
    let Workload { name, problem, model } = workload;
    let Measured { initial_loss, target_loss, cells } = measured;
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
        initial_loss,
        target_loss,
        cells,
    }
}

fn data_report(data: &Dataset) -> DataReport {
    DataReport { name: data.name().into(), rows: data.rows(), features: data.features(), sha256: data.digest() }
}
