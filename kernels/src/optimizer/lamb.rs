//! LAMB (You et al. 2020): Adam with a step length per layer.

use super::{Adam, UpdateRule, fused_step};
use crate::gemm::Scratch;
use crate::lanes::{Kernel, Lanes, Sum, fold, zero_from};
use crate::norm::Norm;
use crate::real::Real;
use crate::threads::{CHUNK, Exec, reduce_each};

/// The first pass of LAMB, a rule that returns the direction r in place of new parameters:
/// m and v as in [`Adam`]; r = fma(λ, w, (m·c)/fma(√v, κ, ε)) with c = 1/(1−β₁ᵗ), κ = 1/√(1−β₂ᵗ).
///
/// [`trust_ratio`] makes ‖w‖/‖r‖ of it, [`LambStep`] is the second pass; [`lamb_step`] does both. Weight decay belongs to the
/// direction, as in algorithm 2 of the paper.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lamb<T> {
    adam: Adam<T>,
    /// c
    unbias: T,
    /// λ
    weight_decay: T,
    /// η
    learning_rate: T,
}

/// What a [`Lamb`] rule has besides the step and its learning rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LambOptions {
    /// β₁, in [0, 1), e.g. 0.9
    pub beta1: f64,
    /// β₂, in [0, 1), e.g. 0.999
    pub beta2: f64,
    /// ε, outside the root, after bias correction, e.g. 1e-6
    pub epsilon: f64,
    /// λ, e.g. 0.01
    pub weight_decay: f64,
}

impl<T: Real> Lamb<T> {
    /// The rule for step `t`, counted from 1.
    ///
    /// # Panics
    /// If `t` is 0, or a β is not in [0, 1) or rounds to 1.
    #[track_caller]
    pub fn at_step(t: u64, learning_rate: f64, options: LambOptions) -> Self {
        let LambOptions { beta1, beta2, epsilon, weight_decay } = options;
        Self {
            adam: Adam::at_step(t, learning_rate, beta1, beta2, epsilon),
            unbias: T::from_f64(1.0 / (1.0 - super::adam::power(beta1, t))),
            weight_decay: T::from_f64(weight_decay),
            learning_rate: T::from_f64(learning_rate),
        }
    }
    /// The second pass for a layer with this ‖w‖/‖r‖.
    pub fn step(&self, ratio: T) -> LambStep<T> {
        LambStep { lamb: *self, length: self.learning_rate * ratio }
    }
    #[inline(always)]
    fn direction<L: Lanes<T>>(&self, l: L, w: L::Reg, [m, v]: [L::Reg; 2]) -> L::Reg {
        let adam = l.div(l.mul(m, l.splat(self.unbias)), self.adam.denominator(l, v));
        l.fma(l.splat(self.weight_decay), w, adam)
    }
}

impl<T: Real> UpdateRule<T, 2> for Lamb<T> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, g: L::Reg, state: [L::Reg; 2]) -> (L::Reg, [L::Reg; 2]) {
        let state = self.adam.moments(l, g, state);
        (self.direction(l, w, state), state)
    }
}

/// The second pass of LAMB: w ← fma(−η·‖w‖/‖r‖, r, w), r computed anew. Its gradient argument is m, its state v (unchanged).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LambStep<T> {
    lamb: Lamb<T>,
    /// η·‖w‖/‖r‖
    length: T,
}

impl<T: Real> UpdateRule<T, 1> for LambStep<T> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, m: L::Reg, [v]: [L::Reg; 1]) -> (L::Reg, [L::Reg; 1]) {
        (l.fnma(l.splat(self.length), self.lamb.direction(l, w, [m, v]), w), [v])
    }
}

/// One step of [`Lamb`] on one layer, in two passes: moments and norms, then η·‖w‖/‖r‖ times the direction. Where a norm is 0 the
/// ratio is 1.
///
/// The ratio is not limited (the paper's φ is the identity); NVIDIA's implementation clips gradients by global norm
/// first ([`clip_factor`](super::clip_factor)).
///
/// # Panics
/// If the lengths differ.
#[track_caller]
#[inline(never)]
pub fn lamb_step<T: Real>(exec: Exec<'_>, lamb: &Lamb<T>, w: &mut [T], gradient: &[T], [m, v]: [&mut [T]; 2]) {
    let ratio = trust_ratio(exec, lamb, lamb, w, gradient, [&mut *m, &mut *v]);
    fused_step(exec, &lamb.step(ratio), w, m, [v]);
}

/// r in place of new parameters. Its gradient argument is m, its state v (unchanged).
#[derive(Clone, Copy)]
struct Direction<T>(Lamb<T>);

impl<T: Real> UpdateRule<T, 1> for Direction<T> {
    #[inline(always)]
    fn update<L: Lanes<T>>(&self, l: L, w: L::Reg, m: L::Reg, [v]: [L::Reg; 1]) -> (L::Reg, [L::Reg; 1]) {
        (self.0.direction(l, w, [m, v]), [v])
    }
}

/// The first pass: new m and v, and ‖w‖/‖r‖, which is 1 where a norm is 0: that cannot tell a length, e.g. of biases that have not
/// moved yet. `rule` is `lamb`, or wrappers around it that change gradient and state; r is not stored.
///
/// Each norm is the root of [`dot`](crate::dot) of the vector with itself, in the same order, and where its squares overflow or
/// underflow that of [`nrm2`](crate::nrm2); of r this takes scratch memory for a copy, and more passes.
///
/// # Panics
/// If the lengths differ.
#[track_caller]
#[inline(never)]
pub fn trust_ratio<T: Real, R: UpdateRule<T, 2>>(
    exec: Exec<'_>,
    lamb: &Lamb<T>,
    rule: &R,
    w: &[T],
    gradient: &[T],
    [m, v]: [&mut [T]; 2],
) -> T {
    assert_eq!(w.len(), gradient.len(), "optimizer step: parameters and gradient differ in length");
    for s in [&m, &v] {
        assert_eq!(w.len(), s.len(), "optimizer step: parameters and state differ in length");
    }
    let leaf = |(w, g, state)| exec.run(Norms { rule, w, g, state });
    let [of_w, of_r] = reduce_each(exec.par(), (w, gradient, [&mut *m, &mut *v]), CHUNK, &leaf, &|a, b| a + b);
    let of_w = Norm::from_squares(of_w).unwrap_or_else(|| Norm::of(exec, w));
    let of_r = Norm::from_squares(of_r).unwrap_or_else(|| {
        let mut scratch = Scratch::borrow::<T>(w.len());
        let r = &mut scratch.elements()[..w.len()];
        r.copy_from_slice(w);
        fused_step(exec, &Direction(*lamb), r, m, [v]);
        Norm::of(exec, r)
    });
    if of_w.value() > T::ZERO && of_r.value() > T::ZERO { of_w.ratio(of_r) } else { T::ONE }
}

struct Norms<'a, T, R, const S: usize> {
    rule: &'a R,
    w: &'a [T],
    g: &'a [T],
    state: [&'a mut [T]; S],
}
impl<T: Real, R: UpdateRule<T, S>, const S: usize> Kernel<T> for Norms<'_, T, R, S> {
    type Output = [T; 2];
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) -> [T; 2] {
        let Self { rule, w, g, mut state } = self;
        let mut squares = [l.splat_acc(T::ZERO); 2];
        let [of_w, of_r] = &mut squares;
        let whole = w.len() / T::LANES * T::LANES;
        for at in (0..whole).step_by(T::LANES) {
            for (lane, (of_w, of_r)) in of_w.as_mut().iter_mut().zip(of_r.as_mut()).enumerate() {
                let at = at + lane * L::WIDTH;
                let mut s = [l.splat(T::ZERO); S];
                for (s, state) in s.iter_mut().zip(&state) {
                    *s = l.load(&state[at..]);
                }
                let w = l.load(&w[at..]);
                let (r, s) = rule.update(l, w, l.load(&g[at..]), s);
                for (s, state) in s.into_iter().zip(&mut state) {
                    l.store(&mut state[at..], s);
                }
                (*of_w, *of_r) = (l.fma(w, w, *of_w), l.fma(r, r, *of_r));
            }
        }
        if whole < w.len() {
            for (lane, (of_w, of_r)) in of_w.as_mut().iter_mut().zip(of_r.as_mut()).enumerate() {
                let at = (whole + lane * L::WIDTH).min(w.len());
                let mut s = [l.splat(T::ZERO); S];
                for (s, state) in s.iter_mut().zip(&state) {
                    *s = l.load_partial(&state[at..]);
                }
                let left = w.len() - at;
                let w = l.load_partial(&w[at..]);
                let (r, s) = rule.update(l, w, l.load_partial(&g[at..]), s);
                for (s, state) in s.into_iter().zip(&mut state) {
                    l.store_partial(&mut state[at..], s);
                }
                // Beyond the end the rule may have made anything of zeros.
                let r = zero_from(l, left, r);
                (*of_w, *of_r) = (l.fma(w, w, *of_w), l.fma(r, r, *of_r));
            }
        }
        [fold(l, Sum, squares[0]), fold(l, Sum, squares[1])]
    }
}
