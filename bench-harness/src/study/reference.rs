//! The lowest loss of a workload that is known to be possible: what its targets are measured from.

use super::definition::{FIRST_REPEAT, Study, Variant, WorkloadDefinition};
use super::facts::{ReferenceSource, Runs, WorkloadFacts};
use super::record::ConvergenceRecord;
use super::specification::Specification;
use super::store::Records;
use super::tuning::Candidate;
use crate::base::range::four_digits;
use anyhow::{Context, Result};
use simdescent::Rule;
use simdescent_measure::statistics::median;
use toml::Table;

/// Where no minimum can be solved for, the reference is the best of these trials, run again: 2 rules × 2 batch sizes × 13 rates.
const RULES: [(Rule, f64, f64); 2] = [(Rule::MOMENTUM, 1e-3, 1.0), (Rule::ADAM, 1e-4, 1e-1)];
const BATCH_SIZES: [usize; 2] = [32, 128];
const RATES: usize = 13;
/// Fresh seeds at the best of them.
pub(super) const REPEATS: u64 = 20;
/// All runs that a reference takes.
pub(super) const RUNS: usize = RULES.len() * BATCH_SIZES.len() * RATES + REPEATS as usize;

/// A trial: its batch size and point.
#[derive(Clone, Debug)]
struct Trial {
    batch_size: usize,
    candidate: Candidate,
}

fn trials(rows: usize) -> Vec<Trial> {
    let mut trials = vec![];
    for (rule, low, high) in RULES {
        for batch_size in BATCH_SIZES.map(|size| size.min(rows)) {
            trials.extend((0..RATES).map(|i| {
                let learning_rate = four_digits(low * libm::pow(high / low, i as f64 / (RATES - 1) as f64));
                Trial { batch_size, candidate: Candidate { rule, learning_rate } }
            }));
        }
    }
    trials
}

/// What the trials of a workload need, or what came of them.
#[derive(Clone, Debug)]
pub(crate) enum Reference {
    Needs(Vec<Specification>),
    Found { initial_loss: f64, reference_loss: f64, source: ReferenceSource },
}

/// The reference by trials, of a workload whose other facts are known: a pure function of the records.
pub(crate) fn by_trials(
    facts: &WorkloadFacts,
    definition: &WorkloadDefinition,
    study: &Study,
    records: &Records,
) -> Result<Reference> {
    let plain = Variant { name: String::new(), config: Table::new() };
    let trials = trials(facts.training.rows);
    let run = |trial: &Trial, number| {
        Runs::new(facts, definition, &plain, trial.batch_size, study.seed)?.specification(
            &trial.candidate,
            number,
            None,
        )
    };
    let first: Vec<Specification> = trials.iter().map(|trial| run(trial, 0)).collect::<Result<_>>()?;
    let found = match all(&first, records)? {
        Ok(found) => found,
        Err(missing) => return Ok(Reference::Needs(missing)),
    };
    let best = (0..trials.len())
        .min_by(|&a, &b| found[a].curve.lowest().total_cmp(&found[b].curve.lowest()))
        .context("at least one trial")?;
    let again: Vec<Specification> =
        (FIRST_REPEAT..FIRST_REPEAT + REPEATS).map(|number| run(&trials[best], number)).collect::<Result<_>>()?;
    Ok(match all(&again, records)? {
        Ok(again) => Reference::Found {
            initial_loss: median(again.iter().map(|record| record.initial_loss).collect()),
            reference_loss: median(again.iter().map(|record| record.curve.lowest()).collect()),
            source: ReferenceSource::Trials { trials: trials.len(), repeats: again.len() },
        },
        Err(missing) => Reference::Needs(missing),
    })
}

/// The records of all runs, or the runs that are missing.
fn all<'r>(
    specifications: &[Specification],
    records: &'r Records,
) -> Result<Result<Vec<&'r ConvergenceRecord>, Vec<Specification>>> {
    let (mut there, mut missing) = (vec![], vec![]);
    for specification in specifications {
        match records.of(specification)? {
            Some(record) => there.push(record),
            None => missing.push(specification.clone()),
        }
    }
    Ok(if missing.is_empty() { Ok(there) } else { Err(missing) })
}
