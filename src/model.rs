//! Models: parameters in one flat vector, a forward and a backward pass over a batch.

mod coefficients;
mod linear;
mod mlp;
mod noisy_quadratic;

pub use coefficients::Coefficients;
pub use linear::Linear;
pub use mlp::Mlp;
pub use noisy_quadratic::NoisyQuadratic;

use crate::dataset::Rows;
use crate::optimizer::InBackward;
use crate::probe::{KernelCall, Phase, Probe, show_matrix};
use simdescent_kernels::linear::{per_example_norms, second_moments};
use simdescent_kernels::{Accum, Exec, MatMut, MatRef};

/// Rows per forward pass outside of training: enough to be fast, few enough to stay in cache.
pub(crate) const BLOCK: usize = 512;

/// What the samples of a batch add to the gradient of a layer, or of all: squared norms, and sums of squared coordinates unless there is
/// no room for them.
fn by_sample(
    exec: Exec<'_>,
    accum: Accum,
    inputs: Rows<'_>,
    delta: MatRef<'_, f32>,
    bias: bool,
    (norms, squares): (&mut [f32], &mut [f32]),
) {
    match inputs {
        Rows::Dense(x) => {
            per_example_norms(exec, accum, x, delta, bias, norms);
            if !squares.is_empty() {
                second_moments(exec, x, delta, squares);
            }
        }
        Rows::Sparse(x) => {
            per_example_norms(exec, accum, x, delta, bias, norms);
            if !squares.is_empty() {
                second_moments(exec, x, delta, squares);
            }
        }
    }
}

/// A differentiable function of a batch, with its parameters.
///
/// A training step is `forward`, then a loss that leaves its gradient in the outputs, then `backward`; buffers belong to
/// the model and are reused.
pub trait Model: Send {
    /// Features of one sample.
    fn inputs(&self) -> usize;
    /// Outputs of one sample.
    fn outputs(&self) -> usize;
    /// All parameters, flat.
    fn parameters(&self) -> &[f32];
    /// All parameters, for writing.
    fn parameters_mut(&mut self) -> &mut [f32];
    /// The parameters, and the gradient by them that the last [`backward`](Model::backward) computed.
    fn parameters_and_gradient(&mut self) -> (&mut [f32], &[f32]);
    /// Rows and columns of the parameter arrays in order, a vector being one row: the layers of an optimizer that treats each
    /// on its own, or as the matrix it is ([`Rule::Lamb`](crate::Rule::Lamb), [`Adafactor`](crate::Rule::Adafactor),
    /// [`Muon`](crate::Rule::Muon)). If not overridden, all parameters are one vector.
    fn layout(&self) -> Vec<(usize, usize)> {
        vec![(1, self.parameters().len())]
    }
    /// Which arrays of the [layout](Model::layout) are biases: penalties leave them out unless they are told to take them in. If not
    /// overridden: none.
    fn biases(&self) -> Vec<bool> {
        vec![false; self.layout().len()]
    }
    /// Weights and intercept of each output, if outputs are linear functions of the inputs.
    fn coefficients(&self) -> Option<Vec<Coefficients>> {
        None
    }
    /// The outputs `[batch, outputs]` for inputs `[batch, inputs]`.
    ///
    /// # Panics
    /// This and the others that take inputs: if they are sparse and the model [takes](Model::takes_sparse) none.
    fn forward(&mut self, exec: Exec<'_>, inputs: Rows<'_>) -> MatMut<'_, f32>;
    /// The outputs of any number of rows, `[rows, outputs]` row-major; in blocks, so that no more than these is in memory. What they
    /// mean is said by [`Settings::predict`](crate::Settings::predict).
    ///
    /// # Panics
    /// If the inputs have another number of features, and as [`forward`](Model::forward).
    fn predict(&mut self, exec: Exec<'_>, inputs: Rows<'_>) -> Vec<f32> {
        assert_eq!(inputs.cols(), self.inputs(), "prediction: the model takes another number of features");
        let rows = inputs.rows();
        let mut outputs = Vec::with_capacity(rows * self.outputs());
        for from in (0..rows).step_by(BLOCK) {
            let block = self.forward(exec, inputs.slice(from..(from + BLOCK).min(rows)));
            let block = block.as_ref();
            outputs.extend((0..block.rows()).flat_map(|i| (0..block.cols()).map(move |j| block.at(i, j))));
        }
        outputs
    }
    /// As [`forward`](Model::forward) in training step number `step`: for models that train otherwise than they predict.
    fn forward_training(&mut self, exec: Exec<'_>, inputs: Rows<'_>, step: u64) -> MatMut<'_, f32> {
        let _ = step;
        self.forward(exec, inputs)
    }
    /// Computes the gradient by the parameters, given that the outputs of the last [`forward`](Model::forward) or
    /// [`forward_training`](Model::forward_training) on the same `inputs` have been replaced by the gradient of the loss by them.
    fn backward(&mut self, exec: Exec<'_>, inputs: Rows<'_>);
    /// [`backward`](Model::backward), and what each sample adds to the gradient: the squared norm of its part in `norms` `[batch]`, and
    /// the sums over the samples of the squared coordinates of the parts in `squares`, which is empty or as long as the parameters; both
    /// are written only. Returns false, and does nothing, if the model does not know them, as it does unless overridden.
    ///
    /// [`Linear`], [`Mlp`] (with the dropout of the forward pass, if it had one) and [`NoisyQuadratic`] know them, the first two of sparse inputs, too.
    fn backward_by_sample(&mut self, exec: Exec<'_>, inputs: Rows<'_>, norms: &mut [f32], squares: &mut [f32]) -> bool {
        let _ = (exec, inputs, norms, squares);
        false
    }
    /// [`backward`](Model::backward) and an optimizer step at once: the same bits in the parameters; the gradient is left undefined.
    /// If not overridden, one after the other.
    fn backward_and_step(&mut self, exec: Exec<'_>, inputs: Rows<'_>, mut step: InBackward<'_>) {
        self.backward(exec, inputs);
        let (parameters, gradient) = self.parameters_and_gradient();
        step.vector(0..gradient.len(), parameters, gradient);
    }
    /// [`forward_training`](Model::forward_training) that shows what each kernel computed. If not overridden, it shows the outputs.
    fn forward_probed(
        &mut self,
        exec: Exec<'_>,
        inputs: Rows<'_>,
        step: u64,
        probe: &mut dyn Probe,
    ) -> MatMut<'_, f32> {
        let mut outputs = self.forward_training(exec, inputs, step);
        let call = KernelCall::new(Phase::Forward, "Model::forward_training", "outputs");
        show_matrix(probe, call, outputs.reborrow());
        outputs
    }
    /// [`backward`](Model::backward), or with a step [`backward_and_step`](Model::backward_and_step), that shows what each kernel computed.
    /// If not overridden, it shows the gradient, or the parameters after the step.
    fn backward_probed(
        &mut self,
        exec: Exec<'_>,
        inputs: Rows<'_>,
        step: Option<InBackward<'_>>,
        probe: &mut dyn Probe,
    ) {
        match step {
            None => {
                self.backward(exec, inputs);
                let mut gradient = self.parameters_and_gradient().1.to_vec();
                probe.called(KernelCall::new(Phase::Backward, "Model::backward", "gradient"), &mut gradient);
            }
            Some(step) => {
                self.backward_and_step(exec, inputs, step);
                let call = KernelCall::new(Phase::Backward, "Model::backward_and_step", "parameters after the step");
                probe.called(call, self.parameters_mut());
            }
        }
    }
    /// Whether its inputs can be [sparse](crate::Dataset::sparse).
    fn takes_sparse(&self) -> bool {
        false
    }
}

impl<M: Model + ?Sized> Model for Box<M> {
    fn backward_and_step(&mut self, exec: Exec<'_>, inputs: Rows<'_>, step: InBackward<'_>) {
        (**self).backward_and_step(exec, inputs, step);
    }
    fn forward_probed(
        &mut self,
        exec: Exec<'_>,
        inputs: Rows<'_>,
        step: u64,
        probe: &mut dyn Probe,
    ) -> MatMut<'_, f32> {
        (**self).forward_probed(exec, inputs, step, probe)
    }
    fn backward_probed(
        &mut self,
        exec: Exec<'_>,
        inputs: Rows<'_>,
        step: Option<InBackward<'_>>,
        probe: &mut dyn Probe,
    ) {
        (**self).backward_probed(exec, inputs, step, probe);
    }
    fn backward_by_sample(&mut self, exec: Exec<'_>, inputs: Rows<'_>, norms: &mut [f32], squares: &mut [f32]) -> bool {
        (**self).backward_by_sample(exec, inputs, norms, squares)
    }
    fn inputs(&self) -> usize {
        (**self).inputs()
    }
    fn outputs(&self) -> usize {
        (**self).outputs()
    }
    fn parameters(&self) -> &[f32] {
        (**self).parameters()
    }
    fn parameters_mut(&mut self) -> &mut [f32] {
        (**self).parameters_mut()
    }
    fn parameters_and_gradient(&mut self) -> (&mut [f32], &[f32]) {
        (**self).parameters_and_gradient()
    }
    fn layout(&self) -> Vec<(usize, usize)> {
        (**self).layout()
    }
    fn biases(&self) -> Vec<bool> {
        (**self).biases()
    }
    fn coefficients(&self) -> Option<Vec<Coefficients>> {
        (**self).coefficients()
    }
    fn forward(&mut self, exec: Exec<'_>, inputs: Rows<'_>) -> MatMut<'_, f32> {
        (**self).forward(exec, inputs)
    }
    fn forward_training(&mut self, exec: Exec<'_>, inputs: Rows<'_>, step: u64) -> MatMut<'_, f32> {
        (**self).forward_training(exec, inputs, step)
    }
    fn backward(&mut self, exec: Exec<'_>, inputs: Rows<'_>) {
        (**self).backward(exec, inputs)
    }
    fn takes_sparse(&self) -> bool {
        (**self).takes_sparse()
    }
}
