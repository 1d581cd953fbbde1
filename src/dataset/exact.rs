//! A data set whose numbers are known beyond `f32`.

use super::Dataset;
use super::remainder::Remainders;

impl Dataset {
    /// The same data with what its numbers left in single precision: `[rows, features.len()]` of these features, `[rows]` of the targets.
    pub(super) fn with_remainders(self, features: &[u32], inputs: Vec<f32>, targets: Vec<f32>) -> Self {
        let target_remainders = Some(targets).filter(|values| values.iter().any(|&x| x != 0.0));
        Self { remainders: Remainders::new(features, inputs), target_remainders, ..self }
    }

    /// [`with_remainders`](Self::with_remainders) of all features, if there are some.
    pub(super) fn with_all_remainders(self, inputs: Vec<f32>, targets: Vec<f32>) -> Self {
        let features: Vec<u32> = (0..if inputs.is_empty() { 0 } else { self.features as u32 }).collect();
        self.with_remainders(&features, inputs, targets)
    }

    /// Writes row `i` of dense inputs to `row`, as exactly as it is known.
    pub(super) fn exact_row(&self, i: usize, row: &mut [f64]) {
        row.iter_mut().zip(self.row(i)).for_each(|(to, &x)| *to = f64::from(x));
        if let Some(remainders) = &self.remainders {
            remainders.add(i, row);
        }
    }

    /// What single precision left of the targets, if anything.
    pub(crate) fn target_remainders(&self) -> Option<&[f32]> {
        self.target_remainders.as_deref()
    }
}
