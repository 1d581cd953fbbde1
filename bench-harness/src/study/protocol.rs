//! The numbers of the measuring protocol that no study changes. PROTOCOL.md says it in words.

/// Version of the protocol; records and reports of different versions are not comparable.
pub(crate) const VERSION: u32 = 2;

/// A loss this many times the initial one counts as divergence, like one that is not finite.
pub(crate) const DIVERGED: f64 = 100.0;

/// The loss is looked at each time the number of samples seen has grown by this factor.
pub(super) const EVALUATION_RATIO: f64 = 1.05;

/// The number of samples seen at which to evaluate next: at least one more, and a fixed factor more.
pub(crate) fn next_evaluation(seen: u64) -> u64 {
    ((seen as f64 * EVALUATION_RATIO).ceil() as u64).max(seen + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn evaluations_are_dense_and_geometric() {
        let mut seen = vec![0];
        while *seen.last().unwrap() < 100_000 {
            seen.push(next_evaluation(*seen.last().unwrap()));
        }
        assert_eq!(seen[..4], [0, 1, 2, 3]);
        assert!(seen.windows(2).skip(20).all(|w| w[1] as f64 <= 1.05 * w[0] as f64 + 1.0));
    }
}
