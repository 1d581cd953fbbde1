//! [`Step`]: what a rule has at hand, and the rules that take layer by layer.

use super::arrays::ranges;
use super::step_transforms::Around;
use simdescent_kernels::optimizer::{
    Adafactor, AdafactorOptions, Adam, CoupledDecay, DecoupledDecay, KeepGradient, Lamb, Momentum, MuonMomentum,
    Scaled, Sgd, UpdateRule, fused_step, orthogonalize, trust_ratio,
};
use simdescent_kernels::{Exec, nrm2};
use std::ops::Range;

/// One step: parameters, gradient, state, and what is done around the rule.
pub(super) struct Step<'a> {
    pub(super) exec: Exec<'a>,
    /// Its number, from 1.
    pub(super) t: u64,
    pub(super) around: Around,
    /// Rows and columns of each array.
    pub(super) layout: &'a [(usize, usize)],
    /// Which of them penalties and weight decay take in.
    pub(super) penalized: &'a [bool],
    pub(super) parameters: &'a mut [f32],
    pub(super) gradient: &'a [f32],
    pub(super) state: &'a mut [Vec<f32>; 3],
    /// What a rule adds or multiplies up over the steps.
    pub(super) accumulated: &'a mut f64,
    /// Room for the gradient or the direction of one array; empty until it is needed.
    pub(super) scratch: &'a mut Vec<f32>,
}

/// The numbers of Adafactor in one step.
pub(super) struct AdafactorStep {
    pub(super) options: AdafactorOptions<f32>,
    /// d
    pub(super) clip: f32,
    /// β₁
    pub(super) momentum: f64,
    /// ε₂ if the rate is relative to the parameters.
    pub(super) scale_parameter: Option<f32>,
}

/// The numbers of Muon in one step.
pub(super) struct MuonStep {
    /// μ
    pub(super) momentum: f32,
    /// What the other parameters take, with the decay.
    pub(super) adam: Adam<f32>,
    /// λ
    pub(super) weight_decay: f64,
}

/// An array of parameters.
struct Layer {
    range: Range<usize>,
    rows: usize,
    cols: usize,
    /// Whether penalties and weight decay take it in.
    penalized: bool,
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

impl<'a> Step<'a> {
    /// η
    pub(super) fn learning_rate(&self) -> f64 {
        self.around.learning_rate
    }
    /// η in the precision of the parameters.
    pub(super) fn rate(&self) -> f32 {
        self.around.learning_rate as f32
    }

    fn layers(&self) -> impl Iterator<Item = Layer> + use<'a> {
        let arrays = self.layout.iter().zip(self.penalized);
        let layer = |(range, (&(rows, cols), &penalized))| Layer { range, rows, cols, penalized };
        ranges(self.layout).zip(arrays).map(layer)
    }

    /// A rule of one pass, with as many vectors of the state as it takes.
    pub(super) fn run<R: UpdateRule<f32, S>, const S: usize>(&mut self, rule: R) {
        self.run_decayed(0.0, |_| rule);
    }

    /// The same for a rule that has a weight decay of its own, which it gets.
    ///
    /// Layer by layer, because threads then share each of them as they do its products: a thread finds its rows in its cache.
    pub(super) fn run_decayed<R: UpdateRule<f32, S>, const S: usize>(
        &mut self,
        weight_decay: f64,
        rule: impl Fn(f64) -> R,
    ) {
        for Layer { range, penalized, .. } in self.layers() {
            let (around, rule) = (self.around.of(penalized), rule(if penalized { weight_decay } else { 0.0 }));
            if around.is_more_than_l2() {
                self.apply(around.all(rule), range);
            } else if around.l2 != 0.0 {
                self.apply(CoupledDecay { lambda: around.l2, rule }, range);
            } else {
                self.apply(rule, range);
            }
        }
    }

    fn apply<R: UpdateRule<f32, S>, const S: usize>(&mut self, rule: R, layer: Range<usize>) {
        let mut vectors = self.state.iter_mut();
        let state: [&mut [f32]; S] = std::array::from_fn(|_| match vectors.next() {
            Some(vector) => &mut vector[layer.clone()],
            None => unreachable!("no rule has more than three vectors"),
        });
        let (parameters, gradient) = (&mut self.parameters[layer.clone()], &self.gradient[layer]);
        fused_step(self.exec, &rule, parameters, gradient, state);
    }

    /// Two passes over each layer; `lamb` gets its weight decay.
    pub(super) fn lamb(&mut self, weight_decay: f64, lamb: impl Fn(f64) -> Lamb<f32>) {
        let layers = self.layers();
        let (exec, [m, v, _]) = (self.exec, &mut *self.state);
        for Layer { range: layer, penalized, .. } in layers {
            let (around, lamb) = (self.around.of(penalized), lamb(if penalized { weight_decay } else { 0.0 }));
            let first = around.before(around.flushed(lamb));
            let (gradient, m, v) = (&self.gradient[layer.clone()], &mut m[layer.clone()], &mut v[layer.clone()]);
            let w = &self.parameters[layer.clone()];
            let ratio = trust_ratio(exec, &lamb, &first, w, gradient, [&mut *m, &mut *v]);
            fused_step(exec, &around.after(lamb.step(ratio)), &mut self.parameters[layer], m, [v]);
        }
    }

    /// Three passes over each layer; one more if something is done to the gradient, to keep it in `scratch`, and one over the
    /// parameters if the rate is relative to them. State: means of rows and columns, layer by layer; velocities, or none.
    pub(super) fn adafactor(&mut self, rule: AdafactorStep) {
        let AdafactorStep { options, clip, momentum, scale_parameter } = rule;
        let (exec, layers) = (self.exec, self.layers());
        let [mut means, velocity, _] = self.state.each_mut().map(Vec::as_mut_slice);
        for Layer { range: layer, rows, cols, penalized } in layers {
            let around = self.around.of(penalized);
            let (row_means, others) = means.split_at_mut(rows);
            let (col_means, others) = others.split_at_mut(cols);
            means = others;
            let mut gradient = &self.gradient[layer.clone()];
            if around.changes_gradient() {
                let kept = room(self.scratch, layer.len());
                fused_step(
                    exec,
                    &around.before(KeepGradient),
                    &mut self.parameters[layer.clone()],
                    gradient,
                    [&mut *kept],
                );
                gradient = kept;
            }
            let moment = Adafactor::estimate(exec, options, gradient, row_means, col_means);
            let size = moment.rms(exec, gradient);
            let factor = if size > clip { clip / size } else { 1.0 };
            let mut rate = around.learning_rate as f32;
            if let Some(smallest) = scale_parameter {
                let w = &self.parameters[layer.clone()];
                let size = nrm2(exec, w) / (w.len().max(1) as f32).sqrt();
                rate *= if size > smallest { size } else { smallest };
            }
            if momentum == 0.0 {
                let step = around.after(Scaled { factor, rule: Sgd { learning_rate: rate } });
                moment.step(exec, &step, &mut self.parameters[layer], gradient, []);
            } else {
                let learning_rate = rate * (1.0 - momentum) as f32;
                let rule = around.flushed(Momentum { learning_rate, momentum: momentum as f32 });
                let step = around.after(Scaled { factor, rule });
                moment.step(exec, &step, &mut self.parameters[layer.clone()], gradient, [&mut velocity[layer]]);
            }
        }
    }

    /// Momentum, orthogonalization and step of each hidden matrix, whose direction lies in `scratch`; AdamW for the others.
    /// State: m of all; v of the others, one after the other.
    pub(super) fn muon(&mut self, rule: MuonStep) {
        let MuonStep { momentum, adam, weight_decay } = rule;
        let (exec, layers) = (self.exec, self.layers());
        let [m, mut v, _] = self.state.each_mut().map(Vec::as_mut_slice);
        for (Layer { range: layer, rows, cols, penalized }, hidden) in layers.zip(hidden(self.layout)) {
            let around = self.around.of(penalized);
            let rate = if penalized { (around.learning_rate * weight_decay) as f32 } else { 0.0 };
            let (parameters, gradient) = (&mut self.parameters[layer.clone()], &self.gradient[layer.clone()]);
            let m = &mut m[layer.clone()];
            if hidden {
                let direction = room(self.scratch, layer.len());
                let first = around.before(around.flushed(MuonMomentum { momentum }));
                fused_step(exec, &first, parameters, gradient, [m, &mut *direction]);
                orthogonalize(exec, direction, rows, cols);
                let learning_rate = (around.learning_rate * 0.2 * (rows.max(cols) as f64).sqrt()) as f32;
                let step = around.after(DecoupledDecay { rate, rule: Sgd { learning_rate } });
                fused_step(exec, &step, &mut self.parameters[layer], direction, []);
            } else {
                let (mine, others) = v.split_at_mut(layer.len());
                v = others;
                let adamw = around.all(DecoupledDecay { rate, rule: adam });
                fused_step(exec, &adamw, parameters, gradient, [m, mine]);
            }
        }
    }
}

#[cfg(test)]
mod tests;
