//! What losses and gradients have to be, whatever their bits.

use crate::execs::for_each_isa;
use crate::inputs::{Effort, Kind, Random, effort, numbers};
use crate::loss::{Case, cases};
use simdescent_kernels::loss::{
    ClassTargets, LossOptions, Reduction, SoftmaxOptions, logistic_in_place, softmax_cross_entropy_in_place,
    softmax_cross_entropy_with, squared_in_place,
};
use simdescent_kernels::{Exec, MatMut, MatRef, Real};

for_f32_and_f64! {
    extreme_logits_have_a_finite_loss, extreme_residuals_have_a_finite_loss, tiny_weights_are_weights,
    gradients_of_softmax_add_up_to_zero, one_hot_probabilities_are_labels, known_values,
}

/// Where r² is beyond the range of the type but the loss is not.
fn extreme_residuals_have_a_finite_loss<T: Real>() {
    let huge = T::from_bits(T::INFINITY.bits() - 1) * T::HALF;
    for Case { name, in_place, target, .. } in cases::<T>() {
        if ["absolute", "Huber", "quantile", "logistic", "hinge"].contains(&name) {
            for_each_isa(|exec, label| {
                for (z, y) in [(huge, target(T::ONE)), (-huge, target(T::ONE)), (huge, target(-T::ONE))] {
                    let mut z = [z];
                    let loss = in_place(exec, &mut z, &[y], LossOptions::default());
                    assert!(loss < T::INFINITY && z[0].abs() <= T::ONE, "{name}, {label}: loss {loss}, gradient {z:?}");
                }
            });
        }
    }
}

/// The gradient weighs a sample by its share of all weights, even where 1/Σw overflows.
fn tiny_weights_are_weights<T: Real>() {
    let tiny = [T::from_bits(1); 4];
    let samples = LossOptions { reduction: Reduction::Mean, weights: Some(&tiny) };
    for_each_isa(|exec, label| {
        for Case { name, in_place, target, .. } in cases::<T>() {
            let y = [target(T::ONE); 4];
            let [(want, without), (got, with)] = [LossOptions::default(), samples].map(|options| {
                let mut z = [-T::TWO; 4];
                (in_place(exec, &mut z, &y, options), z)
            });
            // w·loss is rounded to a multiple of the weight
            assert!((got - want).abs() <= T::ONE, "{name}, {label}: {got} instead of {want}");
            assert_eq!(with, without, "{name}, {label}");
        }
        for classes in [2, 40] {
            for label_smoothing in [T::ZERO, T::HALF] {
                let gradients = [LossOptions::default(), samples].map(|samples| {
                    let mut z = vec![T::ONE; 4 * classes];
                    let options = SoftmaxOptions { samples, class_weights: None, label_smoothing };
                    let targets = ClassTargets::Labels(&[0, 1, 0, 1]);
                    softmax_cross_entropy_with(exec, MatMut::new(&mut z, 4, classes), targets, options);
                    z
                });
                assert_eq!(gradients[0], gradients[1], "softmax, {label}");
            }
        }
    });
}

/// The two paths agree to rounding where they compute the same.
fn one_hot_probabilities_are_labels<T: Real>() {
    for classes in [1, 2, 10, 33, 100] {
        let rows = 5;
        let labels: Vec<u32> = (0..rows).map(|i| (i * 3 % classes) as u32).collect();
        let mut one_hot = vec![T::ZERO; rows * classes];
        for (i, &label) in labels.iter().enumerate() {
            one_hot[i * classes + label as usize] = T::ONE;
        }
        let z: Vec<T> = numbers::<T>(Kind::Ordinary, rows * classes, 9).iter().map(|&z| z * T::from_f64(9.0)).collect();
        for_each_isa(|exec, label| {
            let probabilities = MatRef::new(&one_hot, rows, classes);
            let [a, b] = [ClassTargets::Labels(&labels), ClassTargets::Probabilities(probabilities)].map(|targets| {
                let mut z = z.clone();
                let logits = MatMut::new(&mut z, rows, classes);
                let loss = softmax_cross_entropy_with(exec, logits, targets, SoftmaxOptions::default());
                z.push(loss);
                z
            });
            for (a, b) in a.iter().zip(&b) {
                let error = (a.to_f64() - b.to_f64()).abs();
                assert!(
                    error <= 4.0 * T::EPSILON.to_f64() * a.to_f64().abs().max(1.0),
                    "{label}, {classes}: {a} and {b}"
                );
            }
        });
    }
}

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
        assert!(
            error <= 1e-8 * difference.abs().max(1.0),
            "{name}, {i} of {}: {} but differences give {difference}",
            at.len(),
            gradient[i]
        );
    }
}

#[test]
fn gradients_are_the_derivatives_of_losses() {
    let ordinary = |n, seed| -> Vec<f64> { numbers::<f64>(Kind::Ordinary, n, seed).iter().map(|x| 3.0 * x).collect() };
    let weights = |n: usize| -> Vec<f64> { (0..n).map(|i| (i % 4) as f64 * 0.5).collect() };
    for_each_isa(|exec: Exec<'_>, label| {
        for n in [1, 2, 5, 33] {
            let weights = weights(n + 1)[1..].to_vec();
            for Case { name, in_place, target, .. } in cases::<f64>() {
                let (z, y): (Vec<f64>, Vec<f64>) = (ordinary(n, 1), ordinary(n, 2).into_iter().map(target).collect());
                for reduction in [Reduction::Mean, Reduction::Sum] {
                    for weights in [None, Some(&*weights)] {
                        let options = LossOptions { reduction, weights };
                        check_derivative(&format!("{name}, {label}, {options:?}"), &z, |z| {
                            in_place(exec, z, &y, options)
                        });
                    }
                }
            }
        }
        for (rows, classes) in [(1, 1), (1, 2), (3, 10), (9, 3), (2, 40), (3, 33)] {
            if effort() == Effort::Tiny && classes > 2 {
                break;
            }
            let labels: Vec<u32> = (0..rows).map(|i| (i * 7 % classes) as u32).collect();
            let probabilities: Vec<f64> = ordinary(rows * classes, 4).into_iter().map(f64::abs).collect();
            let probabilities = MatRef::new(&probabilities, rows, classes);
            let (weights, class_weights) = (weights(rows + 1)[1..].to_vec(), weights(classes + 1)[1..].to_vec());
            for targets in [ClassTargets::Labels(&labels), ClassTargets::Probabilities(probabilities)] {
                for label_smoothing in [0.0, 0.1] {
                    for (weights, class_weights) in [(None, None), (Some(&*weights), Some(&*class_weights))] {
                        let samples = LossOptions { reduction: Reduction::Mean, weights };
                        let options = SoftmaxOptions { samples, class_weights, label_smoothing };
                        let name = format!("softmax, {label}, {targets:?}, {options:?}");
                        check_derivative(&name, &ordinary(rows * classes, 3), |z| {
                            softmax_cross_entropy_with(exec, MatMut::new(z, rows, classes), targets, options)
                        });
                    }
                }
            }
        }
    });
}
