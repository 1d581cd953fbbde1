//! Optimizer steps against the reference.

use crate::compare::assert_bits;
use crate::execs::for_each_exec;
use crate::golden::digest;
use crate::inputs::{Effort, Kind, Placed, effort, lengths, numbers};
use simdescent_kernels::optimizer::{Adam, CoupledDecay, DecoupledDecay, Sgd, UpdateRule, fused_step};
use simdescent_kernels::reference::{AdamOptions, ForRule, RuleCase, every_rule};
use simdescent_kernels::threads::CHUNK;
use simdescent_kernels::{Exec, Real, reference};

for_f32_and_f64! {
    rules, golden, sgd, late_adam, coupled_decay, decoupled_decay,
}

/// Three steps of `rule(t)` against `one(t, w, g, state)`, the same for one parameter.
pub(crate) fn check<T: Real, R: UpdateRule<T, S>, const S: usize>(
    name: &str,
    rule: impl Fn(u64) -> R + Sync,
    one: impl Fn(u64, T, T, [T; S]) -> (T, [T; S]),
) {
    let long = match effort() {
        Effort::Tiny => vec![],
        Effort::Sample => vec![CHUNK + 1],
        Effort::Full => vec![CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 5],
    };
    for n in lengths().into_iter().filter(|&n| n <= 70).chain(long) {
        let kind = Kind::nth(n);
        let start = numbers::<T>(kind, n, 1);
        let gradients: Vec<Vec<T>> = (0..3).map(|t| numbers(kind, n, 2 + t)).collect();
        // The reference, after each step.
        let (mut w, mut state) = (start.clone(), vec![[T::ZERO; S]; n]);
        let mut want = Vec::new();
        for (t, gradient) in (1..).zip(&gradients) {
            for ((w, s), &g) in w.iter_mut().zip(&mut state).zip(gradient) {
                (*w, *s) = one(t, *w, g, *s);
            }
            want.push((w.clone(), state.clone()));
        }
        for_each_exec(|exec, label| {
            let mut w = Placed::new(&start, n % 4);
            let mut state: [Placed<T>; S] = core::array::from_fn(|i| Placed::new(&vec![T::ZERO; n], (n + i) % 4));
            for ((t, gradient), (want_w, want_state)) in (1..).zip(&gradients).zip(&want) {
                let context = format_args!("{name}, {label}, {kind:?}, n = {n}, step {t}");
                let gradient = Placed::new(gradient, (n / 4) % 4);
                fused_step(exec, &rule(t), &mut w, &gradient, state.each_mut().map(|s| &mut s[..]));
                assert_bits(&w, want_w, format_args!("parameters, {context}"));
                w.assert_frame_untouched(context);
                for (i, s) in state.iter().enumerate() {
                    let want: Vec<T> = want_state.iter().map(|s| s[i]).collect();
                    assert_bits(s, &want, format_args!("state {i}, {context}"));
                    s.assert_frame_untouched(context);
                }
            }
        });
    }
}

struct AgainstScalar;
impl<T: Real> ForRule<T> for AgainstScalar {
    fn rule<R: UpdateRule<T, S>, const S: usize>(
        &mut self,
        case: RuleCase<impl Fn(u64) -> R + Sync, impl Fn(u64, T, T, [T; S]) -> (T, [T; S])>,
    ) {
        check(case.name, case.rule, case.scalar);
    }
}

fn rules<T: Real>() {
    every_rule::<T>(&mut AgainstScalar);
}

/// What the scalar form cannot tell, because it shares it with the rule.
struct AgainstGolden(Vec<String>);
impl<T: Real> ForRule<T> for AgainstGolden {
    fn rule<R: UpdateRule<T, S>, const S: usize>(
        &mut self,
        case: RuleCase<impl Fn(u64) -> R + Sync, impl Fn(u64, T, T, [T; S]) -> (T, [T; S])>,
    ) {
        let n = 4000;
        let mut w = numbers::<T>(Kind::Ordinary, n, 1);
        let mut state: [Vec<T>; S] = core::array::from_fn(|_| vec![T::ZERO; n]);
        for t in 1..=3 {
            let gradient = numbers::<T>(Kind::Ordinary, n, 1 + t);
            let state = state.each_mut().map(Vec::as_mut_slice);
            fused_step(Exec::default(), &(case.rule)(t), &mut w, &gradient, state);
        }
        w.extend(state.into_iter().flatten());
        let (got, want) = (digest(&w), case.golden[usize::from(T::LANES == f64::LANES)]);
        if got != want {
            self.0.push(format!("{}: {got:#018x} instead of {want:#018x}", case.name));
        }
    }
}

/// Every ISA gives the bits of the scalar form, so that one is enough.
fn golden<T: Real>() {
    let mut differ = AgainstGolden(vec![]);
    every_rule::<T>(&mut differ);
    assert!(differ.0.is_empty(), "{}", differ.0.join("\n"));
}

pub(crate) fn f<T: Real>(x: f64) -> T {
    T::from_f64(x)
}

fn sgd<T: Real>() {
    for lr in [1.0, 0.0].map(f::<T>) {
        check("SGD", |_| Sgd { learning_rate: lr }, |_, w, g, []| (reference::sgd(lr, w, g), []));
    }
}

/// Of [`adam_at`].
pub(crate) const ADAM: AdamOptions = AdamOptions { learning_rate: 0.001, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 };

pub(crate) fn adam_at<T: Real>(t: u64) -> Adam<T> {
    Adam::at_step(t, ADAM.learning_rate, ADAM.beta1, ADAM.beta2, ADAM.epsilon)
}

pub(crate) fn one_adam<T: Real>(t: u64, w: T, g: T, state: [T; 2]) -> (T, [T; 2]) {
    reference::adam(ADAM, t, w, g, state)
}

/// Steps whose numbers have many bits; the bias is gone in the last.
fn late_adam<T: Real>() {
    let steps = [u64::MAX - 3, 12_345, 99, 987_654_321];
    for first in steps.into_iter().take(if effort() == Effort::Full { 4 } else { 2 }) {
        check(
            &format!("Adam from step {first}"),
            |t| adam_at::<T>(first + t),
            |t, w, g, s| one_adam(first + t, w, g, s),
        );
    }
}

fn coupled_decay<T: Real>() {
    let (lr, lambda) = (f::<T>(0.1), f::<T>(0.01));
    let rule = |_| CoupledDecay { lambda, rule: Sgd { learning_rate: lr } };
    check("coupled decay of SGD", rule, |_, w, g, []| {
        (reference::sgd(lr, w, reference::coupled_decay(lambda, w, g)), [])
    });
    let rule = |t| CoupledDecay { lambda, rule: adam_at::<T>(t) };
    check("coupled decay of Adam", rule, |t, w, g, s| one_adam(t, w, reference::coupled_decay(lambda, w, g), s));
}

fn decoupled_decay<T: Real>() {
    let (lr, rate) = (f::<T>(0.1), f::<T>(0.001));
    let rule = |_| DecoupledDecay { rate, rule: Sgd { learning_rate: lr } };
    check("decoupled decay of SGD", rule, |_, w, g, []| {
        (reference::sgd(lr, reference::decoupled_decay(rate, w), g), [])
    });
    let rule = |t| DecoupledDecay { rate, rule: adam_at::<T>(t) };
    check("AdamW", rule, |t, w, g, s| one_adam(t, reference::decoupled_decay(rate, w), g, s));
}
