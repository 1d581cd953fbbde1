//! Multi-layer perceptron.

use super::Model;
use crate::initializer::Initializer;
use crate::random::Stream;
use simdescent_kernels::activation::Activation;
use simdescent_kernels::gemm::{ActivationGradient, BiasActivation, gemm_fused};
use simdescent_kernels::math::gelu_in_place;
use simdescent_kernels::{Accum, Exec, MatMut, MatRef, gemm, gemv_t};

/// Dense layers A ← activation(A·W + b), the last without activation. With no hidden layer and the cross-entropy
/// loss this is softmax regression. GELU costs a pass over its outputs and room for its inputs; the others are part of the
/// product.
///
/// Parameters: for each layer W `[fan_in, fan_out]` row-major, then b `[fan_out]`.
#[derive(Clone, Debug)]
pub struct Mlp {
    layers: Vec<Layer>,
    parameters: Vec<f32>,
    gradient: Vec<f32>,
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
    /// Activations of the last batch; after the loss and during the backward pass, the gradient by them.
    outputs: Vec<f32>,
    /// What goes into a GELU, which its derivative needs; empty for the others, whose derivative is taken from the outputs.
    pre_activations: Vec<f32>,
    /// Room for the gradient by the outputs while the outputs are still needed for the activation's derivative.
    output_gradient: Vec<f32>,
}

impl Layer {
    /// What the activation's derivative is taken from.
    fn kept(&self) -> &[f32] {
        if self.activation == Activation::Gelu { &self.pre_activations } else { &self.outputs }
    }
    fn split<'p>(&self, parameters: &'p [f32]) -> (MatRef<'p, f32>, &'p [f32]) {
        let (weights, rest) = parameters[self.start..].split_at(self.fan_in * self.fan_out);
        (MatRef::new(weights, self.fan_in, self.fan_out), &rest[..self.fan_out])
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
            let (outputs, pre_activations, output_gradient) = (vec![], vec![], vec![]);
            layers.push(Layer { fan_in, fan_out, activation, start, outputs, pre_activations, output_gradient });
            start += (fan_in + 1) * fan_out;
        }
        let mut parameters = vec![0.0; start];
        for layer in &layers {
            let (weights, _) = layer.split_mut(&mut parameters);
            initializer.fill(weights, layer.fan_in, layer.fan_out, stream);
        }
        Self { layers, gradient: vec![0.0; start], parameters, ones: vec![] }
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

    fn forward(&mut self, exec: Exec<'_>, inputs: MatRef<'_, f32>) -> MatMut<'_, f32> {
        let batch = inputs.rows();
        self.ones.resize(batch, 1.0);
        for i in 0..self.layers.len() {
            let (before, rest) = self.layers.split_at_mut(i);
            let layer = &mut rest[0];
            let inputs = before.last().map_or(inputs, |below| MatRef::new(&below.outputs, batch, below.fan_out));
            let mut outputs = std::mem::take(&mut layer.outputs);
            outputs.resize(batch * layer.fan_out, 0.0);
            let (weights, bias) = layer.split(&self.parameters);
            let gelu = layer.activation == Activation::Gelu;
            let activation = if gelu { Activation::Identity } else { layer.activation };
            let z = MatMut::new(&mut outputs, batch, layer.fan_out);
            gemm_fused(exec, inputs, weights, z, BiasActivation { bias, activation });
            if gelu {
                layer.pre_activations.clone_from(&outputs);
                gelu_in_place(exec, &mut outputs);
            }
            layer.outputs = outputs;
        }
        let last = self.layers.last_mut().expect("at least one layer");
        MatMut::new(&mut last.outputs, batch, last.fan_out)
    }

    fn backward(&mut self, exec: Exec<'_>, inputs: MatRef<'_, f32>) {
        let batch = inputs.rows();
        for i in (0..self.layers.len()).rev() {
            let (before, rest) = self.layers.split_at_mut(i);
            let layer = &rest[0];
            let below = before.last_mut();
            let inputs = below.as_ref().map_or(inputs, |below| MatRef::new(&below.outputs, batch, below.fan_out));

            let output_gradient = MatRef::new(&layer.outputs, batch, layer.fan_out);
            let (weight_gradient, bias_gradient) = layer.split_mut(&mut self.gradient);
            let weight_gradient = MatMut::new(weight_gradient, layer.fan_in, layer.fan_out);
            gemm(exec, Accum::Replace, 1.0, inputs.t(), output_gradient, weight_gradient);
            gemv_t(exec, Accum::Replace, 1.0, output_gradient, &self.ones, bias_gradient);

            if let Some(below) = below {
                let mut input_gradient = std::mem::take(&mut below.output_gradient);
                input_gradient.resize(batch * below.fan_out, 0.0);
                let (weights, _) = layer.split(&self.parameters);
                let outputs = MatRef::new(below.kept(), batch, below.fan_out);
                let through = ActivationGradient { outputs, activation: below.activation };
                let c = MatMut::new(&mut input_gradient, batch, below.fan_out);
                gemm_fused(exec, output_gradient, weights.t(), c, through);
                below.output_gradient = std::mem::replace(&mut below.outputs, input_gradient);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loss::{BatchTargets, Loss};
    use crate::random::{Purpose, StreamKey};

    /// The gradient of every parameter against central differences of the loss.
    #[test]
    fn the_gradient_is_the_derivative_of_the_loss() {
        let exec = Exec::default();
        use Activation::{Gelu, Identity, Relu, Sigmoid, Tanh};
        for activation in [Identity, Relu, Tanh, Sigmoid, Gelu] {
            let mut stream = Stream::new(StreamKey::new(Purpose::Weights, 3));
            let mut model = Mlp::new(&[5, 7, 4, 3], activation, Initializer::XavierNormal, &mut stream);
            let x: Vec<f32> = (0..6 * 5).map(|_| stream.normal() as f32).collect();
            let labels = [0, 1, 2, 1, 0, 2];
            let inputs = MatRef::new(&x, 6, 5);
            let loss_at = |parameters: &[f32], model: &mut Mlp| {
                model.parameters_mut().copy_from_slice(parameters);
                let outputs = model.forward(exec, inputs);
                Loss::SoftmaxCrossEntropy.replace_by_gradient(exec, outputs, BatchTargets::Labels(&labels))
            };
            let at = model.parameters().to_vec();
            let here = loss_at(&at, &mut model);
            model.backward(exec, inputs);
            let gradient = model.parameters_and_gradient().1.to_vec();
            let (h, mut kinks) = (1e-3, 0);
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
}
