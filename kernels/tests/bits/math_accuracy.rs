//! The error of each function of [`simdescent_kernels::math`], in units of the last place.

use crate::compare::error_in_ulp;
use crate::execs::for_each_isa;
use crate::inputs::{Effort, Random, effort};
use crate::math::functions;
use simdescent_kernels::Real;

type Exact = fn(f64) -> f64;

/// (function, its value in double precision, largest error allowed in ulp)
const BUDGET: [(&str, Exact, f64); 5] = [
    ("exp", f64::exp, 1.0),
    ("log", f64::ln, 1.0),
    ("log1p", f64::ln_1p, 2.0),
    ("tanh", f64::tanh, 2.0),
    ("sigmoid", sigmoid, 2.5),
];

fn sigmoid(x: f64) -> f64 {
    let t = (-x.abs()).exp();
    (if x < 0.0 { t } else { 1.0 }) / (1.0 + t)
}

/// `slack` is the error of the value compared with.
fn check<T: Real>(inputs: &[T], slack: f64) {
    for (function, (name, exact, budget)) in functions::<T>().into_iter().zip(BUDGET) {
        assert_eq!(function.name, name);
        for_each_isa(|exec, label| {
            let mut got = inputs.to_vec();
            (function.in_place)(exec, &mut got);
            let errors = inputs.iter().zip(&got).map(|(&x, &y)| (error_in_ulp(y, exact(x.to_f64())), x, y));
            let (error, x, y) = errors.max_by(|a, b| a.0.total_cmp(&b.0)).expect("inputs");
            println!("{name}, {label}: largest error {error:.3} ulp, at {x:?}");
            assert!(error <= budget + slack, "{name}({x:?} = {:#x}), {label}: {y:?} is off by {error} ulp", x.bits());
        });
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
    check(&inputs, 0.0);
}

/// The value compared with is the platform's, good to an ulp of its own.
#[test]
fn doubles_are_within_the_budget() {
    let n = match effort() {
        Effort::Tiny => 50,
        Effort::Sample => 20_000,
        Effort::Full => 200_000,
    };
    let mut random = Random::new(13);
    let mut inputs: Vec<f64> = (0..n).map(|_| f64::from_bits(random.bits())).collect();
    inputs.extend((0..n).map(|_| random.signed() * 2f64.powi(random.below(24) as i32 - 12)));
    inputs.extend((0..n).map(|_| random.signed() * 746.0));
    check(&inputs, 1.0);
}
