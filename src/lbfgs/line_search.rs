//! Line search for the strong Wolfe conditions (Nocedal & Wright 2006, algorithms 3.5 and 3.6).

/// Decrease: φ(α) ≤ φ(0) + c₁·α·φ′(0).
const C1: f64 = 1e-4;
/// Curvature: |φ′(α)| ≤ c₂·|φ′(0)|.
const C2: f64 = 0.9;
/// Evaluations before it gives up.
const LIMIT: usize = 30;

/// A step length with the value and the slope there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    pub(super) step: f64,
    pub(super) value: f64,
    pub(super) slope: f64,
}

/// What tells a good step from a bad one.
struct Search {
    start: Point,
    noise: f64,
}

impl Search {
    /// Enough decrease. Where the values differ by less than their rounding errors, the slope tells instead (the approximate Wolfe
    /// condition of Hager & Zhang 2005).
    fn decreases(&self, at: Point) -> bool {
        at.value <= self.start.value + C1 * at.step * self.start.slope
            || ((at.value - self.start.value).abs() <= self.noise && at.slope <= (2.0 * C1 - 1.0) * self.start.slope)
    }
    fn flat(&self, at: Point) -> bool {
        at.slope.abs() <= -C2 * self.start.slope
    }
}

/// A step near `first` that fulfils the strong Wolfe conditions for `phi`, whose value and slope at 0 are those of `start` (slope
/// negative) and whose values are uncertain by `noise`; `None` if there is none to be found. The last call of `phi` was
/// for the step returned.
pub(super) fn strong_wolfe(
    start: Point,
    first: f64,
    noise: f64,
    mut phi: impl FnMut(f64) -> (f64, f64),
) -> Option<Point> {
    let search = Search { start, noise };
    let (mut low, mut step) = (start, first);
    let mut evaluations = 0;
    // Bracket: lengthen the step until it is good, or there is a good one between `low` and `high`.
    let mut high = loop {
        let (value, slope) = phi(step);
        let at = Point { step, value, slope };
        evaluations += 1;
        if !value.is_finite() || !slope.is_finite() {
            // Outside the domain: back towards what is known.
            step = low.step + 0.1 * (step - low.step);
            if evaluations >= LIMIT {
                return None;
            }
            continue;
        }
        if !search.decreases(at) || (evaluations > 1 && at.value > low.value + noise) {
            break at;
        }
        if search.flat(at) {
            return Some(at);
        }
        if slope >= 0.0 {
            let high = low;
            low = at;
            break high;
        }
        if evaluations >= LIMIT {
            return None;
        }
        low = at;
        step *= 4.0;
    };
    // Zoom: `low` is the best so far, and its slope points to `high`.
    while evaluations < LIMIT {
        let step = between(low, high);
        if step == low.step || step == high.step {
            return None;
        }
        let (value, slope) = phi(step);
        let at = Point { step, value, slope };
        evaluations += 1;
        if !search.decreases(at) || at.value > low.value + noise || !slope.is_finite() {
            high = at;
            continue;
        }
        if search.flat(at) {
            return Some(at);
        }
        if slope * (high.step - low.step) >= 0.0 {
            high = low;
        }
        low = at;
    }
    None
}

/// The minimum of the cubic through both points, kept a tenth of their distance away from them; the middle where there is none.
fn between(a: Point, b: Point) -> f64 {
    let width = b.step - a.step;
    let middle = a.step + 0.5 * width;
    let d1 = a.slope + b.slope - 3.0 * (b.value - a.value) / width;
    let root = (d1 * d1 - a.slope * b.slope).sqrt() * width.signum();
    let cubic = b.step - width * (b.slope + root - d1) / (b.slope - a.slope + 2.0 * root);
    let (low, high) = (a.step.min(b.step) + 0.1 * width.abs(), a.step.max(b.step) - 0.1 * width.abs());
    if cubic.is_finite() { cubic.clamp(low, high) } else { middle }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The functions of Moré & Thuente 1994 that are smooth, a quadratic and one with an end of its domain.
    #[test]
    fn steps_fulfil_the_conditions() {
        type Phi = fn(f64) -> (f64, f64);
        let functions: [(&str, Phi); 4] = [
            ("Moré–Thuente 1", |a| (-a / (a * a + 2.0), (a * a - 2.0) / (a * a + 2.0).powi(2))),
            ("Moré–Thuente 2", |a| {
                let x = a + 0.004;
                (x.powi(5) - 2.0 * x.powi(4), 5.0 * x.powi(4) - 8.0 * x.powi(3))
            }),
            ("quadratic", |a| (0.5 * (a - 3.0) * (a - 3.0), a - 3.0)),
            ("logarithm", |a| (-2.0 * a - (1.0 - a).ln(), -2.0 + 1.0 / (1.0 - a))),
        ];
        for (name, phi) in functions {
            let (value, slope) = phi(0.0);
            let start = Point { step: 0.0, value, slope };
            for first in [1e-3, 0.1, 1.0, 10.0, 1000.0] {
                let mut last = 0.0;
                let found = strong_wolfe(start, first, 0.0, |a| {
                    last = a;
                    phi(a)
                });
                let at = found.unwrap_or_else(|| panic!("{name} from {first}"));
                assert_eq!(at.step, last, "{name} from {first}");
                assert_eq!((at.value, at.slope), phi(at.step));
                assert!(at.value <= value + C1 * at.step * slope, "{name} from {first}: {at:?}");
                assert!(at.slope.abs() <= C2 * slope.abs(), "{name} from {first}: {at:?}");
            }
        }
    }

    #[test]
    fn what_has_no_minimum_ends() {
        let start = Point { step: 0.0, value: 0.0, slope: -1.0 };
        assert_eq!(strong_wolfe(start, 1.0, 0.0, |a| (-a, -1.0)), None);
        assert_eq!(strong_wolfe(start, 1.0, 0.0, |_| (f64::NAN, 0.0)), None);
        assert_eq!(strong_wolfe(start, 1.0, 0.0, |a| (a, -1.0)), None, "a wrong gradient");
    }
}
