//! What a chart shows: axes, points, lines, marks.

use std::ops::Range;

/// Colors of the style sheet; a series beyond them has one again, with another symbol.
pub(crate) const COLORS: usize = 8;
/// The number of a line that belongs to nothing that can be switched off.
pub(crate) const GUIDE: usize = usize::MAX;

/// An axis.
#[derive(Clone, Default)]
pub(crate) struct Axis {
    pub(crate) label: String,
    /// Whether it is logarithmic: then values that are not positive are left out.
    pub(crate) log: bool,
    /// Whether its numbers are seconds, which are labeled as µs, ms, s.
    pub(crate) seconds: bool,
    /// Where it is labeled, if not at round numbers; and with what, if not with the number.
    pub(crate) ticks: Option<Vec<f64>>,
    pub(crate) names: Option<Vec<String>>,
}

impl Axis {
    pub(crate) fn log(label: &str) -> Self {
        Self { label: label.into(), log: true, ..Self::default() }
    }

    pub(crate) fn linear(label: &str) -> Self {
        Self { label: label.into(), ..Self::default() }
    }

    /// Where a value is between the ends of the axis, whatever these are.
    pub(super) fn place(&self, value: f64) -> f64 {
        if !self.log {
            value
        } else if value > 0.0 {
            libm::log10(value)
        } else {
            f64::NEG_INFINITY
        }
    }

    /// From the lowest to the highest place, with some room.
    pub(super) fn range(&self, values: impl Iterator<Item = f64>) -> Option<Range<f64>> {
        let places = values.map(|value| self.place(value)).filter(|place| place.is_finite());
        let (low, high) = places.fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if low > high {
            return None;
        }
        let flat = if self.log { 0.3 } else { low.abs().max(f64::MIN_POSITIVE) };
        let room = if high > low { 0.04 * (high - low) } else { flat };
        Some(low - room..high + room)
    }
}

/// Points and lines of one thing.
#[derive(Default)]
pub(crate) struct Series {
    /// Which thing: it decides color, symbol and switch.
    pub(crate) number: usize,
    /// In the legend of a file; none for what belongs to another series.
    pub(crate) name: Option<String>,
    pub(crate) points: Vec<Point>,
    pub(crate) line: Vec<(f64, f64)>,
    /// Shown where the line is pointed at.
    pub(crate) text: String,
    /// A line that is thinner: a fit beside its points.
    pub(crate) thin: bool,
    /// Lower and upper ends of a band.
    pub(crate) band: Vec<(f64, f64, f64)>,
    pub(crate) marks: Vec<Mark>,
}

/// A point with its interval.
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) interval: Option<(f64, f64)>,
    /// Shown where it is pointed at.
    pub(crate) text: String,
}

/// Something that is marked on a curve.
pub(crate) struct Mark {
    pub(crate) kind: MarkKind,
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// Of x.
    pub(crate) interval: Option<(f64, f64)>,
    pub(crate) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MarkKind {
    /// A ring.
    Ring,
    /// An arrow to what is beyond the chart.
    Beyond,
    /// A hollow square.
    Square,
    /// A cross at the upper end of the chart: what has no y.
    Missed,
}
