//! Activations on one number, from the formulas in [`crate::activation::Activation`].

use super::math::{sigmoid, tanh};
use crate::activation::Activation;
use crate::real::Real;

/// activation(z).
pub fn activation<T: Real>(activation: Activation, z: T) -> T {
    match activation {
        Activation::Identity => z,
        Activation::Relu => {
            if z > T::ZERO {
                z
            } else {
                T::ZERO
            }
        }
        Activation::Tanh => tanh(z),
        Activation::Sigmoid => sigmoid(z),
    }
}

/// The gradient before the activation, given the gradient `g` behind it and its output `a`.
pub fn activation_gradient<T: Real>(activation: Activation, g: T, a: T) -> T {
    match activation {
        Activation::Identity => g,
        Activation::Relu => {
            if a > T::ZERO {
                g
            } else {
                T::ZERO
            }
        }
        Activation::Tanh => g * (-a).mul_add(a, T::ONE),
        Activation::Sigmoid => g * (-a).mul_add(a, a),
    }
}
