//! What the notes of a saved model say, compared with its weights and with each other: a file that was changed by hand or by another
//! program is refused before anything is computed with it.

use anyhow::{Result, ensure};
use simdescent::dataset::{CsvEncoding, Standardizer, TargetEncoding};
use simdescent::{Loss, Model};

/// What is noted of a model.
pub(super) struct Noted<'n> {
    /// As its weights have them.
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) loss: Loss,
    pub(super) encoding: Option<&'n CsvEncoding>,
    pub(super) standardizer: Option<&'n Standardizer>,
    pub(super) targets: Option<&'n TargetEncoding>,
    pub(super) class_weights: Option<&'n [f32]>,
}

impl Noted<'_> {
    /// Without notes.
    pub(super) fn plain(model: &dyn Model, loss: Loss) -> Self {
        let (inputs, outputs) = (model.inputs(), model.outputs());
        Self { inputs, outputs, loss, encoding: None, standardizer: None, targets: None, class_weights: None }
    }

    /// An error that says what contradicts what.
    pub(super) fn check(&self) -> Result<()> {
        let Self { inputs, encoding, standardizer, targets, .. } = self;
        for (what, features) in [
            ("the columns of the CSV file (note \"csv\") are", encoding.map(CsvEncoding::features)),
            ("the scale (note \"standardizer\") is of", standardizer.map(|scaling| scaling.scale().len())),
        ] {
            if let Some(features) = features {
                ensure!(features == *inputs, "the model takes {inputs} features, but {what} {features}");
            }
        }
        if let (Some(encoding), Some(targets)) = (encoding, targets) {
            ensure!(
                encoding.target() == *targets,
                "the target of the CSV file (note \"csv\") is not what the targets are (note \"targets\")"
            );
        }
        if let Some(targets) = targets {
            ensure!(!targets.is_absent(), "the targets (note \"targets\") are absent, and nothing is learned without");
            self.check_targets(targets.classes())?;
        }
        self.check_outputs(targets.and_then(TargetEncoding::classes))?;
        self.check_class_weights()
    }

    /// Whether the loss is of such targets: of so many classes, or of numbers.
    fn check_targets(&self, classes: Option<usize>) -> Result<()> {
        let loss = self.loss.name();
        match (self.loss, classes) {
            (Loss::SoftmaxCrossEntropy | Loss::SmoothedSoftmaxCrossEntropy { .. }, classes) => {
                ensure!(
                    classes.is_some(),
                    "the loss {loss} is of classes, but the targets (note \"targets\") are numbers"
                );
            }
            (Loss::Logistic | Loss::Hinge | Loss::SquaredHinge, classes) => {
                let classes = classes.unwrap_or(2);
                ensure!(
                    classes == 2,
                    "the loss {loss} is of two classes, but the targets (note \"targets\") have {classes}"
                );
            }
            (_, classes) => {
                ensure!(
                    classes.is_none(),
                    "the loss {loss} is of numbers, but the targets (note \"targets\") are classes"
                );
            }
        }
        Ok(())
    }

    /// Whether there are as many outputs as the loss of such targets takes.
    pub(super) fn check_outputs(&self, classes: Option<usize>) -> Result<()> {
        let (loss, outputs) = (self.loss.name(), self.outputs);
        let softmax = matches!(self.loss, Loss::SoftmaxCrossEntropy | Loss::SmoothedSoftmaxCrossEntropy { .. });
        match classes.filter(|_| softmax) {
            Some(classes) => {
                ensure!(outputs == classes, "the model has {outputs} outputs, but there are {classes} classes")
            }
            None if softmax => {
                ensure!(outputs > 1, "the loss {loss} needs an output per class, the model has one only")
            }
            None => ensure!(outputs == 1, "the loss {loss} is of one output, but the model has {outputs}"),
        }
        Ok(())
    }

    fn check_class_weights(&self) -> Result<()> {
        let Some(weights) = self.class_weights else { return Ok(()) };
        let (n, classes) = (weights.len(), self.outputs.max(2));
        ensure!(n == classes, "there are {classes} classes, but {n} of them have a weight (note \"class_weights\")");
        let good = weights.iter().all(|w| w.is_finite() && *w >= 0.0) && weights.iter().any(|w| *w > 0.0);
        ensure!(good, "class weights (note \"class_weights\") have to be finite, at least 0 and not all 0");
        Ok(())
    }
}
