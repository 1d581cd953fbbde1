//! The canonical K blocks: the only blocking that decides bits.

/// Longest K block. Measured: 1024 is 2–3 % faster for k ≥ 1000 on one thread; 512 is more accurate, leaves the
/// weights of a 784-wide layer two blocks for two threads, and costs nothing below.
const MAX: usize = 512;

/// Length of the K blocks of a product with `k` steps (the last may be shorter): the fewest blocks of at most 512, of
/// equal length, rounded up to a multiple of 8. A function of `k` alone, because it decides the bits of the result.
///
/// ```
/// use simdescent_kernels::gemm::k_block;
/// assert_eq!((k_block(512), k_block(513), k_block(784)), (512, 264, 392));
/// ```
#[inline]
pub fn k_block(k: usize) -> usize {
    let blocks = k.div_ceil(MAX).max(1);
    k.div_ceil(blocks).next_multiple_of(8).max(8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_few_balanced_and_never_longer_than_the_limit() {
        for k in 1..5000 {
            let block = k_block(k);
            assert!(block <= MAX && block.is_multiple_of(8), "{k}: {block}");
            assert_eq!(k.div_ceil(block), k.div_ceil(MAX), "{k}: {block}");
        }
    }
}
