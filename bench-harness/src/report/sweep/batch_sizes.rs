//! What the batch size does to each optimizer: curves, noise scales, coupling rules.

use super::grid::{Grid, TERMINAL, filled, row_of, strings};
use super::rankings::ratio;
use crate::base::format_number::{si, si_interval, signed};
use crate::study::curve_report::CurveReport;
use crate::study::noise_report::NoiseReport;
use crate::study::result::WorkloadReport;

fn interval(x: f64, low: f64, high: f64) -> String {
    format!("{} {}", si(x), si_interval(x, (low, high)))
}

/// What follows from the curves of steps; without the intervals of B₂₀ where a terminal has no room for them, unless all are wanted.
pub(super) fn critical(workload: &WorkloadReport, t: usize, all: bool) -> Option<Grid> {
    let whole = critical_with(workload, t, true)?;
    let fits = all || whole.width() <= TERMINAL;
    if fits { Some(whole) } else { critical_with(workload, t, false) }
}

fn critical_with(workload: &WorkloadReport, t: usize, intervals_of_b20: bool) -> Option<Grid> {
    let curves = workload.curves.iter().filter(|curve| curve.target == t && !curve.steps.is_empty());
    let row = |curve: &CurveReport| {
        let beyond = if curve.critical_extrapolated { "^" } else { "" };
        let critical = curve.critical_batch_size.map_or_else(
            || "?".to_owned(),
            |critical| interval(critical.value.0, critical.low.0, critical.high.0) + beyond,
        );
        let b20 = curve.b20.map_or_else(String::new, |b| {
            let ends = b.interval.filter(|_| intervals_of_b20);
            let ends = ends.map_or_else(String::new, |[low, high]| si_interval(b.batch_size, (low.0, high.0)));
            format!("{}{} {ends}", if b.open { ">" } else { "" }, si(b.batch_size)).trim_end().to_owned()
        });
        vec![
            format!("{} {}", curve.optimizer, curve.variant).trim_end().to_owned(),
            critical,
            b20,
            format!("{:.1} %", 100.0 * curve.steps[0].root_mean_square),
            if curve.missed.is_empty() { String::new() } else { curve.missed.len().to_string() },
            curve.fastest_batch_size.map_or_else(String::new, si),
            curve.measured_fastest.map_or_else(String::new, |batch| batch.to_string()),
        ]
    };
    let header = ["optimizer", "B_crit", "B₂₀", "fit error", "missed", "B* by fit", "measured"];
    filled(strings(&header), curves.map(row).collect(), 1).map(Grid::without_empty_columns)
}

/// How the best rate grows.
pub(super) fn rates(workload: &WorkloadReport, t: usize) -> Option<Grid> {
    let row = |curve: &CurveReport| {
        Some(vec![
            format!("{} {}", curve.optimizer, curve.variant).trim_end().to_owned(),
            curve.rates.first()?.curve.in_numbers(),
            curve.rate_exponent_text(),
        ])
    };
    let curves = workload.curves.iter().filter(|curve| curve.target == t);
    filled(strings(&["optimizer", "best curve", "p of c·B^p"]), curves.filter_map(row).collect(), 2)
}

/// What coupling rules cost; with so many of the largest batch sizes as a terminal has room for.
pub(super) fn coupling(workload: &WorkloadReport, t: usize) -> Option<Grid> {
    let all = workload.facts.batch_sizes.len().saturating_sub(1);
    let grids = (1..=all).rev().filter_map(|count| coupling_with(workload, t, count));
    let mut fitting = grids.skip_while(|grid| grid.width() > TERMINAL);
    fitting.next().or_else(|| coupling_with(workload, t, 1))
}

fn coupling_with(workload: &WorkloadReport, t: usize, count: usize) -> Option<Grid> {
    let sizes = &workload.facts.batch_sizes;
    let sizes = &sizes[sizes.len().saturating_sub(count)..];
    let mut rows = vec![];
    for report in workload.coupling.iter().filter(|report| report.target == t) {
        let name = format!("{} {}", report.optimizer, report.variant).trim_end().to_owned();
        let rule = report.rule.name().to_owned();
        let Some(column) = sizes.iter().position(|size| *size == report.batch_size) else { continue };
        row_of(&mut rows, vec![name, rule], 2 + sizes.len())[2 + column] = ratio(report.ratio.0);
    }
    let header = ["optimizer", "rule"].map(str::to_owned).into_iter().chain(sizes.iter().map(ToString::to_string));
    filled(header.collect(), rows, 2)
}

/// Noise scales at a target, of the optimizers along whose run they were measured.
pub(super) fn noise(workload: &WorkloadReport, target: usize) -> Option<Grid> {
    let number = |x: Option<f64>| x.map_or_else(String::new, si);
    let decades = |x: Option<f64>| x.map_or_else(String::new, |x| signed(x, 1));
    let row = |noise: &NoiseReport| {
        let at = noise.targets.iter().find(|at| at.target == target)?;
        let name = format!("{} {}", noise.optimizer, noise.variant).trim_end().to_owned();
        let over = decades(at.sign_over_critical.or(at.simple_over_critical));
        Some(vec![
            name,
            noise.batch_size.to_string(),
            number(at.simple),
            number(at.sign),
            number(at.critical_batch_size),
            over,
        ])
    };
    let rows: Vec<Vec<String>> = workload.noise.iter().filter_map(row).collect();
    let header = ["optimizer", "batch", "B_simple", "B_sign", "B_crit", "log₁₀"].map(str::to_owned).to_vec();
    (!rows.is_empty()).then_some(Grid { header, rows, words: 1 })
}
