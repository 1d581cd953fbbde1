//! Functions of every element of a vector in L1, which is copied first because they work in place.

use super::{Case, Setting, Work, contest};
use crate::cases::Unit;
use crate::contest::{Entry, Timing};
use simdescent_kernels::{Exec, math};
use std::hint::black_box;

const IN_L1: usize = 2_048;

type Ours = fn(Exec<'_>, &mut [f32]);
type Plain = fn(f32) -> f32;

const FUNCTIONS: [(&str, Ours, Plain, bool); 6] = [
    ("exp", math::exp_in_place, f32::exp, true),
    ("log", math::log_in_place, f32::ln, false),
    ("log1p", math::log1p_in_place, f32::ln_1p, false),
    ("expm1", math::expm1_in_place, f32::exp_m1, false),
    ("tanh", math::tanh_in_place, f32::tanh, true),
    ("sigmoid", math::sigmoid_in_place, |x| 1.0 / (1.0 + (-x).exp()), false),
];

pub(super) fn cases() -> Vec<Case> {
    let each = |(name, ours, plain, quick): (&str, Ours, Plain, bool)| {
        let hold = move |setting: Setting<'_>, timing: Timing<'_>| {
            let arguments: Vec<f32> = (1..=IN_L1).map(|i| 8.0 * i as f32 / IN_L1 as f32).collect();
            let plain = |y: &mut [f32]| {
                y.copy_from_slice(black_box(&arguments));
                y.iter_mut().for_each(|x| *x = plain(*x));
            };
            let ours = |y: &mut [f32]| {
                y.copy_from_slice(black_box(&arguments));
                ours(setting.exec, y);
            };
            contest(&[0.0; IN_L1], 1e-6, ours, vec![Entry::new("plain", plain)]).hold(timing)
        };
        let bytes = (4 * IN_L1) as f64;
        let mut work = Work::memory(2.0 * bytes, 2.0 * bytes, 2.0 * bytes);
        (work.amount, work.unit) = (IN_L1 as f64, Unit::Elements);
        Case::new::<f32>(format!("math/f32/{name}-{IN_L1}"), work, hold).quick(quick)
    };
    FUNCTIONS.into_iter().map(each).collect()
}
