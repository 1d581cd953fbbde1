//! How a product is cut. Only the K blocks decide bits.

use core::ops::Range;

/// Longest K block. Measured: 1024 is 2–3 % faster for k ≥ 1000 on one thread; 512 is more accurate.
const MAX: usize = 512;

/// Length of the K blocks of a product with `k` steps (the last may be shorter): one block below 512 steps; from there on
/// the fewest of at most 512, but at least two, of equal length, rounded up to a multiple of 8. A function of `k` alone,
/// because it decides the bits of the result. (Two, so that two threads can each keep a half of a layer's weights in their
/// L2 for forward, backward and update.)
///
/// ```
/// use simdescent_kernels::gemm::k_block;
/// assert_eq!((k_block(511), k_block(512), k_block(784), k_block(2048)), (512, 256, 392, 512));
/// ```
#[inline]
pub fn k_block(k: usize) -> usize {
    if k < MAX {
        return k.next_multiple_of(8).max(8);
    }
    k.div_ceil(k.div_ceil(MAX).max(2)).next_multiple_of(8)
}

/// `total` items in the fewest parts of at most `most`, equal but for one item; larger parts first.
#[derive(Clone, Copy, Debug)]
pub(super) struct Balanced {
    /// Number of parts.
    pub(super) parts: usize,
    base: usize,
    extra: usize,
}

impl Balanced {
    #[inline(always)]
    pub(super) fn of_at_most(most: usize, total: usize) -> Self {
        if total <= most {
            return Self { parts: total.min(1), base: total, extra: 0 };
        }
        Self::new(total.div_ceil(most), total)
    }
    #[inline(always)]
    pub(super) fn new(parts: usize, total: usize) -> Self {
        Self { parts, base: total / parts.max(1), extra: total % parts.max(1) }
    }
    /// The items of part `i`.
    #[inline(always)]
    pub(super) fn part(self, i: usize) -> Range<usize> {
        let first = i * self.base + i.min(self.extra);
        first..first + self.base + usize::from(i < self.extra)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_few_balanced_and_never_longer_than_the_limit() {
        for k in 1..5000 {
            let block = k_block(k);
            assert!(block <= MAX && block.is_multiple_of(8), "{k}: {block}");
            let fewest = if k == MAX { 2 } else { k.div_ceil(MAX) };
            assert_eq!(k.div_ceil(block), fewest, "{k}: {block}");
        }
    }

    #[test]
    fn balanced_parts_cover_everything_once() {
        for total in 0..100 {
            for most in 1..12 {
                let split = Balanced::of_at_most(most, total);
                let mut next = 0;
                for i in 0..split.parts {
                    let part = split.part(i);
                    let fair = part.len() <= most && part.len() + 1 >= split.part(0).len();
                    assert!(part.start == next && fair, "{total} by {most}");
                    next = part.end;
                }
                assert_eq!(next, total);
            }
        }
    }
}
