//! The tree-structured Parzen estimator: points where good trials are dense and bad ones are not.

use crate::search::space::{Parameter, Space};
use crate::search::trial::{Study, TrialRecord};
use anyhow::{Result, anyhow};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

/// Trials from the Sobol sequence before the first that a model suggests.
pub(crate) const STARTUP: u64 = 10;

/// The point of `trial` after those before it (Bergstra et al. 2011, by the crate `tpe`): for each hyper-parameter by itself, of
/// 24 draws from the density of the best tenth the one where it exceeds the density of the others most. Infeasible trials
/// count as the worst.
///
/// The random numbers are a function of seed and trial. The densities rest on the exponential and logarithm of the platform: on
/// another one the search may take other points, while each trial has its bits.
pub(crate) fn suggest(study: &Study<'_>, past: &[TrialRecord], trial: u64) -> Result<Vec<f64>> {
    let cost = |record: &TrialRecord| record.value.map_or(f64::INFINITY, |value| study.objective.cost(value));
    let past: Vec<(&[f64], f64)> = past.iter().map(|record| (&record.point[..], cost(record))).collect();
    next(&study.space, &past, trial, study.base.seed())
}

/// The point for the lowest cost, after these points and costs.
fn next(space: &Space, past: &[(&[f64], f64)], trial: u64, seed: u64) -> Result<Vec<f64>> {
    let mut key = [0; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip([*b"parzen  ", [0; 8], trial.to_le_bytes(), seed.to_le_bytes()]) {
        bytes.copy_from_slice(&word);
    }
    let mut random = ChaCha8Rng::from_seed(key);
    let coordinate = |(d, parameter): (usize, &Parameter)| {
        let choices = parameter.range.choices();
        let (estimator, range) = match choices {
            Some(n) => (tpe::histogram_estimator(), tpe::categorical_range(n)),
            None => (tpe::parzen_estimator(), tpe::range(0.0, 1.0)),
        };
        let mut optimizer = tpe::TpeOptimizer::new(estimator, range.map_err(|error| anyhow!("{error}"))?);
        for (point, cost) in past {
            let told = choices.map_or(point[d], |n| (point[d] * n as f64).floor());
            optimizer.tell(told, *cost).map_err(|error| anyhow!("{error}"))?;
        }
        let asked = optimizer.ask(&mut random).map_err(|error| anyhow!("{error}"))?;
        // The middle of the choice's interval.
        Ok(choices.map_or(asked, |n| (asked + 0.5) / n as f64))
    };
    space.parameters.iter().enumerate().map(coordinate).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sobol::point;
    use super::*;
    use crate::options::RunOptions;

    /// A valley in one coordinate, a good choice of three, infeasible above a half.
    #[test]
    fn suggestions_gather_where_the_cost_is_low() {
        let text = "[learning-rate]\nrate = { log = [1e-4, 1] }\n[batch]\nbatch-size = { choice = [8, 16, 32] }";
        let space = Space::parse(text, &RunOptions::default()).unwrap();
        let cost = |p: &[f64]| {
            let worse = if (1.0 / 3.0..2.0 / 3.0).contains(&p[0]) { 0.0 } else { 0.3 };
            if p[1] > 0.5 { f64::INFINITY } else { (p[1] - 0.2).abs() + worse }
        };
        let run = || {
            let mut points: Vec<Vec<f64>> = vec![];
            for trial in 0..50 {
                let past: Vec<_> = points.iter().map(|p| (&p[..], cost(p))).collect();
                let new = if trial < STARTUP { point(2, trial, 1) } else { next(&space, &past, trial, 1).unwrap() };
                points.push(new);
            }
            points
        };
        let points = run();
        let good = |points: &[Vec<f64>]| points.iter().filter(|p| cost(p) < 0.15).count() as f64 / points.len() as f64;
        // By chance it would be a tenth.
        assert!(good(&points[..10]) <= 0.2 && good(&points[30..]) > 0.5, "{points:?}");
        assert_eq!(run(), points);
    }
}
