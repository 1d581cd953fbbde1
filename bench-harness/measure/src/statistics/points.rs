//! Points (x, y) on logarithmic axes; y may be +∞ for a miss.

/// Whether every x is positive and finite, and every y is positive.
pub(super) fn are_positive(points: &[(f64, f64)]) -> bool {
    points.iter().all(|&(x, y)| x > 0.0 && x.is_finite() && y > 0.0)
}

/// In ascending order of x.
pub(super) fn sorted(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    sorted
}

/// The x at which the line from `inside` to `outside`, log–log, has y = `limit`; that of `inside` if `outside` missed.
pub(super) fn crossing(inside: (f64, f64), outside: (f64, f64), limit: f64) -> f64 {
    if outside.1.is_infinite() {
        return inside.0;
    }
    let part = libm::log(limit / inside.1) / libm::log(outside.1 / inside.1);
    inside.0 * libm::exp(part * libm::log(outside.0 / inside.0))
}

/// Points of a curve to fit.
pub(super) struct LogPoints {
    /// (ln x, ln y).
    pub(super) logs: Vec<(f64, f64)>,
    /// The smallest ln x.
    pub(super) low: f64,
    /// The largest ln x.
    pub(super) high: f64,
}

/// `None` unless there are two different x.
pub(super) fn log_points(points: &[(f64, f64)]) -> Option<LogPoints> {
    let logs: Vec<(f64, f64)> = points.iter().map(|&(x, y)| (libm::log(x), libm::log(y))).collect();
    let (low, high) = range(&logs.iter().map(|log| log.0).collect::<Vec<_>>())?;
    Some(LogPoints { logs, low, high })
}

/// The smallest and the largest value; `None` unless they differ.
pub(super) fn range(values: &[f64]) -> Option<(f64, f64)> {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (low < high).then_some((low, high))
}
