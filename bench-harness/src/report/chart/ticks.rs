//! Where an axis is labeled, and with what.

use super::series::Axis;
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use std::ops::Range;

/// An axis for plotters, once its places are known.
pub(super) struct Places {
    pub(super) range: Range<f64>,
    pub(super) ticks: Vec<f64>,
}

impl Ranged for Places {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, place: &f64, (from, to): (i32, i32)) -> i32 {
        let share = (place - self.range.start) / (self.range.end - self.range.start);
        from + (share * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { vec![] } else { self.ticks.clone() }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

/// Between two labels, in the units of a chart.
const ROOM: f64 = 92.0;

impl Axis {
    /// Places of the labels of a range, none too near to the next.
    pub(super) fn ticks(&self, range: &Range<f64>, size: u32) -> Vec<f64> {
        let places: Vec<f64> = match &self.ticks {
            Some(values) => values.iter().map(|&value| self.place(value)).collect(),
            None if self.log => log_ticks(range),
            None => linear_ticks(range),
        };
        let unit = f64::from(size) / (range.end - range.start);
        let mut last = f64::NEG_INFINITY;
        let far_enough = |place: &f64| {
            let far = self.names.is_some() || (place - last) * unit >= ROOM;
            last = if far { *place } else { last };
            far
        };
        places.into_iter().filter(|place| range.contains(place)).filter(far_enough).collect()
    }

    /// The label of a place.
    pub(super) fn tick(&self, place: f64) -> String {
        if let (Some(ticks), Some(names)) = (&self.ticks, &self.names) {
            let at = ticks.iter().position(|&tick| (self.place(tick) - place).abs() < 1e-9);
            return at.and_then(|at| names.get(at).cloned()).unwrap_or_default();
        }
        let value = if self.log { libm::pow(10.0, place) } else { place };
        if self.seconds { time(value) } else { label(value) }
    }
}

/// Powers of ten, with numbers between them where there are few.
fn log_ticks(range: &Range<f64>) -> Vec<f64> {
    let exponents = (range.start.floor() as i32)..=(range.end.ceil() as i32);
    let decades = range.end - range.start;
    let steps: &[f64] = if decades > 4.0 {
        &[1.0]
    } else if decades > 1.5 {
        &[1.0, 3.0]
    } else {
        &[1.0, 1.5, 2.0, 3.0, 5.0, 7.0]
    };
    let all = exponents.flat_map(|exponent| steps.iter().map(move |step| libm::log10(*step) + f64::from(exponent)));
    let mut all: Vec<f64> = all.filter(|tick| range.contains(tick)).collect();
    if all.len() < 2 {
        // Less than the steps tell apart.
        let (low, high) = (libm::pow(10.0, range.start), libm::pow(10.0, range.end));
        all = linear_ticks(&(low..high)).into_iter().map(libm::log10).filter(|t| t.is_finite()).collect();
    }
    all
}

/// Multiples of 1, 2 or 5 times a power of ten, at most seven.
fn linear_ticks(range: &Range<f64>) -> Vec<f64> {
    let least = (range.end - range.start) / 7.0;
    let power = libm::pow(10.0, libm::log10(least).floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|step| step * power).into_iter().find(|step| *step >= least);
    let step = step.unwrap_or(10.0 * power);
    let (first, last) = ((range.start / step).ceil() as i64, (range.end / step).floor() as i64);
    (first..=last).map(|multiple| multiple as f64 * step).collect()
}

/// Seconds at an axis.
fn time(seconds: f64) -> String {
    match seconds.abs() {
        s if s < 1e-12 => "0".into(),
        s if s < 0.9995e-6 => short(seconds * 1e9) + " ns",
        s if s < 0.9995e-3 => short(seconds * 1e6) + " µs",
        s if s < 0.9995 => short(seconds * 1e3) + " ms",
        _ => label(seconds) + " s",
    }
}

/// A number at an axis.
fn label(x: f64) -> String {
    match x.abs() {
        m if m < 1e-12 => "0".into(),
        m if m >= 9.995e8 => short(x / 1e9) + "G",
        m if m >= 9.995e5 => short(x / 1e6) + "M",
        m if m >= 9.995e3 => short(x / 1e3) + "k",
        m if m >= 0.9995e-3 => short(x),
        _ => {
            let text = format!("{x:.1e}");
            text.replace(".0e", "e")
        }
    }
}

/// Three significant digits at most, without trailing zeros.
fn short(x: f64) -> String {
    let digits = (2 - libm::log10(x.abs()).floor() as i32).clamp(0, 6) as usize;
    let text = format!("{x:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_short_and_ticks_are_round() {
        let labels = [0.0, 0.001, 0.03, 1.5, 1024.0, 30_000.0, 2e6, 3e9, 1e-5, -0.25].map(label);
        assert_eq!(labels, ["0", "0.001", "0.03", "1.5", "1024", "30k", "2M", "3G", "1e-5", "-0.25"]);
        let times = [3e-9, 1e-6, 3e-4, 0.001, 0.3, 1.0, 30.0].map(time);
        assert_eq!(times, ["3 ns", "1 µs", "300 µs", "1 ms", "300 ms", "1 s", "30 s"]);
        assert_eq!(linear_ticks(&(0.0..1.0)), [0.0, 0.2, 0.4, 0.6000000000000001, 0.8, 1.0]);
        let log = |low: f64, high: f64| {
            let ticks = log_ticks(&(low.log10()..high.log10()));
            ticks.into_iter().map(|t| label(10f64.powf(t))).collect::<Vec<_>>()
        };
        assert_eq!(log(0.5, 200.0), ["1", "3", "10", "30", "100"]);
        assert_eq!(log(0.5, 6.0), ["0.5", "0.7", "1", "1.5", "2", "3", "5"]);
        assert!(log(0.311, 0.324).len() > 2);
    }

    #[test]
    fn labels_keep_apart() {
        let axis = Axis { ticks: Some((1..200).map(f64::from).collect()), ..Axis::default() };
        let ticks = axis.ticks(&(0.0..201.0), 1440);
        assert!(ticks.len() > 10 && ticks.windows(2).all(|w| (w[1] - w[0]) * 1440.0 / 201.0 >= ROOM), "{ticks:?}");
    }
}
