//! Softmax cross-entropy against the reference.

use crate::compare::{assert_bits, assert_same};
use crate::execs::{for_each_exec, for_each_isa};
use crate::inputs::{Effort, Random, effort};
use crate::layout::{Layout, Matrix};
use simdescent_kernels::loss::{
    ClassTargets, FEW_CLASSES, LossOptions, Reduction, SoftmaxOptions, softmax_cross_entropy_in_place,
    softmax_cross_entropy_with,
};
use simdescent_kernels::threads::CHUNK;
use simdescent_kernels::{Exec, MatMut, MatRef, Real, reference};

for_f32_and_f64! {
    every_shape, around_chunks, infinite_logits, equal_logits_of_either_sign, the_mean_of_labels, nothing_to_lose,
}

/// What is asked for besides the logits.
#[derive(Clone, Copy, Debug)]
struct Variant {
    probabilities: bool,
    smoothing: f64,
    class_weights: bool,
    weights: bool,
    reduction: Reduction,
}

const PLAIN: Variant =
    Variant { probabilities: false, smoothing: 0.0, class_weights: false, weights: false, reduction: Reduction::Mean };
const VARIANTS: [Variant; 7] = [
    PLAIN,
    Variant { weights: true, class_weights: true, ..PLAIN },
    Variant { weights: true, reduction: Reduction::Sum, ..PLAIN },
    Variant { smoothing: 0.1, class_weights: true, ..PLAIN },
    Variant { smoothing: 1.0, weights: true, reduction: Reduction::Sum, ..PLAIN },
    Variant { probabilities: true, ..PLAIN },
    Variant { probabilities: true, smoothing: 0.1, class_weights: true, weights: true, ..PLAIN },
];

/// Everything that goes with `rows` × `classes` logits.
struct Inputs<T> {
    labels: Vec<u32>,
    probabilities: Vec<T>,
    class_weights: Vec<T>,
    weights: Vec<T>,
}
impl<T: Real> Inputs<T> {
    fn new(rows: usize, classes: usize) -> Self {
        let mut random = Random::new((rows * 1000 + classes) as u64);
        // Some are exactly 0.
        let mut positive = |n: usize| -> Vec<T> {
            (0..n).map(|_| if random.below(6) == 0 { T::ZERO } else { T::from_f64(random.signed().abs()) }).collect()
        };
        let (probabilities, class_weights, weights) = (positive(rows * classes), positive(classes), positive(rows));
        let labels = (0..rows).map(|_| random.below(classes) as u32).collect();
        Self { labels, probabilities, class_weights, weights }
    }
}

/// Logits of a plausible model, with some that are extreme.
fn logits<T: Real>(rows: usize, classes: usize, seed: u64) -> Vec<T> {
    let mut random = Random::new(seed);
    let mut logit = || match random.below(24) {
        0 => -0.0,
        1 => 1e30 * random.signed(),
        2 => 0.0,
        3 => 300.0 * random.signed(),
        4 => 1e-40 * random.signed(),
        _ => 8.0 * random.signed(),
    };
    (0..rows * classes).map(|_| T::from_f64(logit())).collect()
}

fn targets<'a, T>(variant: Variant, labels: &'a [u32], probabilities: MatRef<'a, T>) -> ClassTargets<'a, T> {
    if variant.probabilities { ClassTargets::Probabilities(probabilities) } else { ClassTargets::Labels(labels) }
}

fn check<T: Real>(
    (rows, classes): (usize, usize),
    logits: &[T],
    variant: Variant,
    for_each: impl Fn(&(dyn Fn(Exec<'_>, &str) + Sync)),
) {
    let inputs = Inputs::<T>::new(rows, classes);
    let samples = LossOptions { reduction: variant.reduction, weights: variant.weights.then_some(&*inputs.weights) };
    let options = SoftmaxOptions {
        samples,
        class_weights: variant.class_weights.then_some(&*inputs.class_weights),
        label_smoothing: T::from_f64(variant.smoothing),
    };
    let plain = MatRef::new(&inputs.probabilities, rows, classes);
    let plain = targets(variant, &inputs.labels, plain);
    let (want, gradient) = reference::softmax_cross_entropy(logits, classes, plain, options);
    for_each(&|exec, label| {
        for (layout, other) in [(Layout::Rows, Layout::PaddedRows), (Layout::PaddedRows, Layout::Rows)] {
            let context = format_args!("softmax, {label}, {rows} x {classes}, {layout:?}, {variant:?}");
            let mut got = Matrix::new(layout, (rows, classes), logits, rows % 4);
            let probabilities = Matrix::new(other, (rows, classes), &inputs.probabilities, rows / 4 % 4);
            let targets = targets(variant, &inputs.labels, probabilities.view());
            let loss = softmax_cross_entropy_with(exec, got.view_mut(), targets, options);
            assert_same(loss, want, format_args!("loss of {context}"));
            got.assert_bits(&gradient, format_args!("gradient of {context}"));
        }
    });
}

fn every_shape<T: Real>() {
    let (classes, rows): (&[usize], &[usize]) = match effort() {
        Effort::Tiny => (&[1, 3, 33], &[1, 9]),
        _ => (&[1, 2, 3, 7, 8, 10, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 1000], &[1, 2, 3, 5, 8, 9, 16, 17, 33, 70]),
    };
    for &classes in classes {
        for &rows in rows {
            let logits = logits::<T>(rows, classes, classes as u64);
            for variant in VARIANTS {
                check((rows, classes), &logits, variant, |check| for_each_isa(check));
            }
        }
    }
}

/// A chunk is about 16384 logits of whole rows, at least one row.
fn around_chunks<T: Real>() {
    if effort() == Effort::Tiny {
        return;
    }
    let mut shapes: Vec<(usize, usize)> = vec![(CHUNK + 1, 1), (3, CHUNK), (5, CHUNK + 65)];
    for classes in [3, FEW_CLASSES, FEW_CLASSES + 1, 1000, 10, 100] {
        let chunk = (CHUNK / classes).max(1);
        shapes.extend([chunk + 1, 3 * chunk + 1].map(|rows| (rows, classes)));
        if effort() == Effort::Full {
            shapes.extend([(chunk - 1, classes), (chunk, classes)]);
        } else if classes == 1000 {
            break;
        }
    }
    for (i, shape) in shapes.into_iter().enumerate() {
        let logits = logits::<T>(shape.0, shape.1, 3);
        for variant in [PLAIN, VARIANTS[1 + i % (VARIANTS.len() - 1)]] {
            check(shape, &logits, variant, |check| for_each_exec(check));
        }
    }
}

/// −∞ is a class with probability 0; a row that has nothing else, or +∞, has no softmax.
fn infinite_logits<T: Real>() {
    let inf = T::INFINITY;
    for classes in [1, 2, 5, 32, 33, 64, 130] {
        for (at, value) in [(0, -inf), (classes - 1, -inf), (classes / 2, inf)] {
            let mut z = logits::<T>(19, classes, 4);
            for row in [0, 7, 18] {
                z[row * classes + at] = value;
            }
            z[3 * classes..][..classes].fill(value);
            for variant in VARIANTS {
                check((19, classes), &z, variant, |check| for_each_isa(check));
            }
        }
    }
}

/// Which of several equal maxima, +0 and −0, is taken is not visible.
fn equal_logits_of_either_sign<T: Real>() {
    for classes in [2, 10, 32, 33, 65, 100] {
        for period in 2..5 {
            let z: Vec<T> = (0..7 * classes).map(|i| if i % period == 0 { -T::ZERO } else { T::ZERO }).collect();
            check((7, classes), &z, PLAIN, |check| for_each_isa(check));
        }
    }
}

/// The short form.
fn the_mean_of_labels<T: Real>() {
    for_each_exec(|exec, label| {
        for classes in [3, 40] {
            let (inputs, z) = (Inputs::<T>::new(9, classes), logits::<T>(9, classes, 5));
            let targets = ClassTargets::Labels(&inputs.labels);
            let (want, gradient) = reference::softmax_cross_entropy(&z, classes, targets, SoftmaxOptions::default());
            let mut got = z.clone();
            let loss = softmax_cross_entropy_in_place(exec, MatMut::new(&mut got, 9, classes), &inputs.labels);
            assert_same(loss, want, format_args!("{label}"));
            assert_bits(&got, &gradient, format_args!("{label}"));
        }
    });
}

/// No samples, or weights that add up to nothing: loss and gradient are 0.
fn nothing_to_lose<T: Real>() {
    let none = MatRef::<T>::new(&[], 0, 10);
    for_each_exec(|exec, label| {
        for classes in [0, 1, 10, 1000] {
            let loss = softmax_cross_entropy_in_place::<T>(exec, MatMut::new(&mut [], 0, classes), &[]);
            assert_same(loss, T::ZERO, format_args!("{label}"));
        }
        for smoothing in [T::ZERO, T::HALF] {
            let smoothed = SoftmaxOptions { label_smoothing: smoothing, ..SoftmaxOptions::default() };
            for targets in [ClassTargets::Labels(&[]), ClassTargets::Probabilities(none)] {
                let loss = softmax_cross_entropy_with(exec, MatMut::new(&mut [], 0, 10), targets, smoothed);
                assert_same(loss, T::ZERO, format_args!("{label}"));
            }
            for classes in [3, 40] {
                for reduction in [Reduction::Mean, Reduction::Sum] {
                    let samples = LossOptions { reduction, weights: Some(&[T::ZERO; 5]) };
                    let mut z = vec![T::INFINITY; 5 * classes];
                    let logits = MatMut::new(&mut z, 5, classes);
                    let options = SoftmaxOptions { samples, ..smoothed };
                    let loss =
                        softmax_cross_entropy_with(exec, logits, ClassTargets::Labels(&[0, 1, 2, 0, 1]), options);
                    assert_same(loss, T::ZERO, format_args!("{label}"));
                    assert_bits(&z, &vec![T::ZERO; 5 * classes], format_args!("{label}"));
                }
            }
        }
    });
}
