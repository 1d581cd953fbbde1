//! The functions of `math` against the reference, and their documented special values.

use crate::compare::{assert_bits, assert_same};
use crate::execs::{for_each_exec, for_each_isa};
use crate::inputs::{Effort, Kind, Placed, Random, effort, lengths, numbers};
use simdescent_kernels::math::{
    exp_in_place, expm1_in_place, gelu_derivative_in_place, gelu_in_place, log_in_place, log1p_in_place,
    sigmoid_in_place, softplus_in_place, tanh_in_place,
};
use simdescent_kernels::{Exec, Real, reference};

for_f32_and_f64! {
    neighbors_of_thresholds, random_bit_patterns, special_values, every_short_slice, slices_around_chunks,
}

/// A function of one number in its forms.
pub(crate) struct Function<T> {
    pub(crate) name: &'static str,
    pub(crate) in_place: fn(Exec<'_>, &mut [T]),
    pub(crate) reference: fn(T) -> T,
}

pub(crate) fn functions<T: Real>() -> [Function<T>; 9] {
    [
        Function { name: "exp", in_place: exp_in_place, reference: reference::exp },
        Function { name: "log", in_place: log_in_place, reference: reference::log },
        Function { name: "log1p", in_place: log1p_in_place, reference: reference::log1p },
        Function { name: "tanh", in_place: tanh_in_place, reference: reference::tanh },
        Function { name: "sigmoid", in_place: sigmoid_in_place, reference: reference::sigmoid },
        Function { name: "expm1", in_place: expm1_in_place, reference: reference::expm1 },
        Function { name: "softplus", in_place: softplus_in_place, reference: reference::softplus },
        Function { name: "gelu", in_place: gelu_in_place, reference: reference::gelu },
        Function { name: "gelu′", in_place: gelu_derivative_in_place, reference: reference::gelu_derivative },
    ]
}

/// Compares on all of `inputs`; a difference is reported with its argument.
#[track_caller]
pub(crate) fn check<T: Real>(inputs: &[T]) {
    for Function { name, in_place, reference } in functions::<T>() {
        let want: Vec<T> = inputs.iter().map(|&x| reference(x)).collect();
        for_each_isa(|exec, label| {
            let mut got = inputs.to_vec();
            in_place(exec, &mut got);
            for ((&x, &got), &want) in inputs.iter().zip(&got).zip(&want) {
                assert_same(got, want, format_args!("{name}({x:?} = {:#x}), {label}", x.bits()));
            }
        });
    }
}

/// Every 4099th of the 2³² bit patterns of single precision (a prime, so that all low bits occur).
#[test]
fn a_sample_of_all_singles() {
    let step = match effort() {
        Effort::Tiny => 40_000_003,
        Effort::Sample => 65_537,
        Effort::Full => 4099,
    };
    let inputs: Vec<f32> = (0..=u32::MAX).step_by(step).map(f32::from_bits).collect();
    check(&inputs);
}

/// Where a function clamps, changes its formula, or its result leaves the range: 20 numbers to either side.
fn neighbors_of_thresholds<T: Real>() {
    let f = T::from_f64;
    let mut thresholds = vec![T::ZERO, T::MIN_POSITIVE, T::INFINITY, T::EPSILON, T::EPSILON / T::TWO];
    thresholds.extend([T::EXP_MAX, T::EXP_MIN, T::TANH_MIN, T::TANH_MIN / T::TWO, T::SQRT_HALF, T::LN2_HI]);
    thresholds.extend([T::GELU_MAX, T::SQRT2_MINUS_ONE, f(-(2f64.sqrt() - 1.0).ln())]); // softplus changes k
    thresholds.extend([0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 22.0, 36.7, 88.0, 709.0, 2f64.sqrt() - 1.0].map(f));
    // Largest finite, smallest normal and smallest nonzero result of exp.
    let max = T::from_bits(T::INFINITY.bits() - 1).to_f64();
    let smallest = T::from_bits(1).to_f64();
    thresholds.extend([max.ln(), T::MIN_POSITIVE.to_f64().ln(), smallest.ln(), smallest.ln() - 2f64.ln()].map(f));
    // Where exp moves on to the next power of two.
    thresholds.extend((0..40).map(|n| f((n as f64 + 0.5) * core::f64::consts::LN_2)));
    // Where log moves on to the next power of two, and log1p.
    thresholds.extend((-20..20).flat_map(|n| [f(2f64.powi(n) * 0.5f64.sqrt()), f(2f64.powi(n) * 0.5f64.sqrt() - 1.0)]));
    let mut inputs = Vec::new();
    for x in thresholds {
        let near = x.abs().bits();
        for bits in near.saturating_sub(20)..=near + 20 {
            inputs.extend([T::from_bits(bits), -T::from_bits(bits)]);
        }
    }
    check(&inputs);
}

fn random_bit_patterns<T: Real>() {
    let n = match effort() {
        Effort::Tiny => 50,
        Effort::Sample => 20_000,
        Effort::Full => 200_000,
    };
    let mut random = Random::new(11);
    check(&(0..n).map(|_| T::from_bits(random.bits())).collect::<Vec<_>>());
    // All bit patterns are mostly huge and tiny numbers; these are where the functions vary.
    check(&(0..n).map(|_| T::from_f64(random.signed() * 50.0)).collect::<Vec<_>>());
    check(&(0..n).map(|_| T::from_f64(random.signed() * T::EXP_MIN.to_f64())).collect::<Vec<_>>());
    check(&(0..n).map(|_| T::from_f64(random.signed().exp2())).collect::<Vec<_>>());
}

fn special_values<T: Real>() {
    let (zero, one, inf, nan) = (T::ZERO, T::ONE, T::INFINITY, T::NAN);
    let (max, least) = (T::from_bits(inf.bits() - 1), T::from_bits(1));
    let half = T::HALF;
    let cases: [(&str, &[(T, T)]); 5] = [
        (
            "exp",
            &[(zero, one), (-zero, one), (inf, inf), (-inf, zero), (nan, nan), (max, inf), (-max, zero), (least, one)],
        ),
        ("log", &[(zero, -inf), (-zero, -inf), (one, zero), (inf, inf), (nan, nan), (-nan, nan), (-one, nan)]),
        ("log", &[(-least, nan), (-inf, nan), (-max, nan)]),
        (
            "log1p",
            &[(zero, zero), (-zero, -zero), (-one, -inf), (-one - one, nan), (inf, inf), (-inf, nan), (nan, nan)],
        ),
        ("log1p", &[(least, least), (-least, -least), (-max, nan), (T::MIN_POSITIVE, T::MIN_POSITIVE)]),
    ];
    let more: [(&str, &[(T, T)]); 6] = [
        ("tanh", &[(zero, zero), (-zero, -zero), (inf, one), (-inf, -one), (max, one), (-max, -one), (nan, nan)]),
        ("sigmoid", &[(zero, half), (-zero, half), (inf, one), (max, one), (-inf, zero), (-max, zero), (nan, nan)]),
        (
            "expm1",
            &[
                (zero, zero),
                (-zero, -zero),
                (inf, inf),
                (max, inf),
                (-inf, -one),
                (-max, -one),
                (least, least),
                (nan, nan),
            ],
        ),
        ("softplus", &[(inf, inf), (max, max), (-inf, zero), (-max, zero), (nan, nan)]),
        ("gelu", &[(zero, zero), (-zero, -zero), (inf, inf), (max, max), (-inf, -zero), (-max, -zero), (nan, nan)]),
        ("gelu′", &[(zero, half), (-zero, half), (inf, one), (max, one), (-inf, -zero), (-max, -zero), (nan, nan)]),
    ];
    for (name, values) in cases.into_iter().chain(more) {
        let function = functions::<T>().into_iter().find(|f| f.name == name).expect("a function");
        let (arguments, want): (Vec<T>, Vec<T>) = values.iter().copied().unzip();
        for_each_isa(|exec, label| {
            // Alone, where all other lanes are a tail, and amid full registers.
            for repeat in [1, 32] {
                let (mut got, want) = (arguments.repeat(repeat), want.repeat(repeat));
                (function.in_place)(exec, &mut got);
                assert_bits(&got, &want, format_args!("{name}, {label}, of {arguments:?}"));
            }
        });
    }
}

/// Lengths 0 to 70 at each alignment; nothing outside the slice is touched.
fn every_short_slice<T: Real>() {
    for n in 0..=if effort() == Effort::Tiny { 20 } else { 70 } {
        for offset in 0..4 {
            let x = numbers::<T>(Kind::nth(n + offset), n, offset as u64);
            for Function { name, in_place, reference } in functions::<T>() {
                let want: Vec<T> = x.iter().map(|&x| reference(x)).collect();
                for_each_isa(|exec, label| {
                    let context = format_args!("{name}, {label}, n = {n}, offset {offset}");
                    let mut got = Placed::new(&x, offset);
                    in_place(exec, &mut got);
                    assert_bits(&got, &want, context);
                    got.assert_frame_untouched(context);
                });
            }
        }
    }
}

fn slices_around_chunks<T: Real>() {
    for n in lengths().into_iter().filter(|&n| n > 1000) {
        let x = numbers::<T>(Kind::Ordinary, n, 12);
        for Function { name, in_place, reference } in functions::<T>() {
            let want: Vec<T> = x.iter().map(|&x| reference(x)).collect();
            for_each_exec(|exec, label| {
                let mut got = Placed::new(&x, 1);
                in_place(exec, &mut got);
                assert_bits(&got, &want, format_args!("{name}, {label}, n = {n}"));
                got.assert_frame_untouched(format_args!("{name}, {label}, n = {n}"));
            });
        }
    }
}
