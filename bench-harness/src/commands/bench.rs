//! `simdescent bench`: fresh processes that time, one after the other; what they say together.

use super::exit::Exit;
use super::print::{fail, print, print_json, print_lines, say, warn};
use super::progress::Bar;
use super::threads::Threads;
use crate::base::progress::Progress;
use crate::base::text_file::read_text;
use crate::environment::Environment;
use crate::report::bench as form;
use crate::report::bench::files::files;
use crate::timing::analysis::{Head, analyze};
use crate::timing::baseline::{BaselineReport, compare};
use crate::timing::plan::{BenchPlan, ProcessPlan};
use crate::timing::process::{ProcessTimes, measure};
use crate::timing::result::{BenchReport, Peer, SCHEMA_VERSION};
use anyhow::{Context, Result, anyhow, bail, ensure};
use clap::{Args, value_parser};
use serde_json::Value;
use simdescent_benches::peers::{CRATES, cblas::Blas};
use std::io::{BufRead, BufReader};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime};

/// The library that the environment names.
const BLAS: &str = "SIMDESCENT_BLAS";
/// What tells libraries how many threads to take.
const THREADS_OF_OTHERS: [&str; 6] = [
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "RAYON_NUM_THREADS",
];

#[derive(Debug, Args)]
pub(crate) struct BenchOptions {
    /// Only cases whose names contain this, e.g. gemm/f32 or train-step
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Only the most telling cases, in less than a minute
    #[arg(long)]
    quick: bool,
    /// Fresh processes for each number of threads; fewer than 5 make wide intervals
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u16).range(2..=1000))]
    processes: u16,
    /// Numbers of threads [default: 1, and all cores]
    #[arg(long, value_name = "N,...", value_delimiter = ',')]
    threads: Option<Vec<NonZeroUsize>>,
    /// Times that differ by less than this share are equivalent
    #[arg(long, value_name = "SHARE", default_value_t = 0.03)]
    margin: f64,
    /// Seed of the orders in which contestants take turns
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Compare with an earlier report; exit with 1 if something became slower, with 2 if that is not certain
    #[arg(long, value_name = "FILE.json")]
    baseline: Option<PathBuf>,
    /// Where reports go: in this folder, into one that is named after the CPU
    #[arg(long, value_name = "DIR", default_value = "results")]
    out: PathBuf,
    /// Print the report as JSON, without the raw times
    #[arg(long)]
    json: bool,
}

impl BenchOptions {
    fn plan(&self) -> Result<BenchPlan> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let mut threads = match &self.threads {
            Some(threads) => threads.iter().map(|n| n.get()).collect(),
            None => vec![1, cores],
        };
        threads.sort_unstable();
        threads.dedup();
        ensure!(self.margin > 0.0 && self.margin < 1.0, "--margin: a share between 0 and 1, not {}", self.margin);
        let plan = BenchPlan {
            processes: usize::from(self.processes),
            rounds: if self.quick { 5 } else { 7 },
            sample_microseconds: if self.quick { 200 } else { 300 },
            seed: self.seed,
            quick: self.quick,
            filter: self.filter.clone(),
            threads,
            confidence: 0.95,
            margin: self.margin,
        };
        let named = plan.threads.iter().map(|&threads| plan.cases(threads).len() - 1).sum::<usize>();
        if named == 0 {
            let names: Vec<String> = BenchPlan { filter: None, ..plan.clone() }
                .cases(1)
                .iter()
                .skip(1)
                .map(|case| case.name.clone())
                .collect();
            bail!("--filter: no case has this in its name, but there are {}", names.join(", "));
        }
        Ok(plan)
    }
}

pub(crate) fn run(options: &BenchOptions) -> Result<Exit> {
    let plan = options.plan()?;
    let baseline = options.baseline.as_deref().map(read).transpose()?;
    let blas = blas()?;
    let largest = plan.threads.iter().copied().max().unwrap_or(1);
    let environment = Environment::detect(Threads::new(largest)?.exec()?);
    if environment.build_profile != "release" {
        warn(["this build is not optimized: cargo run --release -- bench".to_owned()]);
    }
    let mut peers: Vec<Peer> =
        CRATES.iter().map(|&(name, version)| Peer { name: name.into(), version: version.into() }).collect();
    peers.extend(blas.map(|blas| Peer { name: blas.name.into(), version: blas.version }));
    let start = Instant::now();
    let started = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    let processes = plan.processes();
    let bar = Bar::of(processes.iter().map(|process| plan.cases(process.threads).len()).sum(), "cases");
    let times = processes.iter().map(|process| child(process, &bar)).collect::<Result<Vec<_>>>()?;
    drop(bar);
    let head = Head { started, seconds: start.elapsed().as_secs_f64(), environment, plan, peers };
    let report = analyze(head, times)?;
    let written = write(&report, &options.out)?;
    let compared = baseline.map(|baseline| compare(&report, &baseline)).transpose()?;
    if options.json {
        let mut json = without_rounds(&report)?;
        if let Some(compared) = &compared {
            json["baseline"] = serde_json::to_value(compared)?;
        }
        print_json(&json)?;
    } else {
        print(&form::text(&report))?;
        if let Some(compared) = &compared {
            print_lines(&form::baseline_lines(compared))?;
        }
    }
    say(&format!("the report: {}; beside it the page (.html) and exports for other tools", written.display()));
    Ok(exit(&report, compared.as_ref()))
}

fn exit(report: &BenchReport, compared: Option<&BaselineReport>) -> Exit {
    match compared {
        Some(compared) if compared.slower() => Exit::Mismatch,
        Some(compared) if compared.inconclusive() => Exit::Inconclusive,
        _ if !report.control.quiet => Exit::Inconclusive,
        _ => Exit::Success,
    }
}

fn blas() -> Result<Option<Blas>> {
    let path = std::env::var_os(BLAS).filter(|path| !path.is_empty());
    path.map(|path| Blas::load(&path).map_err(|fault| anyhow!("{BLAS}: {fault}"))).transpose()
}

/// An earlier report.
pub(super) fn read(path: &Path) -> Result<BenchReport> {
    let value = serde_json::from_str(&read_text(path)?)
        .with_context(|| format!("{}: no report of simdescent bench", path.display()))?;
    of_json(path, value)
}

/// An earlier report as text, or as JSON without the raw times.
pub(super) fn print_report(path: &Path, value: Value, json: bool) -> Result<()> {
    let report = of_json(path, value)?;
    if json { print_json(&without_rounds(&report)?) } else { print(&form::text(&report)) }
}

fn without_rounds(report: &BenchReport) -> Result<Value> {
    let mut json = serde_json::to_value(report)?;
    json.as_object_mut().map(|report| report.remove("processes"));
    Ok(json)
}

fn of_json(path: &Path, value: Value) -> Result<BenchReport> {
    match value["schema_version"].as_u64() {
        Some(version) if version > u64::from(SCHEMA_VERSION) => {
            bail!("{}: schema version {version} is newer than this program", path.display())
        }
        _ => {
            serde_json::from_value(value).with_context(|| format!("{}: no report of simdescent bench", path.display()))
        }
    }
}

/// Runs one process of this program and takes what it prints.
fn child(plan: &ProcessPlan, bar: &Bar) -> Result<ProcessTimes> {
    let program = std::env::current_exe().context("cannot find this program, which starts itself")?;
    let mut command = Command::new(program);
    command.args(["bench-process", &serde_json::to_string(plan)?]).stdin(Stdio::null()).stdout(Stdio::piped());
    for variable in THREADS_OF_OTHERS {
        command.env(variable, plan.threads.to_string());
    }
    let mut child = command.spawn().context("cannot start a process that times")?;
    bar.subject(&format!("process {}, {} threads", plan.number + 1, plan.threads));
    let mut last = String::new();
    for line in BufReader::new(child.stdout.take().context("no output to read")?).lines() {
        last = line.context("cannot read what a process printed")?;
        bar.advance();
    }
    let status = child.wait().context("cannot wait for a process")?;
    if !status.success() {
        bail!("a process that timed has failed ({status}); what it said is above");
    }
    serde_json::from_str(&last).context("what a process that timed has printed cannot be read")
}

/// Writes report, page and exports; returns the path of the first.
fn write(report: &BenchReport, folder: &Path) -> Result<PathBuf> {
    let folder = folder.join(form::slug(&report.environment.cpu));
    std::fs::create_dir_all(&folder).with_context(|| format!("{}: cannot make this folder", folder.display()))?;
    let date = report.started.split('T').next().unwrap_or_default();
    let name = format!("{date}-{}-kernels", report.environment.commit);
    let path = |ending: &str| folder.join(format!("{name}{ending}"));
    for (ending, text) in files(report)? {
        super::files::write(&path(ending), text)?;
    }
    Ok(path(".json"))
}

#[derive(Debug, Args)]
pub(crate) struct ProcessOptions {
    /// What to time, as JSON
    plan: String,
}

/// One of the processes: a line for each case that is done, then the times as a line of JSON.
pub(crate) fn run_process(options: &ProcessOptions) -> Result<Exit> {
    let plan: ProcessPlan = serde_json::from_str(&options.plan).context("bench-process is started by bench")?;
    let threads = Threads::new(plan.threads)?;
    let blas = blas()?;
    let progress = |name: &str| print(name).unwrap_or_else(|error| fail(&error));
    let times = measure(threads.exec()?, threads.team(), blas.as_ref(), &plan, &progress)?;
    print(&serde_json::to_string(&times)?)?;
    Ok(Exit::Success)
}
