//! How large a batch may be from here on: runs that share a beginning and part with different batches.

use super::bootstrap::{Draw, nested_bootstrap};
use super::interval::Interval;
use super::overhead::BatchLimit;

/// A batch size, and what each seed gains with it over one and the same number of samples, as the fall of the logarithm of the gap to the
/// lowest loss; −∞ for a run that diverged. The same seed has the same place at all batch sizes.
pub type Gains = (f64, Vec<f64>);

/// What each batch gains, on the average over seeds, as a share of what the first gains: the pace that it keeps. `None` if the first
/// gains nothing, without seeds, or with a NaN. Of lists of unequal length, the seeds that all have count.
#[must_use]
pub fn paces(branches: &[Gains]) -> Option<Vec<f64>> {
    paces_of(branches, &(0..seeds(branches)?).collect::<Vec<_>>())
}

fn seeds(branches: &[Gains]) -> Option<usize> {
    branches.iter().map(|(_, gains)| gains.len()).min()
}

fn paces_of(branches: &[Gains], seeds: &[usize]) -> Option<Vec<f64>> {
    let mean = |(_, gains): &Gains| seeds.iter().map(|&i| gains[i]).sum::<f64>() / seeds.len() as f64;
    let base = mean(branches.first()?);
    if base.is_nan() || base <= 0.0 {
        return None;
    }
    let paces: Vec<f64> = branches.iter().map(|branch| mean(branch) / base).collect();
    (!paces.iter().any(|pace| pace.is_nan())).then_some(paces)
}

/// The largest batch that keeps at least the pace `least`, as all smaller ones do: the critical batch size at this point of the training
/// (branches of one run: Merrill et al. 2025, *Critical Batch Size Revisited*). Between the last that keeps it and the first that does
/// not, the pace is taken as a line over the logarithm of the batch size; if that one diverged, it is the last that keeps it.
///
/// The first of `branches` is the base, the others follow in ascending order of their batch sizes. `None` where [`paces`] is.
#[must_use]
pub fn largest_batch_in_pace(branches: &[Gains], least: f64) -> Option<BatchLimit> {
    limit(branches, &paces(branches)?, least)
}

fn limit(branches: &[Gains], paces: &[f64], least: f64) -> Option<BatchLimit> {
    let Some(behind) = paces.iter().position(|pace| *pace < least) else {
        return Some(BatchLimit { batch_size: branches.last()?.0, open: true });
    };
    let last = behind.checked_sub(1)?;
    let [(low, _), (high, _)] = [&branches[last], &branches[behind]];
    let part = (paces[last] - least) / (paces[last] - paces[behind]);
    Some(BatchLimit { batch_size: low * libm::exp(part * libm::log(high / low)), open: false })
}

/// The interval of [`largest_batch_in_pace`] over resamples of the seeds, the same for all branches, by
/// [`expanded_percentile`](super::Bootstrap::expanded_percentile). Its upper end is infinite if the largest batch tried keeps the pace in so
/// many of them. `None` with less than two seeds, where there is no such batch, or where the first batch gains nothing in more than 5 % of the
/// resamples, which then say nothing.
///
/// # Panics
///
/// If `confidence` is not between 0 and 1.
#[must_use]
pub fn batch_in_pace_interval(branches: &[Gains], least: f64, resamples: usize, confidence: f64) -> Option<Interval> {
    let seeds = seeds(branches).filter(|seeds| *seeds > 1)?;
    let statistic = |draws: &[Draw]| {
        let paces = paces_of(branches, &draws.first().expect("one trial").seeds);
        let limit = paces.and_then(|paces| limit(branches, &paces, least));
        limit.map_or(f64::NAN, |limit| if limit.open { f64::INFINITY } else { limit.batch_size })
    };
    let bootstrap = nested_bootstrap(&[seeds], resamples, 1, statistic)?;
    if bootstrap.undefined * 20 > resamples {
        return None;
    }
    bootstrap.expanded_percentile(confidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::distribution::normals;

    const DIVERGED: f64 = f64::NEG_INFINITY;

    #[test]
    fn the_largest_batch_in_pace_by_hand() {
        let branches = [(8.0, vec![2.0, 1.0]), (16.0, vec![1.8, 1.2]), (32.0, vec![1.5, 1.2]), (64.0, vec![1.0, 0.8])];
        // Means 1.5, 1.5, 1.35, 0.9: shares 1, 1, 0.9, 0.6.
        let shares = paces(&branches).unwrap();
        assert!(shares.iter().zip([1.0, 1.0, 0.9, 0.6]).all(|(pace, hand)| (pace - hand).abs() < 1e-12), "{shares:?}");
        let limit = largest_batch_in_pace(&branches, 0.8).unwrap();
        // A third of the way from 0.9 to 0.6, so a third of the octave.
        assert!((limit.batch_size - 32.0 * libm::cbrt(2.0)).abs() < 1e-9 && !limit.open, "{limit:?}");
        assert_eq!(largest_batch_in_pace(&branches[..3], 0.8), Some(BatchLimit { batch_size: 32.0, open: true }));
        let diverges = [branches[0].clone(), (16.0, vec![1.5, DIVERGED]), (32.0, vec![1.5, 1.5])];
        let limit = largest_batch_in_pace(&diverges, 0.8);
        assert_eq!(limit, Some(BatchLimit { batch_size: 8.0, open: false }), "a larger one does not count");
        assert_eq!(paces(&[(8.0, vec![-1.0, 0.5])]), None, "a base that gains nothing");
        assert_eq!(paces(&[]), None);
        assert_eq!(batch_in_pace_interval(&[(8.0, vec![1.0])], 0.8, 10, 0.95), None, "one seed");
        let uneven = [(8.0, vec![2.0, 1.0]), (16.0, vec![1.0])];
        assert_eq!(paces(&uneven), Some(vec![1.0, 0.5]), "of the first seed");
        let hardly = [(8.0, vec![1.0, -0.95, 0.02]), (16.0, vec![1.0, -0.95, 0.02])];
        assert!(largest_batch_in_pace(&hardly, 0.8).is_some());
        assert_eq!(batch_in_pace_interval(&hardly, 0.8, 400, 0.95), None, "resamples without progress");
    }

    /// Where the gap falls by 1/(10 B + 2000) for each sample, a fifth more samples are needed at 1.2·(10·8 + 2000) = 10 B + 2000.
    #[test]
    fn intervals_hold_the_truth() {
        let gain = |batch: f64| 2000.0 / (10.0 * batch + 2000.0);
        let truth = (1.2 * 2080.0 - 2000.0) / 10.0;
        let mut normal = normals(5);
        let held = (0..100).filter(|_| {
            let luck: Vec<f64> = (0..7).map(|_| 0.05 * normal()).collect();
            let mut gains = |batch: f64| luck.iter().map(|luck| gain(batch) + luck + 0.05 * normal()).collect();
            let branches: Vec<Gains> = (3..10).map(|i| f64::from(1 << i)).map(|batch| (batch, gains(batch))).collect();
            batch_in_pace_interval(&branches, 1.0 / 1.2, 200, 0.95).unwrap().contains(truth)
        });
        let held = held.count();
        // Of 100 with probability 0.95 fewer than 89 are one in a hundred.
        assert!(held >= 89, "{held} of 100");
    }
}
