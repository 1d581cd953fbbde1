//! Optimizer steps on one parameter: the new parameter and state, from the formulas in [`crate::optimizer`].

use crate::accum::Accum;
use crate::real::Real;
use crate::threads::CHUNK;

/// [`crate::optimizer::Sgd`].
pub fn sgd<T: Real>(lr: T, w: T, g: T) -> T {
    (-lr).mul_add(g, w)
}

/// [`crate::optimizer::Momentum`]: (w, v).
pub fn momentum<T: Real>(lr: T, mu: T, w: T, g: T, v: T) -> (T, T) {
    let v = mu.mul_add(v, g);
    ((-lr).mul_add(v, w), v)
}

/// [`crate::optimizer::Nesterov`]: (w, v).
pub fn nesterov<T: Real>(lr: T, mu: T, w: T, g: T, v: T) -> (T, T) {
    let v = mu.mul_add(v, g);
    ((-lr).mul_add(mu.mul_add(v, g), w), v)
}

/// [`crate::optimizer::AdaGrad`]: (w, s).
pub fn adagrad<T: Real>(lr: T, epsilon: T, w: T, g: T, s: T) -> (T, T) {
    let s = g.mul_add(g, s);
    ((-lr).mul_add(g / (s.sqrt() + epsilon), w), s)
}

/// [`crate::optimizer::RmsProp`]: (w, v).
pub fn rmsprop<T: Real>(lr: T, rho: T, epsilon: T, w: T, g: T, v: T) -> (T, T) {
    let v = rho.mul_add(v, (T::ONE - rho) * g * g);
    ((-lr).mul_add(g / (v.sqrt() + epsilon), w), v)
}

/// [`crate::optimizer::CenteredRmsProp`]: (w, v, a).
pub fn centered_rmsprop<T: Real>(lr: T, rho: T, epsilon: T, w: T, g: T, (v, a): (T, T)) -> (T, T, T) {
    let v = rho.mul_add(v, (T::ONE - rho) * g * g);
    let a = rho.mul_add(a, (T::ONE - rho) * g);
    let variance = (-a).mul_add(a, v);
    let variance = if variance < T::ZERO { T::ZERO } else { variance };
    ((-lr).mul_add(g / (variance.sqrt() + epsilon), w), v, a)
}

/// [`crate::optimizer::AdaDelta`]: (w, s, u).
pub fn adadelta<T: Real>(lr: T, rho: T, epsilon: T, w: T, g: T, (s, u): (T, T)) -> (T, T, T) {
    let s = rho.mul_add(s, (T::ONE - rho) * g * g);
    let delta = ((u + epsilon) / (s + epsilon)).sqrt() * g;
    let u = rho.mul_add(u, (T::ONE - rho) * delta * delta);
    ((-lr).mul_add(delta, w), s, u)
}

/// [`crate::optimizer::Lion`]: (w, m).
pub fn lion<T: Real>(lr: T, (beta1, beta2): (T, T), w: T, g: T, m: T) -> (T, T) {
    let direction = beta1.mul_add(m, (T::ONE - beta1) * g);
    let sign = match direction {
        d if d > T::ZERO => T::ONE,
        d if d < T::ZERO => -T::ONE,
        zero => zero,
    };
    ((-lr).mul_add(sign, w), beta2.mul_add(m, (T::ONE - beta2) * g))
}

/// xᵗ, bit by bit of t.
fn power(x: f64, t: u64) -> f64 {
    let (mut result, mut square) = (1.0, x);
    for bit in 0..64 {
        if t >> bit & 1 == 1 {
            result *= square;
        }
        square *= square;
    }
    result
}

/// (1−β)-weighted averages of g and g².
fn moments<T: Real>(betas: (f64, f64), g: T, (m, v): (T, T)) -> (T, T) {
    let (beta1, beta2) = (T::from_f64(betas.0), T::from_f64(betas.1));
    (beta1.mul_add(m, (T::ONE - beta1) * g), beta2.mul_add(v, (T::ONE - beta2) * g * g))
}

/// √v̂ + ε in step `t`.
fn denominator<T: Real>(beta2: f64, epsilon: f64, t: u64, v: T) -> T {
    let unbias_root = T::from_f64(1.0 / (1.0 - power(beta2, t)).sqrt());
    v.sqrt().mul_add(unbias_root, T::from_f64(epsilon))
}

/// [`crate::optimizer::Adam`]: (w, m, v), with β₁, β₂, ε and step `t` (counted from 1).
pub fn adam<T: Real>(lr: f64, betas: (f64, f64), epsilon: f64, t: u64, w: T, g: T, state: (T, T)) -> (T, T, T) {
    let (m, v) = moments(betas, g, state);
    let step_size = T::from_f64(lr / (1.0 - power(betas.0, t)));
    ((-step_size).mul_add(m / denominator(betas.1, epsilon, t, v), w), m, v)
}

/// [`crate::optimizer::AmsGrad`]: (w, \[m, v, u\]).
pub fn amsgrad<T: Real>(
    lr: f64,
    betas: (f64, f64),
    epsilon: f64,
    t: u64,
    w: T,
    g: T,
    [m, v, u]: [T; 3],
) -> (T, [T; 3]) {
    let (m, v) = moments(betas, g, (m, v));
    let u = if u > v { u } else { v };
    let step_size = T::from_f64(lr / (1.0 - power(betas.0, t)));
    ((-step_size).mul_add(m / denominator(betas.1, epsilon, t, u), w), [m, v, u])
}

/// [`crate::optimizer::Adamax`]: (w, m, u).
pub fn adamax<T: Real>(lr: f64, betas: (f64, f64), epsilon: f64, t: u64, w: T, g: T, (m, u): (T, T)) -> (T, T, T) {
    let (m, _) = moments(betas, g, (m, T::ZERO));
    let (decayed, fresh) = (T::from_f64(betas.1) * u, g.abs() + T::from_f64(epsilon));
    let u = if decayed > fresh { decayed } else { fresh };
    let step_size = T::from_f64(lr / (1.0 - power(betas.0, t)));
    ((-step_size).mul_add(m / u, w), m, u)
}

/// μₜ of [`crate::optimizer::NAdam`].
fn nadam_momentum(beta1: f64, t: u64) -> f64 {
    beta1 * (1.0 - 0.5 * power(0.999_836_725_352_675_3, t))
}

/// Πₜ of [`crate::optimizer::NAdam`]: the product of its momenta in the order of the steps.
pub fn nadam_product(beta1: f64, t: u64) -> f64 {
    (1..=t).fold(1.0, |product, t| product * nadam_momentum(beta1, t))
}

/// [`crate::optimizer::NAdam`] at step t with Πₜ, as (t, Πₜ): (w, m, v).
pub fn nadam<T: Real>(
    lr: f64,
    betas: (f64, f64),
    epsilon: f64,
    (t, product): (u64, f64),
    w: T,
    g: T,
    state: (T, T),
) -> (T, T, T) {
    let mu = |t| nadam_momentum(betas.0, t);
    let (m, v) = moments(betas, g, state);
    let of_momentum = T::from_f64(lr * mu(t + 1) / (1.0 - product * mu(t + 1)));
    let of_gradient = T::from_f64(lr * (1.0 - mu(t)) / (1.0 - product));
    let direction = of_momentum.mul_add(m, of_gradient * g);
    (w - direction / denominator(betas.1, epsilon, t, v), m, v)
}

/// [`crate::optimizer::ScheduleFree`] with a constant rate: (y, z, v).
pub fn schedule_free<T: Real>(
    lr: f64,
    (beta1, beta2): (f64, f64),
    (epsilon, lambda): (f64, f64),
    t: u64,
    y: T,
    g: T,
    (z, v): (T, T),
) -> (T, T, T) {
    let squares = (1..=t).fold(0.0, |sum, _| sum + lr * lr);
    let average = lr * lr / squares;
    let (_, v) = moments((0.0, beta2), g, (z, v));
    let u = T::from_f64(lambda).mul_add(y, g / denominator(beta2, epsilon, t, v));
    let towards = T::from_f64(average).mul_add(z - y, y);
    let step_size = T::from_f64(lr * (1.0 - beta1 * (1.0 - average)));
    ((-step_size).mul_add(u, towards), (-T::from_f64(lr)).mul_add(u, z), v)
}

/// [`crate::optimizer::Lamb`] on a layer: new w, m, v in place.
pub fn lamb<T: Real>(
    lr: f64,
    (beta1, beta2): (f64, f64),
    (epsilon, lambda): (f64, f64),
    t: u64,
    w: &mut [T],
    g: &[T],
    state: &mut [(T, T)],
) {
    let unbias = T::from_f64(1.0 / (1.0 - power(beta1, t)));
    let mut direction = Vec::with_capacity(w.len());
    for ((w, &g), s) in w.iter().zip(g).zip(state) {
        *s = moments((beta1, beta2), g, *s);
        let adam = s.0 * unbias / denominator(beta2, epsilon, t, s.1);
        direction.push(T::from_f64(lambda).mul_add(*w, adam));
    }
    let norms = (super::dot(w, w).sqrt(), super::dot(&direction, &direction).sqrt());
    let ratio = if norms.0 > T::ZERO && norms.1 > T::ZERO { norms.0 / norms.1 } else { T::ONE };
    let length = T::from_f64(lr) * ratio;
    for (w, r) in w.iter_mut().zip(direction) {
        *w = (-length).mul_add(r, *w);
    }
}

/// [`crate::optimizer::Adafactor`] on a row-major matrix with `averages.0.len()` rows: the direction and its RMS; new averages
/// of rows and columns in place.
pub fn adafactor<T: Real>(
    (beta2, epsilon): (T, T),
    g: &[T],
    (row_means, col_means): (&mut [T], &mut [T]),
) -> (Vec<T>, T) {
    let (m, n) = (row_means.len(), col_means.len());
    let average = |old: T, sum: T, count: usize| {
        let mean = sum.mul_add(T::from_f64(1.0 / count as f64), epsilon);
        beta2.mul_add(old, (T::ONE - beta2) * mean)
    };
    for (r, row) in row_means.iter_mut().zip(g.chunks(n)) {
        *r = average(*r, super::dot_lanes(row, row), n);
    }
    for (j, c) in col_means.iter_mut().enumerate() {
        let mut sum = T::ZERO;
        for block in g.chunks((CHUNK / n).max(32) * n) {
            sum = sum + block.chunks(n).fold(T::ZERO, |sum, row| row[j].mul_add(row[j], sum));
        }
        *c = average(*c, sum, m);
    }
    let mean = super::asum(row_means) / T::from_f64(m as f64);
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
            super::fold(lanes, |a, b| a + b)
        })
        .collect();
    let rms = (super::tree(&sums, &|a, b| a + b) / T::from_f64((m * n) as f64)).sqrt();
    (u, rms)
}

/// [`crate::optimizer::orthogonalize`].
pub fn orthogonalize<T: Real>(x: &mut [T], (rows, cols): (usize, usize)) {
    let (s, l) = (rows.min(cols), rows.max(cols));
    let at = |i: usize, j: usize| if rows <= cols { i * cols + j } else { j * cols + i };
    let [a, b, c] = [3.4445, -4.7750, 2.0315].map(T::from_f64);
    super::scale(T::ONE / (super::nrm2(x) + T::from_f64(1e-7)), x);
    for _ in 0..5 {
        let (old, mut gram) = (x.to_vec(), vec![T::ZERO; s * s]);
        super::gemm(Accum::Replace, T::ONE, (s, l, s), |i, k| old[at(i, k)], |k, j| old[at(j, k)], &mut gram);
        let mut p: Vec<T> = gram.iter().map(|&x| b * x).collect();
        super::gemm(Accum::Add, c, (s, s, s), |i, k| gram[i * s + k], |k, j| gram[k * s + j], &mut p);
        (0..s).for_each(|i| p[i * s + i] = p[i * s + i] + a);
        let mut new = vec![T::ZERO; s * l];
        super::gemm(Accum::Replace, T::ONE, (s, s, l), |i, k| p[i * s + k], |k, j| old[at(k, j)], &mut new);
        (0..s * l).for_each(|i| x[at(i / l, i % l)] = new[i]);
    }
}

/// The gradient that [`crate::optimizer::ClipValue`] hands on.
pub fn clip_value<T: Real>(limit: T, g: T) -> T {
    match g {
        g if g < -limit => -limit,
        g if g > limit => limit,
        g => g,
    }
}

/// What [`crate::optimizer::SoftThreshold`] makes of a parameter.
pub fn soft_threshold<T: Real>(threshold: T, w: T) -> T {
    w - clip_value(threshold, w)
}

/// What [`crate::optimizer::FlushState`] makes of an element of the state.
pub fn flush<T: Real>(below: T, s: T) -> T {
    if s.abs() < below { T::ZERO } else { s }
}

/// The gradient that [`crate::optimizer::CoupledDecay`] hands on.
pub fn coupled_decay<T: Real>(lambda: T, w: T, g: T) -> T {
    lambda.mul_add(w, g)
}

/// The parameter that [`crate::optimizer::DecoupledDecay`] hands on.
pub fn decoupled_decay<T: Real>(rate: T, w: T) -> T {
    (-rate).mul_add(w, w)
}
