//! Bias and activation of a dense layer, and the activation's gradient.

use crate::lanes::{Kernel, Lanes, zip_map};
use crate::math::{gelu, gelu_derivative, sigmoid, tanh};
use crate::matrix::MatMut;
use crate::real::Real;
use crate::threads::{CHUNK, Exec, for_each, rows_per_chunk};

/// The non-linearity between dense layers. The derivative is a function of the output a, so the input z need not be kept;
/// GELU, which falls and rises, is the exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// a = z; derivative 1.
    Identity,
    /// a = z where z > 0, else +0; derivative 1 where a > 0, else 0.
    Relu,
    /// a = tanh z; derivative 1 − a².
    Tanh,
    /// a = σ(z); derivative a − a².
    Sigmoid,
    /// a = z·Φ(z), exact ([`gelu`](fn@gelu)); derivative Φ(z) + z·φ(z). Whatever takes outputs a for a derivative takes z here.
    Gelu,
}

impl Activation {
    #[inline(always)]
    pub(crate) fn apply<T: Real, L: Lanes<T>>(self, l: L, z: L::Reg) -> L::Reg {
        match self {
            Self::Identity => z,
            Self::Relu => l.max(z, l.splat(T::ZERO)),
            Self::Tanh => tanh(l, z),
            Self::Sigmoid => sigmoid(l, z),
            Self::Gelu => gelu(l, z),
        }
    }
    /// The gradient before the activation, given the gradient `g` behind it and its output `a` (GELU: its input).
    #[inline(always)]
    pub(crate) fn backward<T: Real, L: Lanes<T>>(self, l: L, g: L::Reg, a: L::Reg) -> L::Reg {
        match self {
            Self::Identity => g,
            Self::Relu => l.select(l.lt(l.splat(T::ZERO), a), g, l.splat(T::ZERO)),
            Self::Tanh => l.mul(g, l.fnma(a, a, l.splat(T::ONE))),
            Self::Sigmoid => l.mul(g, l.fnma(a, a, a)),
            Self::Gelu => l.mul(g, gelu_derivative(l, a)),
        }
    }
}

/// z\[i,j\] ← activation(z\[i,j\] + bias\[j\]).
///
/// - `z`: m × n with contiguous rows
/// - `bias`: n
///
/// # Panics
/// If `bias` is not as long as a row, or the rows are not contiguous.
#[track_caller]
#[inline(never)]
pub fn bias_activation_in_place<T: Real>(exec: Exec<'_>, activation: Activation, z: MatMut<'_, T>, bias: &[T]) {
    assert_eq!(z.cols(), bias.len(), "bias and activation: the bias has to be as long as a row");
    assert!(z.cols() <= 1 || z.col_stride() == 1, "bias and activation: the rows have to be contiguous");
    for_each(exec.par(), z, rows_per_chunk(bias.len()), &|z| exec.run(Forward { activation, z, bias }));
}

struct Forward<'a, T> {
    activation: Activation,
    z: MatMut<'a, T>,
    bias: &'a [T],
}
impl<T: Real> Kernel<T> for Forward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(mut self, l: L) {
        for i in 0..self.z.rows() {
            let row = self.z.row_mut(i).expect("contiguous rows");
            zip_map(
                l,
                row,
                self.bias,
                #[inline(always)]
                |z, bias| self.activation.apply(l, l.add(z, bias)),
            );
        }
    }
}

/// g\[i\] ← g\[i\] · activation′, the derivative taken from the activation's output a\[i\].
///
/// - `gradient`: n values by a, on return by z
/// - `outputs`: n values a (GELU: z)
///
/// # Panics
/// If the lengths differ.
#[track_caller]
#[inline(never)]
pub fn activation_gradient_in_place<T: Real>(
    exec: Exec<'_>,
    activation: Activation,
    gradient: &mut [T],
    outputs: &[T],
) {
    assert_eq!(gradient.len(), outputs.len(), "activation gradient: gradient and outputs differ in length");
    if activation == Activation::Identity {
        return;
    }
    for_each(exec.par(), (gradient, outputs), CHUNK, &|(g, a)| exec.run(Backward { activation, g, a }));
}

struct Backward<'a, T> {
    activation: Activation,
    g: &'a mut [T],
    a: &'a [T],
}
impl<T: Real> Kernel<T> for Backward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        zip_map(
            l,
            self.g,
            self.a,
            #[inline(always)]
            |g, a| self.activation.backward(l, g, a),
        );
    }
}
