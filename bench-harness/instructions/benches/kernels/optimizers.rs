//! Steps of optimizers.

use crate::{Call, N, data, ready};
use simdescent_kernels::Exec;
use simdescent_kernels::optimizer::{
    Adam, ClipValue, CoupledDecay, DecoupledDecay, FlushState, Scaled, SoftThreshold, UpdateRule, WithTransforms,
    fused_step,
};
use std::hint::black_box;

pub(crate) fn adam() -> Adam<f32> {
    Adam::at_step(1000, 1e-3, 0.9, 0.999, 1e-8)
}

pub(crate) fn adam_with_transforms() -> WithTransforms<f32, Adam<f32>> {
    let rule = DecoupledDecay { rate: 1e-8, rule: FlushState { below: 0.0, rule: adam() } };
    let rule = CoupledDecay { lambda: 1e-4, rule: SoftThreshold { threshold: 1e-9, rule } };
    Scaled { factor: 0.5, rule: ClipValue { limit: 1.0, rule } }
}

pub(crate) fn step<R: UpdateRule<f32, S> + 'static, const S: usize>(exec: Exec<'static>, rule: R) -> Call {
    let (mut w, g) = (data(N), data(N));
    let mut state: [_; S] = std::array::from_fn(|_| vec![1e-3f32; N]);
    ready(move || fused_step(exec, &rule, &mut w, &g, state.each_mut().map(Vec::as_mut_slice)))
}

pub(crate) fn clip_factor(exec: Exec<'static>) -> Call {
    let g = data(N);
    ready(move || _ = black_box(simdescent_kernels::optimizer::clip_factor(exec, &g, 1.0)))
}
