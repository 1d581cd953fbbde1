//! `simdescent sweep`: plan, run what is missing, report.

use super::exit::{Exit, stop_on_signals};
use super::print::{print, say};
use super::progress::Bar;
use super::sweep_report::{Ending, finish, measure};
use super::threads::Threads;
use crate::base::progress::Progress;
use crate::base::text_file::read_text;
use crate::environment::Environment;
use crate::options::csv::CsvFlags;
use crate::options::files::{FileFlags, data_source};
use crate::options::loss::{LossName, TaskName};
use crate::options::problem::ProblemOptions;
use crate::options::step_transforms::StepTransformOptions;
use crate::options::yes_no::yes_no;
use crate::problem::source::DataSource;
use crate::study::audit::{Sample, audit};
use crate::study::definition::{LossOn, Study, WorkloadDefinition};
use crate::study::facts::{ReferenceSource, StudyFacts, WorkloadFacts};
use crate::study::machine::Machine;
use crate::study::noise_runs;
use crate::study::optimum;
use crate::study::pilot::{Pilot, known_loss};
use crate::study::profile::Profile;
use crate::study::reference::{self, Reference};
use crate::study::runner::TrainingRunner;
use crate::study::schedule::{Done, Task, Workshop};
use crate::study::shard::Shard;
use crate::study::stopwatch;
use crate::study::store::{CONVERGENCE, FACTS, StudyFolder, THROUGHPUT};
use crate::study::workload::Workload;
use anyhow::{Context, Result, bail};
use clap::{Args, value_parser};
use simdescent::kernels::Exec;
use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::PathBuf;

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
    #[arg(long, conflicts_with_all = ["throughput_only", "verify"])]
    pub(crate) branches: bool,
    /// Run a random share (0 to 1) of the records again and compare
    #[arg(long, value_name = "SHARE")]
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
    #[arg(long, value_name = "N", requires = "data")]
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
    fn study(&self) -> Result<Study> {
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
        if self.data.is_some() {
            study.workloads = self.files();
        } else {
            self.csv.refuse()?;
            self.files.check(None)?;
        }
        study.check()?;
        Ok(study)
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
            // Pixels that are seldom lit and dead units leave state behind that decays into subnormal numbers: with it the runs of a network on
            // MNIST took up to five times as long.
            regularization: StepTransformOptions::flushing(),
        };
        match &self.hidden {
            Some(hidden) => vec![workload(Some(hidden.clone()))],
            None => vec![workload(None), workload(Some(vec![NonZeroUsize::new(32).expect("not zero")]))],
        }
    }
}

pub(crate) fn run(options: &SweepOptions) -> Result<Exit> {
    let study = options.study()?;
    let threads = Threads::new(options.threads.map_or(1, NonZeroUsize::get))?;
    let exec = threads.exec()?;
    let workloads: Vec<Workload> =
        study.workloads.iter().map(|definition| Workload::load(definition, &study)).collect::<Result<_>>()?;
    let names: Vec<&String> = workloads.iter().map(|workload| &workload.name).collect();
    if let Some(name) = names.iter().enumerate().find_map(|(i, name)| names[..i].contains(name).then_some(name)) {
        bail!("two workloads are called {name:?}: give each a name of its own in the study");
    }
    for Workload { name, validation_rows, problem, .. } in &workloads {
        let seen = problem.validation.rows();
        if seen < *validation_rows {
            say(&format!(
                "note: {name}: losses are of {seen} of the {validation_rows} validation rows (--evaluation-rows)"
            ));
        }
    }
    // What is wrong with numbers or keys is said before anything is trained.
    let facts = workloads.iter().map(|workload| workload.facts(&study)).collect::<Result<_>>()?;
    let facts = StudyFacts::new(&study, facts);
    let keys = options.keys()?;
    let own = facts.own_cells(options.shard, keys.as_ref())?;
    if options.dry_run {
        return super::sweep_plan::print_plan(exec, &facts, &workloads, &own, options.jobs(), options.json);
    }
    if options.throughput_only {
        return throughput_only(exec, options, &facts, &workloads);
    }
    let folder = StudyFolder::create(&options.out)?;
    let (mut file, mut records) = folder.open_records()?;
    let known = records.len();
    let stop = stop_on_signals()?;
    let runner = TrainingRunner { exec, workloads: workloads.iter().map(Workload::training_data).collect() };
    if let Some(share) = options.verify {
        let sample = (Sample::Share(share), study.seed);
        return super::verify::finish(
            audit(&runner, &workloads, &records, sample, options.jobs(), &stop)?,
            options.json,
        );
    }
    let bar = Bar::new(0);
    let mut workshop = Workshop {
        runner: &runner,
        jobs: options.jobs(),
        stop: &stop,
        progress: &bar,
        records: &mut records,
        file: &mut file,
    };
    let Some(facts) = with_references(exec, &facts, &workloads, &mut workshop, &bar)? else {
        drop(bar);
        return Ok(interrupted(options));
    };
    if let Some(before) = folder.read_json::<StudyFacts>(FACTS)?.filter(|before| !before.is_of_same_data(&facts)) {
        say(&format!(
            "note: {} held the study {:?} on other data or seeds: its reports are replaced, its records stay",
            folder.0.display(),
            before.study.name
        ));
    }
    folder.write_json(FACTS, &facts)?;
    folder.write("study.toml", &toml::to_string(&facts.study)?)?;
    let own = facts.own_cells(options.shard, keys.as_ref())?;
    bar.subject("convergence");
    let done = workshop.cells(&facts, &own)?;
    let done = match done {
        Done::All => workshop.runs(facts.coupled_runs(&own, workshop.records)?)?,
        Done::Stopped => Done::Stopped,
    };
    drop(bar);
    if done == Done::Stopped {
        return Ok(interrupted(options));
    }
    let runs = records.len() - known;
    say(&format!("{runs} runs, {} records were there, in {}", known, folder.path(CONVERGENCE).display()));
    if options.shard.is_some() || options.keys.is_some() {
        let part = options.shard.map_or_else(|| "keys".into(), |shard| format!("shard {shard}"));
        return print(&format!(
            "{part}: {} cells are done. When all are: simdescent merge OUT {} …",
            own.len(),
            options.out.display()
        ))
        .map(|()| Exit::Success);
    }
    loop {
        let missing = facts.missing_branches(&records)?;
        if missing.is_empty() {
            break;
        }
        let bar = Bar::new(0);
        bar.subject("branches");
        let mut workshop = Workshop {
            runner: &runner,
            jobs: options.jobs(),
            stop: &stop,
            progress: &bar,
            records: &mut records,
            file: &mut file,
        };
        if workshop.runs(missing)? == Done::Stopped {
            drop(bar);
            return Ok(interrupted(options));
        }
    }
    let missing = facts.missing_noise(&records)?;
    if !missing.is_empty() {
        let bar = Bar::new(0);
        bar.subject("noise scale");
        let mut file = folder.open_noise()?;
        let kept = (&mut records, &mut file);
        if !noise_runs::measure(&runner, &missing, options.jobs(), (&stop, &bar), kept)? {
            drop(bar);
            return Ok(interrupted(options));
        }
    }
    let ending = Ending { times: !options.no_throughput, json: options.json, open: options.open };
    finish(exec, ending, &folder, &facts, &records, &workloads, &stop)
}

/// Enough to tell optimizers apart, and few enough that looking does not take longer than training.
const EVALUATION_ROWS_OF_QUICK: NonZeroUsize = NonZeroUsize::new(500).expect("not zero");

/// Times the steps of all cells; with the records of the same study makes its reports anew.
fn throughput_only(exec: Exec<'_>, options: &SweepOptions, facts: &StudyFacts, workloads: &[Workload]) -> Result<Exit> {
    let folder = StudyFolder::create(&options.out)?;
    let stop = stop_on_signals()?;
    if let Some(known) = folder.read_json::<StudyFacts>(FACTS)? {
        if toml::to_string(&known.study)? != toml::to_string(&facts.study)? {
            bail!(
                "{} holds the study {:?}, which is another one: choose another folder with --out",
                folder.0.display(),
                known.study.name
            );
        }
        let ending = Ending { times: true, json: options.json, open: options.open };
        return finish(exec, ending, &folder, &known, &folder.records()?, workloads, &stop);
    }
    let started = std::time::Instant::now();
    let Some(throughput) = measure(exec, Environment::detect(exec), &folder, facts, workloads, &stop)? else {
        say("stopped; what was timed so far is dropped: the same command times it again");
        return Ok(Exit::of_signal());
    };
    let machine = Machine::of(&Environment::detect(exec));
    let missing = stopwatch::missing(facts, &machine, |key| throughput.of(key).is_some())?.len();
    say(&format!(
        "the steps of {} cells, in {:.0} s: {}",
        facts.cells()?.len() - missing,
        started.elapsed().as_secs_f64(),
        folder.path(THROUGHPUT).display()
    ));
    print(&format!(
        "next, with the folder of a sweep of this study: simdescent project FOLDER {}",
        folder.0.display()
    ))?;
    Ok(Exit::Success)
}

/// Runs side by side at most, however many are asked for.
const MOST_JOBS: NonZeroUsize = NonZeroUsize::new(1024).expect("not zero");

impl SweepOptions {
    fn keys(&self) -> Result<Option<BTreeSet<String>>> {
        let Some(path) = &self.keys else { return Ok(None) };
        let text = read_text(path)?;
        if text.trim().is_empty() {
            bail!("{}: no key of a cell is there", path.display());
        }
        Ok(Some(text.lines().map(str::trim).filter(|key| !key.is_empty()).map(str::to_owned).collect()))
    }

    fn jobs(&self) -> usize {
        self.jobs
            .map(|jobs| jobs.min(MOST_JOBS))
            .map_or_else(|| std::thread::available_parallelism().map_or(1, usize::from), NonZeroUsize::get)
    }
}

/// How to go on.
fn interrupted(options: &SweepOptions) -> Exit {
    say(&format!(
        "stopped; what was finished is in {}: the same command goes on from there",
        options.out.join(CONVERGENCE).display()
    ));
    Exit::of_signal()
}

/// The facts with the references of all workloads, for which trials may have to be run; `None` if that was stopped.
fn with_references(
    exec: Exec<'_>,
    facts: &StudyFacts,
    workloads: &[Workload],
    workshop: &mut Workshop<'_, TrainingRunner<'_>>,
    bar: &Bar,
) -> Result<Option<StudyFacts>> {
    let mut complete = vec![];
    for (number, workload) in workloads.iter().enumerate() {
        bar.subject(&format!("lowest loss of {}", workload.name));
        let known = (number, &facts.workloads[number]);
        let Some(found) = reference_of(exec, &facts.study, workload, known, workshop)? else { return Ok(None) };
        complete.push(found);
    }
    Ok(Some(StudyFacts::new(&facts.study, complete)))
}

/// The facts of a workload, with its reference and targets.
fn reference_of(
    exec: Exec<'_>,
    study: &Study,
    workload: &Workload,
    (number, facts): (usize, &WorkloadFacts),
    workshop: &mut Workshop<'_, TrainingRunner<'_>>,
) -> Result<Option<WorkloadFacts>> {
    let complete = |(initial_loss, reference_loss, reference): (f64, f64, ReferenceSource)| {
        let targets = WorkloadFacts::targets(initial_loss, reference_loss, &study.targets);
        if initial_loss.is_nan() || initial_loss <= reference_loss {
            bail!(
                "{}: the loss before training, {initial_loss}, is not above the reference loss, {reference_loss}",
                workload.name
            );
        }
        Ok(WorkloadFacts { initial_loss, reference_loss, reference, targets, ..facts.clone() })
    };
    if let Some(reference_loss) = workload.definition.reference_loss {
        let initial_loss = workload.initial_loss(exec, study.seed)?;
        return complete((initial_loss, reference_loss, ReferenceSource::Given)).map(Some);
    }
    if let Some((reference_loss, source)) = optimum::solve(exec, workload)? {
        let initial_loss = workload.initial_loss(exec, study.seed)?;
        return complete((initial_loss, reference_loss, source)).map(Some);
    }
    loop {
        match reference::by_trials(facts, &workload.definition, study, workshop.records)? {
            Reference::Needs(specifications) => {
                let task = |specification| Task::new(number, facts.parameters, specification);
                let tasks = specifications.into_iter().map(task).collect::<Result<Vec<_>>>()?;
                if workshop.runs(tasks)? == Done::Stopped {
                    return Ok(None);
                }
            }
            Reference::Found { initial_loss, reference_loss, source } => {
                let known = known_loss(exec, &workload.problem, workload.evaluation(), &workload.settings)?;
                let pilot = Pilot { initial_loss, best_loss: reference_loss };
                pilot.check(known, &workload.problem, &workload.settings).with_context(|| workload.name.clone())?;
                return complete((initial_loss, reference_loss, source)).map(Some);
            }
        }
    }
}
