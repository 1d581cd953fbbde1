//! Multi-layer perceptron.

use super::{Coefficients, Model, by_sample};
use crate::dataset::Rows;
use crate::initializer::Initializer;
use crate::optimizer::InBackward;
use crate::probe::Phase::{Backward, Forward};
use crate::probe::{KernelCall, MaybeProbe, Probe, show};
use crate::random::{Purpose, Stream, StreamKey};
use crate::regularizer::Dropout;
use simdescent_kernels::activation::{Activation, bias_activation_in_place};
use simdescent_kernels::gemm::{ActivationGradient, BiasActivation, gemm_fused};
use simdescent_kernels::linear::{csr_gemm, csr_gemm_t};
use simdescent_kernels::math::gelu_in_place;
use simdescent_kernels::{Accum, Exec, MatMut, MatRef, gemm, gemv_t};

/// Dense layers A ← activation(A·W + b), the last without activation. With no hidden layer and the cross-entropy
/// loss this is softmax regression. GELU costs a pass over its outputs and room for its inputs; the others are part of the
/// product. Sparse inputs stay so: they are those of the first layer only.
///
/// Parameters: for each layer W `[fan_in, fan_out]` row-major, then b `[fan_out]`.
#[derive(Clone, Debug)]
pub struct Mlp {
    layers: Vec<Layer>,
    parameters: Vec<f32>,
    gradient: Vec<f32>,
    dropout: Option<Dropout>,
    /// As many ones as a batch has rows: column sums are products with them.
    ones: Vec<f32>,
}

#[derive(Clone, Debug)]
struct Layer {
    fan_in: usize,
    fan_out: usize,
    activation: Activation,
    /// Where the layer's parameters start in the flat vector.
    start: usize,
    /// Activations of the last batch, before dropout; after the loss and during the backward pass, the gradient by them.
    outputs: Vec<f32>,
    /// What goes into a GELU, which its derivative needs; empty for the others, whose derivative is taken from the outputs.
    pre_activations: Vec<f32>,
    /// Room for the gradient by the outputs while the outputs are still needed for the activation's derivative.
    output_gradient: Vec<f32>,
    /// What dropout multiplied the activations of the last batch by; empty if it did not.
    mask: Vec<f32>,
    /// The activations after dropout; empty likewise.
    dropped: Vec<f32>,
}

impl Layer {
    /// What the activation's derivative is taken from.
    fn kept(&self) -> &[f32] {
        if self.activation == Activation::Gelu { &self.pre_activations } else { &self.outputs }
    }
    /// outputs ← activation(inputs·W + b)
    fn product(
        &self,
        exec: Exec<'_>,
        inputs: Rows<'_>,
        parameters: &[f32],
        activation: Activation,
        outputs: &mut [f32],
    ) {
        let (weights, bias) = self.split(parameters);
        match inputs {
            Rows::Dense(x) => {
                let z = MatMut::new(outputs, x.rows(), self.fan_out);
                gemm_fused(exec, x, weights, z, BiasActivation { bias, activation });
            }
            Rows::Sparse(x) => {
                csr_gemm(exec, x, self.fan_out, &parameters[self.start..][..self.fan_in * self.fan_out], outputs);
                let z = MatMut::new(outputs, x.rows(), self.fan_out);
                bias_activation_in_place(exec, activation, z, bias);
            }
        }
    }
    fn split<'p>(&self, parameters: &'p [f32]) -> (MatRef<'p, f32>, &'p [f32]) {
        let (weights, rest) = parameters[self.start..].split_at(self.fan_in * self.fan_out);
        (MatRef::new(weights, self.fan_in, self.fan_out), &rest[..self.fan_out])
    }
    /// Where its parameters end.
    fn end(&self) -> usize {
        self.start + (self.fan_in + 1) * self.fan_out
    }
    /// What the layer above sees of a batch.
    fn visible(&self, batch: usize) -> Rows<'_> {
        let visible = if self.mask.is_empty() { &self.outputs } else { &self.dropped };
        Rows::Dense(MatRef::new(visible, batch, self.fan_out))
    }
    /// Drops outputs as `mask` says.
    fn drop_out(&mut self, draw: impl FnOnce(&mut [f32])) {
        self.mask.resize(self.outputs.len(), 0.0);
        draw(&mut self.mask);
        self.dropped.clear();
        self.dropped.extend(self.outputs.iter().zip(&self.mask).map(|(x, m)| x * m));
    }
    fn split_mut<'p>(&self, parameters: &'p mut [f32]) -> (&'p mut [f32], &'p mut [f32]) {
        let (weights, rest) = parameters[self.start..].split_at_mut(self.fan_in * self.fan_out);
        (weights, &mut rest[..self.fan_out])
    }
}

impl Mlp {
    /// A network of these `widths`: inputs, hidden layers, outputs. Weights drawn by `initializer` from `stream`.
    ///
    /// # Panics
    /// If there are fewer than two widths.
    pub fn new(widths: &[usize], activation: Activation, initializer: Initializer, stream: &mut Stream) -> Self {
        assert!(widths.len() >= 2, "a network has at least inputs and outputs, got widths {widths:?}");
        let last = widths.len() - 2;
        let mut start = 0;
        let mut layers = Vec::new();
        for (i, pair) in widths.windows(2).enumerate() {
            let (fan_in, fan_out) = (pair[0], pair[1]);
            let activation = if i == last { Activation::Identity } else { activation };
            layers.push(Layer {
                fan_in,
                fan_out,
                activation,
                start,
                outputs: vec![],
                pre_activations: vec![],
                output_gradient: vec![],
                mask: vec![],
                dropped: vec![],
            });
            start += (fan_in + 1) * fan_out;
        }
        let mut parameters = vec![0.0; start];
        for layer in &layers {
            let (weights, _) = layer.split_mut(&mut parameters);
            initializer.fill(weights, layer.fan_in, layer.fan_out, stream);
        }
        Self { layers, gradient: vec![0.0; start], parameters, dropout: None, ones: vec![] }
    }

    /// A network as [`new`](Self::new) makes it, with the stream of random numbers that this seed has for weights.
    ///
    /// # Panics
    /// As there.
    pub fn from_seed(widths: &[usize], activation: Activation, initializer: Initializer, seed: u64) -> Self {
        Self::new(widths, activation, initializer, &mut Stream::new(StreamKey::new(Purpose::Weights, seed)))
    }

    /// With dropout on the outputs of every hidden layer.
    pub fn with_dropout(self, dropout: Dropout) -> Self {
        Self { dropout: Some(dropout), ..self }
    }

    /// Forward, with the dropout of a training step if one is given.
    fn run_forward(
        &mut self,
        exec: Exec<'_>,
        inputs: Rows<'_>,
        dropout: Option<(Dropout, u64)>,
        mut probe: MaybeProbe<'_, '_>,
    ) -> MatMut<'_, f32> {
        let batch = inputs.rows();
        self.ones.resize(batch, 1.0);
        let last = self.layers.len() - 1;
        for i in 0..self.layers.len() {
            let (before, rest) = self.layers.split_at_mut(i);
            let layer = &mut rest[0];
            let inputs = before.last().map_or(inputs, |below| below.visible(batch));
            let mut outputs = std::mem::take(&mut layer.outputs);
            outputs.resize(batch * layer.fan_out, 0.0);
            let gelu = layer.activation == Activation::Gelu;
            let activation = if gelu { Activation::Identity } else { layer.activation };
            layer.product(exec, inputs, &self.parameters, activation, &mut outputs);
            let product = match inputs {
                Rows::Dense(_) => "gemm_fused",
                Rows::Sparse(_) => "csr_gemm, bias_activation_in_place",
            };
            show(&mut probe, KernelCall::new(Forward, product, "outputs").of_layer(i), &mut outputs);
            if gelu {
                layer.pre_activations.clone_from(&outputs);
                gelu_in_place(exec, &mut outputs);
                show(&mut probe, KernelCall::new(Forward, "gelu_in_place", "outputs").of_layer(i), &mut outputs);
            }
            layer.outputs = outputs;
            match dropout {
                Some((dropout, step)) if i < last => {
                    layer.drop_out(|mask| dropout.draw(step, i, mask));
                    let call = KernelCall::new(Forward, "Dropout", "outputs after dropout").of_layer(i);
                    show(&mut probe, call, &mut layer.dropped);
                }
                _ => layer.mask.clear(),
            }
        }
        let last = &mut self.layers[last];
        MatMut::new(&mut last.outputs, batch, last.fan_out)
    }

    /// Backward: of each layer, from the last on, the gradient by its inputs, then that by its parameters, or their step; what samples add
    /// to it, if there is room for it.
    fn run_backward(
        &mut self,
        exec: Exec<'_>,
        inputs: Rows<'_>,
        mut step: Option<InBackward<'_>>,
        mut probe: MaybeProbe<'_, '_>,
        mut samples: Option<(&mut [f32], &mut [f32])>,
    ) {
        let last = self.layers.len() - 1;
        let batch = inputs.rows();
        for i in (0..self.layers.len()).rev() {
            let (before, rest) = self.layers.split_at_mut(i);
            let layer = &rest[0];
            let output_gradient = MatRef::new(&layer.outputs, batch, layer.fan_out);
            let mut below = before.last_mut();
            let input_gradient = below.as_mut().map(|below| {
                let mut input_gradient = std::mem::take(&mut below.output_gradient);
                input_gradient.resize(batch * below.fan_out, 0.0);
                let (weights, _) = layer.split(&self.parameters);
                let outputs = MatRef::new(below.kept(), batch, below.fan_out);
                let through = ActivationGradient { outputs, activation: below.activation };
                let c = MatMut::new(&mut input_gradient, batch, below.fan_out);
                gemm_fused(exec, output_gradient, weights.t(), c, through);
                input_gradient.iter_mut().zip(&below.mask).for_each(|(g, m)| *g *= m);
                let call = KernelCall::new(Backward, "gemm_fused", "gradient of the inputs").of_layer(i);
                show(&mut probe, call, &mut input_gradient);
                input_gradient
            });

            let inputs = below.as_ref().map_or(inputs, |below| below.visible(batch));
            if let Some((norms, squares)) = &mut samples {
                let accum = if i == last { Accum::Replace } else { Accum::Add };
                let own = if squares.is_empty() { 0..0 } else { layer.start..layer.end() };
                by_sample(exec, accum, inputs, output_gradient, true, (&mut **norms, &mut squares[own]));
            }
            let (weight_gradient, bias_gradient) = layer.split_mut(&mut self.gradient);
            gemv_t(exec, Accum::Replace, 1.0, output_gradient, &self.ones, bias_gradient);
            show(&mut probe, KernelCall::new(Backward, "gemv_t", "gradient of the bias").of_layer(i), bias_gradient);
            let (weights, bias) = layer.split_mut(&mut self.parameters);
            let middle = layer.start + weights.len();
            match (inputs, &mut step) {
                (Rows::Dense(x), Some(step)) => {
                    step.product(layer.start..middle, x.t(), output_gradient, weights);
                    let call = KernelCall::new(Backward, step.product_kernel(), "weights after the step").of_layer(i);
                    show(&mut probe, call, weights);
                }
                (Rows::Dense(x), None) => {
                    let product = MatMut::new(weight_gradient, layer.fan_in, layer.fan_out);
                    gemm(exec, Accum::Replace, 1.0, x.t(), output_gradient, product);
                    let call = KernelCall::new(Backward, "gemm", "gradient of the weights").of_layer(i);
                    show(&mut probe, call, weight_gradient);
                }
                (Rows::Sparse(x), step) => {
                    csr_gemm_t(exec, x, layer.fan_out, &layer.outputs, weight_gradient);
                    let call = KernelCall::new(Backward, "csr_gemm_t", "gradient of the weights").of_layer(i);
                    show(&mut probe, call, weight_gradient);
                    if let Some(step) = step {
                        step.vector(layer.start..middle, weights, weight_gradient);
                        let call = KernelCall::new(Backward, "fused_step", "weights after the step").of_layer(i);
                        show(&mut probe, call, weights);
                    }
                }
            }
            if let Some(step) = &mut step {
                step.vector(middle..middle + bias.len(), bias, bias_gradient);
                show(&mut probe, KernelCall::new(Backward, "fused_step", "bias after the step").of_layer(i), bias);
            }

            if let (Some(below), Some(input_gradient)) = (below, input_gradient) {
                below.output_gradient = std::mem::replace(&mut below.outputs, input_gradient);
            }
        }
    }
}

impl Model for Mlp {
    fn inputs(&self) -> usize {
        self.layers[0].fan_in
    }
    fn outputs(&self) -> usize {
        self.layers[self.layers.len() - 1].fan_out
    }
    fn parameters(&self) -> &[f32] {
        &self.parameters
    }
    fn parameters_mut(&mut self) -> &mut [f32] {
        &mut self.parameters
    }
    fn parameters_and_gradient(&mut self) -> (&mut [f32], &[f32]) {
        (&mut self.parameters, &self.gradient)
    }

    fn layout(&self) -> Vec<(usize, usize)> {
        self.layers.iter().flat_map(|layer| [(layer.fan_in, layer.fan_out), (1, layer.fan_out)]).collect()
    }

    fn biases(&self) -> Vec<bool> {
        [false, true].repeat(self.layers.len())
    }

    /// Without hidden layers.
    fn coefficients(&self) -> Option<Vec<Coefficients>> {
        let [layer] = &self.layers[..] else { return None };
        let (weights, bias) = layer.split(&self.parameters);
        let output = |k: usize| Coefficients {
            weights: (0..layer.fan_in).map(|j| f64::from(weights.at(j, k))).collect(),
            intercept: f64::from(bias[k]),
        };
        Some((0..layer.fan_out).map(output).collect())
    }

    fn forward(&mut self, exec: Exec<'_>, inputs: Rows<'_>) -> MatMut<'_, f32> {
        self.run_forward(exec, inputs, None, None)
    }

    fn forward_training(&mut self, exec: Exec<'_>, inputs: Rows<'_>, step: u64) -> MatMut<'_, f32> {
        self.run_forward(exec, inputs, self.dropout.map(|dropout| (dropout, step)), None)
    }

    fn backward(&mut self, exec: Exec<'_>, inputs: Rows<'_>) {
        self.run_backward(exec, inputs, None, None, None);
    }

    fn backward_and_step(&mut self, exec: Exec<'_>, inputs: Rows<'_>, step: InBackward<'_>) {
        self.run_backward(exec, inputs, Some(step), None, None);
    }

    fn forward_probed(
        &mut self,
        exec: Exec<'_>,
        inputs: Rows<'_>,
        step: u64,
        probe: &mut dyn Probe,
    ) -> MatMut<'_, f32> {
        self.run_forward(exec, inputs, self.dropout.map(|dropout| (dropout, step)), Some(probe))
    }

    fn backward_probed(
        &mut self,
        exec: Exec<'_>,
        inputs: Rows<'_>,
        step: Option<InBackward<'_>>,
        probe: &mut dyn Probe,
    ) {
        self.run_backward(exec, inputs, step, Some(probe), None);
    }

    fn backward_by_sample(&mut self, exec: Exec<'_>, inputs: Rows<'_>, norms: &mut [f32], squares: &mut [f32]) -> bool {
        self.run_backward(exec, inputs, None, None, Some((norms, squares)));
        true
    }

    fn takes_sparse(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::{BatchTargets, Loss};
    use crate::random::{Purpose, StreamKey};

    #[test]
    fn the_layout_is_that_of_the_parameters() {
        let mut stream = Stream::new(StreamKey::new(Purpose::Weights, 3));
        let model = Mlp::new(&[5, 7, 3], Activation::Tanh, Initializer::XavierNormal, &mut stream);
        assert_eq!(model.layout(), [(5, 7), (1, 7), (7, 3), (1, 3)]);
        assert_eq!(model.layout().iter().map(|(rows, cols)| rows * cols).sum::<usize>(), model.parameters().len());
        assert_eq!(crate::Linear::new(4, true).layout(), [(1, 4), (1, 1)]);
        assert_eq!(crate::Linear::new(4, false).layout(), [(1, 4)]);
        assert_eq!(model.biases(), [false, true, false, true]);
        assert_eq!(crate::Linear::new(4, true).biases(), [false, true]);
        assert_eq!(crate::Linear::new(4, false).biases(), [false]);
    }

    /// The gradient of every parameter against central differences of the loss, without dropout and with the mask of one step.
    #[test]
    fn the_gradient_is_the_derivative_of_the_loss() {
        [None, Some(Dropout::new(0.25, 0, 1).unwrap())].into_iter().for_each(check_gradient);
    }

    fn check_gradient(dropout: Option<Dropout>) {
        let exec = Exec::default();
        use Activation::{Gelu, Identity, Relu, Sigmoid, Tanh};
        for activation in [Identity, Relu, Tanh, Sigmoid, Gelu] {
            let mut stream = Stream::new(StreamKey::new(Purpose::Weights, 3));
            let mut model = Mlp::new(&[5, 7, 4, 3], activation, Initializer::XavierNormal, &mut stream);
            // No bias is 0: where dropout leaves no input, a ReLU would lie exactly on its kink.
            model.parameters_mut().iter_mut().for_each(|w| *w += (0.1 * stream.normal()) as f32);
            model.dropout = dropout;
            let x: Vec<f32> = (0..6 * 5).map(|_| stream.normal() as f32).collect();
            let labels = [0, 1, 2, 1, 0, 2];
            let inputs = Rows::Dense(MatRef::new(&x, 6, 5));
            let loss_at = |parameters: &[f32], model: &mut Mlp| {
                model.parameters_mut().copy_from_slice(parameters);
                let outputs = model.forward_training(exec, inputs, 5);
                Loss::SoftmaxCrossEntropy.replace_by_gradient(exec, outputs, BatchTargets::Labels(&labels))
            };
            let at = model.parameters().to_vec();
            let here = loss_at(&at, &mut model);
            model.backward(exec, inputs);
            let gradient = model.parameters_and_gradient().1.to_vec();
            let (h, mut kinks) = (5e-4, 0);
            for i in 0..at.len() {
                let mut slope = |h: f32| {
                    let mut moved = at.clone();
                    moved[i] += h;
                    (loss_at(&moved, &mut model) - here) / h
                };
                let (up, down) = (slope(h), slope(-h));
                if (up - down).abs() > 2e-3 {
                    kinks += 1; // a ReLU changed sides within the step
                    continue;
                }
                let slope = (up + down) / 2.0;
                assert!((slope - gradient[i]).abs() < 1e-3, "{activation:?} {i}: {slope} and {}", gradient[i]);
            }
            assert!(kinks <= if activation == Activation::Relu { at.len() / 10 } else { 0 }, "{activation:?}: {kinks}");
        }
    }

    fn outputs(model: &mut Mlp, inputs: Rows<'_>, step: Option<u64>) -> Vec<f32> {
        let exec = Exec::default();
        let outputs = match step {
            Some(step) => model.forward_training(exec, inputs, step),
            None => model.forward(exec, inputs),
        };
        let outputs = outputs.as_ref();
        (0..outputs.rows()).flat_map(|i| (0..outputs.cols()).map(move |j| outputs.at(i, j))).collect()
    }

    #[test]
    fn dropout_is_off_at_evaluation_and_keeps_the_mean_in_training() {
        let mut stream = Stream::new(StreamKey::new(Purpose::Weights, 3));
        // One hidden layer without activation: the mean over the masks is the evaluation.
        let plain = Mlp::new(&[4, 50, 2], Activation::Identity, Initializer::XavierNormal, &mut stream);
        let mut model = plain.clone().with_dropout(Dropout::new(0.5, 0, 1).unwrap());
        let x: Vec<f32> = (0..3 * 4).map(|_| stream.normal() as f32).collect();
        let inputs = Rows::Dense(MatRef::new(&x, 3, 4));
        let evaluated = outputs(&mut model, inputs, None);
        assert_eq!(evaluated, outputs(&mut plain.clone(), inputs, None));
        let steps = 4000;
        let mut mean = [0.0; 6];
        for step in 0..steps {
            let outputs = outputs(&mut model, inputs, Some(step));
            assert_ne!(outputs, evaluated);
            mean.iter_mut().zip(&outputs).for_each(|(m, x)| *m += f64::from(*x) / steps as f64);
        }
        for (mean, want) in mean.iter().zip(&evaluated) {
            assert!((mean - f64::from(*want)).abs() < 0.06, "{mean} and {want}");
        }
        assert_eq!(outputs(&mut model, inputs, Some(7)), outputs(&mut model, inputs, Some(7)));
        assert_eq!(outputs(&mut model, inputs, None), evaluated, "training leaves nothing behind");
        let one = outputs(&mut model, inputs.slice(0..1), Some(7));
        assert_eq!(one, outputs(&mut model, inputs, Some(7))[..2], "a row's mask does not depend on the batch");
    }
}
