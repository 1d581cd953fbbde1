//! What batch size does: curves of steps and of the best rate, and the batch sizes that follow from them. Pure functions of a report's
//! cells.

use super::curve_report::{B20, CurveReport, RatesFit, StepsFit};
use super::estimate::Estimate;
use super::result::{CellReport, StepTimeReport};
use crate::base::number::Number;
use simdescent_measure::statistics::{
    BatchFit, BatchLimit, BatchResamples, RateFit, Runs, centers, fastest_batch_size, fit_batch_curves,
    fit_rate_curves, largest_batch_within, rate_exponent,
};

/// Resamples for the intervals of B_crit and B₂₀.
const RESAMPLES: usize = 1000;
const CONFIDENCE: f64 = 0.95;
/// Samples may grow by this factor up to B₂₀.
const WASTE: f64 = 1.2;
/// A curve is fitted to at least so many batch sizes that reach the target.
const LEAST_POINTS: usize = 3;

/// The curves of every optimizer and variant among these cells, for each of so many targets. Neighbors in the grid of rates are as far apart
/// as `ratio`.
pub(crate) fn curves(
    cells: &[CellReport],
    step_times: &[StepTimeReport],
    targets: usize,
    ratio: f64,
) -> Vec<CurveReport> {
    // The standard deviation of ln η within a step of the grid.
    let step_of_grid = libm::log(ratio) / 12f64.sqrt();
    let mut groups: Vec<(&str, &str)> = cells.iter().map(|cell| (&cell.optimizer[..], &cell.variant[..])).collect();
    let mut seen = std::collections::BTreeSet::new();
    groups.retain(|group| seen.insert(*group));
    let of = |(optimizer, variant): (&str, &str), target: usize| {
        let own: Vec<&CellReport> =
            cells.iter().filter(|cell| cell.optimizer == optimizer && cell.variant == variant).collect();
        let line = step_times.iter().find(|line| line.optimizer == optimizer && line.variant == variant);
        curve((optimizer, variant), &own, line, (target, step_of_grid))
    };
    groups
        .into_iter()
        .flat_map(|group| (0..targets).map(move |target| (group, target)))
        .map(|(g, t)| of(g, t))
        .collect()
}

fn curve(
    (optimizer, variant): (&str, &str),
    cells: &[&CellReport],
    line: Option<&StepTimeReport>,
    (target, step_of_grid): (usize, f64),
) -> CurveReport {
    let runs: Vec<Runs> = cells
        .iter()
        .map(|cell| {
            let steps = cell.targets[target].runs.iter().map(|run| run.steps.unwrap_or(f64::INFINITY));
            (cell.batch_size as f64, steps.collect())
        })
        .collect();
    let points = centers(&runs);
    let reached = points.iter().filter(|point| point.1.is_finite()).count();
    let fits = if reached < LEAST_POINTS { vec![] } else { fit_batch_curves(&points).unwrap_or_default() };
    let known = fits.first().filter(|fit| !fit.critical_unknown);
    let resamples = BatchResamples::new(&runs, RESAMPLES);
    let critical_batch_size = known.map(|fit| critical(fit, resamples.as_ref()));
    let tuned = cells.iter().zip(&points).filter(|(_, point)| point.1.is_finite());
    let tuned = tuned.map(|(cell, _)| (cell.batch_size as f64, &cell.targets[target].tuning));
    let rates: Vec<(f64, f64)> = tuned.clone().map(|(batch, tuning)| (batch, tuning.learning_rate)).collect();
    let of_grid = tuned.filter(|(_, tuning)| tuning.interval_of_vertex().is_none()).count();
    // Rates of the grid, no vertices, are known no better than a step of it.
    let resolution = step_of_grid * (of_grid as f64 / rates.len().max(1) as f64).sqrt();
    let rate_exponent = rate_exponent(&rates, resolution, CONFIDENCE).map(Estimate::from);
    let rates = if rates.len() < LEAST_POINTS { vec![] } else { fit_rate_curves(&rates).unwrap_or_default() };
    let fastest = known.zip(line).and_then(|(fit, line)| {
        fastest_batch_size(fit.curve.critical_batch_size(), line.per_step.value.0, line.per_sample.value.0)
    });
    let seconds = |cell: &&CellReport| cell.targets[target].seconds.map_or(f64::INFINITY, |s| s.median.0);
    let measured = cells.iter().filter(|cell| seconds(cell).is_finite());
    let measured = measured.min_by(|a, b| seconds(a).total_cmp(&seconds(b)));
    CurveReport {
        optimizer: optimizer.to_owned(),
        variant: variant.to_owned(),
        target,
        critical_extrapolated: critical_batch_size.is_some_and(|critical| {
            let reached = points.iter().filter(|point| point.1.is_finite()).map(|point| point.0);
            let (low, high) = reached.fold((f64::INFINITY, 0.0f64), |(low, high), b| (low.min(b), high.max(b)));
            !(low..=high).contains(&critical.value.0)
        }),
        missed: points.iter().filter(|point| !point.1.is_finite()).map(|point| point.0 as usize).collect(),
        critical_batch_size,
        steps: fits.into_iter().map(steps_fit).collect(),
        b20: b20(&points, resamples.as_ref()),
        rates: rates.into_iter().map(rates_fit).collect(),
        rate_exponent,
        fastest_batch_size: fastest.filter(|batch| batch.is_finite()),
        measured_fastest: measured.map(|cell| cell.batch_size),
    }
}

/// B_crit of the best curve, with an interval over all curves.
fn critical(fit: &BatchFit, resamples: Option<&BatchResamples>) -> Estimate {
    let value = fit.curve.critical_batch_size();
    let interval = resamples.and_then(|resamples| resamples.critical_batch_interval(CONFIDENCE));
    let (low, high) = interval.map_or((0.0, f64::INFINITY), |interval| (interval.low, interval.high));
    Estimate { value: Number(value), low: Number(low), high: Number(high) }
}

fn b20(points: &[(f64, f64)], resamples: Option<&BatchResamples>) -> Option<B20> {
    let BatchLimit { batch_size, open } = largest_batch_within(points, WASTE)?;
    let interval = resamples.and_then(|resamples| resamples.overhead_batch_interval(WASTE, CONFIDENCE));
    // The smallest of several noisy numbers of samples is too small, in resamples even more.
    let shown = if open { f64::INFINITY } else { batch_size };
    let interval = interval.map(|ends| [ends.low.min(batch_size), ends.high.max(shown)].map(Number));
    Some(B20 { batch_size, open, interval })
}

fn steps_fit(fit: BatchFit) -> StepsFit {
    StepsFit {
        critical_batch_size: fit.curve.critical_batch_size(),
        critical_unknown: fit.critical_unknown,
        aicc: Number(fit.aicc),
        root_mean_square: fit.root_mean_square(),
        curve: fit.curve.into(),
        missed: fit.missed,
        residuals: fit.residuals,
    }
}

fn rates_fit(fit: RateFit) -> RatesFit {
    RatesFit { curve: fit.curve.into(), aicc: Number(fit.aicc), residuals: fit.residuals }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::curve_report::{RatesCurve, StepsCurve};
    use crate::study::record::Outcome;
    use crate::study::result::{CellTarget, RunReport, Spread, TuningReport};
    use simdescent::Rule;
    use simdescent::random::{Purpose, Stream, StreamKey};
    use simdescent_measure::statistics::median;

    /// A cell whose runs take so many steps.
    fn cell(batch_size: usize, learning_rate: f64, steps: &[f64]) -> CellReport {
        let run = |steps: &f64| RunReport {
            digest: String::new(),
            key: String::new(),
            outcome: Outcome::Complete,
            steps: Some(*steps).filter(|steps| steps.is_finite()),
            samples: Some(steps * batch_size as f64),
        };
        let nothing = Number(0.0);
        let spread = Spread {
            median: Number(median(steps.to_vec())),
            low: nothing,
            high: nothing,
            lower_quartile: nothing,
            upper_quartile: nothing,
        };
        let tuning = TuningReport {
            rule: Rule::Sgd,
            learning_rate,
            vertex: None,
            at_border: false,
            widened: 0,
            trials: vec![],
            curve: vec![],
            good_rates: None,
            regret: 0.0,
        };
        let target = CellTarget {
            outcome: Outcome::Complete,
            tuning,
            success: Estimate { value: Number(1.0), low: nothing, high: nothing },
            steps: spread,
            samples: spread,
            seconds: None,
            expected_running_time: nothing,
            runs: steps.iter().map(run).collect(),
        };
        CellReport {
            convergence: String::new(),
            optimizer: "sgd".into(),
            variant: String::new(),
            batch_size,
            throughput: None,
            targets: vec![target],
        }
    }

    const BATCHES: [usize; 7] = [4, 16, 64, 256, 1024, 4096, 16384];

    /// A study whose steps are `of(B)`, with the luck of ten seeds, shared by all batch sizes as in a sweep and their own.
    fn study(seed: u64, of: impl Fn(f64) -> f64, rate: impl Fn(f64) -> f64) -> CurveReport {
        let mut stream = Stream::new(StreamKey::new(Purpose::Data, seed));
        let shared: Vec<f64> = (0..10).map(|_| 0.05 * stream.normal()).collect();
        let cells = BATCHES.map(|batch| {
            let b = batch as f64;
            let steps = shared.iter().map(|luck| of(b) * libm::exp(luck + 0.05 * stream.normal()));
            cell(batch, rate(b), &steps.collect::<Vec<_>>())
        });
        curves(&cells, &[], 1, 1.25).remove(0)
    }

    #[test]
    fn the_right_curve_wins_and_its_interval_holds_the_truth() {
        let (mut holds, mut wins) = (0, 0);
        for seed in 0..60 {
            let report = study(seed, |b| 100.0 + 30_000.0 / b, |b| 0.01 * b);
            wins += usize::from(matches!(report.steps[0].curve, StepsCurve::Hyperbola { .. }));
            let critical = report.critical_batch_size.unwrap();
            holds += usize::from(critical.low.0 <= 300.0 && 300.0 <= critical.high.0);
            assert!(report.steps.len() == 3 && report.steps.windows(2).all(|w| w[0].aicc.0 <= w[1].aicc.0));
            assert!((0.5..2.0).contains(&(critical.value.0 / 300.0)), "{critical:?}");
            // Without a model, a fifth of it.
            let b20 = report.b20.unwrap();
            assert!((20.0..150.0).contains(&b20.batch_size), "{b20:?}");
            let [low, high] = b20.interval.unwrap().map(|end| end.0);
            assert!(low <= b20.batch_size && b20.batch_size <= high, "{b20:?}");
            let RatesCurve::Power { exponent, .. } = report.rates[0].curve else { panic!("{:?}", report.rates[0]) };
            assert!((exponent - 1.0).abs() < 1e-6);
            assert_eq!(report.rate_exponent_text(), "1.00 [0.98, 1.02]", "known no better than a step of the grid");
        }
        assert!(wins >= 50 && holds >= 50, "{wins} and {holds} of 60");
    }

    #[test]
    fn other_truths_are_told_from_the_hyperbola() {
        let wasteful = study(1, |b| 1e5 / b * (1.0 + b / 500.0 + 40.0 / b), |b| b.sqrt());
        assert!(matches!(wasteful.steps[0].curve, StepsCurve::LeastData { .. }), "{:?}", wasteful.steps[0].curve);
        let power = study(2, |b| 50.0 + 1e4 / b.powf(0.6), |b| 0.1 / (1.0 + 100.0 / b));
        assert!(matches!(power.steps[0].curve, StepsCurve::Power { .. }), "{:?}", power.steps[0].curve);
        assert!(matches!(power.rates[0].curve, RatesCurve::Saturating { .. }), "{:?}", power.rates[0].curve);
        let exponent = power.rate_exponent.unwrap();
        assert!(exponent.low.0 < exponent.value.0 && exponent.value.0 < 1.0, "a line through what bends: {exponent:?}");
    }

    #[test]
    fn too_few_batch_sizes_say_nothing() {
        let misses = [f64::INFINITY; 3];
        let cells = [cell(8, 0.1, &[90.0, 100.0, 110.0]), cell(64, 0.1, &misses), cell(512, 0.1, &[12.0, 13.0, 14.0])];
        let report = &curves(&cells, &[], 1, 1.25)[0];
        assert!(report.steps.is_empty() && report.critical_batch_size.is_none() && report.rates.is_empty());
        assert!(report.fastest_batch_size.is_none() && report.measured_fastest.is_none());
    }
}
