//! The critical batch size along training, in a sweep's page.

use super::parts::{Figure, Grid, Place, Section, Square};
use super::source::{Source, series_name};
use crate::base::format_number::si;
use crate::report::chart::{Axis, Chart, Point, Series};
use crate::report::sweep::branches::critical;
use crate::study::branch_report::{BranchReport, CheckpointReport, Growth, times};
use crate::study::branches::PARTS;
use crate::study::result::WorkloadReport;
use anyhow::Result;

/// How large a batch may be after so many samples, by branches, where they were run.
pub(super) fn branches(source: &Source<'_>) -> Result<Option<Section>> {
    let (mut charts, mut tables) = (vec![], vec![]);
    for (w, workload) in source.report.workloads.iter().enumerate() {
        let name = &workload.facts.name;
        let chart = Chart {
            title: format!("Critical batch size along training, {name}"),
            description:
                "Points: the largest batch that keeps pace from there on. Thin steps: the batch schedule that follows."
                    .into(),
            x: Axis::log("samples"),
            y: Axis::log("batch size"),
            series: workload.branches.iter().flat_map(|branch| series(source, branch)).collect(),
            ..Chart::default()
        };
        if let Some(svg) = chart.svg()? {
            let caption = format!("{name}: the largest batch that keeps pace; thin, the schedule that follows");
            charts.push(Figure { place: Place::workload(w), svg, caption });
        }
        tables.extend(table(workload, w));
    }
    let section = Section {
        id: "branches",
        heading: "How large a batch may be as training goes on",
        text: "The run of each optimizer that needs the fewest samples is left after an eighth, a quarter and a half of them by branches with \
            larger batches, whose rate follows by the linear rule for SGD, momentum and Nesterov, and by the square root for all others. They \
            end at twice the samples. The critical batch size at that point is the largest that makes at least 1/1.2 of the progress of the \
            run that it leaves, in the logarithm of the gap to the lowest loss. The schedule that follows doubles the batch wherever the \
            critical one is twice as large, there and later; it was run from the start, with seeds that the branches have not seen."
            .into(),
        charts,
        tables,
        ..Section::default()
    };
    Ok((!section.charts.is_empty()).then_some(section))
}

/// Critical batch sizes with their intervals, and the schedule.
fn series(source: &Source<'_>, branch: &BranchReport) -> [Series; 2] {
    let number = source.number(&branch.optimizer, &branch.variant);
    let name = format!("{}, from batch {}", series_name(&branch.optimizer, &branch.variant), branch.batch_size);
    let point = |at: &CheckpointReport| {
        let batch = at.critical_batch_size?;
        let interval = Some((batch.low.0, batch.high.0)).filter(|(low, _)| *low > 0.0);
        let text = format!("{name}, after {} samples: {}", si(at.samples as f64), critical(at));
        Some(Point { x: at.samples as f64, y: batch.value.0, interval, text })
    };
    let points = branch.checkpoints.iter().filter_map(point).collect();
    let (first, last) = (branch.checkpoints.first(), branch.checkpoints.last());
    let mut line = vec![];
    if let (Some(first), Some(last)) = (first, last) {
        let mut size = branch.batch_size as f64;
        line.push((first.samples as f64 / 2.0, size));
        for Growth { samples, batch_size } in &branch.schedule {
            line.push((*samples as f64, size));
            size = *batch_size as f64;
            line.push((*samples as f64, size));
        }
        line.push((2.0 * last.samples as f64, size));
    }
    let text = format!("{name}: the schedule that follows");
    [
        Series { number, name: Some(name), points, ..Series::default() },
        Series { number, line, text, thin: true, ..Series::default() },
    ]
}

/// Critical batch sizes, and what came of the schedules.
fn table(workload: &WorkloadReport, w: usize) -> Option<Grid> {
    let row = |branch: &BranchReport| {
        let schedule: Vec<String> =
            branch.grown().map(|at| format!("{} at {}", at.batch_size, si(at.samples as f64))).collect();
        let mut row = vec![
            Square::text(series_name(&branch.optimizer, &branch.variant)),
            Square::number(branch.batch_size.to_string(), branch.batch_size as f64),
        ];
        // Checkpoints where batches are too large for enough steps are left out, the first ones.
        let missing = PARTS.len().saturating_sub(branch.checkpoints.len());
        row.extend((0..missing).map(|_| Square::default()));
        row.extend(branch.checkpoints.iter().map(|at| {
            let sort = at.critical_batch_size.map_or(0.0, |batch| batch.value.0);
            Square::number(critical(at), sort)
        }));
        row.push(Square::text(if schedule.is_empty() { "none".into() } else { schedule.join(", ") }));
        for ratio in [branch.tried.map(|tried| tried.steps), branch.tried.map(|tried| tried.samples)] {
            row.push(ratio.map_or_else(Square::default, |ratio| Square::number(times(&ratio), ratio.value.0)));
        }
        let better = branch.tried.and_then(|tried| tried.better_fixed);
        row.push(better.map_or_else(Square::default, |batch| Square::number(batch.to_string(), batch as f64)));
        row
    };
    let rows: Vec<_> = workload.branches.iter().map(row).collect();
    let head = [
        "optimizer",
        "batch",
        "critical batch after 1/8",
        "after 1/4",
        "after 1/2",
        "schedule, at samples",
        "its steps over the fixed batch's",
        "its samples",
        "better fixed",
    ];
    let caption = format!("{}: critical batch sizes by branches, and the schedule that follows", workload.facts.name);
    let head = head.map(str::to_owned).to_vec();
    (!rows.is_empty()).then(|| Grid { place: Place::workload(w), caption, head, rows })
}
