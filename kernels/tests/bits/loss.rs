//! Losses of one output and one target, with their gradients, against the reference.

use crate::compare::{assert_bits, assert_same};
use crate::execs::for_each_exec;
use crate::inputs::{Kind, Placed, Random, lengths, numbers};
use simdescent_kernels::loss::{
    Absolute, Hinge, Huber, Logistic, LossOptions, Poisson, Quantile, Reduction, Squared, SquaredHinge,
    logistic_in_place, pointwise_in_place, squared_in_place,
};
use simdescent_kernels::{Exec, Real, reference};

for_f32_and_f64! { every_loss, the_mean_without_weights, weights_of_one_change_nothing, nothing_to_lose }

/// A loss, and what it is for one sample.
pub(crate) struct Case<T> {
    pub(crate) name: &'static str,
    pub(crate) in_place: fn(Exec<'_>, &mut [T], &[T], LossOptions<'_, T>) -> T,
    pub(crate) sample: fn(T, T) -> (T, T),
    /// Targets that make sense, from any numbers.
    pub(crate) target: fn(T) -> T,
}

fn delta<T: Real>() -> T {
    T::from_f64(0.75)
}
fn tau<T: Real>() -> T {
    T::from_f64(0.9)
}
fn label<T: Real>(y: T) -> T {
    if y > T::ZERO { T::ONE } else { -T::ONE }
}

pub(crate) fn cases<T: Real>() -> [Case<T>; 8] {
    [
        Case {
            name: "squared",
            in_place: |exec, z, y, options| pointwise_in_place(exec, Squared, z, y, options),
            sample: reference::squared,
            target: |y| y,
        },
        Case {
            name: "absolute",
            in_place: |exec, z, y, options| pointwise_in_place(exec, Absolute, z, y, options),
            sample: reference::absolute,
            target: |y| y,
        },
        Case {
            name: "Huber",
            in_place: |exec, z, y, options| pointwise_in_place(exec, Huber { delta: delta() }, z, y, options),
            sample: |p, y| reference::huber(delta(), p, y),
            target: |y| y,
        },
        Case {
            name: "quantile",
            in_place: |exec, z, y, options| pointwise_in_place(exec, Quantile { tau: tau() }, z, y, options),
            sample: |p, y| reference::quantile(tau(), p, y),
            target: |y| y,
        },
        Case {
            name: "logistic",
            in_place: |exec, z, y, options| pointwise_in_place(exec, Logistic, z, y, options),
            sample: reference::logistic,
            target: |y| if y.abs() < T::ONE { y.abs() } else { T::ONE },
        },
        Case {
            name: "hinge",
            in_place: |exec, z, y, options| pointwise_in_place(exec, Hinge, z, y, options),
            sample: reference::hinge,
            target: label,
        },
        Case {
            name: "squared hinge",
            in_place: |exec, z, y, options| pointwise_in_place(exec, SquaredHinge, z, y, options),
            sample: reference::squared_hinge,
            target: label,
        },
        Case {
            name: "Poisson",
            in_place: |exec, z, y, options| pointwise_in_place(exec, Poisson, z, y, options),
            sample: reference::poisson,
            target: |y| y.abs(),
        },
    ]
}

/// Weights ≥ 0, every fifth of them 0.
fn weights<T: Real>(n: usize) -> Vec<T> {
    let mut random = Random::new(n as u64);
    (0..n).map(|i| if i % 5 == 0 { T::ZERO } else { T::from_f64(random.signed().abs()) }).collect()
}

/// Outputs with some that are extreme, and some that meet their target or its margin.
fn outputs<T: Real>(kind: Kind, targets: &[T], case: usize) -> Vec<T> {
    let n = targets.len();
    let mut outputs = numbers::<T>(kind, n, 1);
    if kind != Kind::Ordinary {
        for (i, huge) in [1e30, -1e30, 100.0, -100.0, 3e38, -3e38].into_iter().enumerate().take(n / 8) {
            outputs[(i * 31 + case) % n] = T::from_f64(huge);
        }
    }
    for i in (case % 7..n).step_by(7) {
        outputs[i] = targets[i];
    }
    outputs
}

fn every_loss<T: Real>() {
    for Case { name, in_place, sample, target } in cases::<T>() {
        for (case, n) in lengths().into_iter().enumerate().skip(1) {
            let (kind, weights) = (Kind::nth(case), weights(n));
            let targets: Vec<T> = numbers(Kind::Mixed, n, 2).into_iter().map(target).collect();
            let outputs = outputs(kind, &targets, case);
            let placed = Placed::new(&targets, case / 4 % 4);
            let all =
                [(Reduction::Mean, false), (Reduction::Mean, true), (Reduction::Sum, false), (Reduction::Sum, true)];
            // All of them where chunks meet, else by turns.
            let all = if n > 1000 { &all } else { std::slice::from_ref(&all[case / 4 % 4]) };
            for &(reduction, weighted) in all {
                let options = LossOptions { reduction, weights: weighted.then_some(&*weights) };
                let (want, gradient) = reference::pointwise(&outputs, &targets, options, sample);
                for_each_exec(|exec, label| {
                    let context =
                        format_args!("{name}, {label}, {kind:?}, n = {n}, {reduction:?}, with weights: {weighted}");
                    let mut got = Placed::new(&outputs, case % 4);
                    let loss = in_place(exec, &mut got, &placed, options);
                    assert_same(loss, want, format_args!("loss of {context}"));
                    assert_bits(&got, &gradient, format_args!("gradient of {context}"));
                    got.assert_frame_untouched(context);
                });
            }
        }
    }
}

/// The short forms.
fn the_mean_without_weights<T: Real>() {
    let (x, y) = (numbers::<T>(Kind::Ordinary, 100, 1), numbers::<T>(Kind::Ordinary, 100, 2));
    for (short, sample) in [
        (squared_in_place as fn(Exec<'_>, &mut [T], &[T]) -> T, reference::squared as fn(T, T) -> (T, T)),
        (logistic_in_place, reference::logistic),
    ] {
        for_each_exec(|exec, label| {
            let mut got = x.clone();
            let loss = short(exec, &mut got, &y);
            let (want, gradient) = reference::pointwise(&x, &y, LossOptions::default(), sample);
            assert_same(loss, want, format_args!("{label}"));
            assert_bits(&got, &gradient, format_args!("{label}"));
        });
    }
}

fn weights_of_one_change_nothing<T: Real>() {
    let (n, ones) = (777, [T::ONE; 777]);
    for Case { name, in_place, target, .. } in cases::<T>() {
        let targets: Vec<T> = numbers(Kind::Ordinary, n, 2).into_iter().map(target).collect();
        for_each_exec(|exec, label| {
            for reduction in [Reduction::Mean, Reduction::Sum] {
                let [without, with] = [None, Some(&ones[..])].map(|weights| {
                    let mut z = numbers::<T>(Kind::Ordinary, n, 1);
                    let loss = in_place(exec, &mut z, &targets, LossOptions { reduction, weights });
                    z.push(loss);
                    z
                });
                assert_bits(&with, &without, format_args!("{name}, {label}, {reduction:?}"));
            }
        });
    }
}

/// No samples, and weights that add up to nothing: loss and gradient are 0, whatever the outputs.
fn nothing_to_lose<T: Real>() {
    for Case { name, in_place, .. } in cases::<T>() {
        for_each_exec(|exec, label| {
            for reduction in [Reduction::Mean, Reduction::Sum] {
                for weights in [None, Some(&[] as &[T])] {
                    let loss = in_place(exec, &mut [], &[], LossOptions { reduction, weights });
                    assert_same(loss, T::ZERO, format_args!("{name}, {label}"));
                }
                let mut z = [T::INFINITY, T::NAN, T::ONE];
                let options = LossOptions { reduction, weights: Some(&[T::ZERO; 3]) };
                let loss = in_place(exec, &mut z, &[T::ONE; 3], options);
                assert_same(loss, T::ZERO, format_args!("{name}, {label}"));
                assert_bits(&z, &[T::ZERO; 3], format_args!("{name}, {label}"));
            }
        });
    }
}
