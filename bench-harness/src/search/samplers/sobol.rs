//! A scrambled Sobol sequence: evenly spread points.

/// Most points a sequence has.
pub(crate) const LONGEST: u64 = 1 << 16;

/// Most coordinates a point has.
pub(crate) const DIMENSIONS: usize = sobol_burley::NUM_DIMENSIONS as usize;

/// Point `index` of the Sobol sequence with Owen scrambling (Burley 2020), the same for every search of this seed and this many
/// dimensions.
pub(crate) fn point(dimensions: usize, index: u64, seed: u64) -> Vec<f64> {
    let seed = (seed ^ (seed >> 32)) as u32;
    (0..dimensions).map(|d| f64::from(sobol_burley::sample(index as u32, d as u32, seed))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A (0, m, 2)-net in base 2: of 16 points one lies in each box of 2⁻ᵃ × 2ᵃ⁻⁴; and the bits stay.
    #[test]
    fn points_are_evenly_spread_and_golden() {
        let points: Vec<_> = (0..16).map(|i| point(2, i, 7)).collect();
        for a in 0..5 {
            let (columns, rows) = (f64::from(1 << a), f64::from(1 << (4 - a)));
            let mut boxes: Vec<_> = points.iter().map(|p| ((p[0] * columns) as u32, (p[1] * rows) as u32)).collect();
            boxes.sort_unstable();
            boxes.dedup();
            assert_eq!(boxes.len(), 16, "{a}");
        }
        assert_ne!(point(2, 0, 7), point(2, 0, 8));
        assert_eq!(point(3, 5, 7)[..2], point(2, 5, 7));
        assert_eq!(
            point(3, 5, 7).iter().map(|u| (u * f64::from(1 << 24)) as u32).collect::<Vec<_>>(),
            [9_382_282, 1_366_714, 11_938_502]
        );
    }
}
