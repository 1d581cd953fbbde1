//! What a search for a learning rate found, as text and as a picture.

use super::chart::{Axis, Chart, Point, Series, file};
use super::format_number::{digits, format_number};
use crate::training::rate_search::RateSearchReport;
use anyhow::Result;
use simdescent::{LearningRateFinder, RateSearch, RateTrials, UnknownRate};

/// A line each; every number says what it is.
pub(crate) fn lines(report: &RateSearchReport) -> Vec<String> {
    let RateSearchReport { workload, model, optimizer, batch_size, training_steps, finder, result, .. } = report;
    let steps = finder.steps;
    let mut lines = vec![
        format!("{workload}: {model}, {optimizer}, batch {batch_size}"),
        format!(
            "validation loss after {steps} steps with a constant rate; {} before the first",
            format_number(result.initial_loss)
        ),
        format!("{:>14}  loss", "rate"),
    ];
    lines.extend(result.trials.iter().filter(|trials| trials.steps == steps).map(|trials| {
        let loss = trials.mean().map_or_else(|| "diverged".into(), format_number);
        let of = trials.losses.len();
        let which = if of > 1 { format!("   (mean of {of})") } else { String::new() };
        format!("{:>14}  {loss}{which}", digits(trials.rate, 4))
    }));
    if let Some(rate) = result.too_high {
        lines.push(format!(
            "too high        rates from {} on: no loss below that before the first step",
            digits(rate, 4)
        ));
    }
    if let Some(why) = result.unknown {
        lines.push(format!("suggested rate  not known: {}", explain(why, *finder)));
    }
    if let Some(suggestion) = result.suggestion {
        let [rate, lowest, highest] = [suggestion.rate, suggestion.lowest, suggestion.highest].map(|x| digits(x, 4));
        let flat = if suggestion.is_sharp() { "" } else { "; the loss hardly depends on the rate" };
        lines.push(format!("as good         rates from {lowest} to {highest}{flat}"));
        lines.push(format!("suggested rate  {rate}   loss {}", format_number(suggestion.loss)));
    }
    if steps < *training_steps {
        lines.push(format!(
            "a training has {training_steps} steps, for which a lower rate may be better: --steps {training_steps} takes {} times as long",
            digits(*training_steps as f64 / steps as f64, 2)
        ));
    }
    lines
}

/// Why there is no rate, and what to do.
fn explain(why: UnknownRate, finder: LearningRateFinder) -> String {
    let [from, to] = [finder.from, finder.to].map(|rate| digits(rate, 4));
    match why {
        UnknownRate::LowerLimit => {
            format!("the loss does not rise towards {from}, the lowest rate tried: take a lower --from")
        }
        UnknownRate::UpperLimit => {
            format!("the loss does not rise towards {to}, the highest rate tried: take a higher --to")
        }
        UnknownRate::NoGain => "no training lowers the loss: take more --steps, or another model".into(),
        UnknownRate::TooHigh => {
            format!(
                "no training ends below the loss before it, even at {from}: take a lower --from, or scale the inputs"
            )
        }
    }
}

/// The loss over the rate, a curve for each number of steps, as an SVG. Losses well above that before training are left out.
pub(crate) fn svg(report: &RateSearchReport) -> Result<String> {
    let RateSearch { initial_loss, suggestion, trials, .. } = &report.result;
    let lowest = trials.iter().filter_map(RateTrials::mean).fold(*initial_loss, f64::min);
    let highest = initial_loss + 0.1 * (initial_loss - lowest);
    let lengths: Vec<_> = trials.chunk_by(|a, b| a.steps == b.steps).collect();
    let series = lengths.into_iter().enumerate().map(|(number, trials)| {
        let losses = trials.iter().filter_map(|trials| Some((trials.rate, trials.mean()?)));
        let line: Vec<(f64, f64)> = losses.filter(|(_, loss)| *loss <= highest).collect();
        let text = |x: f64, y: f64| format!("rate {}: loss {}", digits(x, 4), format_number(y));
        let points = line.iter().map(|&(x, y)| Point { x, y, interval: None, text: text(x, y) }).collect();
        let name = Some(format!("{} steps", trials[0].steps));
        Series { number, name, line, points, ..Series::default() }
    });
    file(&[Chart {
        title: format!("learning rates: {}", report.workload),
        description: "Validation loss over the learning rate, a curve for each number of steps.".into(),
        x: Axis::log("learning rate"),
        y: Axis::linear("validation loss"),
        series: series.collect(),
        upright: suggestion.map(|suggestion| (suggestion.rate, "suggested".into())),
        ..Chart::default()
    }])
}
