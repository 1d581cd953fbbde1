//! Who may be called the winner.

use super::interval::Estimate;

/// What may be said of who is best.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This one: its interval clears all others.
    Winner(usize),
    /// One of these, in the order of their estimates: the best, and all whose intervals touch or overlap its own.
    Ties(Vec<usize>),
    /// None of them has a finite estimate.
    Nobody,
}

impl Verdict {
    /// The indices named, the one with the best estimate first.
    #[must_use]
    pub fn named(&self) -> &[usize] {
        match self {
            Self::Winner(one) => std::slice::from_ref(one),
            Self::Ties(several) => several,
            Self::Nobody => &[],
        }
    }
}

/// Names the winner of `estimates`, lower being better, only if the upper end of its interval is below the lower end of every other;
/// otherwise the tie set.
///
/// Intervals of 95 % that clear each other are a stronger claim than a test at 5 % (Schenker and Gentleman 2001), which leaves room for
/// there being many competitors. With paired runs, give ratios to the leader (its own is 1, from 1 to 1): their intervals are narrower.
///
/// Estimates that are +∞ (missed) or NaN (not measured) never lead; they are in the tie set if their interval reaches down to the leader's.
#[must_use]
pub fn name_winner(estimates: &[Estimate]) -> Verdict {
    let mut order: Vec<usize> = (0..estimates.len()).collect();
    order.sort_by(|&i, &j| estimates[i].value.total_cmp(&estimates[j].value));
    let Some(&best) = order.iter().find(|&&i| estimates[i].value.is_finite()) else {
        return Verdict::Nobody;
    };
    let high = estimates[best].interval.high;
    order.retain(|&i| i == best || estimates[i].interval.low <= high);
    order.sort_by_key(|&i| i != best);
    if order.len() == 1 { Verdict::Winner(best) } else { Verdict::Ties(order) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::distribution::normals;
    use crate::statistics::{Interval, median_with_interval};

    fn verdict(cells: &[[f64; 3]]) -> Verdict {
        let estimate = |&[low, value, high]: &[f64; 3]| Estimate { value, interval: Interval { low, high } };
        name_winner(&cells.iter().map(estimate).collect::<Vec<_>>())
    }

    #[test]
    fn a_winner_clears_all_others() {
        assert_eq!(verdict(&[[20.0, 22.0, 25.0], [8.0, 9.0, 10.0], [11.0, 12.0, 13.0]]), Verdict::Winner(1));
        assert_eq!(verdict(&[[8.0, 9.0, 10.0]]), Verdict::Winner(0));
    }

    #[test]
    fn otherwise_all_that_may_be_best_are_named() {
        let cells = [[10.0, 12.0, 13.0], [8.0, 9.0, 10.0], [9.5, 30.0, 50.0], [11.0, 11.5, 12.0]];
        assert_eq!(
            verdict(&cells),
            Verdict::Ties(vec![1, 0, 2]),
            "0 touches, 2 is far but may be anywhere, 3 is cleared"
        );
    }

    /// Eight cells with ten repeats each: equal ones are told apart in less than one of twenty cases, one of half the steps always.
    #[test]
    fn a_winner_is_hardly_ever_luck() {
        let mut normal = normals(9);
        let mut named = |best: f64| {
            let mut cell = |middle: f64| {
                let steps: Vec<f64> = (0..10).map(|_| middle * libm::exp(0.15 * normal())).collect();
                median_with_interval(&steps, 0.95).unwrap()
            };
            let cells: Vec<_> = (0..8).map(|i| cell(if i == 3 { best } else { 100.0 })).collect();
            name_winner(&cells)
        };
        let lucky = (0..300).filter(|_| matches!(named(100.0), Verdict::Winner(_))).count();
        assert!(lucky < 15, "{lucky} of 300");
        assert!((0..300).filter(|_| named(50.0) == Verdict::Winner(3)).count() > 295);
    }

    #[test]
    fn misses_do_not_lead() {
        let (miss, nan) = (f64::INFINITY, f64::NAN);
        assert_eq!(verdict(&[[miss; 3], [1.0, 2.0, 3.0], [nan; 3], [-nan; 3]]), Verdict::Winner(1));
        assert_eq!(verdict(&[[2.5, miss, miss], [1.0, 2.0, 3.0]]), Verdict::Ties(vec![1, 0]));
        assert_eq!(verdict(&[[miss; 3], [nan; 3]]), Verdict::Nobody);
        assert_eq!(verdict(&[]), Verdict::Nobody);
        assert_eq!(Verdict::Nobody.named(), [0; 0]);
        assert_eq!(Verdict::Winner(3).named(), [3]);
    }
}
