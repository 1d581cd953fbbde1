//! Fused optimizer steps: one pass over parameters, gradient and state.
//!
//! An optimizer is an [`UpdateRule`] on one register of each; [`fused_step`] is the only loop over parameters. Rules
//! compose at no cost: AdamW is [`DecoupledDecay`] around [`Adam`].
//!
//! A rule value holds the constants of *one* step, so schedules and bias correction cost nothing per parameter.
//! Parameters w, gradient g, learning rate η:
//!
//! | rule | state | update |
//! | --- | --- | --- |
//! | [`Sgd`] | – | w ← w − η·g |
//! | [`Momentum`] | v | v ← μ·v + g; w ← w − η·v |
//! | [`Nesterov`] | v | v ← μ·v + g; w ← w − η·(g + μ·v) |
//! | [`AdaGrad`] | s | s ← s + g²; w ← w − η·g/(√s + ε) |
//! | [`RmsProp`] | v | v ← ρ·v + (1−ρ)·g²; w ← w − η·g/(√v + ε) |
//! | [`Adam`] | m, v | m ← β₁·m + (1−β₁)·g; v ← β₂·v + (1−β₂)·g²; w ← w − η·m̂/(√v̂ + ε) |
//! | [`CenteredRmsProp`] | v, a | v as before; a ← ρ·a + (1−ρ)·g; w ← w − η·g/(√(v − a²) + ε) |
//! | [`AdaDelta`] | s, u | s ← ρ·s + (1−ρ)·g²; Δ = g·√(u+ε)/√(s+ε); u ← ρ·u + (1−ρ)·Δ²; w ← w − η·Δ |
//! | [`AmsGrad`] | m, v, u | m, v as Adam; u ← max(u, v); w ← w − η·m̂/(√û + ε) |
//! | [`Adamax`] | m, u | m as Adam; u ← max(β₂·u, \|g\| + ε); w ← w − η·m̂/u |
//! | [`NAdam`] | m, v | m, v as Adam; w ← w − η·(μ′·m̂′ + (1−μ)·ĝ)/(√v̂ + ε) |
//! | [`Lion`] | m | w ← w − η·sign(β₁·m + (1−β₁)·g); m ← β₂·m + (1−β₂)·g |
//! | [`ScheduleFree`] | z, v | AdamW on z, parameters between z and the average of all z |
//! | [`Lamb`] | m, v | m, v as Adam; r = m̂/(√v̂ + ε) + λ·w; w ← w − η·‖w‖/‖r‖·r, per layer in two passes |
//! | [`Adafactor`] | R, C | means of rows and columns of g², averaged; w ← w − η·g/√(R·Cᵀ/mean(R)), clipped, per layer in three passes |
//! | [`MuonMomentum`] | m, d | m ← μ·m + g; d ← g + μ·m; w ← w − η·[`orthogonalize`]`(d)`, per layer, by matrix products |
//! | [`KeepGradient`] | g | nothing |
//! | [`Scaled`], [`ClipValue`] | of the inner rule | g ← α·g, g ← g limited to \[−c, c\]; then the inner rule |
//! | [`CoupledDecay`] | of the inner rule | g ← g + λ·w, then the inner rule |
//! | [`DecoupledDecay`] | of the inner rule | w ← w − ηλ·w, then the inner rule |
//! | [`SoftThreshold`] | of the inner rule | the inner rule, then w ← sign(w)·max(\|w\| − τ, 0) |
//! | [`FlushState`] | of the inner rule | the inner rule, then tiny state ← 0 |

mod adadelta;
mod adafactor;
mod adagrad;
mod adam;
mod adamax;
mod amsgrad;
mod averaging;
mod centered_rmsprop;
mod clip;
mod decay;
mod flush;
mod keep;
mod lamb;
mod lion;
mod momentum;
mod muon;
mod nadam;
mod nesterov;
mod proximal;
mod rmsprop;
mod schedule_free;
mod sgd;
mod transforms;

pub use adadelta::AdaDelta;
pub use adafactor::{Adafactor, AdafactorOptions};
pub use adagrad::AdaGrad;
pub use adam::Adam;
pub use adamax::Adamax;
pub use amsgrad::AmsGrad;
pub use averaging::Averaging;
pub use centered_rmsprop::CenteredRmsProp;
pub use clip::{ClipValue, Scaled, clip_factor};
pub use decay::{CoupledDecay, DecoupledDecay};
pub use flush::FlushState;
pub use keep::KeepGradient;
pub use lamb::{Lamb, LambOptions, LambStep, lamb_step, trust_ratio};
pub use lion::Lion;
pub use momentum::Momentum;
pub use muon::{MuonMomentum, orthogonalize};
pub use nadam::NAdam;
pub use nesterov::Nesterov;
pub use proximal::SoftThreshold;
pub use rmsprop::RmsProp;
pub use schedule_free::{ScheduleFree, ScheduleFreeOptions, schedule_free_average};
pub use sgd::Sgd;
pub use transforms::{WithGradientTransforms, WithParameterTransforms, WithTransforms};

use crate::lanes::{Kernel, Lanes};
use crate::real::Real;
use crate::threads::{CHUNK, Exec, for_each};

/// One optimizer step on one register of parameters, gradient and `S` state vectors.
///
/// Implementations must be `#[inline(always)]` and element-wise: lane i of the results depends on lane i of the
/// arguments only.
pub trait UpdateRule<T: Real, const S: usize>: Copy + Sync {
    /// The new parameters and state.
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, state: [L::Reg; S]) -> (L::Reg, [L::Reg; S]);
}

/// Applies `rule` to every parameter, in one pass.
///
/// - `parameters`, `gradient`, each of `state`: n elements
///
/// ```
/// use simdescent_kernels::{Exec, optimizer::{Momentum, fused_step}};
/// let (mut w, g, mut v) = ([1.0f32; 3], [0.5; 3], [0.0; 3]);
/// fused_step(Exec::default(), &Momentum { learning_rate: 0.1, momentum: 0.9 }, &mut w, &g, [&mut v]);
/// assert_eq!((w, v), ([0.95; 3], [0.5; 3]));
/// ```
///
/// # Panics
/// If the lengths differ.
#[track_caller]
pub fn fused_step<T: Real, R: UpdateRule<T, S>, const S: usize>(
    exec: Exec<'_>,
    rule: &R,
    parameters: &mut [T],
    gradient: &[T],
    state: [&mut [T]; S],
) {
    assert_eq!(parameters.len(), gradient.len(), "optimizer step: parameters and gradient differ in length");
    for s in &state {
        assert_eq!(parameters.len(), s.len(), "optimizer step: parameters and state differ in length");
    }
    for_each(exec.par(), (parameters, gradient, state), CHUNK, &|(w, g, state)| exec.run(Step { rule, w, g, state }));
}

struct Step<'a, T, R, const S: usize> {
    rule: &'a R,
    w: &'a mut [T],
    g: &'a [T],
    state: [&'a mut [T]; S],
}
impl<T: Real, R: UpdateRule<T, S>, const S: usize> Kernel<T> for Step<'_, T, R, S> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        let Self { rule, w, g, state } = self;
        step_lanes(l, rule, w, g, state);
    }
}

/// The loop over parameters, for kernels that need it inside; all slices of one length.
#[inline(always)]
pub(crate) fn step_lanes<T: Real, L: Lanes<T>, R: UpdateRule<T, S>, const S: usize>(
    l: L,
    rule: &R,
    w: &mut [T],
    g: &[T],
    mut state: [&mut [T]; S],
) {
    // No store can change a copy, so its numbers stay in registers, of which scalar code has too few.
    let copy = *rule;
    let rule = if L::WIDTH > 1 { &copy } else { rule };
    let whole = w.len() / L::WIDTH * L::WIDTH;
    for ((i, w), g) in w.chunks_exact_mut(L::WIDTH).enumerate().zip(g.chunks_exact(L::WIDTH)) {
        let at = i * L::WIDTH;
        let mut s = [l.splat(T::ZERO); S];
        for (s, state) in s.iter_mut().zip(&state) {
            *s = l.load(&state[at..]);
        }
        let (new, s) = rule.update(l, l.load(w), l.load(g), s);
        l.store(w, new);
        for (s, state) in s.into_iter().zip(&mut state) {
            l.store(&mut state[at..], s);
        }
    }
    let (w, g) = (&mut w[whole..], &g[whole..]);
    if !w.is_empty() {
        let mut s = [l.splat(T::ZERO); S];
        for (s, state) in s.iter_mut().zip(&state) {
            *s = l.load_partial(&state[whole..]);
        }
        let (new, s) = rule.update(l, l.load_partial(w), l.load_partial(g), s);
        l.store_partial(w, new);
        for (s, state) in s.into_iter().zip(&mut state) {
            l.store_partial(&mut state[whole..], s);
        }
    }
}
