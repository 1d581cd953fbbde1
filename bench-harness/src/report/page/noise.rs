//! The noise scale along training, in a sweep's page.

use super::parts::{Figure, Grid, Place, Section, Square};
use super::source::{Source, series_name};
use super::tables::caption;
use crate::base::format_number::{percent, si, signed};
use crate::report::chart::{Axis, Chart, Point, Series};
use crate::study::noise_report::{NoiseAtTarget, NoisePoint, NoiseReport};
use crate::study::result::WorkloadReport;
use anyhow::Result;

/// Points of a line.
const EVALUATIONS: usize = 60;

/// The noise scale along the winning run of each optimizer, where it was measured.
pub(super) fn noise(source: &Source<'_>) -> Result<Option<Section>> {
    let (mut charts, mut tables) = (vec![], vec![]);
    for (w, workload) in source.report.workloads.iter().enumerate() {
        let chart = Chart {
            title: format!("Noise scale along training, {}", workload.facts.name),
            description: "The best run of each optimizer: the noise scale grows as the gradient becomes small. Points are the targets."
                .into(),
            x: Axis::log("samples"),
            y: Axis::log("noise scale, samples"),
            series: workload.noise.iter().flat_map(|noise| series(source, workload, noise)).collect(),
            ..Chart::default()
        };
        if let Some(svg) = chart.svg()? {
            let caption = format!("{}: B_simple, thin B_sign; points where targets are reached", workload.facts.name);
            charts.push(Figure { place: Place::workload(w), svg, caption });
        }
        tables.extend((0..workload.targets.len()).filter_map(|t| table(workload, w, t)));
    }
    let section = Section {
        id: "noise",
        heading: "Noise scale along training",
        text: "The batch size at which the noise of a gradient is as large as the gradient: B_simple = tr Σ/|G|², and thin, for rules that take \
            signs or divide coordinates by their size, B_sign = (‖σ‖₁/‖G‖₁)². By the gradients of single training rows, without penalties \
            and dropout, along the run of each optimizer that needs the fewest samples. It is an order of magnitude for the critical batch \
            size, which stands beside it in the table."
            .into(),
        charts,
        tables,
        ..Section::default()
    };
    Ok((!section.charts.is_empty()).then_some(section))
}

/// B_simple with the targets, and B_sign.
fn series(source: &Source<'_>, workload: &WorkloadReport, noise: &NoiseReport) -> [Series; 2] {
    let number = source.number(&noise.optimizer, &noise.variant);
    let name = format!("{}, batch {}", series_name(&noise.optimizer, &noise.variant), noise.batch_size);
    let point = |at: &NoiseAtTarget| {
        let simple = at.simple?;
        let more = |name: &str, x: Option<f64>| x.map_or_else(String::new, |x| format!(", {name} {}", si(x)));
        let text = format!(
            "{name}, {} of the gap left: B_simple {}{}{}",
            percent(workload.targets[at.target].share),
            si(simple),
            more("B_sign", at.sign),
            more("critical batch size", at.critical_batch_size)
        );
        Some(Point { x: at.samples as f64, y: simple, interval: None, text })
    };
    let stride = noise.curve.len().div_ceil(EVALUATIONS).max(1);
    let line = |of: fn(&NoisePoint) -> Option<f64>| {
        let points = noise.curve.iter().step_by(stride);
        points.filter_map(|point| Some((point.samples as f64, of(point)?))).collect()
    };
    let points = noise.targets.iter().filter_map(point).collect();
    let (simple, sign) = (line(|point| point.simple), line(|point| point.sign));
    let text = format!("{name}: B_sign");
    [
        Series { number, name: Some(name.clone()), points, line: simple, text: name, ..Series::default() },
        Series { number, line: sign, text, thin: true, ..Series::default() },
    ]
}

/// The noise scales where a target is reached, beside the critical batch sizes.
fn table(workload: &WorkloadReport, w: usize, t: usize) -> Option<Grid> {
    let number = |x: Option<f64>| x.map_or_else(Square::default, |x| Square::number(si(x), x));
    let decades = |x: Option<f64>| x.map_or_else(Square::default, |x| Square::number(signed(x, 2), x));
    let row = |noise: &NoiseReport| {
        let at = noise.targets.iter().find(|at| at.target == t)?;
        Some(vec![
            Square::text(series_name(&noise.optimizer, &noise.variant)),
            Square::number(noise.batch_size.to_string(), noise.batch_size as f64),
            number(at.simple),
            number(at.sign),
            number(at.critical_batch_size),
            decades(at.simple_over_critical),
            decades(at.sign_over_critical),
        ])
    };
    let rows: Vec<_> = workload.noise.iter().filter_map(row).collect();
    let head = [
        "optimizer",
        "batch of the run",
        "B_simple",
        "B_sign",
        "critical batch size",
        "log₁₀ B_simple/B_crit",
        "log₁₀ B_sign/B_crit",
    ];
    let head = head.map(str::to_owned).to_vec();
    (!rows.is_empty()).then(|| Grid { place: Place::target(w, t), caption: caption(workload, t), head, rows })
}
