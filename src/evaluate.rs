//! How good a model is on a data set: loss and accuracy here, everything else below.

mod auc;
mod calibration;
mod confusion;
mod generalization;
mod gradient_meter;
mod linear_minimum;
mod metric;
mod metrics;
mod permutation_importance;
mod predictions;
mod regression;

pub use auc::roc_auc;
pub use calibration::{Calibration, CalibrationBin};
pub use confusion::{ClassQuality, ConfusionMatrix};
pub use generalization::{Generalization, Verdict};
pub use gradient_meter::GradientMeter;
pub use linear_minimum::LinearMinimum;
pub use metric::Metric;
pub use metrics::{Classification, Metrics};
pub use permutation_importance::{Importance, PermutationImportance};
pub use predictions::{ClassPredictions, Predictions};
pub use regression::Regression;

use crate::dataset::{Dataset, Rows};
use crate::error::ConfigError;
use crate::loss::{BatchTargets, Loss, LossTargets};
use crate::model::{BLOCK, Model};
use crate::settings::Settings;
use crate::target_scaling::TargetScaling;
use simdescent_kernels::{Exec, MatMut, MatRef};

/// The quality of a model on a data set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Mean loss over all rows, without regularization; [weighted](Dataset::with_weights) as in training.
    pub loss: f64,
    /// Share of rows whose most likely class is the label, or the most probable one of the targets; `None` for regression.
    ///
    /// Logistic, hinge: class 1 where the output is positive. Softmax: the first of the largest logits. A NaN logit never counts as
    /// right.
    pub accuracy: Option<f64>,
}

/// An evaluation set, checked and prepared once, for repeated use during training.
#[derive(Clone, Debug)]
pub struct Evaluator<'d> {
    data: &'d Dataset,
    /// In the unit of the model's outputs.
    targets: LossTargets,
    /// In that unit, too.
    loss: Loss,
    /// What makes numbers in the targets' unit of the model's outputs.
    target_scaling: Option<TargetScaling>,
    /// What makes a loss in the targets' unit of one in the outputs'.
    unit: f64,
}

impl<'d> Evaluator<'d> {
    /// Prepares `data` for evaluation by `loss`.
    ///
    /// # Errors
    /// [`ConfigError`] if a parameter of the loss is out of range, or the targets do not go with it.
    pub fn new(loss: Loss, data: &'d Dataset) -> Result<Self, ConfigError> {
        Ok(Self { data, targets: loss.prepare(data)?, loss, target_scaling: None, unit: 1.0 })
    }

    /// For a model that was trained on targets scaled so: losses are computed of scaled targets, as in training, and brought into the
    /// targets' own unit in `f64`, as its outputs are.
    ///
    /// # Panics
    /// If it has a scaling already.
    pub fn with_target_scaling(mut self, target_scaling: Option<TargetScaling>) -> Self {
        assert!(self.target_scaling.is_none(), "the targets were scaled before");
        if let Some(scaling) = target_scaling {
            scaling.apply(self.targets.values_mut(), self.data.target_remainders());
            (self.unit, self.loss) = (scaling.loss_unit(self.loss), scaling.loss(self.loss));
        }
        Self { target_scaling, ..self }
    }

    pub(crate) fn target_scaling(&self) -> Option<TargetScaling> {
        self.target_scaling
    }

    /// Evaluates `model`: blocks of 512 rows in order, block means weighted by their rows (or the weights of these) and added in
    /// `f64`.
    ///
    /// # Panics
    /// If the model has not the inputs and outputs that data and loss need, or does not take sparse inputs and they are.
    pub fn evaluate(&self, exec: Exec<'_>, model: &mut dyn Model) -> Evaluation {
        self.evaluate_inputs(exec, model, self.data.all(), |_, _| ())
    }

    /// [`evaluate`](Self::evaluate) of these inputs instead of the data's, which shows `see` the outputs of each block and its first
    /// row.
    fn evaluate_inputs(
        &self,
        exec: Exec<'_>,
        model: &mut dyn Model,
        inputs: Rows<'_>,
        mut see: impl FnMut(MatRef<'_, f32>, usize),
    ) -> Evaluation {
        assert_eq!(model.inputs(), self.data.features(), "evaluation: the model takes another number of features");
        assert_eq!(
            model.outputs(),
            self.loss.outputs(self.targets.values()),
            "evaluation: the model has another number of outputs"
        );
        assert!(!self.data.is_sparse() || model.takes_sparse(), "evaluation: the model takes no sparse inputs");
        let rows = self.data.rows();
        let (mut loss, mut all, mut right) = (0.0, 0.0, 0usize);
        for from in (0..rows).step_by(BLOCK) {
            let to = (from + BLOCK).min(rows);
            let outputs = model.forward(exec, inputs.slice(from..to));
            let logits = outputs.as_ref();
            see(logits, from);
            let (targets, weights) = self.targets.rows(from, to);
            right += (0..to - from).filter(|&i| is_right(targets, logits, i)).count();
            let total = self.targets.total(from, to);
            all += total;
            loss += f64::from(self.loss.replace_by_weighted_gradient(exec, outputs, targets, weights)) * total;
        }
        let accuracy = self.loss.is_classification().then(|| right as f64 / rows as f64);
        Evaluation { loss: self.unit * (loss / all), accuracy }
    }

    /// The loss of one row times its weight, in the targets' unit; `outputs` `[outputs]` is overwritten.
    fn loss_of_row(&self, exec: Exec<'_>, outputs: &mut [f32], row: usize) -> f64 {
        let width = outputs.len();
        let (targets, weights) = self.targets.rows(row, row + 1);
        self.unit * f64::from(self.loss.sum(exec, MatMut::new(outputs, 1, width), targets, weights))
    }
}

impl Settings {
    /// Prepares `data` to evaluate a model that is trained with these settings: losses and metrics are in the unit of the
    /// targets.
    ///
    /// # Errors
    /// As [`Evaluator::new`].
    pub fn evaluator<'d>(&self, data: &'d Dataset) -> Result<Evaluator<'d>, ConfigError> {
        Ok(Evaluator::new(self.loss, data)?.with_target_scaling(self.target_scaling))
    }
}

/// Whether row `i` is taken for what it is.
fn is_right(targets: BatchTargets<'_>, logits: MatRef<'_, f32>, i: usize) -> bool {
    match targets {
        BatchTargets::Values(values) => is_class(logits.at(i, 0), values[i]),
        BatchTargets::Labels(labels) => largest(logits, i) == Some(labels[i]),
        BatchTargets::Probabilities(rows) => largest(logits, i).is_some_and(|class| largest(rows, i) == Some(class)),
    }
}

/// Whether a logit is on the side of a target of 0 or 1.
fn is_class(logit: f32, target: f32) -> bool {
    !logit.is_nan() && (logit > 0.0) == (target > 0.5)
}

/// The first of the largest of row `i`; none if an element is NaN.
fn largest(logits: MatRef<'_, f32>, i: usize) -> Option<u32> {
    let mut best = 0;
    for j in 0..logits.cols() {
        let x = logits.at(i, j);
        if x.is_nan() {
            return None;
        }
        if x > logits.at(i, best) {
            best = j;
        }
    }
    Some(best as u32)
}
