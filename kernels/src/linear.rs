//! Linear models with one output in one pass: X is streamed from memory once, where [`gemv`](crate::gemv), a loss and
//! [`gemv_t`](crate::gemv_t) stream it twice.
//!
//! The model is zᵢ = Σⱼ x\[i,j\]·w\[j\] (+ b), the loss any [`Pointwise`] one: least squares, logistic, Huber, hinge, Poisson
//! regression. X is dense ([`MatRef`](crate::MatRef)) or sparse ([`CsrRef`]), the parameters are w, then b if there is one.
//!
//! Models with several outputs: [`softmax_loss_and_gradient`] on a dense X, [`csr_gemm`] and [`csr_gemm_t`] on a sparse one.
//!
//! What each sample adds to the gradient, also to that of a dense layer: [`per_example_norms`], [`row_norms`], [`second_moments`].
//!
//! Rows are taken in groups that fit L1: their outputs, the loss and its derivatives r, then their part r·x of the gradient.
//!
//! # Order of operations
//!
//! A dense X gives the bits of `gemv` (with [`Accum::Add`](crate::Accum::Add) onto b, if there is one),
//! [`pointwise_in_place`](crate::loss::pointwise_in_place) and `gemv_t`, called one after the other; the gradient by b is
//! [`dot`](crate::dot) of r and ones. How rows are grouped decides no bit.
//!
//! A sparse X whose rows have their columns in ascending order, each once, gives the bits of the dense one with its zeros, up to the
//! sign of zeros; only what is not stored takes no part even where w or r is not finite. Precisely: a stored element in column
//! j goes to canonical lane j mod [`Real::LANES`] by one FMA, in the order of storage; a block of rows changes the
//! gradient where it stores something.

mod csr;
mod csr_gemm;
mod dense;
mod epoch;
mod inputs;
mod pass;
mod per_example;
mod softmax;

pub use csr::{CsrError, CsrRef};
pub use csr_gemm::{csr_gemm, csr_gemm_t};
pub use epoch::{Epoch, sgd_epoch};
pub use inputs::{Inputs, Pick};
pub use per_example::{per_example_norms, row_norms, second_moments};
pub use softmax::softmax_loss_and_gradient;

use crate::gemm::Scratch;
use crate::lanes::{Kernel, Lanes, map};
use crate::loss::{LossOptions, Pointwise};
use crate::real::Real;
use crate::threads::divide::Wide;
use crate::threads::{Exec, for_each};
use inputs::{ALL, check};
use pass::{ByLoss, Given, Pass};

/// Returns the loss of all samples and writes its gradient by the parameters, reading X once.
///
/// - `x`: m × d; `targets`: m; options: reduction and weights, as in [`pointwise_in_place`](crate::loss::pointwise_in_place)
/// - `parameters`: d weights, and the intercept if there is one more; `gradient`: as many, written only
///
/// Order of operations: [above](self). Where the weights of the samples add up to 0, loss and gradient are 0. Scratch memory of the
/// calling thread holds 2·m elements and, with threads, some gradients.
///
/// ```
/// use simdescent_kernels::{Exec, MatRef, linear, loss::{LossOptions, Squared}};
/// let (x, y) = ([1.0f32, 2.0, 3.0, 4.0], [1.0, 1.0]);
/// let (w, mut g) = ([1.0, 0.0], [0.0; 2]);
/// let x = MatRef::new(&x, 2, 2);
/// let loss = linear::loss_and_gradient(Exec::default(), Squared, x, &y, LossOptions::default(), &w, &mut g);
/// assert_eq!((loss, g), (2.0, [6.0, 8.0])); // residuals 0 and 2
/// ```
///
/// # Panics
/// If the lengths do not fit the shape of X, or as [`Pointwise::check`] says.
#[track_caller]
#[inline(never)]
pub fn loss_and_gradient<T: Real, X: Inputs<T>, P: Pointwise<T>>(
    exec: Exec<'_>,
    loss: P,
    x: X,
    targets: &[T],
    options: LossOptions<'_, T>,
    parameters: &[T],
    gradient: &mut [T],
) -> T {
    let (rows, _) = x.shape();
    check(x, targets.len(), parameters.len());
    assert_eq!(parameters.len(), gradient.len(), "linear model: parameters and gradient differ in length");
    options.check(rows);
    loss.check();
    ByLoss { loss, targets, options, parameters }.run(exec, x, ALL, rows, gradient)
}

/// z ← X·w (+ b), the outputs of the model.
///
/// - `x`: m × d; `parameters`: d weights, and the intercept if there is one more; `z`: m, written only
///
/// Order of operations: [above](self).
///
/// # Panics
/// If the lengths do not fit the shape of X.
#[track_caller]
#[inline(never)]
pub fn outputs<T: Real, X: Inputs<T>>(exec: Exec<'_>, x: X, parameters: &[T], z: &mut [T]) {
    check(x, z.len(), parameters.len());
    outputs_of_rows(exec, x, parameters, z);
}

/// [`outputs`] without checks, and for several outputs of a row.
fn outputs_of_rows<T: Real, X: Inputs<T>>(exec: Exec<'_>, x: X, parameters: &[T], z: &mut [T]) {
    for_each(exec.par(), (0..x.shape().0, Wide(z, x.width())), x.group(), &|(rows, z)| {
        exec.run(Outputs { first: rows.start, x, parameters, z: z.0 });
    });
}

struct Outputs<'a, T, X> {
    first: usize,
    x: X,
    parameters: &'a [T],
    z: &'a mut [T],
}
impl<T: Real, X: Inputs<T>> Kernel<T> for Outputs<'_, T, X> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        let (w, intercept) = self.parameters.split_at(self.x.shape().1);
        self.x.dots(l, ALL.skip(self.first), w, self.z);
        if let [b] = intercept {
            let b = l.splat(*b);
            map(
                l,
                self.z,
                #[inline(always)]
                |z| l.add(z, b),
            );
        }
    }
}

/// g ← Xᵀ·r, and Σ r by the intercept: the gradient, given the derivatives r of the loss by the outputs.
///
/// - `x`: m × d; `r`: m; `gradient`: d, and 1 more for an intercept; written only
///
/// Order of operations: [above](self).
///
/// # Panics
/// If the lengths do not fit the shape of X.
#[track_caller]
#[inline(never)]
pub fn gradient<T: Real, X: Inputs<T>>(exec: Exec<'_>, x: X, r: &[T], gradient: &mut [T]) {
    check(x, r.len(), gradient.len());
    let mut scratch = Scratch::borrow::<T>(r.len());
    let derivatives = &mut scratch.elements()[..r.len()];
    Pass { x, rows: ALL, between: Given(r) }.run(exec, derivatives, &mut [], gradient);
}
