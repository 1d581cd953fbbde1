//! The answer of a sweep, in a sentence for each workload and target.

use crate::report::format_number::{format_setting, si, si_interval, si_unit};
use crate::study::result::{CellReport, Ranking, Spread, TargetReport, WorkloadReport};
use serde::{Deserialize, Serialize};

/// Cells within this factor of the leader are named beside it.
const NEAR: f64 = 1.05;

/// What to take, for one target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Answer {
    /// For people: `0.1 % of the gap left`.
    pub(crate) target: String,
    /// On this machine; none without its throughput, or if nothing reached the target.
    pub(crate) time: Option<String>,
    /// Where data is dear.
    pub(crate) samples: Option<String>,
    /// Where machines are many.
    pub(crate) steps: Option<String>,
}

/// Of a workload, by target from the hardest.
pub(crate) fn answers(workload: &WorkloadReport) -> Vec<Answer> {
    let targets = workload.targets.iter().enumerate().rev();
    targets.map(|(t, target)| answer(workload, t, target)).collect()
}

/// The last target that a cell reached with most of its runs; the last of all if there is none.
pub(crate) fn hardest_reached(workload: &WorkloadReport) -> usize {
    let reached = |target: &usize| workload.cells.iter().any(|cell| cell.targets[*target].steps.median.0.is_finite());
    (0..workload.targets.len()).rev().find(reached).unwrap_or(workload.targets.len().saturating_sub(1))
}

fn answer(workload: &WorkloadReport, t: usize, target: &TargetReport) -> Answer {
    let say = |ranking: &Ranking, what: &str, unit: &str, of: fn(&CellReport, usize) -> Option<Spread>| {
        sentence(workload, t, ranking, (what, unit), of)
    };
    Answer {
        target: format!("{} % of the gap left", format_setting(100.0 * target.share)),
        time: target
            .time
            .as_ref()
            .and_then(|ranking| say(ranking, "on this machine take", "s", |c, t| c.targets[t].seconds)),
        samples: say(&target.samples, "for the fewest samples take", "samples", |c, t| Some(c.targets[t].samples)),
        steps: say(&target.steps, "for the fewest steps take", "steps", |c, t| Some(c.targets[t].steps)),
    }
}

fn sentence(
    workload: &WorkloadReport,
    t: usize,
    ranking: &Ranking,
    (what, unit): (&str, &str),
    of: fn(&CellReport, usize) -> Option<Spread>,
) -> Option<String> {
    let named = ranking.verdict.named();
    let leader = &workload.cells[*named.first()?];
    let Spread { median, low, high, .. } = of(leader, t)?;
    let amount = if unit == "s" { si_unit(median.0, unit) } else { format!("{} {unit}", si(median.0)) };
    let rate = format_setting(leader.targets[t].tuning.learning_rate);
    let mut text = format!(
        "{what} {}, batch {}, rate {rate}: {}",
        name(leader),
        leader.batch_size,
        format_args!("{amount} {}", si_interval(median.0, (low.0, high.0)))
    );
    let others: Vec<String> = named[1..].iter().map(|&i| short(&workload.cells[i])).collect();
    if !others.is_empty() {
        text += &format!("; not to be told apart from it: {}", others.join(", "));
    }
    let near = ranking.places.iter().filter(|place| place.ratio.value.0 <= NEAR && !named.contains(&place.cell));
    let near: Vec<String> = near.map(|place| short(&workload.cells[place.cell])).collect();
    if !near.is_empty() {
        text += &format!("; within 5 % of it: {}", near.join(", "));
    }
    Some(text + ".")
}

fn name(cell: &CellReport) -> String {
    if cell.variant.is_empty() { cell.optimizer.clone() } else { format!("{} ({})", cell.optimizer, cell.variant) }
}

fn short(cell: &CellReport) -> String {
    format!("{} {}", name(cell), cell.batch_size)
}
