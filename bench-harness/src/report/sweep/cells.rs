//! What each cell needs: optimizer and batch size.

use super::grid::{Grid, TERMINAL, filled, row_of};
use crate::base::format_number::{format_rate, si, si_interval, si_unit};
use crate::study::record::Outcome;
use crate::study::result::{CellReport, CellTarget, Spread, Verdict, WorkloadReport};

/// The table of the cells; without the intervals of steps where it would not fit into a terminal.
pub(super) fn cells(workload: &WorkloadReport, target: usize) -> Grid {
    let whole = cells_with(workload, target, true);
    if whole.width() <= TERMINAL { whole } else { cells_with(workload, target, false) }
}

fn cells_with(workload: &WorkloadReport, target: usize, intervals_of_steps: bool) -> Grid {
    let timed = workload.cells.iter().any(|cell| cell.throughput.is_some());
    let ranking = &workload.targets[target];
    let verdict = &ranking.time.as_ref().unwrap_or(&ranking.steps).verdict;
    let mut header = vec!["", "optimizer", "batch", "rate", "steps"];
    header.extend(if timed { &["samples/s", "time to target"][..] } else { &["samples"] });
    let row = |(number, cell): (usize, &CellReport)| {
        let CellTarget { outcome, tuning, steps, samples, seconds, .. } = &cell.targets[target];
        let border = if tuning.at_border { "!" } else { "" };
        let of = |spread: &Spread, unit: &str, interval: bool| match outcome {
            _ if spread.median.0.is_finite() && interval => {
                let x = spread.median.0;
                format!("{} {}", si_unit(x, unit), si_interval(x, (spread.low.0, spread.high.0)))
            }
            _ if spread.median.0.is_finite() => si_unit(spread.median.0, unit),
            Outcome::Diverged => "diverged".into(),
            _ => "not reached".into(),
        };
        let mut row = vec![
            mark(verdict, number).to_owned(),
            optimizer(cell),
            cell.batch_size.to_string(),
            format_rate(tuning.learning_rate) + border,
            of(steps, "", intervals_of_steps),
        ];
        if timed {
            let throughput = cell.throughput.as_ref();
            row.push(throughput.map_or(String::new(), |throughput| si(throughput.samples_per_second)));
            row.push(seconds.as_ref().map_or(String::new(), |seconds| of(seconds, "s", true)));
        } else {
            row.push(of(samples, "", true));
        }
        row
    };
    let rows = workload.cells.iter().enumerate().map(row).collect();
    Grid { header: header.into_iter().map(str::to_owned).collect(), rows, words: 2 }
}

/// Time to target (or steps), optimizer × batch size.
pub(super) fn heat_map(workload: &WorkloadReport, t: usize) -> Option<Grid> {
    let target = &workload.targets[t];
    let verdict = &target.time.as_ref().unwrap_or(&target.steps).verdict;
    let sizes = &workload.facts.batch_sizes;
    let mut rows = vec![];
    for (number, cell) in workload.cells.iter().enumerate() {
        // Of a sweep that is not finished, some batch sizes are not there.
        let Some(column) = sizes.iter().position(|size| *size == cell.batch_size) else { continue };
        let own = &cell.targets[t];
        let text = match (&target.time, &own.seconds) {
            _ if !own.steps.median.0.is_finite() => own.reached_of() + " reach it",
            (Some(_), Some(seconds)) => si_unit(seconds.median.0, "s"),
            (Some(_), None) => "not timed".into(),
            (None, _) => si(own.steps.median.0),
        };
        let text = format!("{text} {}", mark(verdict, number)).trim_end().to_owned();
        row_of(&mut rows, vec![optimizer(cell)], 1 + sizes.len())[1 + column] = text;
    }
    let sizes = sizes.iter().map(|batch| format!("batch {batch}"));
    filled(std::iter::once("optimizer".to_owned()).chain(sizes).collect(), rows, 1)
}

pub(super) fn mark(verdict: &Verdict, cell: usize) -> &'static str {
    match verdict {
        Verdict { winner: Some(winner), .. } if *winner == cell => "*",
        Verdict { tied, .. } if tied.contains(&cell) => "=",
        _ => "",
    }
}

/// With its variant.
pub(super) fn optimizer(cell: &CellReport) -> String {
    if cell.variant.is_empty() { cell.optimizer.clone() } else { format!("{} {}", cell.optimizer, cell.variant) }
}
