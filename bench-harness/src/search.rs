//! `simdescent tune search`: hyper-parameters by many trainings.
//!
//! All trials have the seed of the configuration: the same data, and with an equal batch size the same order of samples. A
//! trial depends on nothing but the search and its number, so that one that was ended goes on where it was.

mod halving;
mod importance;
mod journal;
mod metric;
mod parzen;
mod report;
mod space;
mod trial;

pub(crate) use metric::Metric;

use crate::cli::SearchOptions;
use crate::method::Method as Trainer;
use crate::sweep::progress_bar;
use crate::threads::Threads;
use crate::workload::data_digest;
use anyhow::{Result, bail};
use clap::ValueEnum;
use journal::Journal;
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use space::Space;
use std::collections::BTreeMap;
use trial::{Record, Study};

/// Most points a sequence has.
pub(crate) const LONGEST: u64 = 1 << 16;

/// How points are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Method {
    /// A scrambled Sobol sequence: evenly spread, whatever was found before
    QuasiRandom,
    /// Its points, all for a few steps and the best for more: see --eta
    SuccessiveHalving,
    /// Tree-structured Parzen estimator: ten points of the sequence, then where good trials are dense
    Tpe,
}

impl Method {
    fn name(self) -> String {
        self.to_possible_value().expect("named").get_name().to_owned()
    }
}

/// Point `index` of the Sobol sequence with Owen scrambling (Burley 2020), the same for every search of this seed and this many
/// dimensions.
fn point(dimensions: usize, index: u64, seed: u64) -> Vec<f64> {
    let seed = (seed ^ (seed >> 32)) as u32;
    (0..dimensions).map(|d| f64::from(sobol_burley::sample(index as u32, d as u32, seed))).collect()
}

pub(crate) fn run(options: &SearchOptions) -> Result<()> {
    let base = options.run.read()?;
    let space = Space::read(&options.space, &base)?;
    check(options, &base.method(), &space)?;
    let threads = Threads::new(base.threads.map_or(1, |n| n.get()))?;
    let exec = threads.exec()?;
    let mut data = base.problem.data(base.seed())?;
    data = base.problem.keep(data)?;
    let study = Study { exec, base, data, space, metric: options.metric };
    let first = 0..options.trials.min(parzen::STARTUP);
    study.check(first.map(|trial| point(study.space.parameters.len(), trial, study.base.seed())))?;
    let search = identity(options, &study)?;
    let mut journal = Journal::open(options.journal.as_deref(), &search, study.space.parameters.len())?;
    let records = match options.method {
        Method::SuccessiveHalving => halving::successive_halving(&study, options.trials, options.eta(), &mut journal)?,
        Method::QuasiRandom | Method::Tpe => one_by_one(&study, options, &mut journal)?,
    };
    report::write(options, &study, &search, &records)
}

/// What would make every trial fail, or its numbers mean nothing.
fn check(options: &SearchOptions, method: &Trainer, space: &Space) -> Result<()> {
    if *method == Trainer::Lbfgs {
        bail!("a search trains by steps, lbfgs does not take them: choose another --optimizer");
    }
    if space.parameters.len() > sobol_burley::NUM_DIMENSIONS as usize {
        bail!("{} hyper-parameters are too many, take {}", space.parameters.len(), sobol_burley::NUM_DIMENSIONS);
    }
    if options.method == Method::SuccessiveHalving && space.has("fit.steps") {
        bail!("successive halving decides about the steps: leave fit.steps out of the space");
    }
    if options.method != Method::SuccessiveHalving && options.eta.is_some() {
        bail!("--eta belongs to --method successive-halving");
    }
    let loss =
        ["problem.loss", "problem.loss-parameter", "problem.label-smoothing"].into_iter().find(|name| space.has(name));
    if let Some(name) = loss.filter(|_| !options.metric.is_of_any_loss()) {
        bail!("the values of one loss say nothing about another: take a --metric that does not depend on {name}");
    }
    Ok(())
}

/// SHA-256 of what decides the trials. Their number does so only in successive halving: elsewhere it can be raised.
fn identity(options: &SearchOptions, study: &Study<'_>) -> Result<String> {
    let halving = (options.method == Method::SuccessiveHalving).then(|| (options.trials, options.eta()));
    let data = [&study.data.training, &study.data.validation].map(data_digest);
    let all = json!({
        "program": env!("CARGO_PKG_VERSION"),
        "space": study.space.parameters,
        "configuration": study.configuration(&BTreeMap::new())?,
        "data": data,
        "method": options.method,
        "halving": halving,
        "metric": options.metric,
    });
    Ok(Sha256::digest(all.to_string()).iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Trials from start to end.
fn one_by_one(study: &Study<'_>, options: &SearchOptions, journal: &mut Journal) -> Result<Vec<Record>> {
    let progress = progress_bar(options.trials as usize);
    let mut records = vec![];
    for trial in 0..options.trials {
        let record = finished(journal, trial, 0, || {
            let point = if options.method == Method::Tpe && trial >= parzen::STARTUP {
                parzen::suggest(study, &records, trial)?
            } else {
                point(study.space.parameters.len(), trial, study.base.seed())
            };
            study.run(trial, point)
        })?;
        records.push(record);
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(records)
}

/// What the journal says about a trial, after training it if it says nothing.
fn finished(journal: &mut Journal, trial: u64, rung: u32, train: impl FnOnce() -> Result<Record>) -> Result<Record> {
    if let Some(record) = journal.find(trial, rung) {
        return Ok(record.clone());
    }
    let record = train()?;
    journal.add(&record)?;
    Ok(record)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A (0, m, 2)-net in base 2: of 16 points one lies in each box of 2⁻ᵃ × 2ᵃ⁻⁴; and the bits stay.
    #[test]
    fn points_are_evenly_spread_and_golden() {
        let points: Vec<_> = (0..16).map(|i| point(2, i, 7)).collect();
        for a in 0..5 {
            let (columns, rows) = (f64::from(1 << a), f64::from(1 << (4 - a)));
            let mut boxes: Vec<_> = points.iter().map(|p| ((p[0] * columns) as u32, (p[1] * rows) as u32)).collect();
            boxes.sort_unstable();
            boxes.dedup();
            assert_eq!(boxes.len(), 16, "{a}");
        }
        assert_ne!(point(2, 0, 7), point(2, 0, 8));
        assert_eq!(point(3, 5, 7)[..2], point(2, 5, 7));
        assert_eq!(
            point(3, 5, 7).iter().map(|u| (u * f64::from(1 << 24)) as u32).collect::<Vec<_>>(),
            [9_382_282, 1_366_714, 11_938_502]
        );
    }
}
