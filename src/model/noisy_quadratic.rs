//! The noisy quadratic model: what is known in closed form of optimizers and batch sizes.

use super::Model;
use crate::dataset::Rows;
use crate::random::Stream;
use simdescent_kernels::{Accum, Exec, MatMut, axpy, dot, gemv, gemv_t};

/// L(x) = ½ Σ hᵢxᵢ² with hᵢ = 1/i, seen through noise (Zhang et al. 2019): sample ξ has the output ½ Σ hᵢ(xᵢ − ξᵢ/√hᵢ)² =
/// ½ ‖√h∘x − ξ‖².
///
/// Of rows ξ with mean 0 and deviation σ ([`synthetic::noise`](crate::synthetic::noise)) the gradient of the mean output is
/// hᵢxᵢ − √hᵢ·ξ̄ᵢ: that of L with noise of variance σ²hᵢ/B in a batch of B drawn rows. The output of a row of zeros is L(x) itself. The output is the
/// loss: train with [`Loss::Absolute`](crate::Loss::Absolute) and targets 0. The x of the start are standard normal.
#[derive(Clone, Debug)]
pub struct NoisyQuadratic {
    /// √h
    roots: Vec<f32>,
    parameters: Vec<f32>,
    gradient: Vec<f32>,
    /// √h∘x of the last forward pass.
    scaled: Vec<f32>,
    outputs: Vec<f32>,
}

impl NoisyQuadratic {
    /// A model of so many parameters, which start where the stream says.
    pub fn new(dimensions: usize, stream: &mut Stream) -> Self {
        Self {
            roots: (1..=dimensions).map(|i| (1.0 / i as f64).sqrt() as f32).collect(),
            parameters: (0..dimensions).map(|_| stream.normal() as f32).collect(),
            gradient: vec![0.0; dimensions],
            scaled: vec![0.0; dimensions],
            outputs: vec![],
        }
    }
}

impl Model for NoisyQuadratic {
    fn inputs(&self) -> usize {
        self.parameters.len()
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

    fn forward(&mut self, exec: Exec<'_>, inputs: Rows<'_>) -> MatMut<'_, f32> {
        let Rows::Dense(noise) = inputs else { panic!("the noisy quadratic takes no sparse inputs") };
        for ((scaled, root), x) in self.scaled.iter_mut().zip(&self.roots).zip(&self.parameters) {
            *scaled = root * x;
        }
        self.outputs.resize(noise.rows(), 0.0);
        gemv(exec, Accum::Replace, -1.0, noise, &self.scaled, &mut self.outputs);
        let own = dot(exec, &self.scaled, &self.scaled);
        for (i, output) in self.outputs.iter_mut().enumerate() {
            let row = noise.row(i).expect("rows of a data set are contiguous");
            // Halves are exact: three roundings.
            *output += 0.5 * (own + dot(exec, row, row));
        }
        MatMut::new(&mut self.outputs, noise.rows(), 1)
    }

    fn backward(&mut self, exec: Exec<'_>, inputs: Rows<'_>) {
        let Rows::Dense(noise) = inputs else { panic!("the noisy quadratic takes no sparse inputs") };
        gemv_t(exec, Accum::Replace, -1.0, noise, &self.outputs, &mut self.gradient);
        let sum = self.outputs.iter().sum();
        axpy(exec, sum, &self.scaled, &mut self.gradient);
        for (gradient, root) in self.gradient.iter_mut().zip(&self.roots) {
            *gradient *= root;
        }
    }

    /// Sample ξ adds r·√h∘(√h∘x − ξ), where r is the derivative by its output.
    fn backward_by_sample(&mut self, exec: Exec<'_>, inputs: Rows<'_>, norms: &mut [f32], squares: &mut [f32]) -> bool {
        self.backward(exec, inputs);
        let Rows::Dense(noise) = inputs else { panic!("the noisy quadratic takes no sparse inputs") };
        squares.fill(0.0);
        let mut part = vec![0.0; self.parameters.len()];
        for (i, (norm, r)) in norms.iter_mut().zip(&self.outputs).enumerate() {
            let row = noise.row(i).expect("rows of a data set are contiguous");
            for (j, part) in part.iter_mut().enumerate() {
                *part = r * self.roots[j] * (self.scaled[j] - row[j]);
            }
            *norm = dot(exec, &part, &part);
            squares.iter_mut().zip(&part).for_each(|(square, part)| *square += part * part);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, StreamKey};
    use crate::{Dataset, Evaluator, LearningRate, Loss, Settings, Targets, Trainer, synthetic};

    #[test]
    fn a_row_of_zeros_has_the_quadratic_itself() {
        let mut model = NoisyQuadratic::new(3, &mut Stream::new(StreamKey::new(Purpose::Weights, 1)));
        model.parameters_mut().copy_from_slice(&[1.0, 2.0, -3.0]);
        let zeros = Dataset::new("zeros", vec![0.0; 3], 3, Targets::Values(vec![0.0])).unwrap();
        let loss = Evaluator::new(Loss::Absolute, &zeros).unwrap().evaluate(Exec::default(), &mut model).loss;
        assert!((loss - 0.5 * (1.0 + 4.0 / 2.0 + 9.0 / 3.0)).abs() < 1e-6, "{loss}");
    }

    /// One step of SGD: x − η(h∘x − √h∘ξ̄).
    #[test]
    fn its_gradient_is_that_of_the_quadratic_and_noise_of_variance_h() {
        let data = synthetic::noise(64, 5, 1.0, &mut Stream::new(StreamKey::new(Purpose::Data, 1)));
        for rows in [1, 4, 64] {
            let (batch, _) = data.clone().split_at(rows).unwrap_or_else(|_| (data.clone(), data.clone()));
            let model = NoisyQuadratic::new(5, &mut Stream::new(StreamKey::new(Purpose::Weights, 1)));
            let before = model.parameters().to_vec();
            let settings = Settings {
                loss: Loss::Absolute,
                learning_rate: LearningRate::Constant { rate: 0.5 },
                batch_size: rows,
                ..Settings::default()
            };
            let mut trainer = Trainer::new(Exec::default(), model, &batch, settings).unwrap();
            trainer.step();
            for (i, (&after, &x)) in trainer.model().parameters().iter().zip(&before).enumerate() {
                let h = 1.0 / (i + 1) as f32;
                let mean = (0..rows).map(|row| batch.row(row)[i]).sum::<f32>() / rows as f32;
                let expected = x - 0.5 * (h * x - h.sqrt() * mean);
                assert!((after - expected).abs() < 1e-5, "{rows} rows, coordinate {i}: {after}, not {expected}");
            }
        }
    }
}
