//! What the records say: a pure function of facts and records, which needs no data and runs nothing.

mod cells;
mod numbers;
mod profiles;
mod ranking;
#[cfg(test)]
mod tests;
mod timing;

use super::answer::answers;
use super::branch_analysis::branch_reports;
use super::cell::{Cell, CellState, TargetResult};
use super::curves::curves;
use super::facts::StudyFacts;
use super::machine::Machine;
use super::noise_report::noise_reports;
use super::noise_runs::winners;
use super::result::{
    ANALYSIS_VERSION, CellReport, Missing, Relaxed, Report, SCHEMA_VERSION, TargetReport, WorkloadReport,
};
use super::self_check::SelfCheck;
use super::store::Records;
use super::throughput::Throughput;
use anyhow::Result;
use cells::Needed;
use numbers::RELAXED;
use timing::{CellTime, Timings};

/// What is known of a study.
pub(crate) struct Known<'a> {
    pub(crate) facts: &'a StudyFacts,
    pub(crate) records: &'a Records,
    pub(crate) throughput: &'a Throughput,
    /// The machine whose times are wanted; if there are none, those of the last one.
    pub(crate) machine: Option<&'a Machine>,
    pub(crate) self_check: Option<SelfCheck>,
}

/// A cell whose runs are all there.
struct Finished {
    cell: Cell,
    targets: Vec<TargetResult>,
}

/// The report of what is known.
pub(crate) fn analyze(known: Known<'_>) -> Result<Report> {
    let Known { facts, records, throughput, machine, self_check } = known;
    let mut finished: Vec<Vec<Finished>> = facts.workloads.iter().map(|_| vec![]).collect();
    let mut missing = Missing::default();
    for cell in facts.cells()? {
        match facts.state(&cell, records)? {
            CellState::Needs(_) => missing.cells += 1,
            CellState::Done(targets) => finished[cell.workload].push(Finished { cell, targets }),
        }
    }
    let timings = Timings::new(facts, throughput, machine);
    let mut times = vec![];
    for cells in &finished {
        times.push(cells.iter().map(|finished| timings.cell(&finished.cell)).collect::<Result<Vec<_>>>()?);
    }
    if timings.any() {
        missing.timings = times.iter().flatten().filter(|time| time.is_none()).count();
    }
    // Resampling takes seconds, and workloads know nothing of each other.
    let mut workloads: Vec<WorkloadReport> = std::thread::scope(|scope| {
        let threads: Vec<_> = (finished.iter().zip(&times).enumerate())
            .map(|(number, (cells, times))| scope.spawn(move || workload(facts, records, number, cells, times)))
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("an analysis does not panic")).collect::<Result<_>>()
    })?;
    let cells: Vec<Cell> = finished.iter().flatten().map(|finished| finished.cell.clone()).collect();
    for (workload, coupling) in facts.couplings(&cells, records)? {
        workloads[workload].coupling.push(coupling);
    }
    let throughput = timings.report();
    let session = throughput.as_ref().map(|throughput| &throughput.session);
    for workload in &mut workloads {
        workload.answers = answers(workload, session);
    }
    Ok(Report {
        schema_version: SCHEMA_VERSION,
        protocol_version: facts.protocol_version,
        value_version: facts.value_version,
        analysis_version: ANALYSIS_VERSION,
        study: facts.study.clone(),
        missing,
        profiles: profiles::profiles(facts.study.targets.len(), &workloads),
        workloads,
        throughput,
        self_check,
    })
}

fn workload(
    facts: &StudyFacts,
    records: &Records,
    number: usize,
    cells: &[Finished],
    times: &[Option<CellTime>],
) -> Result<WorkloadReport> {
    let own = &facts.workloads[number];
    let step_times = timing::step_times(cells.iter().map(|finished| &finished.cell).zip(times));
    let line =
        |cell: &Cell| step_times.iter().find(|t| t.optimizer == cell.optimizer.label && t.variant == cell.variant.name);
    let mut reports: Vec<CellReport> = vec![];
    for (Finished { cell, .. }, time) in cells.iter().zip(times) {
        reports.push(CellReport {
            optimizer: cell.optimizer.label.clone(),
            variant: cell.variant.name.clone(),
            batch_size: cell.batch_size,
            throughput: time.as_ref().map(|time| time.report.clone()),
            convergence: String::new(),
            targets: vec![],
        });
    }
    let mut targets = vec![];
    for (t, (&loss, &share)) in own.targets.iter().zip(&facts.study.targets).enumerate() {
        let needed = |loss: f64| -> Result<Vec<Needed<'_>>> {
            let all = cells.iter().zip(times);
            all.map(|(Finished { cell, targets }, time)| {
                let time = time.as_ref().map(|time| (time, line(cell)));
                Needed::new(&targets[t], records, loss, time)
            })
            .collect()
        };
        let exact = needed(loss)?;
        for ((report, needed), finished) in reports.iter_mut().zip(&exact).zip(cells) {
            report.targets.push(needed.report(&finished.targets[t]));
        }
        let relaxed = |factor: f64| -> Result<Relaxed> {
            let loss = own.reference_loss + factor * (loss - own.reference_loss);
            let needed = needed(loss)?;
            let verdict = |of: ranking::Of| ranking::rank(&needed, of).map(|ranking| ranking.verdict);
            Ok(Relaxed {
                factor,
                loss,
                steps: verdict(|needed| Some(&needed.steps)).unwrap_or_default(),
                samples: verdict(|needed| Some(&needed.samples)).unwrap_or_default(),
                time: verdict(|needed| needed.time.as_ref()),
            })
        };
        let rank = |of: ranking::Of| ranking::rank(&exact, of);
        targets.push(TargetReport {
            share,
            loss,
            steps: rank(|needed| Some(&needed.steps)).unwrap_or_default(),
            samples: rank(|needed| Some(&needed.samples)).unwrap_or_default(),
            time: rank(|needed| needed.time.as_ref()),
            relaxed: RELAXED.into_iter().map(relaxed).collect::<Result<_>>()?,
            variance_removed_by_pairing: ranking::variance_removed(&exact),
        });
    }
    for report in &mut reports {
        report.convergence = cells::convergence(&report.targets);
    }
    let curves = curves(&reports, &step_times, own.targets.len(), facts.study.tuning.ratio);
    let done: Vec<_> = cells.iter().map(|Finished { cell, targets }| (cell, &targets[..])).collect();
    let noise = noise_reports(&winners(&done, records), records, &own.targets, &curves)?;
    let branches =
        branch_reports(&facts.trunks(&done, records), &done, (own.reference_loss, facts.study.repeats), records)?;
    Ok(WorkloadReport {
        facts: own.clone(),
        cells: reports,
        step_times,
        curves,
        noise,
        branches,
        coupling: vec![],
        targets,
        answers: vec![],
    })
}
