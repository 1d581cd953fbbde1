//! Which hyper-parameters a cell tries next, and which it takes: a pure function of what was tried.
//!
//! 1. Quasi-random points, the same in the unit cube for every cell.
//! 2. While the best learning rate is the lowest or highest of those tried, the range is widened.
//! 3. Around it, midpoints on the log scale until its neighbors are near.
//! 4. A parabola through the neighborhood gives the rate that is taken.

use super::definition::{OptimizerFactor, Tuning};
use crate::base::range::four_digits;
use crate::search::samplers::sobol;
use anyhow::{Context, Result};
use simdescent::Rule;
use simdescent_measure::statistics::{BestRate, best_rate, median};

/// A point of the search space.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Candidate {
    pub(crate) rule: Rule,
    pub(crate) learning_rate: f64,
}

/// What came of a run of a candidate, for one target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Score {
    /// To the target; infinite for a miss.
    pub(crate) steps: f64,
    /// The last loss; infinite if it diverged.
    pub(crate) loss: f64,
}

/// A candidate with all its runs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tried {
    pub(crate) candidate: Candidate,
    pub(crate) scores: Vec<Score>,
}

impl Tried {
    /// The median over seeds, a miss infinite.
    pub(crate) fn steps(&self) -> f64 {
        median(self.scores.iter().map(|score| score.steps).collect())
    }

    fn loss(&self) -> f64 {
        median(self.scores.iter().map(|score| score.loss).collect())
    }
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Next {
    Try(Vec<Candidate>),
    Take(Chosen),
}

/// What tuning came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Chosen {
    pub(crate) candidate: Candidate,
    /// The vertex of the parabola, if there is one.
    pub(crate) best_rate: Option<BestRate>,
    /// Whether the best rate is the lowest or highest tried, however often the range was widened.
    pub(crate) at_border: bool,
    /// How many rates beyond the range of the study were tried.
    pub(crate) widened: usize,
}

/// The first points: the same coordinates for every optimizer and batch size.
pub(crate) fn first_points(factor: &OptimizerFactor, tuning: &Tuning, seed: u64) -> Result<Vec<Candidate>> {
    let dimensions = 1 + factor.search.len();
    let candidate = |index| {
        let point = sobol::point(dimensions, index, seed);
        let number = |range: &crate::base::range::Range, u: f64| range.at(u).as_float().context("a range of numbers");
        let mut rule = factor.rule;
        for ((field, range), &u) in factor.search.iter().zip(&point[1..]) {
            rule = rule.with(field, number(range, u)?).context("a number of the rule")?;
        }
        Ok(Candidate { rule, learning_rate: number(&factor.learning_rate, point[0])? })
    };
    (0..tuning.points as u64).map(candidate).collect()
}

/// A target is worth searching for around a point that misses it by this factor at most.
const HOPELESS: f64 = 3.0;
/// The parabola is fitted to rates within this factor of the best.
const NEIGHBORHOOD: f64 = 2.5;

/// What to do for a target after these, which hold the first points. `reference` and `target` are losses.
pub(crate) fn next(tried: &[Tried], tuning: &Tuning, reference: f64, target: f64) -> Next {
    let order = |a: &&Tried, b: &&Tried| {
        let key = |tried: &Tried| (tried.steps(), tried.loss(), tried.candidate.learning_rate);
        let ((s, l, r), (s2, l2, r2)) = (key(a), key(b));
        s.total_cmp(&s2).then(l.total_cmp(&l2)).then(r.total_cmp(&r2))
    };
    let best = tried.iter().min_by(order).expect("at least one point");
    // Those that differ in the learning rate alone, from the lowest.
    let mut line: Vec<&Tried> = tried.iter().filter(|tried| tried.candidate.rule == best.candidate.rule).collect();
    line.sort_by(|a, b| a.candidate.learning_rate.total_cmp(&b.candidate.learning_rate));
    let rate = |tried: &Tried| tried.candidate.learning_rate;
    let rates: Vec<f64> = line.iter().map(|tried| rate(tried)).collect();
    let at = line.iter().position(|tried| *tried == best).expect("it is on its own line");
    let first = &tried[..tuning.points.min(tried.len())];
    let low = first.iter().map(rate).fold(f64::INFINITY, f64::min);
    let high = first.iter().map(rate).fold(0.0, f64::max);
    let widened = tried.iter().filter(|tried| !(low..=high).contains(&rate(tried))).count();
    let (below, above) = (at.checked_sub(1).map(|i| rates[i]), rates.get(at + 1).copied());
    let at_border = below.is_none() || above.is_none();
    let take = |learning_rate, best_rate| {
        let candidate = Candidate { learning_rate, ..best.candidate };
        Next::Take(Chosen { candidate, best_rate, at_border, widened })
    };
    let near = best.loss() - reference <= HOPELESS * (target - reference);
    // Where even the loss says that the best rates lie elsewhere, these are sought before the target is given up.
    if !best.steps().is_finite() && !near && (!at_border || widened >= tuning.widenings) {
        return take(rates[at], None);
    }
    let spacing = libm::pow(high / low, 1.0 / tuning.points as f64).clamp(tuning.ratio, 10.0);
    let best_alone = rates[at];
    let beyond = |factor: f64| (widened < tuning.widenings).then(|| four_digits(best_alone * factor));
    let between = |other: f64| {
        let ratio = other.max(best_alone) / other.min(best_alone);
        (ratio > tuning.ratio * (1.0 + 1e-3)).then(|| four_digits((other * best_alone).sqrt()))
    };
    let wanted = [below.map_or_else(|| beyond(1.0 / spacing), between), above.map_or_else(|| beyond(spacing), between)];
    let wanted: Vec<Candidate> = (wanted.into_iter().flatten().filter(|wanted| !rates.contains(wanted)))
        .map(|learning_rate| Candidate { learning_rate, ..best.candidate })
        .collect();
    if !wanted.is_empty() {
        return Next::Try(wanted);
    }
    let near = |rate: f64| rate.max(best_alone) / rate.min(best_alone) <= NEIGHBORHOOD;
    let near = line.iter().filter(|tried| near(rate(tried)) && tried.steps().is_finite());
    let points: Vec<(f64, f64)> =
        near.flat_map(|tried| tried.scores.iter().map(|score| (rate(tried), score.steps))).collect();
    let vertex = best_rate(&points, 0.95).filter(|best| best.rate.value.is_finite() && best.rate.value > 0.0);
    // A vertex beyond the neighbors would contradict them.
    let between = |rate: f64| below.is_some_and(|b| b <= rate) && above.is_some_and(|a| rate <= a);
    let learning_rate = vertex.map(|vertex| four_digits(vertex.rate.value)).filter(|&rate| between(rate));
    take(learning_rate.unwrap_or(best_alone), vertex)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::range::Range;

    const TUNING: Tuning = Tuning { points: 8, seeds: 2, ratio: 1.25, widenings: 8 };

    fn factor(low: f64, high: f64) -> OptimizerFactor {
        OptimizerFactor { label: "sgd".into(), rule: Rule::Sgd, learning_rate: Range::Log(low, high), search: vec![] }
    }

    /// Tunes a function of the rate; what was taken, and how many rates were tried.
    fn tune(low: f64, high: f64, steps: impl Fn(f64) -> f64) -> (Chosen, usize) {
        let try_all = |candidates: Vec<Candidate>| {
            let tried = |candidate: Candidate| {
                let steps = steps(candidate.learning_rate);
                let loss = if steps.is_finite() { 0.1 } else { 0.2 };
                Tried { candidate, scores: vec![Score { steps, loss }; 2] }
            };
            candidates.into_iter().map(tried).collect::<Vec<_>>()
        };
        let mut tried = try_all(first_points(&factor(low, high), &TUNING, 1).unwrap());
        loop {
            match next(&tried, &TUNING, 0.0, 0.1) {
                Next::Try(more) => tried.extend(try_all(more)),
                Next::Take(chosen) => return (chosen, tried.len()),
            }
        }
    }

    /// ln S is a parabola in ln η around 0.03, beyond 0.1 runs diverge.
    fn valley(rate: f64) -> f64 {
        let x = libm::log(rate / 0.03);
        if rate > 0.1 { f64::INFINITY } else { (100.0 * libm::exp(0.5 * x * x)).round() }
    }

    #[test]
    fn the_bottom_of_a_valley_is_found() {
        let (chosen, tried) = tune(1e-4, 1.0, valley);
        assert!((chosen.candidate.learning_rate / 0.03 - 1.0).abs() < 0.05, "{chosen:?}");
        assert!(!chosen.at_border && chosen.widened == 0 && tried < 20, "{chosen:?}, {tried} rates");
    }

    #[test]
    fn a_range_that_ends_too_early_is_widened_and_that_is_said() {
        for (low, high) in [(1e-6, 1e-3), (0.05, 1.0)] {
            let (chosen, _) = tune(low, high, valley);
            assert!((chosen.candidate.learning_rate / 0.03 - 1.0).abs() < 0.05, "{chosen:?}");
            assert!(!chosen.at_border && chosen.widened > 0, "{chosen:?}");
        }
    }

    #[test]
    fn widening_ends_and_a_border_is_said() {
        let (chosen, tried) = tune(1e-4, 1e-3, |rate| 1.0 / rate);
        assert!(chosen.at_border && chosen.widened >= TUNING.widenings && tried <= 8 + 8 + 4, "{chosen:?} {tried}");
    }

    #[test]
    fn where_nothing_comes_near_nothing_more_is_tried() {
        let (_, tried) = tune(1e-4, 1.0, |_| f64::INFINITY);
        assert!(tried > 8, "0.2 is within three gaps of the target");
        let misses = first_points(&factor(1e-4, 1.0), &TUNING, 1).unwrap().into_iter();
        let tried = |candidate: Candidate, best: f64| {
            let loss = 1.0 + libm::log(candidate.learning_rate / best).abs();
            Tried { candidate, scores: vec![Score { steps: f64::INFINITY, loss }; 2] }
        };
        let misses: Vec<_> = misses.collect();
        let all = |best: f64| -> Vec<Tried> { misses.iter().map(|candidate| tried(candidate.clone(), best)).collect() };
        assert!(matches!(next(&all(0.01), &TUNING, 0.0, 0.1), Next::Take(_)));
        // But where the loss still falls at the border, the best rates were not among them.
        assert!(matches!(next(&all(100.0), &TUNING, 0.0, 0.1), Next::Try(_)));
    }

    #[test]
    fn points_are_the_same_for_all_and_spread() {
        let points = first_points(&factor(1e-4, 1.0), &TUNING, 1).unwrap();
        let mut eighths: Vec<_> =
            points.iter().map(|point| ((4.0 + point.learning_rate.log10()) * 2.0).floor() as i32).collect();
        eighths.sort_unstable();
        assert_eq!(eighths, [0, 1, 2, 3, 4, 5, 6, 7]);
        let scaled = first_points(&factor(1e-3, 10.0), &TUNING, 1).unwrap();
        for (a, b) in points.iter().zip(scaled) {
            assert!((b.learning_rate / a.learning_rate / 10.0 - 1.0).abs() < 1e-3);
        }
    }
}
