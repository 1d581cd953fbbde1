//! Activations on one number, from the formulas in [`crate::activation::Activation`].

use super::math::{gelu, gelu_derivative, sigmoid, tanh};
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
        Activation::Gelu => gelu(z),
    }
}

/// The gradient before the activation, given the gradient `g` behind it and its output `a` (GELU: its input).
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
        Activation::Gelu => g * gelu_derivative(a),
    }
}
