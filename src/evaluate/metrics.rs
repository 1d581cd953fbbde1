//! All metrics of a model on a data set at once.

use super::calibration::BINS;
use super::predictions::{in_target_unit, log_sum};
use super::{Calibration, ConfusionMatrix, Evaluation, Evaluator, Regression, largest, roc_auc};
use crate::dataset::{Rows, Targets, exact_targets};
use crate::loss::Loss;
use crate::model::Model;
use serde::Serialize;
use simdescent_kernels::{Exec, MatRef};

/// Above so many classes there is no confusion matrix and no AUC.
const MAX_CLASSES: usize = 1000;

/// What there is to say about a model on a data set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metrics {
    /// Rows of the data. Whatever their weights, all metrics but the loss count rows.
    pub rows: usize,
    /// As [`Evaluation::loss`], to the bit.
    pub loss: f64,
    /// Where outputs are numbers; of the Poisson loss, exp of them is compared with the targets.
    pub regression: Option<Regression>,
    /// Where outputs decide between classes.
    pub classification: Option<Classification>,
}

/// How well classes are told apart.
///
/// Of the losses with one output, class 1 is a target above ½; where the targets are probabilities, the class is the most probable.
/// Of the logistic loss, what is said of logits below is of (0, logit).
/// The output of the hinge losses is a margin and no probability.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Classification {
    /// As [`Evaluation::accuracy`].
    pub accuracy: f64,
    /// Mean of −ln p(target), with p the softmax of the logits in `f64`; of probabilities as targets, the cross-entropy.
    /// Not finite where a logit is not; `None` for a hinge loss.
    pub log_loss: Option<f64>,
    /// [`roc_auc`] of class 1 against class 0; of more classes the mean over those with rows of each against the rest, each counting the
    /// same, scored by ln p (scikit-learn's `multi_class="ovr", average="macro"`). `None` if undefined, or above 1000 classes.
    pub auc: Option<f64>,
    /// `None` above 1000 classes.
    pub confusion: Option<ConfusionMatrix>,
    /// In 15 bins; `None` for a hinge loss, or if a probability is NaN.
    pub calibration: Option<Calibration>,
}

impl Evaluator<'_> {
    /// Evaluates `model` in every way. Sums run over the rows in order, in `f64`; logarithms and exponentials are those of the crate
    /// `libm`: the bits are the same everywhere.
    ///
    /// # Panics
    /// As [`evaluate`](Self::evaluate).
    pub fn metrics(&self, exec: Exec<'_>, model: &mut dyn Model) -> Metrics {
        self.metrics_of(exec, model, self.data.all())
    }

    /// [`metrics`](Self::metrics) of these inputs instead of the data's.
    pub(super) fn metrics_of(&self, exec: Exec<'_>, model: &mut dyn Model, inputs: Rows<'_>) -> Metrics {
        let rows = self.data.rows();
        let mut outputs = Vec::with_capacity(rows * model.outputs());
        let Evaluation { loss, accuracy } = self.evaluate_inputs(exec, model, inputs, |block, _| {
            outputs.extend((0..block.rows()).flat_map(|i| (0..block.cols()).map(move |j| block.at(i, j))));
        });
        let (regression, classification) = match (accuracy, self.targets.values()) {
            (None, Targets::Values(_)) => (Some(self.regression(&outputs)), None),
            (Some(accuracy), Targets::Values(values)) => {
                let logits = Logits::binary(&outputs, values);
                let margins = matches!(self.loss, Loss::Hinge | Loss::SquaredHinge);
                (None, Some(if margins { logits.without_probabilities() } else { logits }.classification(accuracy)))
            }
            (accuracy, Targets::Labels { labels, classes }) => {
                let logits = Logits::classes(&outputs, labels, *classes);
                (None, Some(logits.classification(accuracy.unwrap_or(f64::NAN))))
            }
            (accuracy, Targets::Probabilities { values, classes }) => {
                let logits = Logits::probabilities(&outputs, values, *classes);
                (None, Some(logits.classification(accuracy.unwrap_or(f64::NAN))))
            }
        };
        Metrics { rows, loss, regression, classification }
    }

    /// Outputs and targets compared in the targets' unit.
    fn regression(&self, outputs: &[f32]) -> Regression {
        let predicted = |&z: &f32| in_target_unit(self.loss, self.target_scaling, z);
        let own = match self.data.targets() {
            Targets::Values(values) => exact_targets(values, self.data.target_remainders()),
            Targets::Labels { labels, .. } => labels.iter().map(|&label| f64::from(label)).collect(),
            Targets::Probabilities { values, .. } => exact_targets(values, None),
        };
        Regression::new(&outputs.iter().map(predicted).collect::<Vec<_>>(), &own)
    }

    /// The loss of each row, `[rows]`; with [weights](crate::Dataset::with_weights), times the row's weight over the mean weight,
    /// so that the mean is the loss of the set.
    ///
    /// # Panics
    /// As [`evaluate`](Self::evaluate).
    pub fn row_losses(&self, exec: Exec<'_>, model: &mut dyn Model) -> Vec<f64> {
        let rows = self.data.rows();
        let mean = self.targets.total(0, rows) / rows as f64;
        let mut losses = Vec::with_capacity(rows);
        let mut row = vec![0.0; model.outputs()];
        self.evaluate_inputs(exec, model, self.data.all(), |block, from| {
            for i in 0..block.rows() {
                (0..block.cols()).for_each(|j| row[j] = block.at(i, j));
                losses.push(self.loss_of_row(exec, &mut row, from + i) / mean);
            }
        });
        losses
    }
}

/// The logits of all rows as probabilities.
struct Logits {
    /// The class of each row.
    truth: Vec<u32>,
    /// What it is taken for; `None` where a logit is NaN.
    predicted: Vec<Option<u32>>,
    /// The probability of that.
    confidence: Vec<f64>,
    /// Scores for the AUC, `[classes to rank][rows]`, and the classes' numbers.
    scores: Vec<(u32, Vec<f64>)>,
    log_loss: Option<f64>,
    classes: usize,
}

impl Logits {
    fn binary(logits: &[f32], targets: &[f32]) -> Self {
        let z = || logits.iter().map(|&z| f64::from(z));
        // −y ln σ(z) − (1−y) ln σ(−z) = max(z, 0) − yz + ln(1 + exp(−|z|))
        let log_losses = z().zip(targets).map(|(z, &y)| {
            let positive = if z > 0.0 { z } else { 0.0 };
            positive - f64::from(y) * z + libm::log1p(libm::exp(-z.abs()))
        });
        Self {
            truth: targets.iter().map(|&y| u32::from(y > 0.5)).collect(),
            predicted: z().map(|z| (!z.is_nan()).then_some(u32::from(z > 0.0))).collect(),
            confidence: z().map(|z| 1.0 / (1.0 + libm::exp(-z.abs()))).collect(),
            scores: vec![(1, z().collect())],
            log_loss: Some(log_losses.sum::<f64>() / targets.len() as f64),
            classes: 2,
        }
    }

    fn classes(logits: &[f32], labels: &[u32], classes: usize) -> Self {
        let rows = labels.len();
        let matrix = MatRef::new(logits, rows, classes);
        let ranked = match classes {
            0..=1 => 0..0,
            2 => 1..2,
            3..=MAX_CLASSES => 0..classes as u32,
            _ => 0..0,
        };
        let mut scores: Vec<(u32, Vec<f64>)> = ranked.map(|class| (class, Vec::with_capacity(rows))).collect();
        let (mut predicted, mut confidence, mut log_loss) = (Vec::new(), Vec::new(), 0.0);
        for (i, (row, &label)) in logits.chunks_exact(classes).zip(labels).enumerate() {
            let most_likely = largest(matrix, i);
            // ln p_k = z_k − ln Σ exp(z); shifted by the largest, so that nothing overflows.
            let top = most_likely.map_or(f64::NAN, |k| f64::from(row[k as usize]));
            let log_sum = log_sum(row, top);
            let log_p = |class: u32| f64::from(row[class as usize]) - top - log_sum;
            log_loss -= log_p(label);
            scores.iter_mut().for_each(|(class, scores)| scores.push(log_p(*class)));
            confidence.push(most_likely.map_or(f64::NAN, |class| libm::exp(log_p(class))));
            predicted.push(most_likely);
        }
        let log_loss = Some(log_loss / rows as f64);
        Self { truth: labels.to_vec(), predicted, confidence, scores, log_loss, classes }
    }

    /// The class of a row is the first of its most probable ones.
    fn probabilities(logits: &[f32], targets: &[f32], classes: usize) -> Self {
        let rows = targets.len() / classes;
        let matrix = MatRef::new(targets, rows, classes);
        let labels: Vec<u32> = (0..rows).map(|i| largest(matrix, i).expect("checked: no target is NaN")).collect();
        let log_losses = logits.chunks_exact(classes).zip(targets.chunks_exact(classes)).map(|(z, p)| {
            let top = z.iter().fold(f64::NEG_INFINITY, |top, &z| if f64::from(z) <= top { top } else { f64::from(z) });
            let log_sum = log_sum(z, top);
            // A class that cannot be costs nothing, whatever its logit.
            let terms = p.iter().zip(z).filter(|(p, _)| **p > 0.0);
            terms.map(|(&p, &z)| f64::from(p) * (log_sum - (f64::from(z) - top))).sum::<f64>()
        });
        let log_loss = Some(log_losses.sum::<f64>() / rows as f64);
        Self { log_loss, ..Self::classes(logits, &labels, classes) }
    }

    fn without_probabilities(self) -> Self {
        Self { log_loss: None, ..self }
    }

    fn classification(self, accuracy: f64) -> Classification {
        let right: Vec<bool> = self.predicted.iter().zip(&self.truth).map(|(p, t)| *p == Some(*t)).collect();
        let is = |class: u32| self.truth.iter().map(|&truth| truth == class).collect::<Vec<_>>();
        let present = |class: u32| self.truth.contains(&class);
        let ranked = self.scores.iter().filter(|(class, _)| self.classes == 2 || present(*class));
        let aucs: Option<Vec<f64>> = ranked.map(|(class, scores)| roc_auc(scores, &is(*class))).collect();
        let mean = |aucs: Vec<f64>| (!aucs.is_empty()).then(|| aucs.iter().sum::<f64>() / aucs.len() as f64);
        let certain = self.log_loss.is_some() && self.confidence.iter().all(|p| !p.is_nan());
        Classification {
            accuracy,
            log_loss: self.log_loss,
            auc: aucs.and_then(mean),
            confusion: (self.classes <= MAX_CLASSES)
                .then(|| ConfusionMatrix::new(&self.truth, &self.predicted, self.classes)),
            calibration: certain.then(|| Calibration::new(&self.confidence, &right, BINS)),
        }
    }
}

#[cfg(test)]
mod tests;
