//! Losses with gradient: returns (mean loss, gradient).

use super::math::{exp, log, log1p};
use super::{fold, lanes, tree};
use crate::loss::FEW_CLASSES;
use crate::real::Real;
use crate::threads::CHUNK;

/// Adds up the losses of samples: canonical lanes inside chunks of `chunk` samples, then the tree, then 1/n.
fn mean<T: Real>(losses: &[T], chunk: usize) -> T {
    let add = |a: T, b: T| a + b;
    let sums: Vec<T> = losses
        .chunks(chunk)
        .map(|x| fold(lanes(x.len(), T::ZERO, |acc, i| acc + i.map_or(T::ZERO, |i| x[i])), add))
        .collect();
    tree(&sums, &add) / T::from_f64(losses.len() as f64)
}

fn pointwise<T: Real>(z: &[T], y: &[T], evaluate: impl Fn(T, T) -> (T, T)) -> (T, Vec<T>) {
    let weight = T::ONE / T::from_f64(z.len() as f64);
    let (gradient, losses): (Vec<T>, Vec<T>) = z
        .iter()
        .zip(y)
        .map(|(&z, &y)| {
            let (derivative, loss) = evaluate(z, y);
            (weight * derivative, loss)
        })
        .unzip();
    (mean(&losses, CHUNK), gradient)
}

/// [`crate::loss::squared_in_place`].
pub fn squared<T: Real>(p: &[T], y: &[T]) -> (T, Vec<T>) {
    pointwise(p, y, |p, y| {
        let r = p - y;
        (r + r, r * r)
    })
}

/// [`crate::loss::logistic_in_place`].
pub fn logistic<T: Real>(z: &[T], y: &[T]) -> (T, Vec<T>) {
    pointwise(z, y, |z, y| {
        let t = exp(-z.abs());
        let sigmoid = if z < T::ZERO { t } else { T::ONE } / (T::ONE + t);
        let positive = if z > T::ZERO { z } else { T::ZERO };
        (sigmoid - y, (-y).mul_add(z, positive) + log1p(t))
    })
}

/// [`crate::loss::softmax_cross_entropy_in_place`] on row-major logits.
pub fn softmax_cross_entropy<T: Real>(logits: &[T], classes: usize, labels: &[u32]) -> (T, Vec<T>) {
    let weight = T::ONE / T::from_f64(labels.len() as f64);
    let max = |a: T, b: T| if a > b { a } else { b };
    let (mut losses, mut gradient) = (Vec::new(), Vec::new());
    for (z, &label) in logits.chunks(classes).zip(labels) {
        let largest = z.iter().fold(-T::INFINITY, |m, &z| max(z, m));
        let e: Vec<T> = z.iter().map(|&z| exp(z - largest)).collect();
        let sum = if classes <= FEW_CLASSES {
            e.iter().fold(T::ZERO, |sum, &e| sum + e)
        } else {
            fold(lanes(classes, T::ZERO, |acc, i| acc + i.map_or(T::ZERO, |i| e[i])), |a, b| a + b)
        };
        losses.push(log(sum) - (z[label as usize] - largest));
        let reciprocal = T::ONE / sum;
        gradient.extend(e.iter().enumerate().map(|(j, &e)| {
            let p = e * reciprocal;
            (if j == label as usize { p - T::ONE } else { p }) * weight
        }));
    }
    (mean(&losses, (CHUNK / classes).max(1)), gradient)
}
