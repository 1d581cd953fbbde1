//! The charts of a sweep's page.

use super::parts::{Figure, Place, Section};
use super::source::{Source, series_name};
use super::tables;
use crate::base::format_number::{format_setting, si, si_interval};
use crate::report::chart::{Axis, Chart, GUIDE, Mark, MarkKind, Point, Series};
use crate::study::answer::machine_name;
use crate::study::curve_report::CurveReport;
use crate::study::noise_report::NoiseReport;
use crate::study::result::{CellReport, CellTarget, Spread, TuningReport, WorkloadReport};
use anyhow::Result;

/// Points of a drawn curve.
const SAMPLES: usize = 20;

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
pub(super) fn groups<'r>(source: &Source<'_>, workload: &'r WorkloadReport) -> Vec<(usize, Vec<&'r CellReport>)> {
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

/// A chart for each workload and target: each optimizer's points beside its fitted curve, and what is marked on it.
fn by_target(
    source: &Source<'_>,
    chart: impl Fn(&WorkloadReport, usize) -> Chart,
    point: impl Fn(&CellReport, &CellTarget) -> Point,
    fit: impl Fn(&CurveReport, f64) -> Option<f64>,
    marks: impl Fn(&WorkloadReport, &CurveReport) -> Vec<Mark>,
) -> Vec<(usize, usize, Chart)> {
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
                let mut marks = curve.map_or_else(Vec::new, |curve| marks(workload, curve));
                marks.extend(cells.iter().filter_map(|cell| missed(cell, t)));
                let name = Some(source.series[number].clone());
                chart.series.push(Series { number, name, points, marks, ..Series::default() });
                chart.series.push(Series { number, line, thin: true, ..Series::default() });
            }
            charts.push((w, t, chart));
        }
    }
    charts
}

fn drawn(source: &Source<'_>, what: &str, charts: Vec<(usize, usize, Chart)>) -> Result<Vec<Figure>> {
    let mut figures = vec![];
    for (w, t, chart) in charts {
        let caption = title(what, &source.report.workloads[w], t);
        figures.extend(chart.svg()?.map(|svg| Figure { place: Place::target(w, t), svg, caption }));
    }
    Ok(figures)
}

/// A cell that most runs of which missed the target: there is no height to draw it at.
fn missed(cell: &CellReport, t: usize) -> Option<Mark> {
    let target = &cell.targets[t];
    if target.steps.median.0.is_finite() {
        return None;
    }
    let text = format!(
        "{}, batch {}: missed the target ({} runs reached it)",
        series_name(&cell.optimizer, &cell.variant),
        cell.batch_size,
        target.reached_of()
    );
    Some(Mark { kind: MarkKind::Missed, x: cell.batch_size as f64, y: 1.0, interval: None, text })
}

/// The critical batch size and the noise scale, where they are on the fitted curve.
fn critical(workload: &WorkloadReport, curve: &CurveReport) -> Vec<Mark> {
    let (Some(critical), Some(fit)) = (curve.critical_batch_size, curve.steps.first()) else { return vec![] };
    let (least, most) = ends(workload);
    let (x, low, high) = (critical.value.0, critical.low.0, critical.high.0);
    let interval = si_interval(x, (low, high));
    let beyond = x > most;
    let note =
        if curve.critical_extrapolated { ", extrapolated beyond the batch sizes that reached the target" } else { "" };
    let mut marks = vec![Mark {
        kind: if beyond { MarkKind::Beyond } else { MarkKind::Ring },
        x,
        y: fit.curve.steps(x.clamp(least, most)),
        interval: Some((low, high)).filter(|_| !beyond),
        text: format!(
            "{}: critical batch size {} {interval}{note}",
            series_name(&curve.optimizer, &curve.variant),
            si(x)
        ),
    }];
    let own = |noise: &&NoiseReport| noise.optimizer == curve.optimizer && noise.variant == curve.variant;
    let noise = workload.noise.iter().find(own);
    let at = noise.and_then(|noise| noise.targets.iter().find(|at| at.target == curve.target));
    let measured = at.and_then(|at| at.simple).filter(|scale| (least..=most).contains(scale));
    marks.extend(measured.map(|scale| Mark {
        kind: MarkKind::Square,
        x: scale,
        y: fit.curve.steps(scale),
        interval: None,
        text: format!("{}: noise scale B_simple {}", series_name(&curve.optimizer, &curve.variant), si(scale)),
    }));
    marks
}

/// Steps to target over batch size, with fits and the line of perfect scaling: (workload, target, chart).
pub(super) fn step_charts(source: &Source<'_>) -> Vec<(usize, usize, Chart)> {
    let chart = |workload: &WorkloadReport, t: usize| {
        // From the best steps at the smallest batch size.
        let (low, high) = ends(workload);
        let first = workload.cells.iter().filter(|cell| cell.batch_size as f64 == low);
        let best = first.map(|cell| cell.targets[t].steps.median.0).fold(f64::INFINITY, f64::min);
        // No lower than one step, lest the curves have no room.
        let end = (high / low).min(best).max(1.0);
        let line = if best.is_finite() { vec![(low, best), (low * end, best / end)] } else { vec![] };
        Chart {
            title: title("Steps to target over batch size", workload, t),
            description: "One curve for each optimizer. Steps fall as the batch grows, along the gray line while scaling is perfect, \
                and less beyond the critical batch size."
                .into(),
            x: Axis { ticks: Some(batches(workload)), ..Axis::log("batch size") },
            y: Axis::log("steps to target"),
            series: vec![Series { number: GUIDE, line, thin: true, ..Series::default() }],
            ..Chart::default()
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
                series_name(&cell.optimizer, &cell.variant),
                cell.batch_size,
                si(median.0),
                si_interval(median.0, (low.0, high.0)),
                format_setting(target.tuning.learning_rate)
            ),
        }
    };
    let fit = |curve: &CurveReport, batch: f64| Some(curve.steps.first()?.curve.steps(batch));
    by_target(source, chart, point, fit, critical)
}

/// Steps to target over batch size.
pub(super) fn steps(source: &Source<'_>) -> Result<Section> {
    Ok(Section {
        id: "steps",
        heading: "Steps to target over batch size",
        text: "Points are medians over seeds with their intervals, lines the best of three curves by AICc (of few batch sizes the simplest), fitted to \
            pseudo-medians, which luck moves less. The dashed line is perfect scaling: twice the batch, half the steps. A ring marks the critical batch size, where half of the steps are ones that no batch saves, with its interval: well \
            below it a larger batch saves steps, well above it it mostly wastes samples. An arrow at the right says that it is beyond the \
            batch sizes measured, by extrapolation. A hollow square is the noise scale B_simple at the target. A cross at the top: most runs missed the target. The table has the same in numbers; \
            B₂₀ is the largest batch size that needs at most 20 % more samples than the best, without a model; ∞: its interval reaches beyond what was measured."
            .into(),
        charts: drawn(source, "steps to target", step_charts(source))?,
        tables: tables::critical(source),
        ..Section::default()
    })
}

/// Samples per second over batch size, with the machine's limit.
pub(super) fn throughput(source: &Source<'_>) -> Result<Section> {
    let mut charts = vec![];
    let machine = source.report.throughput.as_ref().map(|throughput| machine_name(&throughput.session));
    let machine = machine.unwrap_or_default();
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
                        "{}, batch {}: {} samples/s, {:.0} % of the FMA peak, {:.0} % of the bandwidth",
                        series_name(&cell.optimizer, &cell.variant),
                        cell.batch_size,
                        si(throughput.samples_per_second),
                        100.0 * throughput.share_of_peak,
                        100.0 * throughput.share_of_bandwidth
                    ),
                })
            });
            let points: Vec<Point> = points.collect();
            let line = points.iter().map(|point| (point.x, point.y)).collect();
            let name = Some(source.series[number].clone());
            series.push(Series { number, name, points, line, ..Series::default() });
        }
        let limits = if limit.is_finite() { vec![limit] } else { vec![] };
        let chart = Chart {
            title: format!("Samples per second over batch size, {}", workload.facts.name),
            description: "The line at the top is what the machine's multiply-adds allow.".into(),
            x: Axis { ticks: Some(batches(workload)), ..Axis::log("batch size") },
            y: Axis::log("samples per second"),
            series,
            limits,
            ..Chart::default()
        };
        if let Some(svg) = chart.svg()? {
            let caption = format!("{}, one thread; the line at the top is the FMA peak", workload.facts.name);
            charts.push(Figure { place: Place::workload(w), svg, caption });
        }
    }
    let text = if charts.is_empty() {
        "No steps were timed.".to_owned()
    } else {
        format!(
            "Measured on {machine}, apart from convergence, in shuffled rounds. The dashed line is that machine's own limit, measured in \
            the same run."
        )
    };
    Ok(Section { id: "throughput", heading: "Samples per second over batch size", text, charts, ..Section::default() })
}

/// The best rate over batch size, with its shape.
pub(super) fn rates(source: &Source<'_>) -> Result<Section> {
    let chart = |workload: &WorkloadReport, t: usize| Chart {
        title: title("Best learning rate over batch size", workload, t),
        description: "Rates that grow along a straight line follow a power rule; where they bend, the rule ends."
            .into(),
        x: Axis { ticks: Some(batches(workload)), ..Axis::log("batch size") },
        y: Axis::log("best learning rate"),
        ..Chart::default()
    };
    let point = |cell: &CellReport, target: &CellTarget| {
        let TuningReport { learning_rate, at_border, .. } = &target.tuning;
        let border = if *at_border { ", the lowest or highest that was tried" } else { "" };
        Point {
            x: cell.batch_size as f64,
            y: *learning_rate,
            // Over more than three decades nothing is known.
            interval: target.tuning.interval_of_vertex().filter(|(low, high)| *high < 1e3 * *low),
            text: format!(
                "{}, batch {}: rate {}{border}",
                series_name(&cell.optimizer, &cell.variant),
                cell.batch_size,
                format_setting(*learning_rate)
            ),
        }
    };
    let fit = |curve: &CurveReport, batch: f64| Some(curve.rates.first()?.curve.rate(batch));
    let coupled = tables::coupling(source);
    let coupling = if coupled.is_empty() {
        ""
    } else {
        " The last table says what a rule costs against tuning again: steps by the rule, from the best point of the smallest batch, over steps \
        after tuning. A dash: most runs by the rule missed."
    };
    Ok(Section {
        id: "rates",
        heading: "Best learning rate over batch size",
        text: format!(
            "Points are the rates that were taken: the vertex of a parabola through the rates around the best, with its interval, or where a rate \
            that was tried did better, that one, without. Lines are the best of three shapes. \
            p is the exponent of c·B^p through all of them, with its interval, whichever shape is best: 1 is the linear, 0.5 the square-root \
            rule.{coupling}"
        ),
        charts: drawn(source, "best rates", by_target(source, chart, point, fit, |_, _| vec![]))?,
        tables: tables::rates(source).into_iter().chain(coupled).collect(),
        ..Section::default()
    })
}
