//! A linear function with one output.

use super::{Coefficients, Model, by_sample};
use crate::dataset::Rows;
use crate::optimizer::InBackward;
use crate::probe::Phase::{Backward, Forward};
use crate::probe::{KernelCall, MaybeProbe, Probe, show};
use simdescent_kernels::{Accum, Exec, MatMut, MatRef, dot, gemv, gemv_t, linear};

/// z = x·w (+ b): linear regression with the squared loss, logistic regression with the logistic loss.
///
/// Softmax regression is an [`Mlp`](super::Mlp) without hidden layers. Parameters: w, then b if there is one; all start
/// at zero, which is right because the losses are convex in them.
#[derive(Clone, Debug)]
pub struct Linear {
    features: usize,
    parameters: Vec<f32>,
    gradient: Vec<f32>,
    outputs: Vec<f32>,
    ones: Vec<f32>,
}

impl Linear {
    /// A model of `features` weights and, if asked for, a bias.
    pub fn new(features: usize, bias: bool) -> Self {
        let n = features + usize::from(bias);
        Self { features, parameters: vec![0.0; n], gradient: vec![0.0; n], outputs: vec![], ones: vec![] }
    }

    fn bias(&self) -> Option<f32> {
        self.parameters.get(self.features).copied()
    }

    fn run_backward(&mut self, exec: Exec<'_>, inputs: Rows<'_>, mut probe: MaybeProbe<'_, '_>) {
        match inputs {
            Rows::Dense(x) => {
                let (weights, bias) = self.gradient.split_at_mut(self.features);
                gemv_t(exec, Accum::Replace, 1.0, x, &self.outputs, weights);
                show(&mut probe, KernelCall::new(Backward, "gemv_t", "gradient of the weights").of_layer(0), weights);
                if let [bias] = bias {
                    *bias = dot(exec, &self.outputs, &self.ones);
                    let call = KernelCall::new(Backward, "dot", "gradient of the bias").of_layer(0);
                    show(&mut probe, call, std::slice::from_mut(bias));
                }
            }
            Rows::Sparse(x) => {
                linear::gradient(exec, x, &self.outputs, &mut self.gradient);
                let call = KernelCall::new(Backward, "linear::gradient", "gradient").of_layer(0);
                show(&mut probe, call, &mut self.gradient);
            }
        }
    }
}

impl Model for Linear {
    fn inputs(&self) -> usize {
        self.features
    }
    fn outputs(&self) -> usize {
        1
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
        let bias = self.bias().map(|_| (1, 1));
        [(1, self.features)].into_iter().chain(bias).collect()
    }

    fn biases(&self) -> Vec<bool> {
        [false].into_iter().chain(self.bias().map(|_| true)).collect()
    }

    fn coefficients(&self) -> Option<Vec<Coefficients>> {
        let weights = self.parameters[..self.features].iter().map(|&w| f64::from(w)).collect();
        Some(vec![Coefficients { weights, intercept: self.bias().map_or(0.0, f64::from) }])
    }

    fn forward(&mut self, exec: Exec<'_>, inputs: Rows<'_>) -> MatMut<'_, f32> {
        let batch = inputs.rows();
        self.outputs.resize(batch, 0.0);
        self.ones.resize(batch, 1.0);
        match inputs {
            Rows::Dense(x) => {
                // The bias is the value the products are added to.
                let accum = self.bias().map_or(Accum::Replace, |bias| {
                    self.outputs.fill(bias);
                    Accum::Add
                });
                gemv(exec, accum, 1.0, x, &self.parameters[..self.features], &mut self.outputs);
            }
            Rows::Sparse(x) => linear::outputs(exec, x, &self.parameters, &mut self.outputs),
        }
        MatMut::new(&mut self.outputs, batch, 1)
    }

    fn backward(&mut self, exec: Exec<'_>, inputs: Rows<'_>) {
        self.run_backward(exec, inputs, None);
    }

    fn forward_probed(
        &mut self,
        exec: Exec<'_>,
        inputs: Rows<'_>,
        _step: u64,
        probe: &mut dyn Probe,
    ) -> MatMut<'_, f32> {
        self.forward(exec, inputs);
        let kernel = if matches!(inputs, Rows::Dense(_)) { "gemv" } else { "linear::outputs" };
        probe.called(KernelCall::new(Forward, kernel, "outputs").of_layer(0), &mut self.outputs);
        MatMut::new(&mut self.outputs, inputs.rows(), 1)
    }

    fn backward_probed(
        &mut self,
        exec: Exec<'_>,
        inputs: Rows<'_>,
        step: Option<InBackward<'_>>,
        probe: &mut dyn Probe,
    ) {
        self.run_backward(exec, inputs, Some(probe));
        if let Some(mut step) = step {
            step.vector(0..self.gradient.len(), &mut self.parameters, &self.gradient);
            let call = KernelCall::new(Backward, "fused_step", "parameters after the step").of_layer(0);
            probe.called(call, &mut self.parameters);
        }
    }

    fn backward_by_sample(&mut self, exec: Exec<'_>, inputs: Rows<'_>, norms: &mut [f32], squares: &mut [f32]) -> bool {
        self.backward(exec, inputs);
        let delta = MatRef::new(&self.outputs, inputs.rows(), 1);
        by_sample(exec, Accum::Replace, inputs, delta, self.bias().is_some(), (norms, squares));
        true
    }

    fn takes_sparse(&self) -> bool {
        true
    }
}
