//! Some rows of a data set.

use super::{Dataset, Targets};

impl Dataset {
    /// The memory that its rows take, in bytes; a [`select`](Self::select) of all of them takes as much again.
    pub fn bytes(&self) -> u64 {
        let numbers = |values: Option<&[f32]>| values.map_or(0, size_of_val);
        let targets = match &self.targets {
            Targets::Values(values) | Targets::Probabilities { values, .. } => size_of_val(&values[..]),
            Targets::Labels { labels, .. } => size_of_val(&labels[..]),
        };
        let remainders = self.remainders.as_ref().map_or(0, |remainders| remainders.bytes());
        let others = numbers(self.weights()) + numbers(self.target_remainders()) + remainders;
        (self.inputs.bytes() + targets + others) as u64
    }

    /// The rows of these numbers, in their order; a row may be there more than once. Named after how many they are.
    ///
    /// # Panics
    /// If there is no number, or one that is no row.
    #[track_caller]
    pub fn select(&self, rows: &[u32]) -> Dataset {
        assert!(!rows.is_empty(), "a data set has at least one row");
        let pick = |values: &[f32]| rows.iter().map(|&row| values[row as usize]).collect::<Vec<_>>();
        Dataset {
            name: format!("{} ({} rows)", self.name, rows.len()),
            features: self.features,
            inputs: self.inputs.select(rows, self.features),
            targets: match &self.targets {
                Targets::Values(values) => Targets::Values(pick(values)),
                Targets::Labels { labels, classes } => Targets::Labels {
                    labels: rows.iter().map(|&row| labels[row as usize]).collect(),
                    classes: *classes,
                },
                Targets::Probabilities { values, classes } => Targets::Probabilities {
                    values: rows
                        .iter()
                        .flat_map(|&row| &values[row as usize * classes..][..*classes])
                        .copied()
                        .collect(),
                    classes: *classes,
                },
            },
            feature_names: self.feature_names.clone(),
            class_names: self.class_names.clone(),
            weights: self.weights.as_deref().map(pick),
            class_weights: self.class_weights.clone(),
            remainders: self.remainders.as_ref().map(|remainders| remainders.select(rows)),
            target_remainders: self.target_remainders.as_deref().map(pick),
            target_encoding: self.target_encoding.clone(),
        }
    }
}
