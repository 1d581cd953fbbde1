//! The error of each function of [`simdescent_kernels::math`], in units of the last place.
//!
//! All 2³² single-precision inputs, which takes minutes:
//! `cargo test --release -p simdescent-kernels --test bits -- --ignored --nocapture all_singles`
//!
//! `f32` is measured against the `f64` kernels, whose own error is nothing in `f32`; `f64` against [`double_double`](crate::double_double),
//! which shares nothing with them.

use crate::double_double::{self as exact, Wide};
use crate::execs::for_each_isa;
use crate::inputs::{Effort, Random, effort};
use crate::math::{Function, functions};
use simdescent_kernels::{Exec, isa};

/// (function, exact value, largest error in ULP over all `f32`, bound for `f64`, smallest value whose ULP counts): what the documentation states.
type Budget = (&'static str, fn(f64) -> Wide, f64, f64, f64);
const BUDGET: [Budget; 9] = [
    ("exp", exact::exp, 0.93, 0.90, 0.0),
    ("log", exact::log, 0.96, 1.30, 0.0),
    ("log1p", exact::log1p, 1.50, 1.85, 0.0),
    ("tanh", exact::tanh, 1.97, 1.97, 0.0),
    ("sigmoid", exact::sigmoid, 1.70, 1.69, 0.0),
    ("expm1", exact::expm1, 1.28, 1.30, 0.0),
    ("softplus", exact::softplus, 1.75, 1.95, 0.0),
    ("gelu", exact::gelu, 1.65, 1.65, 0.0),
    ("gelu′", exact::gelu_derivative, 1.97, 1.60, 0.25),
];

/// A bound of the documentation is rounded to two places.
const ROUNDING: f64 = 0.005;

/// 2^(mantissa − exponent) of the exact value as `f32`; of `at_least` if that is larger.
fn per_ulp(exact: f64, at_least: f64) -> f64 {
    let exponent = |x: f64| (x.to_bits() >> 52 & 0x7ff) as i64 - 1023;
    let exponent = exponent(exact).max(exponent(at_least)).clamp(-126, 127);
    f64::from_bits(((1023 + 23 - exponent) as u64) << 52)
}

/// |got − exact| in `f32` ULP; ∞ counts as 2¹²⁸.
fn error(got: f32, exact: f64, at_least: f64) -> f64 {
    let limit = 2f64.powi(128);
    if exact.is_nan() || got.is_nan() {
        return if exact.is_nan() && got.is_nan() { 0.0 } else { f64::INFINITY };
    }
    let exact = exact.clamp(-limit, limit);
    (f64::from(got).clamp(-limit, limit) - exact).abs() * per_ulp(exact, at_least)
}

/// Largest error and its argument.
type Worst = (f64, f32);

fn worst_single(exec: Exec<'_>, i: usize, inputs: &[f32], buffers: &mut (Vec<f32>, Vec<f64>)) -> Worst {
    let (got, want) = buffers;
    got.clear();
    got.extend(inputs);
    want.clear();
    want.extend(inputs.iter().map(|&x| f64::from(x)));
    let (name, .., at_least) = BUDGET[i];
    let Function { in_place, name: same, .. } = functions::<f32>()[i];
    assert_eq!(same, name);
    in_place(exec, got);
    (functions::<f64>()[i].in_place)(exec, want);
    let mut worst = (0.0, 0.0);
    for ((&x, &got), &want) in inputs.iter().zip(&*got).zip(&*want) {
        let e = error(got, want, at_least);
        if e > worst.0 {
            worst = (e, x);
        }
    }
    worst
}

#[track_caller]
fn assert_within(name: &str, (worst, at): (f64, impl core::fmt::Debug), bound: f64, label: &str) {
    println!("{name}, {label}: largest error {worst:.3} ULP, at {at:?}");
    assert!(worst <= bound + ROUNDING, "{name}({at:?}), {label}: off by {worst} ULP, {bound} are documented");
}

#[test]
#[ignore = "minutes: every input there is"]
fn all_singles() {
    let exec = Exec::new(isa::active(), simdescent_kernels::Par::Seq);
    let mut worst = [(0.0, 0.0); BUDGET.len()];
    let (mut inputs, mut buffers) = (Vec::new(), (Vec::new(), Vec::new()));
    for block in 0..1u32 << 18 {
        inputs.clear();
        inputs.extend((0..1u32 << 14).map(|low| f32::from_bits(block << 14 | low)));
        for (i, worst) in worst.iter_mut().enumerate() {
            let here = worst_single(exec, i, &inputs, &mut buffers);
            if here.0 > worst.0 {
                *worst = here;
            }
        }
    }
    for ((name, ..), worst) in BUDGET.into_iter().zip(worst) {
        println!("{name}: largest error {:.4} ULP, at {:?}", worst.0, worst.1);
    }
    for ((name, _, bound, ..), worst) in BUDGET.into_iter().zip(worst) {
        assert_within(name, worst, bound, exec.isa().name());
    }
}

#[test]
fn singles_are_within_the_budget() {
    let step = match effort() {
        Effort::Tiny => 40_000_003,
        Effort::Sample => 65_537,
        Effort::Full => 4099,
    };
    let mut inputs: Vec<f32> = (0..=u32::MAX).step_by(step).map(f32::from_bits).collect();
    // More of them where the functions are neither constant nor linear: magnitudes from 2⁻¹² to 128.
    let (from, to) = (2f32.powi(-12).to_bits(), 128f32.to_bits());
    let dense = (from..to).step_by(step / 16).map(f32::from_bits);
    inputs.extend(dense.flat_map(|x| [x, -x]));
    for (i, (name, _, bound, ..)) in BUDGET.into_iter().enumerate() {
        for_each_isa(|exec, label| {
            assert_within(name, worst_single(exec, i, &inputs, &mut Default::default()), bound, label);
        });
    }
}

#[test]
fn doubles_are_within_the_budget() {
    let n = match effort() {
        Effort::Tiny => 50,
        Effort::Sample => 2_000,
        Effort::Full => 40_000,
    };
    let mut random = Random::new(13);
    let mut inputs: Vec<f64> = (0..n).map(|_| f64::from_bits(random.bits())).collect();
    inputs.extend((0..3 * n).map(|_| random.signed() * 2f64.powi(random.below(24) as i32 - 12)));
    inputs.extend((0..n).map(|_| random.signed() * 3.0));
    inputs.extend((0..n).map(|_| random.signed() * 746.0));
    inputs.extend((0..n).map(|_| random.signed() * 39.0));
    for (function, (name, exact, _, bound, at_least)) in functions::<f64>().into_iter().zip(BUDGET) {
        let want: Vec<Wide> = inputs.iter().map(|&x| exact(x)).collect();
        for_each_isa(|exec, label| {
            let mut got = inputs.clone();
            (function.in_place)(exec, &mut got);
            let errors = inputs.iter().zip(&got).zip(&want);
            let errors = errors.map(|((&x, &got), want)| (want.error_in_ulp(got, at_least), x));
            let worst = errors.max_by(|a, b| a.0.total_cmp(&b.0)).expect("inputs");
            assert_within(name, worst, bound, label);
        });
    }
}
