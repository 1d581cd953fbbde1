//! Who is best, and who may be.

use super::cells::{Amount, Needed};
use super::numbers::CONFIDENCE;
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
    let regret = |i: usize| needed[amounts[i].0].regret;
    let ratio = |i: usize| {
        let value = medians[i] / medians[leader];
        let interval = match (&amounts[i].1.replicates, &best.replicates) {
            _ if i == leader => Interval { low: 1.0, high: 1.0 },
            (Some(own), Some(best)) => widened(value, own.over(best).interval(CONFIDENCE), regret(i), regret(leader)),
            _ => Interval { low: 0.0, high: f64::INFINITY },
        };
        statistics::Estimate { value, interval }
    };
    let ratios: Vec<statistics::Estimate> = (0..amounts.len()).map(ratio).collect();
    let named = name_winner(&ratios);
    let cells: Vec<usize> = named.named().iter().map(|&i| amounts[i].0).collect();
    // A leader that may miss as often as not, or that has nobody beside it, has won nothing.
    let holds = best.replicates.as_ref().is_some_and(|own| own.interval(CONFIDENCE).high.is_finite());
    let verdict = match named {
        statistics::Verdict::Winner(_) if holds && amounts.len() > 1 => {
            Verdict { winner: Some(cells[0]), tied: vec![] }
        }
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

/// The interval of a ratio where the cell itself could need less by a factor up to `own`, and the leader by `leader`, had they been tuned
/// better: limits of independent errors add up as their squares (MOVER, Zou and Donner 2008), on the logarithmic scale.
fn widened(value: f64, interval: Interval, own: f64, leader: f64) -> Interval {
    if !value.is_finite() {
        return interval;
    }
    let distance = |end: f64, more: f64| libm::hypot(libm::log(end / value).abs(), libm::log(more));
    let (low, high) = (interval.low.min(value), interval.high.max(value));
    Interval { low: value * libm::exp(-distance(low, own)), high: value * libm::exp(distance(high, leader)) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tuning_missed_widens_the_interval_of_a_ratio() {
        let interval = Interval { low: 2.0 / 1.5, high: 3.0 };
        assert_eq!(widened(2.0, interval, 1.0, 1.0).low, 2.0 * libm::exp(-libm::log(1.5)));
        // By hand: √(ln² 1.5 + ln² 1.2) = 0.4446, √(ln² 1.5 + ln² 1.1) = 0.4165.
        let Interval { low, high } = widened(2.0, interval, 1.2, 1.1);
        assert!((low / 2.0 - 0.6411).abs() < 1e-4 && (high / 2.0 - 1.5167).abs() < 1e-4, "{low} {high}");
        let miss = Interval { low: 0.5, high: f64::INFINITY };
        assert_eq!(widened(f64::INFINITY, miss, 2.0, 2.0), miss);
        assert_eq!(widened(1.0, Interval { low: 0.0, high: f64::INFINITY }, 1.0, 1.0).low, 0.0);
    }
}
