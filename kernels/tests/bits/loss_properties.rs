//! What losses and gradients have to be, whatever their bits.

use crate::execs::for_each_isa;
use crate::inputs::{Effort, Kind, Random, effort, numbers};
use simdescent_kernels::loss::{logistic_in_place, softmax_cross_entropy_in_place, squared_in_place};
use simdescent_kernels::{Exec, MatMut, Real};

for_f32_and_f64! { extreme_logits_have_a_finite_loss, gradients_of_softmax_add_up_to_zero, known_values }

fn extreme_logits_have_a_finite_loss<T: Real>() {
    for_each_isa(|exec, label| {
        for huge in [1e30, -1e30, 1e10, -1e10, 1000.0, -1000.0].map(T::from_f64) {
            for y in [0.0, 0.25, 1.0].map(T::from_f64) {
                let mut z = vec![huge; 37];
                let loss = logistic_in_place(exec, &mut z, &[y; 37]);
                assert!(loss < T::INFINITY && loss >= T::ZERO, "logistic, {label}, {huge}, {y}: {loss}");
                // σ is 0 or 1 here.
                let sigmoid = if huge > T::ZERO { 1.0 } else { 0.0 };
                let want = (sigmoid - y.to_f64()) / 37.0;
                let close = |g: &T| (g.to_f64() - want).abs() <= 2.0 * T::EPSILON.to_f64() * want.abs();
                assert!(z.iter().all(close), "logistic, {label}, {huge}, {y}: {z:?} instead of {want}");
            }
            for classes in [2, 10, 33, 100] {
                let mut z = vec![T::ZERO; 3 * classes];
                z[classes + 1] = huge;
                let loss = softmax_cross_entropy_in_place(exec, MatMut::new(&mut z, 3, classes), &[0, 0, 1]);
                assert!(loss < T::INFINITY && loss >= T::ZERO, "softmax, {label}, {huge}, {classes}: {loss}");
                assert!(z.iter().all(|g| g.abs() <= T::ONE), "softmax, {label}, {huge}, {classes}");
            }
        }
    });
}

fn gradients_of_softmax_add_up_to_zero<T: Real>() {
    let rows = 21;
    for classes in [1, 2, 10, 32, 33, 100, 1000] {
        if effort() == Effort::Tiny && classes > 10 {
            break;
        }
        let mut random = Random::new(classes as u64);
        let z: Vec<T> = (0..rows * classes).map(|_| T::from_f64(10.0 * random.signed())).collect();
        let labels: Vec<u32> = (0..rows).map(|_| random.below(classes) as u32).collect();
        for_each_isa(|exec, label| {
            let mut gradient = z.clone();
            softmax_cross_entropy_in_place(exec, MatMut::new(&mut gradient, rows, classes), &labels);
            for (row, &class) in gradient.chunks(classes).zip(&labels) {
                let sum: f64 = row.iter().map(|g| g.to_f64()).sum();
                let bound = 8.0 * T::EPSILON.to_f64() / rows as f64;
                assert!(sum.abs() <= bound, "{label}, {classes} classes: {sum}");
                for (j, &g) in row.iter().enumerate() {
                    let right = if j == class as usize { g <= T::ZERO } else { g >= T::ZERO };
                    assert!(right, "{label}, {classes} classes: sign of {g}");
                }
            }
        });
    }
}

fn known_values<T: Real>() {
    for_each_isa(|exec, label| {
        let near = |got: T, want: f64| {
            let error = (got.to_f64() - want).abs();
            assert!(error <= 4.0 * T::EPSILON.to_f64() * want.abs(), "{label}: {got} instead of {want}");
        };
        // All logits equal: log of the number of classes.
        for classes in [1, 2, 10, 33, 1000] {
            let mut z = vec![T::from_f64(3.5); 2 * classes];
            let loss = softmax_cross_entropy_in_place(exec, MatMut::new(&mut z, 2, classes), &[0, classes as u32 - 1]);
            near(loss, (classes as f64).ln());
            near(z[0], (1.0 / classes as f64 - 1.0) / 2.0);
        }
        let mut z = [T::ZERO; 5];
        near(logistic_in_place(exec, &mut z, &[T::ZERO, T::ONE, T::HALF, T::ZERO, T::ONE]), 2f64.ln());
        near(z[0], 0.1);
        near(z[1], -0.1);
        let mut p = [1.0, 2.0, 4.0].map(T::from_f64);
        near(squared_in_place(exec, &mut p, &[T::ZERO, T::TWO, T::ONE]), 10.0 / 3.0);
        near(p[0], 2.0 / 3.0);
        near(p[2], 2.0);
    });
}

/// Compares a gradient with central differences of the loss.
fn check_derivative(name: &str, at: &[f64], loss: impl Fn(&mut [f64]) -> f64) {
    let mut gradient = at.to_vec();
    loss(&mut gradient);
    for i in 0..at.len() {
        let step = 1e-5;
        let shifted = |by: f64| {
            let mut x = at.to_vec();
            x[i] += by;
            loss(&mut x)
        };
        let difference = (shifted(step) - shifted(-step)) / (2.0 * step);
        let error = (gradient[i] - difference).abs();
        assert!(error <= 1e-9, "{name}, {i} of {}: {} but differences give {difference}", at.len(), gradient[i]);
    }
}

#[test]
fn gradients_are_the_derivatives_of_losses() {
    let ordinary = |n, seed| -> Vec<f64> { numbers::<f64>(Kind::Ordinary, n, seed).iter().map(|x| 3.0 * x).collect() };
    for_each_isa(|exec: Exec<'_>, label| {
        for n in [1, 2, 5, 33] {
            let (x, y) = (ordinary(n, 1), ordinary(n, 2));
            check_derivative(&format!("squared, {label}"), &x, |p| squared_in_place(exec, p, &y));
            let y: Vec<f64> = y.iter().map(|y| (y / 3.0).abs()).collect();
            check_derivative(&format!("logistic, {label}"), &x, |z| logistic_in_place(exec, z, &y));
        }
        for (rows, classes) in [(1, 1), (1, 2), (3, 10), (9, 3), (2, 40), (3, 33)] {
            if effort() == Effort::Tiny && classes > 2 {
                break;
            }
            let labels: Vec<u32> = (0..rows).map(|i| (i * 7 % classes) as u32).collect();
            check_derivative(&format!("softmax, {label}"), &ordinary(rows * classes, 3), |z| {
                softmax_cross_entropy_in_place(exec, MatMut::new(z, rows, classes), &labels)
            });
        }
    });
}
