//! Which rows of a file train, and which validate.

use super::room;
use anyhow::{Result, bail};
use simdescent::random::{Purpose, Stream, StreamKey};
use simdescent::{Dataset, Targets};

/// The rows of a file in random order, because files are often sorted: those for training, then a fifth for validation.
pub(crate) struct Split {
    order: Vec<u32>,
    training: usize,
}

impl Split {
    /// Divides so many rows. With labels, both parts have the same share of each class, as nearly as whole rows can, and at least a row
    /// of each that has two.
    pub(crate) fn new(rows: usize, labels: Option<&[u32]>, seed: u64) -> Result<Self> {
        if rows < 2 {
            bail!("data too small to split 80:20: {rows} rows");
        }
        let mut order: Vec<u32> = (0..u32::try_from(rows)?).collect();
        Stream::new(StreamKey::new(Purpose::Data, seed)).shuffle(&mut order);
        let validation = rows.div_ceil(5);
        let Some(labels) = labels else { return Ok(Self { order, training: rows - validation }) };

        let mut counts = vec![0; labels.iter().max().map_or(0, |&label| label as usize + 1)];
        labels.iter().for_each(|&label| counts[label as usize] += 1);
        let mut left = shares(&counts, validation);
        if left.iter().sum::<usize>() == 0 {
            // No class has two rows.
            return Ok(Self { order, training: rows - validation });
        }
        let mut validates = vec![false; rows];
        // From the end, so that the rows of a single class are divided as rows without classes are.
        for &row in order.iter().rev() {
            let left = &mut left[labels[row as usize] as usize];
            if *left > 0 {
                *left -= 1;
                validates[row as usize] = true;
            }
        }
        let (training, validation): (Vec<u32>, Vec<u32>) = order.iter().partition(|&&row| !validates[row as usize]);
        let count = training.len();
        Ok(Self { order: [training, validation].concat(), training: count })
    }

    /// The rows of a data set that it divides.
    pub(crate) fn of(data: &Dataset, stratified: bool, seed: u64) -> Result<Self> {
        let labels = match data.targets() {
            Targets::Labels { labels, .. } if stratified => Some(&labels[..]),
            _ => None,
        };
        Self::new(data.rows(), labels, seed)
    }

    /// The rows that train.
    pub(crate) fn training(&self) -> &[u32] {
        &self.order[..self.training]
    }

    /// Of each row of the file, whether it trains.
    pub(crate) fn is_training(&self) -> Vec<bool> {
        let mut is_training = vec![false; self.order.len()];
        self.training().iter().for_each(|&row| is_training[row as usize] = true);
        is_training
    }

    /// Training and validation set.
    pub(crate) fn apply(&self, data: &Dataset) -> Result<(Dataset, Dataset)> {
        room::for_copy(data)?;
        let shuffled = data.select(&self.order).renamed(format!("{} shuffled", data.name()));
        Ok(shuffled.split_at(self.training)?)
    }
}

/// How many rows of each class validate, so that they are `total` of all: the nearest to its share, at least one of two rows and never all;
/// a row at a time to (or from) the class that lacks (or exceeds) most.
fn shares(counts: &[usize], total: usize) -> Vec<usize> {
    let rows: usize = counts.iter().sum();
    let bounds: Vec<(usize, usize)> = counts.iter().map(|&n| (usize::from(n >= 2), n.saturating_sub(1))).collect();
    let exact = |class: usize| counts[class] as u128 * total as u128;
    let mut taken: Vec<usize> = (0..counts.len())
        .map(|class| ((exact(class) / rows as u128) as usize).clamp(bounds[class].0, bounds[class].1))
        .collect();
    let mut sum: usize = taken.iter().sum();
    let adds = sum < total;
    while sum != total && adds == (sum < total) {
        let may = |&class: &usize| if adds { taken[class] < bounds[class].1 } else { taken[class] > bounds[class].0 };
        let mut classes: Vec<usize> = (0..counts.len()).filter(may).collect();
        if classes.is_empty() {
            break;
        }
        let lack = |class: usize| exact(class) as i128 - taken[class] as i128 * rows as i128;
        classes.sort_by_key(|&class| if adds { -lack(class) } else { lack(class) });
        for class in classes.into_iter().take(sum.abs_diff(total)) {
            if adds {
                (taken[class], sum) = (taken[class] + 1, sum + 1);
            } else {
                (taken[class], sum) = (taken[class] - 1, sum - 1);
            }
        }
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_keeps_rows_and_targets_together() {
        let inputs: Vec<f32> = (0..50).map(|i| i as f32).collect();
        let targets = Targets::Values((0..25).map(|i| (2 * i) as f32).collect());
        let data = Dataset::new("x", inputs, 2, targets).unwrap();
        let (a, b) = Split::of(&data, true, 3).unwrap().apply(&data).unwrap();
        assert_eq!((a.rows(), b.rows()), (20, 5));
        let mut seen = vec![];
        for part in [&a, &b] {
            let Targets::Values(y) = part.targets() else { panic!("values") };
            (0..part.rows()).for_each(|i| assert_eq!(part.row(i), [y[i], y[i] + 1.0]));
            seen.extend_from_slice(y);
        }
        assert_ne!(seen, (0..25).map(|i| (2 * i) as f32).collect::<Vec<_>>());
        seen.sort_by(f32::total_cmp);
        assert_eq!(seen, (0..25).map(|i| (2 * i) as f32).collect::<Vec<_>>());
    }

    #[test]
    fn shares_are_whole_rows_of_every_class() {
        for (counts, total, wanted) in [
            (&[50, 50][..], 20, &[10, 10][..]),
            (&[58, 2], 12, &[11, 1]),
            (&[59, 1], 12, &[12, 0]),
            (&[30, 0, 30], 12, &[6, 0, 6]),
            (&[33, 33, 34], 20, &[7, 6, 7]),
            // A row of each of the rare ones is more than their share: the others give.
            (&[40, 2, 2, 2, 2, 2], 10, &[5, 1, 1, 1, 1, 1]),
            // More than a fifth, where each class has a row in both.
            (&[2, 2, 2], 2, &[1, 1, 1]),
            (&[1, 1, 1], 1, &[0, 0, 0]),
            (&[3], 1, &[1]),
        ] {
            assert_eq!(shares(counts, total), wanted, "{counts:?}");
        }
    }

    #[test]
    fn rare_classes_are_in_both_parts() {
        let labels: Vec<u32> = (0..100).map(|i| u32::from(i >= 98) + 2 * u32::from(i == 0)).collect();
        for seed in 0..50 {
            let split = Split::new(100, Some(&labels), seed).unwrap();
            let count = |rows: &[u32], label| rows.iter().filter(|&&row| labels[row as usize] == label).count();
            let (training, validation) = split.order.split_at(split.training);
            assert_eq!([0, 1, 2].map(|label| count(training, label)), [78, 1, 1], "{seed}");
            assert_eq!([0, 1, 2].map(|label| count(validation, label)), [19, 1, 0], "{seed}");
            let plain = Split::new(100, None, seed).unwrap();
            let one_class = Split::new(100, Some(&[0; 100]), seed).unwrap();
            assert_eq!((&plain.order, plain.training), (&one_class.order, one_class.training));
        }
        let all = Split::new(4, Some(&[0, 1, 2, 3]), 1).unwrap();
        assert_eq!(all.training, 3, "a row of its own validates, if no class has two");
        assert!(Split::new(1, None, 1).is_err());
    }
}
