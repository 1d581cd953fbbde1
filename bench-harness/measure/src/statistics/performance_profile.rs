//! How often a competitor is within a factor of the best, over workloads.

/// One competitor's ratios to the best, over workloads.
#[derive(Clone, Debug, PartialEq)]
pub struct PerformanceProfile {
    /// The ratio on each workload, +∞ where the competitor missed.
    pub ratios: Vec<f64>,
}

/// The profile of each competitor (Dolan and Moré 2002); `times[w][c]` is what competitor c needed on workload w, +∞ for a miss.
///
/// The ratio on a workload is to the best competitor there. Where all miss, nobody is the best and all ratios are +∞: the workload
/// still counts. `None` without workloads or competitors, if rows differ in length, and with a value that is NaN or not positive.
#[must_use]
pub fn performance_profiles(times: &[Vec<f64>]) -> Option<Vec<PerformanceProfile>> {
    let competitors = times.first()?.len();
    let fine = |row: &Vec<f64>| row.len() == competitors && row.iter().all(|&time| time > 0.0);
    if competitors == 0 || !times.iter().all(fine) {
        return None;
    }
    let best = |row: &Vec<f64>| row.iter().copied().fold(f64::INFINITY, f64::min);
    let ratio = |row: &Vec<f64>, c: usize| if row[c].is_finite() { row[c] / best(row) } else { f64::INFINITY };
    let profile = |c| PerformanceProfile { ratios: times.iter().map(|row| ratio(row, c)).collect() };
    Some((0..competitors).map(profile).collect())
}

impl PerformanceProfile {
    /// ρ(r): the share of the workloads on which the ratio to the best is at most `r`.
    #[must_use]
    pub fn share_within(&self, r: f64) -> f64 {
        self.ratios.iter().filter(|&&ratio| ratio <= r).count() as f64 / self.ratios.len() as f64
    }

    /// The mean of ρ from 1 to `r_max`, ∫ρ(r) dr/(r_max − 1): 1 is best everywhere, 0 is never within `r_max`. AlgoPerf (Dahl et al.
    /// 2023) takes r_max = 4. NaN unless `r_max` is above 1 and finite.
    #[must_use]
    pub fn score(&self, r_max: f64) -> f64 {
        if !(r_max > 1.0 && r_max.is_finite()) {
            return f64::NAN;
        }
        let area: f64 = self.ratios.iter().map(|ratio| (r_max - ratio).max(0.0)).sum();
        area / (self.ratios.len() as f64 * (r_max - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MISS: f64 = f64::INFINITY;

    #[test]
    fn a_profile_and_its_score() {
        // By hand: ratios of the first 1, 2, 1, 5, of the second 1.5, 1, ∞, 1; ∫ to 4 of the first: (3 + 2 + 3 + 0)/4 of 3.
        let profiles =
            performance_profiles(&[vec![10.0, 15.0], vec![8.0, 4.0], vec![7.0, MISS], vec![50.0, 10.0]]).unwrap();
        assert_eq!(profiles[0].ratios, [1.0, 2.0, 1.0, 5.0]);
        assert_eq!(profiles[1].ratios, [1.5, 1.0, MISS, 1.0]);
        assert_eq!([1.0, 2.0, 4.9, 5.0].map(|r| profiles[0].share_within(r)), [0.5, 0.75, 0.75, 1.0]);
        assert_eq!(profiles[1].share_within(1e9), 0.75);
        assert_eq!(profiles[0].score(4.0), 8.0 / 12.0);
        assert_eq!(profiles[1].score(4.0), 8.5 / 12.0);
        assert!(profiles[0].score(1.0).is_nan() && profiles[0].score(MISS).is_nan());
    }

    #[test]
    fn a_workload_that_nobody_solves_counts_against_all() {
        let profiles = performance_profiles(&[vec![MISS, MISS], vec![1.0, 2.0]]).unwrap();
        assert_eq!(profiles[0].score(4.0), 0.5);
        assert_eq!(profiles[1].score(4.0), 1.0 / 3.0);
    }

    #[test]
    fn nothing_is_said_of_nothing() {
        for times in [&[][..], &[vec![]], &[vec![1.0, 2.0], vec![1.0]], &[vec![1.0, f64::NAN]], &[vec![0.0]]] {
            assert_eq!(performance_profiles(times), None, "{times:?}");
        }
    }
}
