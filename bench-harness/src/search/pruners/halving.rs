//! Successive halving: many trials for a few steps, the best of them for more.

use crate::search::samplers::sobol;
use crate::search::trial::{Study, TrialOutcome, TrialRecord, TrialTraining};
use crate::search::trials::Trials;
use anyhow::Result;

/// A trial that was not left behind.
struct Candidate<'s> {
    record: TrialRecord,
    training: Option<TrialTraining<'s>>,
}

/// n trials at points of the Sobol sequence in K + 1 rungs, K = ⌊log n / log η⌋. On rung k the best ⌊n/ηᵏ⌋ are trained until
/// they have η^(k−K) of their steps, all of them on the last (Karnin et al. 2013; Jamieson & Talwalkar 2016, who divide a
/// common budget). A trial has the schedule of the whole run from the start, and is compared in its middle; one that ends
/// by itself keeps its value. Of equal ones the first go on.
///
/// A promoted trial goes on where it is. One whose rungs below are in the journal, from before the program was ended, is trained
/// anew up to there: to the same bits.
pub(crate) fn successive_halving(
    study: &Study<'_>,
    trials: u64,
    eta: u64,
    done: &mut Trials<'_>,
) -> Result<Vec<TrialRecord>> {
    let sizes = rungs(trials, eta);
    let new = |trial| {
        let record = study.blank(trial, sobol::point(study.space.parameters.len(), trial, study.base.seed()));
        Candidate { record, training: None }
    };
    let mut candidates: Vec<Candidate<'_>> = (0..trials).map(new).collect();
    let mut records = vec![];
    for (rung, &size) in sizes.iter().enumerate() {
        let cost = |candidate: &Candidate<'_>| {
            candidate.record.value.map_or(f64::INFINITY, |value| study.objective.cost(value))
        };
        candidates.sort_by(|a, b| cost(a).total_cmp(&cost(b)).then(a.record.trial.cmp(&b.record.trial)));
        candidates.truncate(size as usize);
        // Powers of η as a product: no libm.
        let share = 1.0 / (rung + 1..sizes.len()).map(|_| eta as f64).product::<f64>();
        for Candidate { record, training } in &mut candidates {
            if rung == 0 || record.outcome == TrialOutcome::Censored {
                record.rung = rung as u32;
                *record = done.finished(record.trial, record.rung, || {
                    let mut record = record.clone();
                    study.go_on(training, &mut record, share)?;
                    Ok(record)
                })?;
                records.push(record.clone());
            }
            done.progress.advance();
        }
    }
    Ok(records)
}

/// How many trials are on each rung.
pub(crate) fn rungs(trials: u64, eta: u64) -> Vec<u64> {
    std::iter::successors(Some(trials), |n| Some(n / eta)).take_while(|&n| n > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rung_has_a_share_of_the_one_below() {
        assert_eq!(rungs(27, 3), [27, 9, 3, 1]);
        assert_eq!(rungs(64, 3), [64, 21, 7, 2]);
        assert_eq!(rungs(2, 3), [2]);
    }
}
