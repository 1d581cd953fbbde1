//! Plain iterator code and ndarray, where more than one table has it as a contestant.

use ndarray::{Array2, ArrayView2, Axis};

pub(crate) const BETA1: f32 = 0.9;
pub(crate) const BETA2: f32 = 0.999;
pub(crate) const EPSILON: f32 = 1e-8;

/// An optimizer; momentum is β₁.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Update {
    Sgd,
    Momentum,
    Adam,
}

/// The state of one array of parameters.
pub(crate) struct State {
    update: Update,
    rate: f32,
    step: i32,
    m: Vec<f32>,
    v: Vec<f32>,
}

impl State {
    pub(crate) fn new(update: Update, rate: f32, len: usize) -> Self {
        Self { update, rate, step: 0, m: vec![0.0; len], v: vec![0.0; len] }
    }

    pub(crate) fn step<'a>(&mut self, w: impl IntoIterator<Item = &'a mut f32>, g: impl IntoIterator<Item = &'a f32>) {
        self.step += 1;
        let (rate, pairs) = (self.rate, w.into_iter().zip(g));
        match self.update {
            Update::Sgd => pairs.for_each(|(w, g)| *w -= rate * g),
            Update::Momentum => pairs.zip(&mut self.m).for_each(|((w, g), m)| {
                *m = BETA1 * *m + g;
                *w -= rate * *m;
            }),
            Update::Adam => {
                let rate = rate / (1.0 - BETA1.powi(self.step));
                let unbias = 1.0 / (1.0 - BETA2.powi(self.step)).sqrt();
                pairs.zip(&mut self.m).zip(&mut self.v).for_each(|(((w, g), m), v)| {
                    *m = BETA1 * *m + (1.0 - BETA1) * g;
                    *v = BETA2 * *v + (1.0 - BETA2) * g * g;
                    *w -= rate * *m / (v.sqrt() * unbias + EPSILON);
                });
            }
        }
    }
}

/// Mean softmax cross-entropy of rows of logits, which become their gradient.
pub(crate) fn softmax_cross_entropy(logits: &mut [f32], classes: usize, labels: &[u32]) -> f32 {
    let (mut loss, scale) = (0.0, 1.0 / labels.len() as f32);
    for (row, label) in logits.chunks_exact_mut(classes).zip(labels) {
        let (max, label) = (row.iter().copied().fold(f32::NEG_INFINITY, f32::max), *label as usize);
        let target = row[label] - max;
        row.iter_mut().for_each(|z| *z = (*z - max).exp());
        let sum: f32 = row.iter().sum();
        loss += scale * (sum.ln() - target);
        row.iter_mut().for_each(|z| *z *= scale / sum);
        row[label] -= scale;
    }
    loss
}

/// The same from a view, operation by operation: the loss and its gradient.
pub(crate) fn ndarray_softmax(logits: ArrayView2<'_, f32>, labels: &[u32]) -> (f32, Array2<f32>) {
    let scale = 1.0 / labels.len() as f32;
    let max = logits.map_axis(Axis(1), |row| row.fold(f32::NEG_INFINITY, |max, z| max.max(*z)));
    let mut z = &logits - &max.insert_axis(Axis(1));
    let target: f32 = labels.iter().zip(z.rows()).map(|(label, row)| row[*label as usize]).sum();
    z.mapv_inplace(f32::exp);
    let sums = z.sum_axis(Axis(1));
    let loss = scale * (sums.mapv(f32::ln).sum() - target);
    z *= &sums.mapv(|sum| scale / sum).insert_axis(Axis(1));
    labels.iter().zip(z.rows_mut()).for_each(|(label, mut row)| row[*label as usize] -= scale);
    (loss, z)
}
