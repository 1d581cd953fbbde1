//! Optimizer steps on one parameter: the new parameter and state, from the formulas in [`crate::optimizer`].

use crate::real::Real;

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

/// [`crate::optimizer::Adam`]: (w, m, v), with β₁, β₂, ε and step `t` (counted from 1).
pub fn adam<T: Real>(lr: f64, betas: (f64, f64), epsilon: f64, t: u64, w: T, g: T, (m, v): (T, T)) -> (T, T, T) {
    let power = |x: f64| {
        let (mut result, mut square) = (1.0, x);
        for bit in 0..64 {
            if t >> bit & 1 == 1 {
                result *= square;
            }
            square *= square;
        }
        result
    };
    let (beta1, beta2) = (T::from_f64(betas.0), T::from_f64(betas.1));
    let step_size = T::from_f64(lr / (1.0 - power(betas.0)));
    let unbias_root = T::from_f64(1.0 / (1.0 - power(betas.1)).sqrt());
    let m = beta1.mul_add(m, (T::ONE - beta1) * g);
    let v = beta2.mul_add(v, (T::ONE - beta2) * g * g);
    let denominator = v.sqrt().mul_add(unbias_root, T::from_f64(epsilon));
    ((-step_size).mul_add(m / denominator, w), m, v)
}

/// The gradient that [`crate::optimizer::CoupledDecay`] hands on.
pub fn coupled_decay<T: Real>(lambda: T, w: T, g: T) -> T {
    lambda.mul_add(w, g)
}

/// The parameter that [`crate::optimizer::DecoupledDecay`] hands on.
pub fn decoupled_decay<T: Real>(rate: T, w: T) -> T {
    (-rate).mul_add(w, w)
}
