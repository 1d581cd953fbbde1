//! The charts of a page.

use super::chart::{Chart, GUIDE, Point, Series};
use super::parts::{Figure, Section, Source};
use crate::report::answer::hardest_reached;
use crate::report::format_number::{format_setting, si, si_interval};
use crate::study::curve_report::CurveReport;
use crate::study::result::{CellReport, CellTarget, Spread, TuningReport, WorkloadReport};
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

/// A chart for each workload and target: each optimizer's points beside its fitted curve.
fn by_target(
    source: &Source<'_>,
    what: &str,
    chart: impl Fn(&WorkloadReport, usize) -> Chart,
    point: impl Fn(&CellReport, &CellTarget) -> Point,
    fit: impl Fn(&CurveReport, f64) -> Option<f64>,
) -> Result<Vec<Figure>> {
    let mut charts = vec![];
    for (w, workload) in source.report.workloads.iter().enumerate() {
        for t in 0..workload.targets.len() {
            let mut chart = chart(workload, t);
            for (number, cells) in groups(source, workload) {
                let reached = cells.iter().filter(|cell| cell.targets[t].steps.median.0.is_finite());
                let points = reached.map(|cell| point(cell, &cell.targets[t])).collect();
                let is_own = |curve: &&CurveReport| {
                    curve.target == t && source.number(&curve.optimizer, &curve.variant) == number
                };
                let curve = workload.curves.iter().find(is_own);
                let line = curve.map_or_else(Vec::new, |curve| {
                    sampled(ends(workload), |batch| fit(curve, batch).unwrap_or(f64::NAN))
                });
                chart.series.push(Series { number, points, ..Series::default() });
                chart.series.push(Series { number, line, dashed: true, ..Series::default() });
            }
            if let Some(svg) = chart.svg()? {
                charts.push(Figure { workload: w, target: Some(t), svg, caption: title(what, workload, t) });
            }
        }
    }
    Ok(charts)
}

/// Steps to target over batch size, with fits and the line of perfect scaling.
pub(super) fn steps(source: &Source<'_>) -> Result<Section> {
    let chart = |workload: &WorkloadReport, t: usize| {
        // From the best steps at the smallest batch size.
        let (low, high) = ends(workload);
        let first = workload.cells.iter().filter(|cell| cell.batch_size as f64 == low);
        let best = first.map(|cell| cell.targets[t].steps.median.0).fold(f64::INFINITY, f64::min);
        let line = if best.is_finite() { vec![(low, best), (high, best * low / high)] } else { vec![] };
        Chart {
            title: title("Steps to target over batch size", workload, t),
            description: "One curve for each optimizer. Steps fall as the batch grows, along the gray line while scaling is perfect, \
                and less beyond the critical batch size."
                .into(),
            x_label: "batch size",
            y_label: "steps to target",
            ticks: Some(batches(workload)),
            series: vec![Series { number: GUIDE, line, dashed: true, ..Series::default() }],
            limits: vec![],
        }
    };
    let point = |cell: &CellReport, target: &CellTarget| {
        let Spread { median, low, high, .. } = target.steps;
        Point {
            x: cell.batch_size as f64,
            y: median.0,
            interval: Some((low.0, high.0)),
            text: format!(
                "{}, batch {}: {} steps {}, rate {}",
                cell.optimizer,
                cell.batch_size,
                si(median.0),
                si_interval(median.0, (low.0, high.0)),
                format_setting(target.tuning.learning_rate)
            ),
        }
    };
    Ok(Section {
        id: "steps",
        heading: "Steps to target over batch size",
        text: "Medians over seeds with intervals, and the best of three fitted curves. The gray line is perfect scaling: twice the batch, half \
            the steps. Where an optimizer's curve leaves that slope, larger batches begin to waste samples.",
        charts: by_target(source, "steps", chart, point, |curve, batch| Some(curve.steps.first()?.curve.steps(batch)))?,
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
    let chart = |workload: &WorkloadReport, t: usize| Chart {
        title: title("Best learning rate over batch size", workload, t),
        description: "Rates that grow along a straight line follow a power rule; where they bend, the rule ends."
            .into(),
        x_label: "batch size",
        y_label: "best learning rate",
        ticks: Some(batches(workload)),
        series: vec![],
        limits: vec![],
    };
    let point = |cell: &CellReport, target: &CellTarget| {
        let TuningReport { learning_rate, vertex, .. } = &target.tuning;
        let interval = vertex.map(|vertex| (vertex.low.0, vertex.high.0));
        Point {
            x: cell.batch_size as f64,
            y: *learning_rate,
            interval: interval.filter(|(low, high)| *low > 0.0 && high.is_finite()),
            text: format!("{}, batch {}: rate {}", cell.optimizer, cell.batch_size, format_setting(*learning_rate)),
        }
    };
    Ok(Section {
        id: "rates",
        heading: "Best learning rate over batch size",
        text: "The vertex of a parabola through the rates around the best, with its interval, and the best of three shapes.",
        charts: by_target(source, "best rates", chart, point, |curve, batch| {
            Some(curve.rates.first()?.curve.rate(batch))
        })?,
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
