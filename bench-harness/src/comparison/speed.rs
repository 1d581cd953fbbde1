//! Ratios of times, their verdicts, and why.

use super::result::{CellComparison, Verdicts, Why};
use super::subject::{Case, Subject};
use crate::study::estimate::Estimate;
use crate::timing::result::Verdict;
use simdescent_measure::statistics::{SpeedUp, speed_verdicts};

/// How ratios are judged and which are shown.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) margin: f64,
    pub(crate) confidence: f64,
    /// Only cells whose ratio is at least so, or at most 1 over it.
    pub(crate) only_if_ratio: Option<f64>,
    /// Only cells whose name has this.
    pub(crate) filter: Option<String>,
}

/// Cells of two reports: all verdicts, those that are shown, and how many only one has.
pub(crate) fn cells(first: &Subject, other: &Subject, rules: &Rules) -> (Vec<CellComparison>, Verdicts, usize) {
    let both = pairs(first, other);
    let only_once = first.cases.len() + other.cases.len() - 2 * both.len();
    let timed: Vec<_> =
        both.iter().filter_map(|(a, b)| Some((a, b, SpeedUp::between(&b.seconds, &a.seconds)?))).collect();
    let family: Vec<SpeedUp> = timed.iter().map(|(.., speed)| *speed).collect();
    let judged = speed_verdicts(&family, rules.margin, rules.confidence);
    let mut verdicts = Verdicts::default();
    let mut shown = vec![];
    for ((a, b, speed), verdict) in timed.into_iter().zip(judged) {
        // What a control has found unfair decides nothing.
        let quiet = first.quiet && other.quiet;
        let verdict = if quiet { verdict.into() } else { Verdict::Inconclusive };
        verdicts.count(verdict);
        let ratio: Estimate = speed.ratio(rules.confidence).into();
        let far = |least: f64| ratio.value.0 >= least || ratio.value.0 <= 1.0 / least;
        if rules.only_if_ratio.is_none_or(far) && rules.filter.as_ref().is_none_or(|text| a.name.contains(text)) {
            shown.push(CellComparison { name: a.name.clone(), ratio, verdict, why: why(a, b, ratio.value.0) });
        }
    }
    shown.sort_by(|a, b| b.ratio.value.0.total_cmp(&a.ratio.value.0));
    (shown, verdicts, only_once)
}

fn pairs<'s>(first: &'s Subject, other: &'s Subject) -> Vec<(&'s Case, &'s Case)> {
    let of = |a: &'s Case| Some((a, other.cases.iter().find(|b| b.is(a))?));
    first.cases.iter().filter_map(of).collect()
}

/// The limit of which the first report reaches the larger share explains a part of the ratio, its use the rest.
fn why(a: &Case, b: &Case, ratio: f64) -> Option<Why> {
    let share = |i: &usize| a.limits[*i].share;
    let i = (0..a.limits.len().min(b.limits.len())).max_by(|i, j| share(i).total_cmp(&share(j)))?;
    let limits = b.limits[i].rate / a.limits[i].rate;
    let why = Why {
        limit: a.limits[i].name.clone(),
        limits,
        efficiency: ratio / limits,
        shares: [a.limits[i].share, b.limits[i].share],
    };
    (limits.is_finite() && why.efficiency.is_finite()).then_some(why)
}

/// How much faster a report is than the first: the geometric mean over `names`, whose cells all reports have. A round through all of them is
/// the unit, because what disturbs one cell of a round disturbs its neighbors.
pub(crate) fn mean_speed(first: &Subject, other: &Subject, names: &[&str]) -> Option<SpeedUp> {
    SpeedUp::between(&rounds(other, names)?, &rounds(first, names)?)
}

/// Of each round the geometric mean of the seconds.
fn rounds(subject: &Subject, names: &[&str]) -> Option<Vec<f64>> {
    let cases: Vec<&Case> = subject.cases.iter().filter(|case| names.contains(&case.name.as_str())).collect();
    let count = cases.iter().map(|case| case.seconds.len()).min()?;
    let mean = |round: usize| {
        let logs: f64 = cases.iter().map(|case| libm::log(case.seconds[round])).sum();
        libm::exp(logs / cases.len() as f64)
    };
    Some((0..count).map(mean).collect())
}
