//! Gradients of single samples of a data set, at the model as it is.

use crate::dataset::Dataset;
use crate::error::ConfigError;
use crate::gradient_noise::GradientMoments;
use crate::loss::{BatchTargets, Loss, LossTargets, Weights};
use crate::model::{BLOCK, Model};
use crate::random::{Purpose, StreamKey};
use crate::sampling::{Batches, LastBatch, Sampling};
use crate::settings::Settings;
use simdescent_kernels::Exec;

/// A data set of which the gradients of single samples are summed up, prepared once for repeated use during training.
#[derive(Clone, Debug)]
pub struct GradientMeter<'d> {
    data: &'d Dataset,
    targets: LossTargets,
    loss: Loss,
    /// Rows that are looked at.
    rows: usize,
}

impl Settings {
    /// Prepares `data` to [measure](GradientMeter::measure) the gradients of its rows by the loss of these settings, on scaled targets:
    /// of all rows, or of `most` of them if there are more: always the same, drawn without replacement.
    ///
    /// # Errors
    /// [`ConfigError`] if the loss is out of its range, or the targets do not go with it.
    pub fn gradient_meter<'d>(&self, data: &'d Dataset, most: usize) -> Result<GradientMeter<'d>, ConfigError> {
        let mut targets = self.loss.prepare(data)?;
        if let Some(scaling) = self.target_scaling {
            scaling.apply(targets.values_mut(), data.target_remainders());
        }
        Ok(GradientMeter { data, targets, loss: self.scaled_loss(), rows: data.rows().min(most) })
    }
}

impl GradientMeter<'_> {
    /// Rows that are looked at.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The sums over its rows, without dropout and penalties; also of the squares of every coordinate if `with_squares`. `None` if the
    /// model does not know the gradients of single samples ([`Model::backward_by_sample`]).
    ///
    /// # Panics
    /// If the model has not the inputs and outputs that data and loss need.
    pub fn measure(&self, exec: Exec<'_>, model: &mut dyn Model, with_squares: bool) -> Option<GradientMoments> {
        let all = self.rows == self.data.rows();
        let sampling = if all { Sampling::FixedOrder } else { Sampling::Reshuffled };
        let key = StreamKey::new(Purpose::Permutation, 0);
        let mut batches = Batches::new(self.data.all(), self.targets.clone(), sampling, LastBatch::Short, key);
        let parameters = model.parameters().len();
        let mut moments = GradientMoments::new(parameters, with_squares);
        let mut squares = vec![0.0; if with_squares { parameters } else { 0 }];
        let mut norms = vec![0.0; BLOCK];
        // Weights of several blocks are of one mean; what they add up to is known at the end.
        let mut total = 0.0;
        for from in (0..self.rows).step_by(BLOCK) {
            let batch = batches.next(BLOCK.min(self.rows - from));
            let norms = &mut norms[..batch.inputs.rows()];
            let outputs = model.forward(exec, batch.inputs);
            self.loss.replace_by_weighted_gradient(exec, outputs, batch.targets, batch.weights);
            if !model.backward_by_sample(exec, batch.inputs, norms, &mut squares) {
                return None;
            }
            let weight = weight(batch.targets, batch.weights, norms.len());
            total += weight;
            moments.add(weight, norms, model.parameters_and_gradient().1, &squares);
        }
        Some(moments.scaled(self.rows as f64 / total))
    }
}

/// What the loss of a batch is divided by.
fn weight(targets: BatchTargets<'_>, weights: Weights<'_>, rows: usize) -> f64 {
    let sample = |i: usize| weights.samples.map_or(1.0, |w| f64::from(w[i]));
    match (targets, weights.classes) {
        (BatchTargets::Labels(labels), Some(classes)) => {
            labels.iter().enumerate().map(|(i, &label)| sample(i) * f64::from(classes[label as usize])).sum()
        }
        _ => (0..rows).map(sample).sum(),
    }
}
