//! The charts of a page.

use super::chart::{Chart, GUIDE, Point, Series};
use super::parts::{Figure, Section, Source};
use crate::report::answer::hardest_reached;
use crate::report::format_number::{format_setting, si};
use crate::study::result::{CellReport, WorkloadReport};
use anyhow::Result;

/// Points of a drawn curve.
const SAMPLES: usize = 24;

/// A title with the target of a workload.
fn title(what: &str, workload: &WorkloadReport, t: usize) -> String {
    format!("{what}, {}, {} % of the gap left", workload.facts.name, format_setting(100.0 * workload.targets[t].share))
}

/// Batch sizes of a workload, as the ends of its axis.
fn ends(workload: &WorkloadReport) -> (f64, f64) {
    let sizes = &workload.facts.batch_sizes;
    (sizes.first().map_or(1.0, |&b| b as f64), sizes.last().map_or(1.0, |&b| b as f64))
}

/// Labels of the axis of batch sizes.
fn batches(workload: &WorkloadReport) -> Vec<f64> {
    workload.facts.batch_sizes.iter().map(|&b| b as f64).collect()
}

fn sampled((low, high): (f64, f64), f: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let at = |i: usize| low * libm::pow(high / low, i as f64 / (SAMPLES - 1) as f64);
    (0..SAMPLES).map(at).map(|x| (x, f(x))).filter(|point| point.1.is_finite()).collect()
}

/// The cells of each optimizer and variant, with its number.
fn groups<'r>(source: &Source<'_>, workload: &'r WorkloadReport) -> Vec<(usize, Vec<&'r CellReport>)> {
    let mut groups: Vec<(usize, Vec<&CellReport>)> = vec![];
    for cell in &workload.cells {
        let number = source.number(&cell.optimizer, &cell.variant);
        match groups.iter_mut().find(|group| group.0 == number) {
            Some(group) => group.1.push(cell),
            None => groups.push((number, vec![cell])),
        }
    }
    groups
}

/// Steps to target over batch size, with fits and the line of perfect scaling.
pub(super) fn steps(source: &Source<'_>) -> Result<Section> {
    let mut charts = vec![];
    for (w, workload) in source.report.workloads.iter().enumerate() {
        for t in 0..workload.targets.len() {
            let mut series = vec![];
            for (number, cells) in groups(source, workload) {
                let points = cells.iter().filter_map(|cell| {
                    let steps = cell.targets[t].steps;
                    steps.median.0.is_finite().then(|| Point {
                        x: cell.batch_size as f64,
                        y: steps.median.0,
                        interval: Some((steps.low.0, steps.high.0)),
                        text: format!(
                            "{}, batch {}: {} steps ({} to {}), rate {}",
                            cell.optimizer,
                            cell.batch_size,
                            si(steps.median.0),
                            si(steps.low.0),
                            si(steps.high.0),
                            format_setting(cell.targets[t].tuning.learning_rate)
                        ),
                    })
                });
                let points: Vec<Point> = points.collect();
                let curve = workload
                    .curves
                    .iter()
                    .find(|curve| curve.target == t && source.number(&curve.optimizer, &curve.variant) == number);
                let fit = curve.and_then(|curve| curve.steps.first());
                let line = fit.map_or_else(Vec::new, |fit| sampled(ends(workload), |b| fit.curve.steps(b)));
                series.push(Series { number, points, ..Series::default() });
                series.push(Series { number, line, dashed: true, ..Series::default() });
            }
            // From the best steps at the smallest batch size.
            let (low, high) = ends(workload);
            let first = workload.cells.iter().filter(|cell| cell.batch_size as f64 == low);
            let best = first.map(|cell| cell.targets[t].steps.median.0).fold(f64::INFINITY, f64::min);
            if best.is_finite() {
                let end = (high, best * low / high);
                series.push(Series { number: GUIDE, line: vec![(low, best), end], dashed: true, ..Series::default() });
            }
            let chart = Chart {
                title: title("Steps to target over batch size", workload, t),
                description: "One curve for each optimizer. Steps fall as the batch grows, along the gray line while scaling is perfect, \
                    and less beyond the critical batch size."
                    .into(),
                x_label: "batch size",
                y_label: "steps to target",
                ticks: Some(batches(workload)),
                series,
                limits: vec![],
            };
            let caption = title("steps", workload, t);
            if let Some(svg) = chart.svg()? {
                charts.push(Figure { workload: w, target: Some(t), svg, caption });
            }
        }
    }
    Ok(Section {
        id: "steps",
        heading: "Steps to target over batch size",
        text: "Medians over seeds with intervals, and the best of three fitted curves. The gray line is perfect scaling: twice the batch, half \
            the steps. Where an optimizer's curve leaves that slope, larger batches begin to waste samples.",
        charts,
        tables: vec![],
    })
}

/// Samples per second over batch size, with the machine's limit.
pub(super) fn throughput(source: &Source<'_>) -> Result<Section> {
    let mut charts = vec![];
    for (w, workload) in source.report.workloads.iter().enumerate() {
        let mut series = vec![];
        let mut limit = f64::INFINITY;
        for (number, cells) in groups(source, workload) {
            let points = cells.iter().filter_map(|cell| {
                let throughput = cell.throughput.as_ref()?;
                limit = limit.min(throughput.samples_per_second / throughput.share_of_peak);
                Some(Point {
                    x: cell.batch_size as f64,
                    y: throughput.samples_per_second,
                    interval: None,
                    text: format!(
                        "{}, batch {}: {} samples/s, {:.0} % of the FMA peak",
                        cell.optimizer,
                        cell.batch_size,
                        si(throughput.samples_per_second),
                        100.0 * throughput.share_of_peak
                    ),
                })
            });
            let points: Vec<Point> = points.collect();
            let line = points.iter().map(|point| (point.x, point.y)).collect();
            series.push(Series { number, points, line, ..Series::default() });
        }
        let limits = if limit.is_finite() { vec![limit] } else { vec![] };
        let chart = Chart {
            title: format!("Samples per second over batch size, {}", workload.facts.name),
            description: "The line at the top is what the machine's multiply-adds allow.".into(),
            x_label: "batch size",
            y_label: "samples per second",
            ticks: Some(batches(workload)),
            series,
            limits,
        };
        if let Some(svg) = chart.svg()? {
            let caption = format!("{}, one thread; the line at the top is the FMA peak", workload.facts.name);
            charts.push(Figure { workload: w, target: None, svg, caption });
        }
    }
    Ok(Section {
        id: "throughput",
        heading: "Samples per second over batch size",
        text: "Measured apart from convergence, in shuffled rounds. The top line is this machine's own limit, measured in the same run.",
        charts,
        tables: vec![],
    })
}

/// The best rate over batch size, with its shape.
pub(super) fn rates(source: &Source<'_>) -> Result<Section> {
    let mut charts = vec![];
    for (w, workload) in source.report.workloads.iter().enumerate() {
        for t in 0..workload.targets.len() {
            let mut series = vec![];
            for (number, cells) in groups(source, workload) {
                let points = cells.iter().filter_map(|cell| {
                    let target = &cell.targets[t];
                    target.steps.median.0.is_finite().then(|| Point {
                        x: cell.batch_size as f64,
                        y: target.tuning.learning_rate,
                        interval: target
                            .tuning
                            .vertex
                            .map(|v| (v.low.0, v.high.0))
                            .filter(|(l, h)| *l > 0.0 && h.is_finite()),
                        text: format!(
                            "{}, batch {}: rate {}",
                            cell.optimizer,
                            cell.batch_size,
                            format_setting(target.tuning.learning_rate)
                        ),
                    })
                });
                let points: Vec<Point> = points.collect();
                let curve = workload
                    .curves
                    .iter()
                    .find(|curve| curve.target == t && source.number(&curve.optimizer, &curve.variant) == number);
                let fit = curve.and_then(|curve| curve.rates.first());
                let line = fit.map_or_else(Vec::new, |fit| sampled(ends(workload), |b| fit.curve.rate(b)));
                series.push(Series { number, points, ..Series::default() });
                series.push(Series { number, line, dashed: true, ..Series::default() });
            }
            let chart = Chart {
                title: title("Best learning rate over batch size", workload, t),
                description:
                    "Rates that grow along a straight line follow a power rule; where they bend, the rule ends.".into(),
                x_label: "batch size",
                y_label: "best learning rate",
                ticks: Some(batches(workload)),
                series,
                limits: vec![],
            };
            let caption = title("best rates", workload, t);
            if let Some(svg) = chart.svg()? {
                charts.push(Figure { workload: w, target: Some(t), svg, caption });
            }
        }
    }
    Ok(Section {
        id: "rates",
        heading: "Best learning rate over batch size",
        text: "The vertex of a parabola through the rates around the best, with its interval, and the best of three shapes.",
        charts,
        tables: vec![],
    })
}

/// Loss curves of the best cell of each optimizer, by samples, with bands over seeds.
pub(super) fn losses(source: &Source<'_>) -> Result<Section> {
    let mut charts = vec![];
    for (w, workload) in source.report.workloads.iter().enumerate() {
        let t = hardest_reached(workload);
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
                let scale = match (by_time, &cell.throughput) {
                    (true, Some(throughput)) => 1.0 / throughput.samples_per_second,
                    (true, None) => continue,
                    (false, _) => 1.0,
                };
                let gap = |loss: f64| loss - workload.facts.reference_loss;
                let runs = cell.targets[t].runs.iter().filter_map(|run| source.records.get(run.key.as_str()));
                let curves: Vec<_> = runs.map(|record| &record.curve).collect();
                let Some(longest) = curves.iter().max_by_key(|curve| curve.samples.len()) else { continue };
                let (mut line, mut band) = (vec![], vec![]);
                // Every other evaluation is as good to the eye, in half the page.
                for (i, &samples) in longest.samples.iter().enumerate().step_by(2) {
                    let mut there: Vec<f64> =
                        curves.iter().filter_map(|curve| curve.loss.get(i).copied()).map(gap).collect();
                    // Runs that ended are past their target: the rest would look worse than they were together.
                    if there.len() * 2 <= curves.len() {
                        break;
                    }
                    there.sort_by(f64::total_cmp);
                    let at = samples as f64 * scale;
                    line.push((at, there[there.len() / 2]));
                    band.push((at, there[0].max(f64::MIN_POSITIVE), there[there.len() - 1]));
                }
                series.push(Series { number, line, band, ..Series::default() });
            }
            let what = if by_time { "seconds" } else { "samples" };
            let chart = Chart {
                title: format!("Loss above the reference by {what}, {}", workload.facts.name),
                description: "The best batch size of each optimizer: median over seeds, and the band of all of them."
                    .into(),
                x_label: what,
                y_label: "loss above the reference",
                ticks: None,
                series,
                limits: workload.targets.iter().map(|t| t.loss - workload.facts.reference_loss).collect(),
            };
            if let Some(svg) = chart.svg()? {
                let caption = format!("{}, by {what}; horizontal lines are the targets", workload.facts.name);
                charts.push(Figure { workload: w, target: None, svg, caption });
            }
        }
    }
    Ok(Section {
        id: "losses",
        heading: "Loss curves",
        text: "Of the best batch size of each optimizer for the hardest target that was reached: median and band over seeds.",
        charts,
        tables: vec![],
    })
}
