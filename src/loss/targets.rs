//! Targets and weights of a data set as the kernels take them.

use super::{BatchTargets, Loss, Weights};
use crate::dataset::{Dataset, Targets};
use crate::error::ConfigError;
use simdescent_kernels::MatRef;

/// Targets in the form that a loss needs, and how much rows and classes count.
///
/// Class weights are left to the cross-entropies; for a loss of one output they are part of the rows' weights.
#[derive(Clone, Debug)]
pub(crate) struct LossTargets {
    targets: Targets,
    weights: Option<Vec<f32>>,
    class_weights: Option<Vec<f32>>,
}

impl Loss {
    /// What `data` has for this loss, if they go together.
    pub(crate) fn prepare(self, data: &Dataset) -> Result<LossTargets, ConfigError> {
        self.validate()?;
        let refused = |fault| ConfigError::Targets { name: data.name().to_owned(), fault };
        let prepared = self.prepare_rows(data.targets(), data.weights(), data.class_weights()).map_err(refused)?;
        let total = prepared.total(0, data.rows());
        if !(total > 0.0 && total <= f64::from(f32::MAX)) {
            let fault = format!("the weights of its rows add up to {total}: nothing counts, or f32 overflows");
            return Err(refused(fault));
        }
        Ok(prepared)
    }

    /// Some rows for this loss, or what is wrong with them.
    pub(crate) fn prepare_rows(
        self,
        targets: &Targets,
        weights: Option<&[f32]>,
        class_weights: Option<&[f32]>,
    ) -> Result<LossTargets, String> {
        let mut prepared = LossTargets {
            targets: self.prepare_targets(targets)?,
            weights: weights.map(<[f32]>::to_vec),
            class_weights: class_weights.map(<[f32]>::to_vec),
        };
        if matches!(prepared.targets, Targets::Values(_))
            && let Some(c) = prepared.class_weights.take()
        {
            let Targets::Labels { labels, .. } = targets else {
                return Err(format!("the {} loss takes class weights for labels only", self.name()));
            };
            let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
            prepared.weights = Some(labels.iter().enumerate().map(|(i, &k)| weight(i) * c[k as usize]).collect());
        }
        Ok(prepared)
    }

    /// The targets in the form the loss needs, or what is wrong with them.
    pub(crate) fn prepare_targets(self, targets: &Targets) -> Result<Targets, String> {
        let name = self.name();
        let numbers = |fits: fn(f32) -> bool, wanted: &str, negative: f32| match targets {
            Targets::Labels { labels, classes: 2 } => {
                Ok(Targets::Values(labels.iter().map(|&label| if label == 0 { negative } else { 1.0 }).collect()))
            }
            Targets::Labels { classes, .. } => {
                Err(format!("the {name} loss needs two classes, the data has {classes}"))
            }
            Targets::Probabilities { values, classes: 2 } if self == Self::Logistic => {
                // Of class 1; rounding may have made it more than 1.
                Ok(Targets::Values(values.iter().skip(1).step_by(2).map(|&p| if p > 1.0 { 1.0 } else { p }).collect()))
            }
            Targets::Probabilities { classes, .. } => {
                Err(format!("the {name} loss takes no probabilities of {classes} classes"))
            }
            Targets::Values(values) => match values.iter().find(|&&v| !fits(v)) {
                None => Ok(targets.clone()),
                Some(v) => Err(format!("the {name} loss needs targets {wanted}, the data has {v}")),
            },
        };
        match self {
            Self::Logistic => numbers(|v| (0.0..=1.0).contains(&v), "in [0, 1]", 0.0),
            Self::Hinge | Self::SquaredHinge => numbers(|v| v.abs() == 1.0, "-1 and 1", -1.0),
            Self::SoftmaxCrossEntropy | Self::SmoothedSoftmaxCrossEntropy { .. } => match targets {
                Targets::Labels { .. } | Targets::Probabilities { .. } => Ok(targets.clone()),
                Targets::Values(_) => Err("the cross-entropy loss needs class labels, the data has numbers".into()),
            },
            Self::Squared | Self::Absolute | Self::Huber { .. } | Self::Quantile { .. } => match targets {
                Targets::Labels { labels, .. } => {
                    Ok(Targets::Values(labels.iter().map(|&label| label as f32).collect()))
                }
                _ => numbers(|_| true, "", 0.0),
            },
            Self::Poisson => match targets {
                Targets::Labels { labels, .. } => {
                    Ok(Targets::Values(labels.iter().map(|&label| label as f32).collect()))
                }
                _ => numbers(|v| v >= 0.0, "of at least 0", 0.0),
            },
        }
    }
}

impl LossTargets {
    /// The targets alone.
    pub(crate) fn values(&self) -> &Targets {
        &self.targets
    }

    /// The targets alone, to scale them.
    pub(crate) fn values_mut(&mut self) -> &mut Targets {
        &mut self.targets
    }

    /// Those of rows and of classes.
    pub(crate) fn weights(&self) -> (Option<&[f32]>, Option<&[f32]>) {
        (self.weights.as_deref(), self.class_weights.as_deref())
    }

    /// Without rows, to put some of them there.
    pub(crate) fn emptied(&self) -> Self {
        let targets = match self.targets {
            Targets::Values(_) => Targets::Values(vec![]),
            Targets::Labels { classes, .. } => Targets::Labels { labels: vec![], classes },
            Targets::Probabilities { classes, .. } => Targets::Probabilities { values: vec![], classes },
        };
        Self { targets, weights: self.weights.as_ref().map(|_| vec![]), class_weights: self.class_weights.clone() }
    }

    /// Becomes these rows of `all`, of which it is [`emptied`](Self::emptied).
    pub(crate) fn gather(&mut self, all: &Self, rows: &[u32]) {
        let pick = |to: &mut Vec<f32>, from: &[f32], width: usize| {
            to.clear();
            rows.iter().for_each(|&row| to.extend_from_slice(&from[row as usize * width..][..width]));
        };
        match (&mut self.targets, &all.targets) {
            (Targets::Values(batch), Targets::Values(all)) => pick(batch, all, 1),
            (Targets::Labels { labels: batch, .. }, Targets::Labels { labels: all, .. }) => {
                batch.clear();
                batch.extend(rows.iter().map(|&row| all[row as usize]));
            }
            (Targets::Probabilities { values, classes }, Targets::Probabilities { values: all, .. }) => {
                pick(values, all, *classes);
            }
            _ => unreachable!("made with targets of the same kind"),
        }
        if let (Some(batch), Some(all)) = (&mut self.weights, &all.weights) {
            pick(batch, all, 1);
        }
    }

    /// The rows `from..to`.
    pub(crate) fn rows(&self, from: usize, to: usize) -> (BatchTargets<'_>, Weights<'_>) {
        let targets = match &self.targets {
            Targets::Values(values) => BatchTargets::Values(&values[from..to]),
            Targets::Labels { labels, .. } => BatchTargets::Labels(&labels[from..to]),
            Targets::Probabilities { values, classes } => {
                BatchTargets::Probabilities(MatRef::new(&values[from * classes..to * classes], to - from, *classes))
            }
        };
        let samples = self.weights.as_ref().map(|weights| &weights[from..to]);
        (targets, Weights { samples, classes: self.class_weights.as_deref() })
    }

    /// What the loss of the rows `from..to` is divided by.
    pub(crate) fn total(&self, from: usize, to: usize) -> f64 {
        let weight = |i: usize| self.weights.as_ref().map_or(1.0, |w| f64::from(w[i]));
        match (&self.targets, &self.class_weights) {
            (Targets::Labels { labels, .. }, Some(c)) => {
                (from..to).map(|i| weight(i) * f64::from(c[labels[i] as usize])).sum()
            }
            _ if self.weights.is_none() => (to - from) as f64,
            _ => (from..to).map(weight).sum(),
        }
    }
}
