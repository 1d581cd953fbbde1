//! Problems: rows to train on, rows to validate on, a model and a loss.

mod class_weights;
pub(crate) mod embedded;
pub(crate) mod files;
pub(crate) mod folds;
mod input_layout;
pub(crate) mod model_spec;
mod remarks;
mod room;
pub(crate) mod source;
mod split;
mod stream;
mod training_rows;

pub(crate) use class_weights::ClassWeights;
pub(crate) use input_layout::InputLayout;
pub(crate) use training_rows::TrainingRows;

use anyhow::Result;
use model_spec::ModelSpec;
use simdescent::dataset::{CsvEncoding, RowStream, Standardizer};
use simdescent::{Dataset, Loss};

/// What is trained, on what. The training rows `R` are in memory (a [`Dataset`]), or read as they are needed (a [`RowStream`]).
pub(crate) struct Problem<R = Dataset> {
    pub(crate) name: String,
    pub(crate) training: R,
    pub(crate) validation: Dataset,
    pub(crate) loss: Loss,
    pub(crate) model: ModelSpec,
    /// What scaled the inputs, if anything did.
    pub(crate) standardizer: Option<Standardizer>,
    /// What the columns of the file are, if it is a CSV file.
    pub(crate) encoding: Option<CsvEncoding>,
}

impl<R> Problem<R> {
    /// The training rows, for a trainer that keeps them, and the rest.
    pub(crate) fn take_rows(self) -> (R, Problem<()>) {
        let Self { name, training, validation, loss, model, standardizer, encoding } = self;
        (training, Problem { name, training: (), validation, loss, model, standardizer, encoding })
    }
}

impl Problem {
    /// The problem with its inputs kept so; both sets alike, as the training set decides.
    pub(crate) fn keeping(self, inputs: InputLayout) -> Result<Self> {
        let training = inputs.of(self.training)?;
        let alike = if training.is_sparse() { InputLayout::Sparse } else { InputLayout::Dense };
        Ok(Self { validation: alike.of(self.validation)?, training, ..self })
    }

    /// Gives both sets these weights.
    pub(crate) fn with_class_weights(self, class_weights: &ClassWeights) -> Result<Self> {
        let weights = class_weights.on(&self.training)?;
        Ok(Self {
            training: self.training.with_class_weights(weights.clone())?,
            validation: self.validation.with_class_weights(weights)?,
            ..self
        })
    }
}

impl Problem<RowStream> {
    /// Gives both sets these weights.
    pub(crate) fn with_class_weights(mut self, class_weights: &ClassWeights) -> Result<Self> {
        let weights = class_weights.on(&mut self.training)?;
        Ok(Self {
            training: self.training.with_class_weights(weights.clone())?,
            validation: self.validation.with_class_weights(weights)?,
            ..self
        })
    }
}
