//! `simdescent sweep`: plan, run what is missing, report.

use super::exit::{Exit, stop_on_signals};
use super::print::{print, say};
use super::progress::Bar;
pub(crate) use super::sweep_options::SweepOptions;
use super::sweep_references::with_references;
use super::sweep_report::{Ending, finish, measure};
use super::threads::Threads;
use crate::base::progress::Progress;
use crate::environment::Environment;
use crate::study::audit::{Sample, audit};
use crate::study::definition::Study;
use crate::study::facts::StudyFacts;
use crate::study::machine::Machine;
use crate::study::noise_runs;
use crate::study::runner::TrainingRunner;
use crate::study::schedule::{Done, Workshop};
use crate::study::stopwatch;
use crate::study::store::{CONVERGENCE, FACTS, StudyFolder, THROUGHPUT};
use crate::study::workload::Workload;
use anyhow::{Result, bail};
use simdescent::kernels::Exec;
use std::num::NonZeroUsize;

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
    let stop = stop_on_signals()?;
    let runner = TrainingRunner { exec, workloads: workloads.iter().map(Workload::training_data).collect() };
    if let Some(share) = options.verify {
        // It adds no records: where there are none, nothing is made for them.
        let records = StudyFolder::open(&options.out)?.records()?;
        let sample = (Sample::Share(share), study.seed);
        return super::verify::finish(
            audit(&runner, &workloads, &records, sample, options.jobs(), &stop)?,
            options.json,
        );
    }
    let folder = StudyFolder::create(&options.out)?;
    let (mut file, mut records) = folder.open_records()?;
    let known = records.len();
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
    let before = records.len();
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
    if facts.study.branches {
        say(&format!("{} runs of branches", records.len() - before));
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

/// Times the steps of all cells; with the records of the same study makes its reports anew.
fn throughput_only(exec: Exec<'_>, options: &SweepOptions, facts: &StudyFacts, workloads: &[Workload]) -> Result<Exit> {
    let folder = StudyFolder::create(&options.out)?;
    let stop = stop_on_signals()?;
    if let Some(known) = folder.read_json::<StudyFacts>(FACTS)? {
        // Branches are not timed.
        let wanted = Study { branches: known.study.branches, ..facts.study.clone() };
        if toml::to_string(&known.study)? != toml::to_string(&wanted)? {
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

/// How to go on.
fn interrupted(options: &SweepOptions) -> Exit {
    say(&format!(
        "stopped; what was finished is in {}: the same command goes on from there",
        options.out.join(CONVERGENCE).display()
    ));
    Exit::of_signal()
}
