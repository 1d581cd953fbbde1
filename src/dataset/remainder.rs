//! What single precision leaves of the numbers of a file, kept until they are centered and scaled.

/// A number as its nearest `f32` and what that leaves, together 48 bits: seconds since 1970 to the microsecond.
pub(crate) fn split(x: f64) -> [f32; 2] {
    let nearest = x as f32;
    // Of an infinity nothing is left, where the difference would be NaN.
    let rest = if nearest.is_infinite() { 0.0 } else { x - f64::from(nearest) };
    [nearest, rest as f32]
}

/// The number again.
pub(crate) fn join(nearest: f32, remainder: f32) -> f64 {
    f64::from(nearest) + f64::from(remainder)
}

/// A number to these 48 bits.
pub(crate) fn exact(x: f64) -> f64 {
    let [nearest, remainder] = split(x);
    join(nearest, remainder)
}

/// Targets as exactly as they are known.
pub(crate) fn exact_targets(values: &[f32], remainders: Option<&[f32]>) -> Vec<f64> {
    match remainders {
        Some(remainders) => values.iter().zip(remainders).map(|(&y, &remainder)| join(y, remainder)).collect(),
        None => values.iter().map(|&y| f64::from(y)).collect(),
    }
}

/// The remainders of those features that have some.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Remainders {
    features: Vec<u32>,
    /// `[rows, features]`
    values: Vec<f32>,
}

impl Remainders {
    /// Of `[rows, features.len()]` values; features of zeros are left out, and `None` if all are.
    pub(super) fn new(features: &[u32], values: Vec<f32>) -> Option<Self> {
        let width = features.len();
        let mut used = vec![false; width];
        for row in values.chunks_exact(width.max(1)) {
            used.iter_mut().zip(row).for_each(|(used, &x)| *used |= x != 0.0);
        }
        let kept: Vec<usize> = (0..width).filter(|&k| used[k]).collect();
        if kept.is_empty() {
            return None;
        }
        let values = match kept.len() == width {
            true => values,
            false => values.chunks_exact(width).flat_map(|row| kept.iter().map(|&k| row[k])).collect(),
        };
        Some(Self { features: kept.into_iter().map(|k| features[k]).collect(), values })
    }

    /// In memory.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.values[..]) + size_of_val(&self.features[..])
    }

    /// Adds those of row `i` to it.
    pub(super) fn add(&self, i: usize, row: &mut [f64]) {
        let values = &self.values[i * self.features.len()..];
        self.features.iter().zip(values).for_each(|(&j, &x)| row[j as usize] += f64::from(x));
    }

    pub(super) fn split_off(&mut self, rows: usize) -> Self {
        Self { features: self.features.clone(), values: self.values.split_off(rows * self.features.len()) }
    }

    pub(super) fn select(&self, rows: &[u32]) -> Self {
        let width = self.features.len();
        // In exactly as much memory.
        let mut values = Vec::with_capacity(rows.len() * width);
        rows.iter().for_each(|&row| values.extend_from_slice(&self.values[row as usize * width..][..width]));
        Self { features: self.features.clone(), values }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_floats_hold_48_bits() {
        for x in [0.0, 0.1, 1_700_000_001.25, -16_777_217.0, 20_180_128.0, 1e30, 1e-30] {
            let [nearest, remainder] = split(x);
            assert!((join(nearest, remainder) - x).abs() <= x.abs() / 2f64.powi(48), "{x}");
            assert_eq!(nearest, x as f32);
        }
        assert_eq!(exact(1_700_000_001.0), 1_700_000_001.0);
    }

    #[test]
    fn features_without_remainders_are_left_out() {
        assert_eq!(Remainders::new(&[0, 3], vec![0.0; 6]), None);
        assert_eq!(Remainders::new(&[], vec![]), None);
        let some = Remainders::new(&[0, 3, 4], vec![0.0, 1.0, 0.0, 0.0, 2.0, 0.5]).unwrap();
        assert_eq!(some, Remainders { features: vec![3, 4], values: vec![1.0, 0.0, 2.0, 0.5] });
        let mut row = [1.0; 5];
        some.add(1, &mut row);
        assert_eq!(row, [1.0, 1.0, 1.0, 3.0, 1.5]);
        let mut first = some.clone();
        let rest = first.split_off(1);
        assert_eq!((some.select(&[1]), some.select(&[0])), (rest, first));
    }
}
