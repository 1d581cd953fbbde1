//! Who is best.

use super::cells::{mark, optimizer};
use super::grid::{Grid, TERMINAL, filled, strings};
use crate::base::format_number::{digits, p_value, percent};
use crate::study::branch_report::times;
use crate::study::result::{Place, Profile, Quantity, Ranking, Report, TargetReport, WorkloadReport};

/// Cells that a ranking shows of each target.
const SHOWN: usize = 5;

/// The targets beside each other; names are cut where they would not fit into a terminal.
pub(super) fn rankings(report: &Report, workload: &WorkloadReport) -> Grid {
    let longest = workload.cells.iter().map(|cell| optimizer(cell).chars().count()).max().unwrap_or(0);
    let grids = (4..=longest).rev().map(|letters| rankings_with(report, workload, letters));
    let mut fitting = grids.skip_while(|grid| grid.width() > TERMINAL);
    fitting.next().unwrap_or_else(|| rankings_with(report, workload, 4))
}

fn rankings_with(report: &Report, workload: &WorkloadReport, letters: usize) -> Grid {
    let shares = report.study.targets.iter().map(|share| percent(*share));
    let header = std::iter::once(String::new()).chain(shares).collect();
    let mut rows = vec![];
    type Of = fn(&TargetReport) -> Option<&Ranking>;
    let quantities: [(&str, Of); 3] = [
        ("steps", |target| Some(&target.steps)),
        ("samples", |target| Some(&target.samples)),
        ("time", |target| target.time.as_ref()),
    ];
    for (name, of) in quantities {
        let columns: Vec<Vec<String>> =
            workload.targets.iter().map(|target| of(target).map_or(vec![], |r| places(workload, r, letters))).collect();
        let height = columns.iter().map(Vec::len).max().unwrap_or(0);
        for i in 0..height {
            let first = if i == 0 { name } else { "" }.to_owned();
            let cells = columns.iter().map(|column| column.get(i).cloned().unwrap_or_default());
            rows.push(std::iter::once(first).chain(cells).collect());
        }
    }
    Grid { header, rows, words: 1 + workload.targets.len() }
}

/// The winner and the next one, or those that are tied.
fn places(workload: &WorkloadReport, ranking: &Ranking, letters: usize) -> Vec<String> {
    let named = ranking.verdict.named();
    let shown: Vec<_> = match ranking.verdict.winner {
        Some(_) => ranking.places.iter().take(2).collect(),
        None => ranking.places.iter().filter(|place| named.contains(&place.cell)).take(SHOWN).collect(),
    };
    let more = if ranking.verdict.winner.is_some() { 0 } else { named.len() - shown.len() };
    let line = |place: &&Place| {
        let cell = &workload.cells[place.cell];
        let mark = mark(&ranking.verdict, place.cell);
        let name: String = optimizer(cell).chars().take(letters).collect();
        format!("{mark:1} {name} {} {}", cell.batch_size, ratio(place.ratio.value.0))
    };
    let mut lines: Vec<String> = shown.iter().map(line).collect();
    if more > 0 {
        lines.push(format!("= {more} more"));
    }
    if lines.is_empty() {
        lines.push("not reached".into());
    }
    lines
}

/// The leader beside the others.
pub(super) fn comparisons(workload: &WorkloadReport, t: usize) -> Option<Grid> {
    let target = &workload.targets[t];
    let ranking = target.time.as_ref().unwrap_or(&target.steps);
    let places = ranking.places.iter().filter(|place| place.ratio.value.0.is_finite());
    let row = |place: &Place| {
        let cell = &workload.cells[place.cell];
        vec![
            mark(&ranking.verdict, place.cell).to_owned(),
            optimizer(cell),
            cell.batch_size.to_string(),
            times(&place.ratio),
            place.leader_beats_it.map_or_else(String::new, |share| format!("{:.0} %", 100.0 * share.value.0)),
            place.p_value.map_or_else(String::new, p_value),
        ]
    };
    filled(strings(&["", "optimizer", "batch", "ratio", "leader needs less", "p (Holm)"]), places.map(row).collect(), 2)
}

/// By what the batch size of a profile is chosen.
pub(super) fn best_by(report: &Report) -> (Quantity, &'static str) {
    let timed = report.profiles.iter().flatten().any(|profile| profile.quantity == Quantity::Time);
    if timed { (Quantity::Time, "time") } else { (Quantity::Samples, "samples") }
}

pub(super) fn profiles(report: &Report) -> Grid {
    let names: Vec<(&str, &str)> = report.profiles.iter().flatten().fold(vec![], |mut names, profile| {
        let name = (profile.optimizer.as_str(), profile.variant.as_str());
        if !names.contains(&name) {
            names.push(name);
        }
        names
    });
    let mut header = vec!["optimizer".to_owned()];
    let mut columns = vec![];
    for (quantity, name) in [(Quantity::Steps, "steps"), best_by(report)] {
        for (target, share) in report.study.targets.iter().enumerate() {
            let name = if target == 0 { format!("{name} ") } else { String::new() };
            header.push(name + &percent(*share));
            columns.push((quantity, target));
        }
    }
    let row = |(optimizer, variant): (&str, &str)| {
        let score = |(quantity, target): &(Quantity, usize)| {
            let own = |profile: &&Profile| {
                profile.quantity == *quantity && profile.optimizer == optimizer && profile.variant == variant
            };
            report.profiles[*target].iter().find(own).map_or(String::new(), |profile| format!("{:.2}", profile.score))
        };
        let name = format!("{optimizer} {variant}").trim_end().to_owned();
        std::iter::once(name).chain(columns.iter().map(score)).collect()
    };
    Grid { header, rows: names.into_iter().map(row).collect(), words: 1 }
}

pub(super) fn ratio(x: f64) -> String {
    if x.is_finite() { digits(x, 3) } else { "∞".into() }
}
