//! The ranges of a schedule's numbers.

/// The message of the first condition that does not hold.
pub(super) fn require<const N: usize>(conditions: [(bool, &'static str); N]) -> Result<(), &'static str> {
    conditions.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, message)| Err(message))
}

/// The condition of every rate.
pub(super) fn is_rate(rate: f64) -> (bool, &'static str) {
    (positive(rate), "the rate has to be positive and finite")
}

pub(super) fn positive(x: f64) -> bool {
    x > 0.0 && x.is_finite()
}
