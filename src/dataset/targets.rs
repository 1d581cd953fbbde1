//! What is to be learned: one target per row.

use crate::error::DataError;

/// How far from 1 the probabilities of a row may add up: numbers of a text file are rounded.
const PROBABILITY_TOLERANCE: f64 = 1e-3;

/// One target per row.
#[derive(Debug, Clone, PartialEq)]
pub enum Targets {
    /// Regression: `[rows]` finite values.
    Values(Vec<f32>),
    /// Classification: `[rows]` labels, each below `classes`.
    Labels {
        /// The class of each row, `0..classes`.
        labels: Vec<u32>,
        /// How many classes there are; a class may have no row.
        classes: usize,
    },
    /// Classification by more than one label: how probable each class is.
    Probabilities {
        /// `[rows, classes]` row-major, at least 0; a row adds up to 1, give or take 10⁻³.
        values: Vec<f32>,
        /// How many classes there are.
        classes: usize,
    },
}

impl Targets {
    /// How many rows have a target.
    pub fn rows(&self) -> usize {
        match self {
            Targets::Values(values) => values.len(),
            Targets::Labels { labels, .. } => labels.len(),
            Targets::Probabilities { values, classes } => values.len().checked_div(*classes).unwrap_or(0),
        }
    }

    /// How many classes there are, if there are any.
    pub fn classes(&self) -> Option<usize> {
        match self {
            Targets::Values(_) => None,
            Targets::Labels { classes, .. } | Targets::Probabilities { classes, .. } => Some(*classes),
        }
    }

    pub(super) fn check(&self, name: &str) -> Result<(), DataError> {
        let problem = match self {
            Targets::Values(values) => {
                values.iter().position(|v| !v.is_finite()).map(|row| format!("row {row}: target is {}", values[row]))
            }
            Targets::Labels { labels, classes } => labels
                .iter()
                .position(|&label| label as usize >= *classes)
                .map(|row| format!("row {row}: label {}, but there are {classes} classes", labels[row])),
            Targets::Probabilities { values, classes } if self.rows() * classes != values.len() => {
                Some(format!("{} probabilities do not fill rows of {classes} classes", values.len()))
            }
            Targets::Probabilities { values, classes } => values
                .chunks_exact((*classes).max(1))
                .position(|row| {
                    let total: f64 = row.iter().map(|&p| f64::from(p)).sum();
                    // A NaN is in no range.
                    let probable = row.iter().all(|&p| p >= 0.0) && (total - 1.0).abs() <= PROBABILITY_TOLERANCE;
                    !probable
                })
                .map(|row| format!("row {row}: the targets are no probabilities that add up to 1")),
        };
        problem.map_or(Ok(()), |message| Err(DataError::invalid(name, message)))
    }

    /// Keeps the first `rows` targets and returns the rest.
    pub(super) fn split_off(&mut self, rows: usize) -> Targets {
        match self {
            Targets::Values(values) => Targets::Values(values.split_off(rows)),
            Targets::Labels { labels, classes } => {
                Targets::Labels { labels: labels.split_off(rows), classes: *classes }
            }
            Targets::Probabilities { values, classes } => {
                Targets::Probabilities { values: values.split_off(rows * *classes), classes: *classes }
            }
        }
    }
}
