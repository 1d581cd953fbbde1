//! Who is best, and who may be.

use super::numbers::CONFIDENCE;
use super::cells::{Amount, Needed};
use crate::study::result::{Place, Ranking, Verdict};
use simdescent_measure::statistics::{
    self, Interval, holm, median, name_winner, probability_of_beating, signed_rank_test, variance_removed_by_pairing,
};

/// What is compared.
pub(super) type Of = for<'n> fn(&'n Needed<'_>) -> Option<&'n Amount>;

/// The ranking of all cells that have such an amount; `None` if none has.
pub(super) fn rank(needed: &[Needed<'_>], of: Of) -> Option<Ranking> {
    let amounts: Vec<(usize, &Amount)> =
        needed.iter().enumerate().filter_map(|(i, needed)| Some((i, of(needed)?))).collect();
    let medians: Vec<f64> = amounts.iter().map(|(_, amount)| amount.median()).collect();
    let leader = (0..amounts.len()).min_by(|&a, &b| medians[a].total_cmp(&medians[b]))?;
    if !medians[leader].is_finite() {
        return Some(Ranking::default());
    }
    let best = amounts[leader].1;
    let ratio = |i: usize| {
        let interval = match (&amounts[i].1.replicates, &best.replicates) {
            _ if i == leader => Interval { low: 1.0, high: 1.0 },
            (Some(own), Some(best)) => own.over(best).interval(CONFIDENCE),
            _ => Interval { low: 0.0, high: f64::INFINITY },
        };
        statistics::Estimate { value: medians[i] / medians[leader], interval }
    };
    let ratios: Vec<statistics::Estimate> = (0..amounts.len()).map(ratio).collect();
    let named = name_winner(&ratios);
    let cells: Vec<usize> = named.named().iter().map(|&i| amounts[i].0).collect();
    let verdict = match named {
        statistics::Verdict::Winner(_) => Verdict { winner: Some(cells[0]), tied: vec![] },
        _ => Verdict { winner: None, tied: cells },
    };
    let mut order: Vec<usize> = (0..amounts.len()).filter(|&i| i != leader).collect();
    order.sort_by(|&a, &b| medians[a].total_cmp(&medians[b]));
    let pairs = |i: usize| -> Vec<(f64, f64)> { best.runs.iter().copied().zip(amounts[i].1.runs.clone()).collect() };
    let p_values: Option<Vec<f64>> = order.iter().map(|&i| signed_rank_test(&pairs(i))).collect();
    let corrected = p_values.and_then(|p_values| holm(&p_values));
    let first = Place { cell: amounts[leader].0, ratio: ratios[leader].into(), leader_beats_it: None, p_value: None };
    let others = order.iter().enumerate().map(|(place, &i)| Place {
        cell: amounts[i].0,
        ratio: ratios[i].into(),
        leader_beats_it: probability_of_beating(&pairs(i), CONFIDENCE).map(Into::into),
        p_value: corrected.as_ref().map(|p_values| p_values[place]),
    });
    Some(Ranking { verdict, places: std::iter::once(first).chain(others).collect() })
}

/// How much of the variance of log steps pairing removes: the median over all cells beside the leader.
pub(super) fn variance_removed(needed: &[Needed<'_>]) -> Option<f64> {
    let leader = needed.iter().min_by(|a, b| a.steps.median().total_cmp(&b.steps.median()))?;
    let removed = needed.iter().filter(|other| !std::ptr::eq(*other, leader)).filter_map(|other| {
        let pairs = leader.steps.runs.iter().zip(&other.steps.runs).map(|(a, b)| (libm::log(*a), libm::log(*b)));
        variance_removed_by_pairing(&pairs.collect::<Vec<_>>())
    });
    let removed: Vec<f64> = removed.collect();
    (!removed.is_empty()).then(|| median(removed))
}
