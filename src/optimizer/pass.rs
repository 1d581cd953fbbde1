//! [`Pass`]: what is around a step of every rule, and the rules that take layer by layer.

use super::StepTransforms;
use simdescent_kernels::optimizer::{
    Adafactor, Adam, ClipValue, CoupledDecay, DecoupledDecay, FlushState, KeepGradient, Lamb, Momentum, MuonMomentum,
    Scaled, Sgd, SoftThreshold, UpdateRule, clip_factor, direction_norms, fused_step, orthogonalize,
};
use simdescent_kernels::{Exec, dot};
use std::ops::Range;

/// One step: parameters, gradient, and what is done around the rule.
pub(super) struct Pass<'a> {
    exec: Exec<'a>,
    learning_rate: f64,
    l2: f32,
    step_transforms: StepTransforms,
    layout: &'a [(usize, usize)],
    /// What clipping by norm multiplies the gradient by.
    factor: f32,
    parameters: &'a mut [f32],
    gradient: &'a [f32],
}

/// The numbers of Adafactor in one step.
pub(super) struct AdafactorStep {
    pub(super) beta2: f32,
    /// ε₁
    pub(super) epsilon: f32,
    /// d
    pub(super) clip: f32,
    /// β₁
    pub(super) momentum: f32,
    /// ε₂ if the rate is relative to the parameters.
    pub(super) scale_parameter: Option<f32>,
}

/// Where each array of a layout lies.
fn layers(layout: &[(usize, usize)]) -> impl Iterator<Item = (Range<usize>, (usize, usize))> {
    layout.iter().scan(0, |end, &(rows, cols)| {
        let start = *end;
        *end += rows * cols;
        Some((start..*end, (rows, cols)))
    })
}

/// The first `n` elements, which are there from the first step on.
fn room(scratch: &mut Vec<f32>, n: usize) -> &mut [f32] {
    scratch.resize(n.max(scratch.len()), 0.0);
    &mut scratch[..n]
}

/// Whether Muon takes each array of a layout: the matrices in front of the last layer.
pub(super) fn hidden(layout: &[(usize, usize)]) -> impl Iterator<Item = bool> {
    let last = layout.iter().rposition(|&(rows, _)| rows > 1).unwrap_or(0);
    layout.iter().enumerate().map(move |(i, &(rows, cols))| i < last && rows > 1 && cols > 1)
}

impl<'a> Pass<'a> {
    pub(super) fn new(
        exec: Exec<'a>,
        (learning_rate, l2): (f64, f32),
        step_transforms: StepTransforms,
        layout: &'a [(usize, usize)],
        parameters: &'a mut [f32],
        gradient: &'a [f32],
    ) -> Self {
        let factor = step_transforms.clip_norm.map_or(1.0, |limit| clip_factor(exec, gradient, limit));
        Self { exec, learning_rate, l2, step_transforms, layout, factor, parameters, gradient }
    }

    pub(super) fn run<R: UpdateRule<f32, S>, const S: usize>(&mut self, rule: R, state: [&mut Vec<f32>; S]) {
        let lambda = self.l2;
        if self.step_transforms != StepTransforms::NONE {
            self.step(self.transformed(rule), state);
        } else if lambda != 0.0 {
            self.step(CoupledDecay { lambda, rule }, state);
        } else {
            self.step(rule, state);
        }
    }

    /// Layer by layer, because threads then share each of them as they do its products: a thread finds its rows in its cache.
    fn step<R: UpdateRule<f32, S>, const S: usize>(&mut self, rule: R, mut state: [&mut Vec<f32>; S]) {
        for (layer, _) in layers(self.layout) {
            let state = state.each_mut().map(|s| &mut s[layer.clone()]);
            let (parameters, gradient) = (&mut self.parameters[layer.clone()], &self.gradient[layer]);
            fused_step(self.exec, &rule, parameters, gradient, state);
        }
    }

    /// Two passes over each layer.
    pub(super) fn lamb(&mut self, lamb: &Lamb<f32>, [m, v]: [&mut Vec<f32>; 2]) {
        let first = self.before(self.flushed(*lamb));
        for (layer, _) in layers(self.layout) {
            let (gradient, m, v) = (&self.gradient[layer.clone()], &mut m[layer.clone()], &mut v[layer.clone()]);
            let norms = direction_norms(self.exec, &first, &self.parameters[layer.clone()], gradient, [m, v]);
            let second = self.after(lamb.step(norms));
            fused_step(self.exec, &second, &mut self.parameters[layer], m, [v]);
        }
    }

    /// Three passes over each layer; one more if something is done to the gradient, to keep it in `scratch`, and one over the
    /// parameters if the rate is relative to them. State: means of rows and columns, layer by layer; velocities, or none.
    pub(super) fn adafactor(
        &mut self,
        rule: AdafactorStep,
        [means, velocity]: [&mut [f32]; 2],
        scratch: &mut Vec<f32>,
    ) {
        let AdafactorStep { beta2, epsilon, clip, momentum, scale_parameter } = rule;
        let (exec, mut means) = (self.exec, means);
        for (layer, (rows, cols)) in layers(self.layout) {
            let (row_means, others) = means.split_at_mut(rows);
            let (col_means, others) = others.split_at_mut(cols);
            means = others;
            let mut gradient = &self.gradient[layer.clone()];
            if self.l2 != 0.0 || self.factor != 1.0 || self.step_transforms.clip_value.is_some() {
                let kept = room(scratch, layer.len());
                let keep = self.before(KeepGradient);
                fused_step(exec, &keep, &mut self.parameters[layer.clone()], gradient, [&mut *kept]);
                gradient = kept;
            }
            let moment = Adafactor::estimate(exec, (beta2, epsilon), gradient, (rows, cols), [row_means, col_means]);
            let size = moment.rms(exec, gradient);
            let factor = if size > clip { clip / size } else { 1.0 };
            let mut rate = self.learning_rate as f32;
            if let Some(smallest) = scale_parameter {
                let w = &self.parameters[layer.clone()];
                let size = (dot(exec, w, w) / w.len().max(1) as f32).sqrt();
                rate *= if size > smallest { size } else { smallest };
            }
            if momentum == 0.0 {
                let step = self.after(Scaled { factor, rule: Sgd { learning_rate: rate } });
                moment.step(exec, &step, &mut self.parameters[layer], gradient, []);
            } else {
                let rule = self.flushed(Momentum { learning_rate: rate * (1.0 - momentum), momentum });
                let step = self.after(Scaled { factor, rule });
                moment.step(exec, &step, &mut self.parameters[layer.clone()], gradient, [&mut velocity[layer]]);
            }
        }
    }

    /// Momentum, orthogonalisation and step of each hidden matrix, whose direction lies in `scratch`; AdamW for the others.
    /// State: m of all; v of the others, one after the other.
    pub(super) fn muon(
        &mut self,
        (momentum, adam, weight_decay): (f32, Adam<f32>, f64),
        [m, v]: [&mut [f32]; 2],
        scratch: &mut Vec<f32>,
    ) {
        let (exec, mut v) = (self.exec, v);
        let rate = (self.learning_rate * weight_decay) as f32;
        let (first, adamw) = (
            self.before(self.flushed(MuonMomentum { momentum })),
            self.transformed(DecoupledDecay { rate, rule: adam }),
        );
        for ((layer, (rows, cols)), hidden) in layers(self.layout).zip(hidden(self.layout)) {
            let (parameters, gradient) = (&mut self.parameters[layer.clone()], &self.gradient[layer.clone()]);
            let m = &mut m[layer.clone()];
            if hidden {
                let direction = room(scratch, layer.len());
                fused_step(exec, &first, parameters, gradient, [m, &mut *direction]);
                orthogonalize(exec, direction, (rows, cols));
                let learning_rate = (self.learning_rate * 0.2 * (rows.max(cols) as f64).sqrt()) as f32;
                let step = self.after(DecoupledDecay { rate, rule: Sgd { learning_rate } });
                fused_step(exec, &step, &mut self.parameters[layer], direction, []);
            } else {
                let (mine, others) = v.split_at_mut(layer.len());
                v = others;
                fused_step(exec, &adamw, parameters, gradient, [m, mine]);
            }
        }
    }

    /// Everything around the rule; what is not asked for changes nothing.
    fn transformed<R: UpdateRule<f32, S>, const S: usize>(&self, rule: R) -> impl UpdateRule<f32, S> + use<R, S> {
        self.before(self.after(self.flushed(rule)))
    }
    /// What is done to the gradient.
    fn before<R: UpdateRule<f32, S>, const S: usize>(&self, rule: R) -> impl UpdateRule<f32, S> + use<R, S> {
        let limit = self.step_transforms.clip_value.unwrap_or(f32::INFINITY);
        let rule = CoupledDecay { lambda: self.l2, rule };
        Scaled { factor: self.factor, rule: ClipValue { limit, rule } }
    }
    /// What is done to the parameters.
    fn after<R: UpdateRule<f32, S>, const S: usize>(&self, rule: R) -> impl UpdateRule<f32, S> + use<R, S> {
        let by_rate = |lambda: f32| (self.learning_rate * f64::from(lambda)) as f32;
        let rule = DecoupledDecay { rate: by_rate(self.step_transforms.weight_decay), rule };
        SoftThreshold { threshold: by_rate(self.step_transforms.l1), rule }
    }
    /// What is done to the state.
    fn flushed<R>(&self, rule: R) -> FlushState<f32, R> {
        FlushState { below: if self.step_transforms.flush_subnormals { f32::MIN_POSITIVE } else { 0.0 }, rule }
    }
}

#[cfg(test)]
mod tests;
