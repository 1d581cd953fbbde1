//! Losses with gradient: returns (loss, gradient).

use super::math::{exp, log, log1p};
use super::{fold, lanes, tree};
use crate::loss::{ClassTargets, FEW_CLASSES, LossOptions, Reduction, SoftmaxOptions};
use crate::real::Real;
use crate::threads::CHUNK;

fn larger<T: Real>(a: T, b: T) -> T {
    if a > b { a } else { b }
}

/// Canonical lanes, folded.
fn sum_in_lanes<T: Real>(x: &[T]) -> T {
    fold(lanes(x.len(), T::ZERO, |acc, i| acc + i.map_or(T::ZERO, |i| x[i])), |a, b| a + b)
}

/// Canonical lanes inside chunks of `chunk` samples, then the tree.
fn sum_in_chunks<T: Real>(x: &[T], chunk: usize) -> T {
    let sums: Vec<T> = x.chunks(chunk).map(sum_in_lanes).collect();
    tree(&sums, &|a, b| a + b)
}

fn divisor<T: Real>(options: LossOptions<'_, T>, samples: usize) -> T {
    match (options.reduction, options.weights) {
        (Reduction::Sum, _) => T::ONE,
        (Reduction::Mean, None) => T::from_f64(samples as f64),
        (Reduction::Mean, Some(weights)) => sum_in_chunks(weights, CHUNK),
    }
}

/// [`crate::loss::pointwise_in_place`] of a loss of one sample, (z, y) ↦ (derivative, loss).
pub fn pointwise<T: Real>(
    z: &[T],
    y: &[T],
    options: LossOptions<'_, T>,
    sample: impl Fn(T, T) -> (T, T),
) -> (T, Vec<T>) {
    let divisor = divisor(options, z.len());
    if divisor == T::ZERO {
        return (T::ZERO, vec![T::ZERO; z.len()]);
    }
    let weighted = |i: usize| {
        let (derivative, loss) = sample(z[i], y[i]);
        match options.weights.map(|w| w[i]) {
            None => (T::ONE / divisor * derivative, loss),
            Some(w) if w == T::ZERO => (T::ZERO, T::ZERO),
            Some(w) => (w / divisor * derivative, w * loss),
        }
    };
    let (gradient, losses): (Vec<T>, Vec<T>) = (0..z.len()).map(weighted).unzip();
    (sum_in_chunks(&losses, CHUNK) / divisor, gradient)
}

/// [`crate::loss::Squared`].
pub fn squared<T: Real>(p: T, y: T) -> (T, T) {
    let r = p - y;
    (r + r, r * r)
}

/// 1, −1, or r itself where it is neither above nor below 0.
fn sign<T: Real>(r: T, above: T, below: T) -> T {
    if r > T::ZERO {
        above
    } else if r < T::ZERO {
        -below
    } else {
        r
    }
}

/// [`crate::loss::Absolute`].
pub fn absolute<T: Real>(p: T, y: T) -> (T, T) {
    let r = p - y;
    (sign(r, T::ONE, T::ONE), r.abs())
}

/// [`crate::loss::Huber`] of this δ.
pub fn huber<T: Real>(delta: T, p: T, y: T) -> (T, T) {
    let r = p - y;
    let size = r.abs();
    let c = if delta < size { delta } else { size };
    let derivative = if r.bits() & T::SIGN.bits() == 0 { c } else { -c };
    (derivative, c * (-T::HALF).mul_add(c, size))
}

/// [`crate::loss::Quantile`] of this τ.
pub fn quantile<T: Real>(tau: T, p: T, y: T) -> (T, T) {
    let r = p - y;
    let slope = if r > T::ZERO { T::ONE - tau } else { tau };
    (sign(r, T::ONE - tau, tau), slope * r.abs())
}

/// [`crate::loss::Logistic`].
pub fn logistic<T: Real>(z: T, y: T) -> (T, T) {
    let t = exp(-z.abs());
    let sigmoid = if z < T::ZERO { t } else { T::ONE } / (T::ONE + t);
    (sigmoid - y, (-y).mul_add(z, larger(z, T::ZERO)) + log1p(t))
}

/// 1 − y·z, or 0 if that is negative.
fn margin_missed<T: Real>(z: T, y: T) -> T {
    larger(T::ZERO, (-y).mul_add(z, T::ONE))
}

/// [`crate::loss::Hinge`].
pub fn hinge<T: Real>(z: T, y: T) -> (T, T) {
    let loss = margin_missed(z, y);
    (
        if loss == T::ZERO {
            T::ZERO
        } else if loss > T::ZERO {
            -y
        } else {
            loss
        },
        loss,
    )
}

/// [`crate::loss::SquaredHinge`].
pub fn squared_hinge<T: Real>(z: T, y: T) -> (T, T) {
    let m = margin_missed(z, y);
    (-y * (m + m), m * m)
}

/// [`crate::loss::Poisson`].
pub fn poisson<T: Real>(z: T, y: T) -> (T, T) {
    let mean = exp(z);
    (mean - y, (-y).mul_add(z, mean))
}

/// [`crate::loss::softmax_cross_entropy_with`] on row-major logits.
pub fn softmax_cross_entropy<T: Real>(
    logits: &[T],
    classes: usize,
    targets: ClassTargets<'_, T>,
    options: SoftmaxOptions<'_, T>,
) -> (T, Vec<T>) {
    let rows = logits.len() / classes;
    let chunk = (CHUNK / classes).max(1);
    let class_weight = |j: usize| options.class_weights.map_or(T::ONE, |c| c[j]);
    let weight = |i: usize| options.samples.weights.map_or(T::ONE, |w| w[i]);
    let divisor = match (options.samples.reduction, targets, options.class_weights) {
        (Reduction::Mean, ClassTargets::Labels(labels), Some(_)) => {
            let u: Vec<T> = (0..rows).map(|i| weight(i) * class_weight(labels[i] as usize)).collect();
            sum_in_chunks(&u, chunk)
        }
        _ => divisor(options.samples, rows),
    };
    if divisor == T::ZERO {
        return (T::ZERO, vec![T::ZERO; logits.len()]);
    }
    let sum = |x: &[T]| {
        if classes <= FEW_CLASSES { x.iter().fold(T::ZERO, |sum, &x| sum + x) } else { sum_in_lanes(x) }
    };
    let keep = T::ONE - options.label_smoothing;
    let spread = options.label_smoothing / T::from_f64(classes as f64);
    let (mut losses, mut gradient) = (Vec::new(), Vec::new());
    for (i, z) in logits.chunks(classes).enumerate() {
        let largest = z.iter().fold(-T::INFINITY, |m, &z| larger(z, m));
        let e: Vec<T> = z.iter().map(|&z| exp(z - largest)).collect();
        let (log_sum, reciprocal) = (log(sum(&e)), T::ONE / sum(&e));
        let u = match targets {
            ClassTargets::Labels(labels) if options.label_smoothing == T::ZERO => {
                weight(i) * class_weight(labels[i] as usize)
            }
            _ => weight(i),
        };
        if u == T::ZERO {
            losses.push(T::ZERO);
            gradient.extend(z.iter().map(|_| T::ZERO));
            continue;
        }
        let scale = u / divisor;
        let y = match targets {
            ClassTargets::Labels(labels) if options.label_smoothing == T::ZERO => {
                let label = labels[i] as usize;
                losses.push(u * (log_sum - (z[label] - largest)));
                gradient.extend(e.iter().enumerate().map(|(j, &e)| {
                    let p = e * reciprocal;
                    (if j == label { p - T::ONE } else { p }) * scale
                }));
                continue;
            }
            ClassTargets::Labels(labels) => {
                (0..classes).map(|j| if j == labels[i] as usize { T::ONE } else { T::ZERO }).collect()
            }
            ClassTargets::Probabilities(y) => y.row(i).expect("contiguous rows").to_vec(),
        };
        let q: Vec<T> = y.iter().enumerate().map(|(j, &y)| class_weight(j) * keep.mul_add(y, spread)).collect();
        let mass = sum(&q);
        let distance = |acc: T, j: usize| q[j].mul_add(if q[j] == T::ZERO { T::ZERO } else { -(z[j] - largest) }, acc);
        let distance = if classes <= FEW_CLASSES {
            (0..classes).fold(T::ZERO, distance)
        } else {
            fold(lanes(classes, T::ZERO, |acc, j| j.map_or(acc, |j| distance(acc, j))), |a, b| a + b)
        };
        losses.push(u * mass.mul_add(log_sum, distance));
        gradient.extend(e.iter().zip(&q).map(|(&e, &q)| mass.mul_add(e * reciprocal, -q) * scale));
    }
    (sum_in_chunks(&losses, chunk) / divisor, gradient)
}
