//! Loss and gradient against the reference.

use crate::compare::{assert_bits, assert_same};
use crate::execs::{for_each_exec, for_each_isa};
use crate::inputs::{Effort, Kind, Placed, Random, effort, lengths, numbers};
use crate::layout::{Layout, Matrix};
use simdescent_kernels::loss::{
    FEW_CLASSES, logistic_in_place, softmax_cross_entropy_in_place as softmax, squared_in_place,
};
use simdescent_kernels::threads::CHUNK;
use simdescent_kernels::{Exec, MatMut, Real, reference};

for_f32_and_f64! {
    squared, logistic, softmax_of_every_shape, softmax_around_chunks, softmax_of_infinite_logits,
    softmax_of_equal_logits_of_either_sign, nothing_to_lose,
}

/// A loss of one output and one target each, and its reference.
type InPlace<T> = fn(Exec<'_>, &mut [T], &[T]) -> T;
type Reference<T> = fn(&[T], &[T]) -> (T, Vec<T>);

fn check_pointwise<T: Real>(name: &str, in_place: InPlace<T>, reference: Reference<T>, targets: fn(usize) -> Vec<T>) {
    for (case, n) in lengths().into_iter().enumerate().skip(1) {
        for kind in [Kind::nth(case), Kind::Ordinary] {
            let (mut outputs, targets) = (numbers::<T>(kind, n, 1), targets(n));
            if kind != Kind::Ordinary {
                for (i, huge) in [1e30, -1e30, 100.0, -100.0].into_iter().enumerate().take(n / 8) {
                    outputs[(i * 31 + case) % n] = T::from_f64(huge);
                }
            }
            let (want, gradient) = reference(&outputs, &targets);
            let targets = Placed::new(&targets, case / 4 % 4);
            for_each_exec(|exec, label| {
                let context = format_args!("{name}, {label}, {kind:?}, n = {n}");
                let mut got = Placed::new(&outputs, case % 4);
                let loss = in_place(exec, &mut got, &targets);
                assert_same(loss, want, format_args!("loss of {context}"));
                assert_bits(&got, &gradient, format_args!("gradient of {context}"));
                got.assert_frame_untouched(context);
            });
        }
    }
}

fn squared<T: Real>() {
    check_pointwise::<T>("squared", squared_in_place, reference::squared, |n| numbers(Kind::Mixed, n, 2));
}

fn logistic<T: Real>() {
    check_pointwise::<T>("logistic", logistic_in_place, reference::logistic, |n| {
        let mut random = Random::new(n as u64);
        let label = |i: usize, x: f64| [0.0, 1.0, x][i % 3];
        (0..n).map(|i| T::from_f64(label(i, random.signed().abs()))).collect()
    });
}

fn labels(rows: usize, classes: usize, seed: u64) -> Vec<u32> {
    let mut random = Random::new(seed);
    (0..rows).map(|_| random.below(classes) as u32).collect()
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

fn check_softmax<T: Real>((rows, classes): (usize, usize), logits: &[T], exec: Exec<'_>, label: &str, offset: usize) {
    let labels = labels(rows, classes, 1);
    let (want, gradient) = reference::softmax_cross_entropy(logits, classes, &labels);
    for layout in [Layout::Rows, Layout::PaddedRows] {
        let context = format_args!("softmax, {label}, {rows} x {classes}, {layout:?}");
        let mut got = Matrix::new(layout, (rows, classes), logits, offset);
        let loss = softmax(exec, got.view_mut(), &labels);
        assert_same(loss, want, format_args!("loss of {context}"));
        got.assert_bits(&gradient, format_args!("gradient of {context}"));
    }
}

fn softmax_of_every_shape<T: Real>() {
    let (classes, rows): (&[usize], &[usize]) = match effort() {
        Effort::Tiny => (&[1, 3, 33], &[1, 9]),
        _ => (&[1, 2, 3, 10, 31, 32, 33, 63, 64, 65, 100, 1000], &[1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33, 65, 70]),
    };
    for &classes in classes {
        for &rows in rows {
            let logits = logits::<T>(rows, classes, classes as u64);
            for_each_isa(|exec, label| check_softmax((rows, classes), &logits, exec, label, rows % 4));
        }
    }
}

/// A chunk is about 16384 logits of whole rows, at least one row.
fn softmax_around_chunks<T: Real>() {
    if effort() == Effort::Tiny {
        return;
    }
    let chunk_of = |classes: usize| (CHUNK / classes).max(1);
    let mut shapes: Vec<(usize, usize)> = Vec::new();
    for classes in [3, FEW_CLASSES, FEW_CLASSES + 1, 1000, 10, 100] {
        let chunk = chunk_of(classes);
        shapes.extend([chunk + 1, 3 * chunk + 1].map(|rows| (rows, classes)));
        if effort() == Effort::Full {
            shapes.extend([(chunk - 1, classes), (chunk, classes)]);
        } else if classes == 1000 {
            break;
        }
    }
    shapes.extend([(CHUNK + 1, 1), (3, CHUNK), (5, CHUNK + 65)]);
    for shape in shapes {
        let logits = logits::<T>(shape.0, shape.1, 3);
        for_each_exec(|exec, label| check_softmax(shape, &logits, exec, label, 1));
    }
}

/// −∞ is a class with probability 0; a row that has nothing else, or +∞, has no softmax.
fn softmax_of_infinite_logits<T: Real>() {
    let inf = T::INFINITY;
    for classes in [1, 2, 5, 32, 33, 64, 130] {
        for (at, value) in [(0, -inf), (classes - 1, -inf), (classes / 2, inf)] {
            let mut z = logits::<T>(19, classes, 4);
            for row in [0, 7, 18] {
                z[row * classes + at] = value;
            }
            z[3 * classes..][..classes].fill(value);
            for_each_isa(|exec, label| check_softmax((19, classes), &z, exec, label, 0));
        }
    }
}

/// Which of several equal maxima, +0 and −0, is taken is not visible.
fn softmax_of_equal_logits_of_either_sign<T: Real>() {
    for classes in [2, 10, 32, 33, 65, 100] {
        for period in 2..5 {
            let z: Vec<T> = (0..7 * classes).map(|i| if i % period == 0 { -T::ZERO } else { T::ZERO }).collect();
            for_each_isa(|exec, label| check_softmax((7, classes), &z, exec, label, 0));
        }
    }
}

/// No samples: a loss of 0.
fn nothing_to_lose<T: Real>() {
    for_each_exec(|exec, label| {
        for classes in [0, 1, 10, 1000] {
            let loss = softmax::<T>(exec, MatMut::new(&mut [], 0, classes), &[]);
            assert_same(loss, T::ZERO, format_args!("softmax, {label}"));
        }
        assert_same(squared_in_place::<T>(exec, &mut [], &[]), T::ZERO, format_args!("squared, {label}"));
        assert_same(logistic_in_place::<T>(exec, &mut [], &[]), T::ZERO, format_args!("logistic, {label}"));
    });
}
