//! The median of more numbers than fit into memory.

use std::collections::BTreeMap;

/// Numbers that are seen twice: the first time, their leading 16 bits are counted, which says in which of these buckets the middle
/// lies; the second time, the numbers in it. Memory grows with how many different ones there are, to at most 3 · 2¹⁶ counts.
#[derive(Default)]
pub(super) struct Median {
    buckets: BTreeMap<u32, u64>,
    /// The keys of numbers in the buckets of the middle, how often each was seen.
    middle: BTreeMap<u32, u64>,
    /// The buckets of the middle, once they are known.
    wanted: Option<[Option<u32>; 2]>,
}

impl Median {
    pub(super) fn see(&mut self, x: f32) {
        *self.buckets.entry(key(x) >> 16).or_default() += 1;
    }

    /// The second time, after all were seen once.
    pub(super) fn see_again(&mut self, x: f32) {
        let buckets = &self.buckets;
        let bucket = |rank| at(buckets, rank).map(|(bucket, _)| bucket);
        let wanted = self.wanted.get_or_insert_with(|| ranks(buckets).map(bucket));
        let key = key(x);
        if wanted.contains(&Some(key >> 16)) {
            *self.middle.entry(key).or_default() += 1;
        }
    }

    /// The middle number; of an even number of them the mean of the middle two. `None` if they were not the same both times.
    pub(super) fn value(&self) -> Option<f32> {
        let at_rank = |rank| {
            let (bucket, before) = at(&self.buckets, rank)?;
            let within = self.middle.range(bucket << 16..=bucket << 16 | 0xffff).map(|(&key, &count)| (key, count));
            find(within, rank - before).map(|(key, _)| f64::from(number(key)))
        };
        let [low, high] = ranks(&self.buckets).map(at_rank);
        Some(((low? + high?) / 2.0) as f32)
    }
}

/// The places of the middle numbers in ascending order, from 0.
fn ranks(buckets: &BTreeMap<u32, u64>) -> [u64; 2] {
    let n: u64 = buckets.values().sum();
    [n.saturating_sub(1) / 2, n / 2]
}

/// The bucket of a place, and how many numbers are in those before it.
fn at(buckets: &BTreeMap<u32, u64>, rank: u64) -> Option<(u32, u64)> {
    find(buckets.iter().map(|(&bucket, &count)| (bucket, count)), rank)
}

/// Of counted items in order, the one at a place, and how many come before it.
fn find(counted: impl Iterator<Item = (u32, u64)>, rank: u64) -> Option<(u32, u64)> {
    let mut before = 0;
    for (item, count) in counted {
        if rank - before < count {
            return Some((item, before));
        }
        before += count;
    }
    None
}

/// Ascends with the number, −0 before 0.
fn key(x: f32) -> u32 {
    let bits = x.to_bits();
    if x.is_sign_negative() { !bits } else { bits ^ 1 << 31 }
}

/// The number of a key.
fn number(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 0 { !key } else { key ^ 1 << 31 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream, StreamKey};

    #[test]
    fn the_median_is_that_of_the_sorted_numbers() {
        let mut stream = Stream::new(StreamKey::new(Purpose::Data, 1));
        for n in 1..200 {
            let spread = [1e-3, 1.0, 1e30][n % 3];
            let mut numbers: Vec<f32> = (0..n).map(|_| (spread * stream.normal()) as f32).collect();
            numbers.extend([-0.0, 0.0, 1e-40, f32::MIN, f32::MAX].iter().take(n % 6));
            let mut median = Median::default();
            numbers.iter().for_each(|&x| median.see(x));
            assert_eq!(median.value(), None, "seen once");
            numbers.iter().for_each(|&x| median.see_again(x));
            numbers.sort_unstable_by(f32::total_cmp);
            let [low, high] = [(numbers.len() - 1) / 2, numbers.len() / 2].map(|i| f64::from(numbers[i]));
            let want = ((low + high) / 2.0) as f32;
            assert_eq!(median.value().map(f32::to_bits), Some(want.to_bits()), "{n}");
        }
        assert_eq!(Median::default().value(), None);
    }
}
