//! [`Probe`]: what sees the result of every kernel of a training step, to find where two runs part.

use serde::{Deserialize, Serialize};
use simdescent_kernels::MatMut;

/// A part of a training step, in the order in which they come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Rows are gathered.
    Batch,
    /// Outputs of the model, layer by layer.
    Forward,
    /// Loss, and its gradient by the outputs.
    Loss,
    /// Gradients by the parameters, from the last layer on; where the optimizer steps at once, new parameters.
    Backward,
    /// New parameters and optimizer state.
    Optimizer,
}

impl Phase {
    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Forward => "forward",
            Self::Loss => "loss",
            Self::Backward => "backward",
            Self::Optimizer => "optimizer",
        }
    }
}

/// A kernel that was called within a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KernelCall {
    /// Where in the step.
    pub phase: Phase,
    /// Of which layer, from 0, if of one.
    pub layer: Option<usize>,
    /// The function, or functions, that computed it.
    pub kernel: &'static str,
    /// What it computed.
    pub result: &'static str,
}

impl KernelCall {
    pub(crate) const fn new(phase: Phase, kernel: &'static str, result: &'static str) -> Self {
        Self { phase, layer: None, kernel, result }
    }
    pub(crate) const fn of_layer(self, layer: usize) -> Self {
        Self { layer: Some(layer), ..self }
    }
}

/// Sees what each kernel of a training step computed, in the order of the calls: [`Trainer::set_probe`](crate::Trainer::set_probe).
///
/// The step is the one that is taken without a probe, kernel for kernel, except that threads wait for each other in between.
pub trait Probe: Send {
    /// Called after a kernel with its result. What is written there is what the step goes on with, which tests of fault finding need; but for
    /// the rows of a batch and a gradient of a model that does not override [`Model::backward_probed`](crate::Model::backward_probed), which
    /// are copies.
    fn called(&mut self, call: KernelCall, result: &mut [f32]);
}

/// A probe, or none.
pub(crate) type MaybeProbe<'a, 'p> = Option<&'a mut (dyn Probe + 'p)>;

/// Shows a result, if anybody looks.
pub(crate) fn show(probe: &mut MaybeProbe<'_, '_>, call: KernelCall, result: &mut [f32]) {
    if let Some(probe) = probe {
        probe.called(call, result);
    }
}

/// Shows a matrix, row-major.
pub(crate) fn show_matrix(probe: &mut dyn Probe, call: KernelCall, mut matrix: MatMut<'_, f32>) {
    let (rows, cols) = (matrix.rows(), matrix.cols());
    let mut seen: Vec<f32> =
        (0..rows).flat_map(|i| (0..cols).map(move |j| (i, j))).map(|(i, j)| *matrix.at_mut(i, j)).collect();
    probe.called(call, &mut seen);
    for (i, row) in seen.chunks(cols.max(1)).enumerate() {
        row.iter().enumerate().for_each(|(j, x)| *matrix.at_mut(i, j) = *x);
    }
}
