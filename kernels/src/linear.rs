//! Linear models with one output in one pass: X is streamed from memory once, where [`gemv`](crate::gemv), a loss and
//! [`gemv_t`](crate::gemv_t) stream it twice.
//!
//! The model is zᵢ = Σⱼ x\[i,j\]·w\[j\] (+ b), the loss any [`Pointwise`] one: least squares, logistic, Huber, hinge, Poisson
//! regression. X is dense ([`MatRef`](crate::MatRef)) or sparse ([`CsrRef`]), the parameters are w, then b if there is one.
//!
//! Rows are taken in groups that fit L1: their outputs, the loss and its derivatives r, then their part r·x of the gradient.
//!
//! # Order of operations
//!
//! A dense X gives the bits of `gemv` (with [`Accum::Add`](crate::Accum::Add) onto b, if there is one),
//! [`pointwise_in_place`](crate::loss::pointwise_in_place) and `gemv_t`, called one after the other; the gradient by b is
//! [`dot`](crate::dot) of r and ones. How rows are grouped decides no bit.
//!
//! A sparse X differs in two places. In a row, stored element p goes to lane p mod [`SPARSE_LANES`] by one FMA, and the lanes fold
//! by halving. And the blocks of rows, whose parts of the gradient are added in order, are those of
//! [`CsrRef::row_block`], because a block costs as much as X has columns. Elements that are not stored take no part, even
//! where w or r is not finite.

mod csr;
mod dense;
mod epoch;
mod pass;

pub use csr::{CsrError, CsrRef, SPARSE_LANES};
pub use epoch::{Epoch, sgd_epoch};

use crate::lanes::Lanes;
use crate::loss::{LossOptions, Pointwise};
use crate::real::Real;
use crate::threads::Exec;
use pass::Pass;

/// The inputs of a linear model, one row per sample: [`MatRef`](crate::MatRef) or [`CsrRef`] (sealed).
pub trait Inputs<T: Real>: Copy + Send + Sync + private::Sealed<T> {}
impl<T: Real, X: private::Sealed<T>> Inputs<T> for X {}

/// Which rows of X are meant: those from `first` on, of X or of a list.
#[doc(hidden)]
#[derive(Clone, Copy)]
pub struct Pick<'a> {
    first: usize,
    order: Option<&'a [u32]>,
}
impl Pick<'_> {
    #[inline(always)]
    fn at(&self, i: usize) -> usize {
        self.order.map_or(self.first + i, |order| order[self.first + i] as usize)
    }
    #[inline(always)]
    fn skip(self, n: usize) -> Self {
        Self { first: self.first + n, ..self }
    }
}

mod private {
    use super::*;

    #[doc(hidden)]
    pub trait Sealed<T: Real>: Copy + Send + Sync {
        /// Rows and columns.
        fn shape(self) -> (usize, usize);
        /// Rows of a block of the gradient, of `rows` in all; decides bits.
        fn block(self, rows: usize) -> usize;
        /// Rows that stay in cache between their outputs and their part of the gradient; decides none.
        fn group(self) -> usize;
        /// The outputs of `z.len()` rows, without b.
        fn dots<L: Lanes<T>>(self, l: L, rows: Pick<'_>, w: &[T], z: &mut [T]);
        /// g\[j\] ← g\[j\] + Σᵢ r\[i\]·x\[i,j\], one FMA chain in the order of the rows.
        fn add<L: Lanes<T>>(self, l: L, rows: Pick<'_>, r: &[T], g: &mut [T]);
    }
}
use private::Sealed;

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
    check(x, targets, parameters);
    assert_eq!(parameters.len(), gradient.len(), "linear model: parameters and gradient differ in length");
    options.check(rows);
    loss.check();
    let pass = Pass { loss, x, targets, options, rows: Pick { first: 0, order: None }, parameters };
    pass.run(exec, rows, gradient)
}

#[track_caller]
fn check<T: Real, X: Inputs<T>>(x: X, targets: &[T], parameters: &[T]) {
    let (rows, cols) = x.shape();
    assert_eq!(rows, targets.len(), "linear model: rows of X and targets differ in number");
    let has = parameters.len();
    assert!(has == cols || has == cols + 1, "linear model: X has {cols} columns, there are {has} parameters");
}
