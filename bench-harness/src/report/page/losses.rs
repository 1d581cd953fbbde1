//! The loss curves of a sweep's page.

use super::figures::groups;
use super::parts::{Figure, Place, Section};
use super::source::{Source, series_name};
use crate::report::chart::{Axis, Chart, Series};
use crate::study::answer::hardest_reached;
use crate::study::record::{ConvergenceRecord, Outcome};
use crate::study::result::CellReport;
use anyhow::Result;
use simdescent_measure::statistics::median;

/// Points of a loss curve.
const EVALUATIONS: usize = 60;

/// Loss curves of the best cell of each optimizer, by samples, with bands over seeds.
pub(super) fn losses(source: &Source<'_>) -> Result<Section> {
    let mut charts = vec![];
    for (w, workload) in source.report.workloads.iter().enumerate() {
        let (t, reference) = (hardest_reached(workload), workload.facts.reference_loss);
        for by_time in [false, true] {
            let mut series = vec![];
            for (number, cells) in groups(source, workload) {
                let needed = |cell: &&&CellReport| match by_time {
                    false => Some(cell.targets[t].samples.median.0),
                    true => cell.targets[t].seconds.map(|seconds| seconds.median.0),
                };
                let best = cells.iter().filter(|cell| needed(cell).is_some_and(f64::is_finite));
                let best = best.min_by(|a, b| needed(a).unwrap_or(f64::NAN).total_cmp(&needed(b).unwrap_or(f64::NAN)));
                let Some(cell) = best else { continue };
                let runs = cell.targets[t].runs.iter().filter_map(|run| source.records.get(run.key.as_str()));
                let runs: Vec<&ConvergenceRecord> = runs.copied().collect();
                let Some(longest) = runs.iter().max_by_key(|run| run.curve.samples.len()) else { continue };
                let seconds_per_sample = cell.throughput.as_ref().map(|throughput| 1.0 / throughput.samples_per_second);
                let at = |i: usize| match (by_time, seconds_per_sample) {
                    (false, _) => Some(longest.curve.samples[i] as f64),
                    // Of a batch that grows, time is not in proportion to samples.
                    (true, _) if longest.specification.settings.batch_growth.largest().is_some() => None,
                    (true, seconds) => Some(longest.curve.samples[i] as f64 * seconds?),
                };
                let (mut line, mut band) = (vec![], vec![]);
                // So many are as good to the eye, in a small part of the page.
                let stride = longest.curve.samples.len().div_ceil(EVALUATIONS);
                for i in (0..longest.curve.samples.len()).step_by(stride) {
                    let Some((at, (middle, low, high))) = at(i).zip(middle_and_band(&runs, i, reference)) else {
                        break;
                    };
                    line.push((at, middle));
                    band.push((at, low, high));
                }
                if line.is_empty() {
                    continue;
                }
                let text = format!("{}, batch {}", series_name(&cell.optimizer, &cell.variant), cell.batch_size);
                let name = Some(text.clone());
                series.push(Series { number, name, line, text, band, ..Series::default() });
            }
            let what = if by_time { "time" } else { "samples" };
            let chart = Chart {
                title: format!("Loss above the reference by {what}, {}", workload.facts.name),
                description:
                    "The best batch size of each optimizer: median over seeds, and the band of those that go on.".into(),
                x: Axis { seconds: by_time, ..Axis::log(what) },
                y: Axis::log("loss above the reference"),
                series,
                limits: workload.targets.iter().map(|t| t.loss - reference).collect(),
                ..Chart::default()
            };
            if let Some(svg) = chart.svg()? {
                let caption = format!("{}, by {what}; horizontal lines are the targets", workload.facts.name);
                charts.push(Figure { place: Place::workload(w), svg, caption });
            }
        }
    }
    Ok(Section {
        id: "losses",
        heading: "Loss curves",
        text: "Of the best batch size of each optimizer for the hardest target that was reached: median over seeds, and the band of those that \
            still run. A run that has ended counts as below the others if it reached the target, as above them if it diverged; the line \
            ends where half have."
            .into(),
        charts,
        ..Section::default()
    })
}

/// The median loss above the reference at a point of the grid, and the least and the largest of the runs that still go on. A run that ended
/// reached its targets, so it is below the others; one that diverged is above them. `None` once the median is a run that ended.
fn middle_and_band(runs: &[&ConvergenceRecord], i: usize, reference: f64) -> Option<(f64, f64, f64)> {
    let gap = |run: &ConvergenceRecord| run.curve.loss.get(i).map(|loss| loss - reference);
    let ended = |run: &ConvergenceRecord| match run.outcome {
        Outcome::Diverged => f64::INFINITY,
        _ => f64::NEG_INFINITY,
    };
    let middle = median(runs.iter().map(|run| gap(run).unwrap_or_else(|| ended(run))).collect());
    let there = runs.iter().filter_map(|run| gap(run));
    let (low, high) = there.fold((f64::INFINITY, 0.0), |(low, high), x| (x.min(low), x.max(high)));
    middle.is_finite().then_some((middle, low.max(f64::MIN_POSITIVE), high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::fake;

    #[test]
    fn runs_that_ended_count_as_below_and_diverged_ones_as_above() {
        let records = fake::records(&fake::facts());
        let run = |losses: &[f64], outcome| {
            let mut record = records.iter().next().unwrap().clone();
            record.curve.loss = losses.to_vec();
            record.outcome = outcome;
            record
        };
        let [a, b, c] = [&[4.0, 3.0][..], &[5.0, 2.0], &[6.0]].map(|losses| run(losses, Outcome::Complete));
        assert_eq!(middle_and_band(&[&a, &b, &c], 0, 1.0), Some((4.0, 3.0, 5.0)));
        assert_eq!(middle_and_band(&[&a, &b, &c], 1, 1.0), Some((1.0, 1.0, 2.0)), "not 1.5, of the two that go on");
        let diverged = run(&[6.0], Outcome::Diverged);
        assert_eq!(middle_and_band(&[&a, &b, &diverged], 1, 1.0), Some((2.0, 1.0, 2.0)));
        assert_eq!(middle_and_band(&[&a, &c, &c], 1, 1.0), None, "most have arrived");
    }
}
