//! How much faster one program is than another, from times of several processes each.
//!
//! The process is the unit. Where code and data lie, and what else a machine does, is decided once for a process, so more rounds in one
//! process say nothing of the next. Times enter by their logarithms: what disturbs them multiplies.

use super::distribution::{student_t_cdf, student_t_quantile, upper};
use super::hypothesis::holm;
use super::interval::{Estimate, Interval};
use super::paired::mean_and_variance;

/// An estimated ratio of two times, by its logarithm. Above 1, what is asked about is faster than the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpeedUp {
    /// ln(time of the other/own time).
    pub log: f64,
    /// Of `log`.
    pub standard_error: f64,
    /// Of Student's t; they need not be whole.
    pub degrees: f64,
}

/// What may be said of a [`SpeedUp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpeedVerdict {
    /// It takes less time.
    Faster,
    /// It takes more time.
    Slower,
    /// It takes the same time but for the margin, whichever way.
    Equivalent,
    /// It takes at most the margin more time, and perhaps less.
    NotSlower,
    /// The times vary too much to say any of these.
    Inconclusive,
}

impl SpeedUp {
    /// Of pairs (own time, time of the other) that were taken in the same process: the mean of the logarithms of their ratios.
    ///
    /// `None` with fewer than two pairs and with a time that is not positive and finite.
    #[must_use]
    pub fn of_pairs(pairs: &[(f64, f64)]) -> Option<Self> {
        let logs: Vec<f64> = pairs.iter().map(|(own, other)| libm::log(other / own)).collect();
        let (mean, variance) = usable(&logs)?;
        let n = logs.len() as f64;
        Some(Self { log: mean, standard_error: (variance / n).sqrt(), degrees: n - 1.0 })
    }

    /// Of times from processes that have nothing to do with each other, such as those of two machines: the difference of the means of the
    /// logarithms, whose variances need not be equal (Welch 1947).
    ///
    /// `None` with fewer than two times on either side and with one that is not positive and finite.
    #[must_use]
    pub fn between(own: &[f64], other: &[f64]) -> Option<Self> {
        let side = |times: &[f64]| {
            let logs: Vec<f64> = times.iter().map(|time| libm::log(*time)).collect();
            let (mean, variance) = usable(&logs)?;
            Some((mean, variance / logs.len() as f64, logs.len() as f64 - 1.0))
        };
        let ((own, v, f), (other, w, g)) = (side(own)?, side(other)?);
        let degrees = if v + w > 0.0 { (v + w) * (v + w) / (v * v / f + w * w / g) } else { f + g };
        Some(Self { log: other - own, standard_error: (v + w).sqrt(), degrees })
    }

    /// The ratio with its t interval.
    ///
    /// # Panics
    ///
    /// If `confidence` is not between 0 and 1.
    #[must_use]
    pub fn ratio(&self, confidence: f64) -> Estimate {
        let half = student_t_quantile(upper(confidence), self.degrees) * self.standard_error;
        Estimate { value: libm::exp(self.log), interval: Interval::around(self.log, half).exponential() }
    }

    /// P(t ≥ what was seen) if the true logarithm is `log`.
    fn chance_above(&self, log: f64) -> f64 {
        let distance = self.log - log;
        if self.standard_error > 0.0 {
            student_t_cdf(-distance / self.standard_error, self.degrees)
        } else if distance == 0.0 {
            0.5
        } else {
            f64::from(distance < 0.0)
        }
    }
}

fn usable(logs: &[f64]) -> Option<(f64, f64)> {
    if logs.iter().all(|log| log.is_finite()) { mean_and_variance(logs) } else { None }
}

/// A verdict on each of a family of speed-ups, such that all of one kind are right with probability `confidence`.
///
/// Three claims are tested, each with Holm's correction over the family: "equivalent" by two one-sided t tests against 1/(1 + `margin`)
/// and 1 + `margin` (Schuirmann 1987), "faster" or "slower" by the two-sided t test against 1, and "not slower" by the one-sided test
/// against 1/(1 + `margin`). The first that holds, in this order, is the verdict: a difference that is certain but below the margin is
/// none that matters.
///
/// # Panics
///
/// If `confidence` is not between 0 and 1 or `margin` is not positive.
#[must_use]
pub fn speed_verdicts(family: &[SpeedUp], margin: f64, confidence: f64) -> Vec<SpeedVerdict> {
    assert!(margin > 0.0, "a margin is positive, not {margin}");
    let level = 2.0 * (1.0 - upper(confidence));
    let margin = libm::log1p(margin);
    let claim = |p: &dyn Fn(&SpeedUp) -> f64| {
        let p: Vec<f64> = family.iter().map(p).collect();
        holm(&p).unwrap_or_else(|| vec![1.0; p.len()])
    };
    let at_least = |s: &SpeedUp| s.chance_above(-margin);
    let at_most = |s: &SpeedUp| 1.0 - s.chance_above(margin);
    let equivalent = claim(&|s| at_least(s).max(at_most(s)));
    let different = claim(&|s| (2.0 * s.chance_above(0.0).min(1.0 - s.chance_above(0.0))).min(1.0));
    let not_slower = claim(&at_least);
    let verdict = |(i, s): (usize, &SpeedUp)| match () {
        () if equivalent[i] <= level => SpeedVerdict::Equivalent,
        () if different[i] <= level && s.log > 0.0 => SpeedVerdict::Faster,
        () if different[i] <= level => SpeedVerdict::Slower,
        () if not_slower[i] <= level => SpeedVerdict::NotSlower,
        () => SpeedVerdict::Inconclusive,
    };
    family.iter().enumerate().map(verdict).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-12 * b.abs().max(1.0), "{a} is not {b}");
    }

    /// By hand: logarithms of the ratios 0.1, 0.2, 0.3, mean 0.2, standard error 0.1/√3; t(p, 2) = (2p − 1)·√(2/(4p(1 − p))).
    #[test]
    fn pairs_by_hand() {
        let pairs = [0.1, 0.2, 0.3].map(|log: f64| (1.0, log.exp()));
        let speed_up = SpeedUp::of_pairs(&pairs).unwrap();
        close(speed_up.log, 0.2);
        close(speed_up.standard_error, 0.1 / 3f64.sqrt());
        let ratio = speed_up.ratio(0.95);
        close(ratio.value, 0.2f64.exp());
        close(ratio.interval.low.ln(), 0.2 - 0.95 * (2.0 / 0.0975f64).sqrt() * 0.1 / 3f64.sqrt());
        assert_eq!(SpeedUp::of_pairs(&pairs[..1]), None);
        assert_eq!(SpeedUp::of_pairs(&[(1.0, 1.0), (0.0, 1.0)]), None);
    }

    /// By hand, from Welch's formulas: logarithms 1, 2, 3 (variance of the mean 1/3) and 2, 4, 6, 8 (20/3/4 = 5/3); difference 3,
    /// standard error √2, degrees 4/(1/18 + 25/27) = 216/53. `scipy.stats.ttest_ind(x, y, equal_var=False)`: t = −2.1213, df = 4.0755.
    #[test]
    fn sides_by_hand() {
        let own = [1f64, 2.0, 3.0].map(f64::exp);
        let other = [2f64, 4.0, 6.0, 8.0].map(f64::exp);
        let speed_up = SpeedUp::between(&own, &other).unwrap();
        close(speed_up.log, 3.0);
        close(speed_up.standard_error, 2f64.sqrt());
        close(speed_up.degrees, 216.0 / 53.0);
        assert_eq!(SpeedUp::between(&own, &[1.0]), None);
        let same = SpeedUp::between(&[2.0, 2.0], &[2.0, 2.0]).unwrap();
        assert_eq!((same.log, same.standard_error, same.degrees), (0.0, 0.0, 2.0));
    }

    #[test]
    fn each_verdict() {
        let of = |ratio: f64, error: f64| SpeedUp { log: ratio.ln(), standard_error: error, degrees: 4.0 };
        let one = |speed_up| speed_verdicts(&[speed_up], 0.03, 0.95)[0];
        assert_eq!(one(of(1.2, 0.01)), SpeedVerdict::Faster);
        assert_eq!(one(of(0.8, 0.01)), SpeedVerdict::Slower);
        assert_eq!(one(of(1.002, 0.005)), SpeedVerdict::Equivalent);
        assert_eq!(one(of(1.01, 0.001)), SpeedVerdict::Equivalent, "a certain difference that does not matter");
        assert_eq!(one(of(1.03, 0.02)), SpeedVerdict::NotSlower);
        assert_eq!(one(of(1.0, 0.2)), SpeedVerdict::Inconclusive);
        assert_eq!(one(of(1.0, 0.0)), SpeedVerdict::Equivalent);
        assert_eq!(one(of(0.5, 0.0)), SpeedVerdict::Slower);
    }

    #[test]
    fn many_comparisons_need_stronger_evidence() {
        let weak = SpeedUp { log: 0.2, standard_error: 0.06, degrees: 4.0 };
        let nothing = SpeedUp { log: 0.0, standard_error: 0.2, degrees: 4.0 };
        assert_eq!(speed_verdicts(&[weak], 0.03, 0.95), [SpeedVerdict::Faster]);
        let family = [[weak].as_slice(), &[nothing; 20]].concat();
        assert_eq!(speed_verdicts(&family, 0.03, 0.95)[0], SpeedVerdict::Inconclusive);
        assert_eq!(speed_verdicts(&[], 0.03, 0.95), []);
    }

    /// By simulation: of 4000 runs of five processes the control (no difference, 99 %) warns in about 1 %, and intervals of 95 % hold a
    /// ratio of 1.1. `examples/speed_coverage.rs` does this with rounds and disturbances.
    #[test]
    fn intervals_hold_the_truth_and_the_control_rarely_warns_of_nothing() {
        let mut normal = super::super::distribution::normals(5);
        let (mut warned, mut held) = (0, 0);
        for _ in 0..4000 {
            let mut pairs = |log: f64| -> Vec<(f64, f64)> {
                let pair = |machine: f64, normal: &mut dyn FnMut() -> f64| {
                    ((machine + 0.01 * normal()).exp(), (machine + log + 0.01 * normal()).exp())
                };
                (0..5).map(|_| pair(0.1 * normal(), &mut normal)).collect()
            };
            let control = SpeedUp::of_pairs(&pairs(0.0)).unwrap().ratio(0.99);
            warned += u32::from(!control.interval.contains(1.0));
            let contest = SpeedUp::of_pairs(&pairs(1.1f64.ln())).unwrap().ratio(0.95);
            held += u32::from(contest.interval.contains(1.1));
        }
        // Three standard deviations of the count on either side.
        assert!((20..=60).contains(&warned), "{warned} of 4000 warned, 40 are expected");
        assert!((3758..=3842).contains(&held), "{held} of 4000 held, 3800 are expected");
    }
}
