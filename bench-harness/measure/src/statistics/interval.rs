//! Estimates and their intervals.

/// A closed range of values; an end may be infinite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// All numbers: nothing is known.
    pub const ALL: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };

    /// From `value − half` to `value + half`.
    pub(super) fn around(value: f64, half: f64) -> Self {
        Self { low: value - half, high: value + half }
    }

    /// e to the power of both ends.
    pub(super) fn exponential(self) -> Self {
        Self { low: libm::exp(self.low), high: libm::exp(self.high) }
    }

    /// Whether `value` lies in it; a NaN does not.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}

/// A value with the interval that says how well it is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The value.
    pub value: f64,
    /// Its interval.
    pub interval: Interval,
}

/// The interval of x/y by Fieller (1954): all ρ with (x − ρy)² ≤ t²·Var(x − ρy), where `t` is the quantile for the confidence wanted.
///
/// `covariance` is (Var x, Cov(x, y), Var y). Where y is not told from 0 the set is not bounded, and the interval is [`Interval::ALL`].
pub(super) fn fieller(x: f64, y: f64, covariance: (f64, f64, f64), t: f64) -> Interval {
    let (xx, xy, yy) = covariance;
    let (a, b, c) = (y * y - t * t * yy, x * y - t * t * xy, x * x - t * t * xx);
    let root = (b * b - a * c).max(0.0).sqrt();
    if a > 0.0 && root.is_finite() { Interval { low: (b - root) / a, high: (b + root) / a } } else { Interval::ALL }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fieller_solves_its_quadratic_equation() {
        // By hand: (10 − 2ρ)² = 4(1 + ρ²/25) is 96 − 40ρ + 3.84ρ² = 0, so ρ = (40 ± √125.44)/7.68 = (40 ± 11.2)/7.68.
        let interval = fieller(10.0, 2.0, (1.0, 0.0, 0.04), 2.0);
        assert!((interval.low - 3.75).abs() < 1e-14 && (interval.high - 20.0 / 3.0).abs() < 1e-14, "{interval:?}");
        assert_eq!(fieller(10.0, 2.0, (1.0, 0.0, 1.0), 2.0), Interval::ALL, "y may be 0");
    }

    #[test]
    fn ends_belong_to_an_interval_and_nan_does_not() {
        let interval = Interval { low: 1.0, high: f64::INFINITY };
        assert!(interval.contains(1.0) && interval.contains(f64::INFINITY));
        assert!(!interval.contains(0.9) && !Interval::ALL.contains(f64::NAN));
    }
}
