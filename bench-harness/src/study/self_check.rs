//! Whether this program's runs follow the formulas that are known for them: part of every report.
//!
//! Noisy quadratic and least squares are trained by SGD and momentum from fixed seeds, by the trainer and the optimizers that a sweep
//! measures. Equal versions give equal numbers on every machine, so a check that fails says that something is computed wrongly.

mod closed_form;

use crate::problem::embedded::noisy_quadratic;
use anyhow::{Context, Result};
use closed_form::{LeastSquares, heavy_ball, heavy_ball_limit, noise_scale, sgd};
use serde::{Deserialize, Serialize};
use simdescent::kernels::Exec;
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{LearningRate, Linear, Loss, Model, NoisyQuadratic, Rule, Sampling, Settings, Trainer, synthetic};
use simdescent_measure::statistics::student_t_quantile;
use std::ops::Range;

/// Measurements beside their closed forms.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct SelfCheck {
    pub(crate) checks: Vec<Check>,
}

/// One quantity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Check {
    /// What is compared, for people.
    pub(crate) name: String,
    /// The mean over seeds.
    pub(crate) measured: f64,
    /// The ends of its interval.
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// What the formula says.
    pub(crate) expected: f64,
    /// Whether the interval has it.
    pub(crate) ok: bool,
}

impl SelfCheck {
    /// Whether everything is as the formulas say. If not, the report says so, and a sweep ends with
    /// `Exit::Mismatch` (exit code 1).
    pub(crate) fn ok(&self) -> bool {
        self.checks.iter().all(|check| check.ok)
    }
}

impl Check {
    fn new(name: String, measured: f64, (low, high): (f64, f64), expected: f64) -> Self {
        Self { name, measured, low, high, expected, ok: low <= expected && expected <= high }
    }

    /// Of (measured, expected) by seed: what is expected may depend on where a seed starts, so the interval is that of the mean
    /// difference.
    fn of_pairs(name: String, pairs: &[(f64, f64)]) -> Self {
        let measured = mean(pairs.iter().map(|pair| pair.0));
        let expected = mean(pairs.iter().map(|pair| pair.1));
        let (difference, half) = mean_with_half_width(pairs.iter().map(|(m, e)| m - e));
        let (low, high) = (expected + difference - half, expected + difference + half);
        Self::new(name, measured, (low, high), expected)
    }
}

/// Of each interval: among ten checks one in a hundred would fail by chance.
const CONFIDENCE: f64 = 0.999;
const SEED: u64 = 1;
/// Few dimensions, so that no coordinate takes long to forget its start.
const DIMENSIONS: usize = 8;
const SIGMA: f64 = 0.5;
const MOMENTUM: f64 = 0.9;

/// Runs the checks, which takes less than two seconds of one thread.
pub(crate) fn self_check(exec: Exec<'_>) -> Result<SelfCheck> {
    checks(exec, |settings| settings)
}

/// The checks of runs whose settings were changed so, in order to see that they notice.
fn checks(exec: Exec<'_>, change: impl Fn(Settings) -> Settings) -> Result<SelfCheck> {
    let mut checks = noisy_quadratic_checks(exec, &change)?;
    checks.extend(least_squares_checks(exec, &change)?);
    Ok(SelfCheck { checks })
}

/// E[x²] of a curvature and x² at the start.
type Moment<'a> = &'a dyn Fn(f64, f64) -> f64;

fn noisy_quadratic_checks(exec: Exec<'_>, change: &impl Fn(Settings) -> Settings) -> Result<Vec<Check>> {
    let problem = noisy_quadratic(DIMENSIONS, SIGMA, &mut Stream::new(StreamKey::new(Purpose::Data, SEED)))?;
    let spectrum: Vec<f64> = (1..=DIMENSIONS).map(|i| 1.0 / i as f64).collect();
    let noise = |h: f64, batch: usize| SIGMA * SIGMA * h / batch as f64;
    let loss = |x: &[f32]| -> f64 { spectrum.iter().zip(x).map(|(h, &x)| 0.5 * h * f64::from(x) * f64::from(x)).sum() };
    let expected = |start: &[f32], moment: Moment<'_>| -> f64 {
        spectrum.iter().zip(start).map(|(h, &x)| 0.5 * h * moment(*h, f64::from(x) * f64::from(x))).sum()
    };
    let trainer = |rule: Rule, rate: f64, batch_size: usize, trial: u64| {
        let settings = change(Settings {
            loss: Loss::Absolute,
            rule,
            learning_rate: LearningRate::Constant { rate },
            batch_size,
            sampling: Sampling::WithReplacement,
            trial,
            seed: SEED,
            ..Settings::default()
        });
        let key = StreamKey { trial, ..StreamKey::new(Purpose::Weights, SEED) };
        let model = NoisyQuadratic::new(DIMENSIONS, &mut Stream::new(key));
        Trainer::new(exec, model, &problem.training, settings)
    };
    let momentum = Rule::MOMENTUM.with("momentum", MOMENTUM).context("momentum has its number")?;
    let mut checks = vec![];

    // Early on the loss is that of the start, later that of the noise.
    for (rule, rate, steps) in [(Rule::Sgd, 0.5, 12), (momentum, 0.1, 40)] {
        let m = if rule == Rule::Sgd { 0.0 } else { MOMENTUM };
        let mut pairs = vec![];
        for trial in 0..256 {
            let mut trainer = trainer(rule, rate, 64, trial)?;
            let start = trainer.model().parameters().to_vec();
            (0..steps).for_each(|_| _ = trainer.step());
            let moment = |h: f64, start| heavy_ball(h, rate, m, noise(h, 64), start, steps);
            pairs.push((loss(trainer.model().parameters()), expected(&start, &moment)));
        }
        checks.push(Check::of_pairs(format!("noisy quadratic, {}: loss after {steps} steps", rule.name()), &pairs));
    }

    for batch_size in [1, 16, 256] {
        checks.push(steps_to_target(batch_size, 0.1, &noise, &expected, &loss, &trainer)?);
    }

    for (rule, rate) in [(Rule::Sgd, 0.5), (momentum, 0.1)] {
        let m = if rule == Rule::Sgd { 0.0 } else { MOMENTUM };
        let limit: f64 = spectrum.iter().map(|h| 0.5 * h * heavy_ball_limit(*h, rate, m, noise(*h, 1))).sum();
        let mut pairs = vec![];
        for trial in 0..16 {
            let mut trainer = trainer(rule, rate, 1, trial)?;
            (0..400).for_each(|_| _ = trainer.step());
            let losses = (0..8000).map(|_| {
                trainer.step();
                loss(trainer.model().parameters())
            });
            pairs.push((mean(losses), limit));
        }
        checks.push(Check::of_pairs(format!("noisy quadratic, {}: stationary loss", rule.name()), &pairs));
    }

    // By pairs of batches: the smaller has more noise by the ratio of their sizes.
    let (small, large, rate) = (1usize, 64usize, 1e-2);
    let start = NoisyQuadratic::new(DIMENSIONS, &mut Stream::new(StreamKey::new(Purpose::Weights, SEED)));
    let square = |batch_size: usize, trial: u64| -> Result<f64> {
        let mut trainer = trainer(Rule::Sgd, rate, batch_size, trial)?;
        trainer.model_mut().parameters_mut().copy_from_slice(start.parameters());
        trainer.step();
        let moved = trainer.model().parameters().iter().zip(start.parameters());
        Ok(moved.map(|(after, before)| (f64::from(before - after) / rate).powi(2)).sum())
    };
    let (b, l) = (small as f64, large as f64);
    let mut traces = vec![];
    for trial in 0..5000 {
        let (small, large) = (square(small, trial)?, square(large, trial)?);
        traces.push(((small - large) / (1.0 / b - 1.0 / l), (l * large - b * small) / (l - b)));
    }
    // The ratio of the means; its error by the differences from it.
    let (trace, gradient) = (mean(traces.iter().map(|t| t.0)), mean(traces.iter().map(|t| t.1)));
    let ratio = trace / gradient;
    let (_, half) = mean_with_half_width(traces.iter().map(|(trace, square)| (trace - ratio * square) / gradient));
    let x: Vec<f64> = start.parameters().iter().map(|&x| f64::from(x)).collect();
    let name = "noisy quadratic: gradient noise scale at the start".into();
    checks.push(Check::new(name, ratio, (ratio - half, ratio + half), noise_scale(&spectrum, SIGMA, &x)));
    Ok(checks)
}

/// The first step at which the mean loss over seeds is below a tenth of the start's mean.
fn steps_to_target<'d>(
    batch_size: usize,
    rate: f64,
    noise: &dyn Fn(f64, usize) -> f64,
    expected: &dyn Fn(&[f32], Moment<'_>) -> f64,
    loss: &dyn Fn(&[f32]) -> f64,
    trainer: &dyn Fn(Rule, f64, usize, u64) -> Result<Trainer<'d, NoisyQuadratic>, simdescent::ConfigError>,
) -> Result<Check> {
    let mut trainers =
        (0..64).map(|trial| trainer(Rule::Sgd, rate, batch_size, trial)).collect::<Result<Vec<_>, _>>()?;
    let starts: Vec<Vec<f32>> = trainers.iter().map(|trainer| trainer.model().parameters().to_vec()).collect();
    let target = 0.1 * mean(starts.iter().map(|start| loss(start)));
    let after = |steps: u64| {
        let moment = |h: f64, start| sgd(h, rate, noise(h, batch_size), start, steps);
        mean(starts.iter().map(|start| expected(start, &moment)))
    };
    let most = 1000;
    let wanted = (1..=most).find(|&steps| after(steps) <= target).context("a target that is reached")?;
    // The curve of the mean, and of the ends of its interval: where these cross the target the interval of the steps ends.
    let (mut measured, mut low, mut high) = (None, None, None);
    for steps in 1..=most {
        let losses: Vec<f64> = trainers
            .iter_mut()
            .map(|trainer| {
                trainer.step();
                loss(trainer.model().parameters())
            })
            .collect();
        // Against what is expected of the same starts.
        let mean = mean(losses.iter().copied());
        let moment = |h: f64, start| sgd(h, rate, noise(h, batch_size), start, steps);
        let differences = losses.iter().zip(&starts).map(|(loss, start)| loss - expected(start, &moment));
        let (_, half) = mean_with_half_width(differences);
        for (crossing, level) in [(&mut low, mean - half), (&mut measured, mean), (&mut high, mean + half)] {
            if crossing.is_none() && level <= target {
                *crossing = Some(steps as f64);
            }
        }
        if high.is_some() {
            break;
        }
    }
    let infinite = |steps: Option<f64>| steps.unwrap_or(f64::INFINITY);
    let name = format!("noisy quadratic, sgd, batch {batch_size}: steps to a tenth of the loss");
    Ok(Check::new(name, infinite(measured), (infinite(low), infinite(high)), wanted as f64))
}

fn least_squares_checks(exec: Exec<'_>, change: &impl Fn(Settings) -> Settings) -> Result<Vec<Check>> {
    let spectrum: Vec<f64> = (1..=DIMENSIONS).map(|i| 1.0 / i as f64).collect();
    let rate = 0.1;
    let formula = |batch_size: usize| LeastSquares {
        spectrum: &spectrum,
        learning_rate: rate,
        batch_size: batch_size as f64,
        sigma: 1.0,
    };
    // The mean excess loss after steps in a range, of one epoch: every batch is fresh.
    let excess = |seed: u64, batch_size: usize, range: Range<u64>| -> Result<(f64, Vec<f64>)> {
        let key = StreamKey { trial: seed, ..StreamKey::new(Purpose::Data, SEED) };
        let rows = range.end as usize * batch_size;
        let data = synthetic::power_law_regression(rows, DIMENSIONS, 1.0, &mut Stream::new(key));
        let mut stream = Stream::new(key);
        let truth: Vec<f64> = (0..DIMENSIONS).map(|_| stream.normal()).collect();
        let settings = change(Settings {
            loss: Loss::Squared,
            rule: Rule::Sgd,
            learning_rate: LearningRate::Constant { rate },
            batch_size,
            sampling: Sampling::FixedOrder,
            trial: seed,
            seed: SEED,
            ..Settings::default()
        });
        let mut trainer = Trainer::new(exec, Linear::new(DIMENSIONS, false), &data, settings)?;
        (0..range.start).for_each(|_| _ = trainer.step());
        let losses = range.map(|_| {
            trainer.step();
            let error = trainer.model().parameters().iter().zip(&truth).zip(&spectrum);
            error.map(|((&w, truth), l)| l * (f64::from(w) - truth) * (f64::from(w) - truth)).sum()
        });
        Ok((mean(losses), truth))
    };
    let (early, large, small) = (24, 64, 4);
    let (mut transient, mut stationary) = (vec![], vec![]);
    for seed in 0..64 {
        let (measured, truth) = excess(seed, large, early - 1..early)?;
        transient.push((measured, formula(large).excess(&truth, early)));
    }
    for seed in 0..48 {
        stationary.push((excess(seed, small, 400..1600)?.0, formula(small).limit()));
    }
    Ok(vec![
        Check::of_pairs(format!("least squares, sgd: excess loss after {early} steps"), &transient),
        Check::of_pairs("least squares, sgd: stationary excess loss".into(), &stationary),
    ])
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
    sum / n
}

/// The mean, and half the width of its interval by Student's t.
fn mean_with_half_width(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let values: Vec<f64> = values.collect();
    let n = values.len() as f64;
    let center = mean(values.iter().copied());
    let variance = values.iter().map(|value| (value - center) * (value - center)).sum::<f64>() / (n - 1.0);
    (center, student_t_quantile(0.5 + 0.5 * CONFIDENCE, n - 1.0) * (variance / n).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_follow_the_formulas_with_narrow_intervals() {
        let result = self_check(Exec::default()).unwrap();
        assert!(result.ok(), "{result:#?}");
        for check in &result.checks {
            let width = (check.high - check.low) / check.expected;
            assert!(width > 0.0 || check.name.contains("steps to"), "{check:?}");
            assert!(width < 0.2, "{check:?}");
        }
    }

    /// Optimizers with one wrong constant, each seen by a check of those that use it.
    #[test]
    fn a_wrong_constant_is_seen() {
        let rate_times = |factor: f64| {
            move |settings: Settings| {
                let LearningRate::Constant { rate } = settings.learning_rate else { panic!("constant") };
                Settings { learning_rate: LearningRate::Constant { rate: factor * rate }, ..settings }
            }
        };
        let momentum = |m: f64| {
            move |settings: Settings| Settings {
                rule: settings.rule.with("momentum", m).unwrap_or(settings.rule),
                ..settings
            }
        };
        let seen = |result: SelfCheck, what: &str| {
            let failed: Vec<String> =
                result.checks.iter().filter(|check| !check.ok).map(|check| check.name.clone()).collect();
            assert!(failed.iter().any(|name| name.contains(what)), "{what}: {failed:?} of {result:#?}");
        };
        seen(checks(Exec::default(), rate_times(1.02)).unwrap(), "sgd");
        seen(checks(Exec::default(), rate_times(0.98)).unwrap(), "sgd");
        seen(checks(Exec::default(), momentum(0.89)).unwrap(), "momentum");
        seen(checks(Exec::default(), momentum(0.91)).unwrap(), "momentum");
        let half_batch = |settings: Settings| Settings { batch_size: settings.batch_size.div_ceil(2), ..settings };
        seen(checks(Exec::default(), half_batch).unwrap(), "least squares");
        let nesterov = |settings: Settings| Settings {
            rule: if settings.rule == Rule::Sgd { Rule::Sgd } else { Rule::Nesterov { momentum: 0.9 } },
            ..settings
        };
        seen(checks(Exec::default(), nesterov).unwrap(), "momentum");
    }
}
