//! What the throughput records say.

use super::numbers::{CONFIDENCE, RESAMPLES, SEED};
use crate::base::number::Number;
use crate::environment::disturbance::Disturbance;
use crate::study::cell::Cell;
use crate::study::facts::StudyFacts;
use crate::study::machine::{Machine, Session};
use crate::study::result::{CellThroughput, Estimate, StepTimeReport, ThroughputReport};
use crate::study::throughput::{Block, Throughput, ThroughputRecord};
use anyhow::Result;
use simdescent_measure::statistics::{Replicates, fit_step_time, median};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// The times of one machine.
pub(super) struct Timings<'a> {
    facts: &'a StudyFacts,
    throughput: &'a Throughput,
    session: Option<&'a Session>,
    /// The records that were asked for.
    used: RefCell<BTreeMap<&'a str, &'a ThroughputRecord>>,
}

/// The time of a cell's steps.
pub(super) struct CellTime {
    pub(super) report: CellThroughput,
    /// What other rounds would have given, over the median.
    pub(super) relative: Replicates,
    seconds_per_step: f64,
    /// Whether all steps have the same number of samples.
    fixed: bool,
}

impl<'a> Timings<'a> {
    pub(super) fn new(facts: &'a StudyFacts, throughput: &'a Throughput, machine: Option<&Machine>) -> Self {
        Self { facts, throughput, session: throughput.session(machine), used: RefCell::default() }
    }

    pub(super) fn any(&self) -> bool {
        self.session.is_some()
    }

    pub(super) fn cell(&self, cell: &Cell) -> Result<Option<CellTime>> {
        let Some(session) = self.session else { return Ok(None) };
        let specification = self.facts.throughput(cell, &Machine::of(&session.environment))?;
        let Some(record) = self.throughput.of(&specification.key()?) else { return Ok(None) };
        self.used.borrow_mut().insert(&record.key, record);
        let rounds: Vec<f64> = record.blocks.iter().map(|block| block.seconds / block.steps as f64).collect();
        let Some(replicates) = Replicates::of_median(&rounds, RESAMPLES, SEED + 1) else { return Ok(None) };
        let seconds = median(rounds.clone());
        let interval = replicates.interval(CONFIDENCE);
        let samples: u64 = record.blocks.iter().map(|block| block.samples).sum();
        let steps: u64 = record.blocks.iter().map(|block| block.steps).sum();
        // The machine at its better moment.
        let [before, after] = &session.limits;
        let peak = before.peak_flops.max(after.peak_flops);
        let copy = [before, after].map(|limits| limits.bandwidth(record.work.working_set).map_or(f64::NAN, |b| b.copy));
        let (flops, bytes) = (record.work.flops / seconds, record.work.bytes / seconds);
        let report = CellThroughput {
            seconds_per_step: Estimate {
                value: Number(seconds),
                low: Number(interval.low),
                high: Number(interval.high),
            },
            samples_per_second: samples as f64 / steps as f64 / seconds,
            flops_per_second: flops,
            bytes_per_second: bytes,
            share_of_peak: flops / peak,
            share_of_bandwidth: bytes / copy[0].max(copy[1]),
            rounds,
        };
        let fixed = specification.settings.batch_growth.largest().is_none();
        Ok(Some(CellTime { report, relative: replicates.over_constant(seconds), seconds_per_step: seconds, fixed }))
    }

    /// Of the records that were asked for.
    pub(super) fn report(&self) -> Option<ThroughputReport> {
        let used = self.used.borrow();
        let blocks: Vec<&Block> = used.values().flat_map(|record| &record.blocks).collect();
        let sum = |of: fn(&Disturbance) -> Option<u64>| blocks.iter().map(|block| of(&block.disturbance)).sum();
        let load = blocks.iter().filter_map(|block| block.disturbance.load).reduce(f64::max);
        Some(ThroughputReport {
            session: self.session?.clone(),
            disturbance: Disturbance {
                load,
                involuntary_switches: sum(|disturbance| disturbance.involuntary_switches),
                stolen_ticks: sum(|disturbance| disturbance.stolen_ticks),
                throttled: sum(|disturbance| disturbance.throttled),
            },
            seconds: blocks.iter().map(|block| block.seconds).sum(),
        })
    }
}

impl CellTime {
    /// The seconds of a run with so many steps and samples; where the batch grows, those of the line.
    pub(super) fn of_run(&self, steps: f64, samples: f64, line: Option<&StepTimeReport>) -> f64 {
        match line {
            Some(line) if !self.fixed => line.per_step.value.0 * steps + line.per_sample.value.0 * samples,
            _ => self.seconds_per_step * steps,
        }
    }
}

/// The line of each optimizer and variant, in the order of the cells.
pub(super) fn step_times<'c>(cells: impl Iterator<Item = (&'c Cell, &'c Option<CellTime>)>) -> Vec<StepTimeReport> {
    // (B, seconds) by optimizer and variant.
    type Points<'c> = ((&'c str, &'c str), Vec<(f64, f64)>);
    let mut points: Vec<Points<'_>> = vec![];
    for (cell, time) in cells {
        let Some(time) = time else { continue };
        let name = (cell.optimizer.label.as_str(), cell.variant.name.as_str());
        let own = time.report.rounds.iter().map(|&seconds| (cell.batch_size as f64, seconds));
        match points.iter_mut().find(|(other, _)| *other == name) {
            Some((_, points)) => points.extend(own),
            None => points.push((name, own.collect())),
        }
    }
    let report = |((optimizer, variant), points): ((&str, &str), Vec<(f64, f64)>)| {
        let fit = fit_step_time(&points, CONFIDENCE)?;
        Some(StepTimeReport {
            optimizer: optimizer.to_owned(),
            variant: variant.to_owned(),
            per_step: fit.per_step.into(),
            per_sample: fit.per_sample.into(),
            hardware_batch_size: fit.hardware_batch_size.into(),
            residuals: fit.residuals,
        })
    };
    points.into_iter().filter_map(report).collect()
}
