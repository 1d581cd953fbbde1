//! Optimizer steps on a layer.

use super::{denominator, moments, power, weights};
use crate::accum::Accum;
use crate::optimizer::LambOptions;
use crate::real::Real;
use crate::reference;
use crate::threads::CHUNK;

/// [`crate::optimizer::Lamb`] on a layer: new w, m, v in place.
pub fn lamb<T: Real>(learning_rate: f64, options: LambOptions, t: u64, w: &mut [T], g: &[T], state: &mut [[T; 2]]) {
    let LambOptions { beta1, beta2, epsilon, weight_decay } = options;
    let unbias = T::from_f64(1.0 / (1.0 - power(beta1, t)));
    let mut direction = Vec::with_capacity(w.len());
    for ((w, &g), s) in w.iter().zip(g).zip(state) {
        *s = moments(beta1, beta2, g, *s);
        let adam = s[0] * unbias / denominator(beta2, epsilon, t, s[1]);
        direction.push(T::from_f64(weight_decay).mul_add(*w, adam));
    }
    let norms = (reference::dot(w, w).sqrt(), reference::dot(&direction, &direction).sqrt());
    let ratio = if norms.0 > T::ZERO && norms.1 > T::ZERO { norms.0 / norms.1 } else { T::ONE };
    let length = T::from_f64(learning_rate) * ratio;
    for (w, r) in w.iter_mut().zip(direction) {
        *w = (-length).mul_add(r, *w);
    }
}

/// [`crate::optimizer::Adafactor`] with β₂ and ε₁ on a row-major matrix of as many rows and columns as there are means: the
/// direction and its RMS; new means in place.
pub fn adafactor<T: Real>(beta2: f64, epsilon: T, g: &[T], row_means: &mut [T], col_means: &mut [T]) -> (Vec<T>, T) {
    let (beta2, rest) = weights::<T>(beta2);
    let (m, n) = (row_means.len(), col_means.len());
    let average = |old: T, sum: T, count: usize| {
        let mean = sum.mul_add(T::from_f64(1.0 / count as f64), epsilon);
        beta2.mul_add(old, rest * mean)
    };
    for (r, row) in row_means.iter_mut().zip(g.chunks(n)) {
        *r = average(*r, reference::dot_lanes(row, row), n);
    }
    for (j, c) in col_means.iter_mut().enumerate() {
        let mut sum = T::ZERO;
        for block in g.chunks((CHUNK / n).max(32) * n) {
            sum = sum + block.chunks(n).fold(T::ZERO, |sum, row| row[j].mul_add(row[j], sum));
        }
        *c = average(*c, sum, m);
    }
    let mean = reference::asum(row_means) / T::from_f64(m as f64);
    let factor = |i: usize| ((T::ONE / col_means[i % n]).sqrt(), (mean / row_means[i / n]).sqrt());
    let u: Vec<T> = g.iter().enumerate().map(|(i, &g)| g * factor(i).0 * factor(i).1).collect();
    let sums: Vec<T> = u
        .chunks((CHUNK / n).max(1) * n)
        .map(|rows| {
            let mut lanes = vec![T::ZERO; T::LANES];
            for row in rows.chunks(n) {
                for (j, &u) in row.iter().enumerate() {
                    lanes[j % T::LANES] = u.mul_add(u, lanes[j % T::LANES]);
                }
            }
            reference::fold(lanes, |a, b| a + b)
        })
        .collect();
    let rms = (reference::tree(&sums, &|a, b| a + b) / T::from_f64((m * n) as f64)).sqrt();
    (u, rms)
}

/// [`crate::optimizer::orthogonalize`].
pub fn orthogonalize<T: Real>(x: &mut [T], rows: usize, cols: usize) {
    let (s, l) = (rows.min(cols), rows.max(cols));
    let at = |i: usize, j: usize| if rows <= cols { i * cols + j } else { j * cols + i };
    let [a, b, c] = [3.4445, -4.7750, 2.0315].map(T::from_f64);
    reference::scale(T::ONE / (reference::nrm2(x) + T::from_f64(1e-7)), x);
    for _ in 0..5 {
        let (old, mut gram) = (x.to_vec(), vec![T::ZERO; s * s]);
        reference::gemm(Accum::Replace, T::ONE, (s, l, s), |i, k| old[at(i, k)], |k, j| old[at(j, k)], &mut gram);
        let mut p: Vec<T> = gram.iter().map(|&x| b * x).collect();
        reference::gemm(Accum::Add, c, (s, s, s), |i, k| gram[i * s + k], |k, j| gram[k * s + j], &mut p);
        (0..s).for_each(|i| p[i * s + i] = p[i * s + i] + a);
        let mut new = vec![T::ZERO; s * l];
        reference::gemm(Accum::Replace, T::ONE, (s, s, l), |i, k| p[i * s + k], |k, j| old[at(k, j)], &mut new);
        (0..s * l).for_each(|i| x[at(i / l, i % l)] = new[i]);
    }
}
