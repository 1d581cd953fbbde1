//! Linear models with one output in one pass: X is streamed from memory once, where [`gemv`](crate::gemv), a loss and
//! [`gemv_t`](crate::gemv_t) stream it twice.
//!
//! The model is zᵢ = Σⱼ x\[i,j\]·w\[j\] (+ b), the loss any [`Pointwise`] one: least squares, logistic, Huber, hinge, Poisson
//! regression. X is dense ([`MatRef`](crate::MatRef)) or sparse ([`CsrRef`]), the parameters are w, then b if there is one.
//!
//! Models with several outputs: [`softmax_loss_and_gradient`] on a dense X, [`csr_gemm`] and [`csr_gemm_t`] on a sparse one.
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
mod pass;
mod softmax;

pub use csr::{CsrError, CsrRef};
pub use csr_gemm::{csr_gemm, csr_gemm_t};
pub use epoch::{Epoch, sgd_epoch};
pub use softmax::softmax_loss_and_gradient;

use crate::gemm::Scratch;
use crate::lanes::{Kernel, Lanes, map, zip_map};
use crate::loss::{LossOptions, Pointwise};
use crate::optimizer::{UpdateRule, step_lanes};
use crate::real::Real;
use crate::threads::{Divide, Exec, for_each};
use core::ops::Range;
use pass::{ByLoss, Given, Pass};

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
    /// The elements of `all` at the rows `range`, at most WIDTH.
    #[inline(always)]
    fn load<T: Real, L: Lanes<T>>(&self, l: L, range: Range<usize>, all: &[T]) -> L::Reg {
        debug_assert!(range.len() <= L::WIDTH);
        if self.order.is_none() {
            return l.load_partial(&all[self.at(range.start)..self.at(range.end)]);
        }
        let mut lanes = T::CANONICAL_ZERO;
        for (lane, i) in lanes.as_mut().iter_mut().zip(range) {
            *lane = all[self.at(i)];
        }
        l.load(lanes.as_ref())
    }
}

mod private {
    use super::*;

    #[doc(hidden)]
    pub trait Sealed<T: Real>: Copy + Send + Sync {
        /// Rows and weights.
        fn shape(self) -> (usize, usize);
        /// Outputs of a row.
        #[inline(always)]
        fn width(self) -> usize {
            1
        }
        /// Rows that stay in cache between their outputs and their part of the gradient; decides none.
        fn group(self) -> usize;
        /// The outputs of the rows that fill `z`, without b.
        fn dots<L: Lanes<T>>(self, l: L, rows: Pick<'_>, w: &[T], z: &mut [T]);
        /// g\[j\] ← g\[j\] + Σᵢ r\[i\]·x\[i,j\], one FMA chain in the order of the rows; likewise for each output.
        fn add<L: Lanes<T>>(self, l: L, rows: Pick<'_>, r: &[T], g: &mut [T]);
        /// w ← the step of `rule` by the gradient r·x of the first of `rows`; g is there to be written.
        #[inline(always)]
        fn step<L: Lanes<T>, R: UpdateRule<T, 0>>(self, l: L, of: (Pick<'_>, T), rule: &R, w: &mut [T], g: &mut [T]) {
            add_and_step(l, (self, of.0, of.1), rule, w, g);
        }
        /// g ← sum + g, sum ← 0, where `sum` is the part of the gradient of these `n` rows.
        fn move_sum<L: Lanes<T>>(self, l: L, rows: Pick<'_>, n: usize, sum: &mut [T], g: &mut [T]);
    }
}
use private::Sealed;

/// A step by the gradient of one row, in two passes.
#[inline(always)]
fn add_and_step<T: Real, L: Lanes<T>, X: Sealed<T>, R: UpdateRule<T, 0>>(
    l: L,
    (x, row, r): (X, Pick<'_>, T),
    rule: &R,
    w: &mut [T],
    g: &mut [T],
) {
    g.fill(T::ZERO);
    x.add(l, row, &[r], g);
    step_lanes(l, rule, w, g, []);
}

/// g ← sum + g.
#[inline(always)]
fn add_to<T: Real, L: Lanes<T>>(l: L, sum: &[T], g: &mut [T]) {
    zip_map(
        l,
        g,
        sum,
        #[inline(always)]
        |g, sum| l.add(sum, g),
    );
}
#[inline(always)]
fn move_all<T: Real, L: Lanes<T>>(l: L, sum: &mut [T], g: &mut [T]) {
    add_to(l, sum, g);
    sum.fill(T::ZERO);
}

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
    check(x, targets.len(), parameters.len());
    assert_eq!(parameters.len(), gradient.len(), "linear model: parameters and gradient differ in length");
    options.check(rows);
    loss.check();
    ByLoss { loss, targets, options, parameters }.run(exec, x, ALL, rows, gradient)
}

/// All rows as they lie.
const ALL: Pick<'_> = Pick { first: 0, order: None };

/// z ← X·w (+ b), the outputs of the model.
///
/// - `x`: m × d; `parameters`: d weights, and the intercept if there is one more; `z`: m, written only
///
/// Order of operations: [above](self).
///
/// # Panics
/// If the lengths do not fit the shape of X.
#[track_caller]
pub fn outputs<T: Real, X: Inputs<T>>(exec: Exec<'_>, x: X, parameters: &[T], z: &mut [T]) {
    check(x, z.len(), parameters.len());
    for_each(exec.par(), Outputs { first: 0, x, parameters, z }, x.group(), &|outputs| exec.run(outputs));
}

struct Outputs<'a, T, X> {
    first: usize,
    x: X,
    parameters: &'a [T],
    z: &'a mut [T],
}
impl<T: Real, X: Inputs<T>> Divide for Outputs<'_, T, X> {
    fn len(&self) -> usize {
        self.z.len() / self.x.width().max(1)
    }
    fn divide_at(self, mid: usize) -> (Self, Self) {
        let (z, more) = self.z.split_at_mut(mid * self.x.width());
        (Self { z, ..self }, Self { first: self.first + mid, z: more, ..self })
    }
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
pub fn gradient<T: Real, X: Inputs<T>>(exec: Exec<'_>, x: X, r: &[T], gradient: &mut [T]) {
    check(x, r.len(), gradient.len());
    let mut scratch = Scratch::borrow::<T>(r.len());
    let derivatives = &mut scratch.elements()[..r.len()];
    Pass { x, rows: ALL, between: Given(r) }.run(exec, derivatives, &mut [], gradient);
}

#[track_caller]
fn check<T: Real, X: Inputs<T>>(x: X, targets: usize, parameters: usize) {
    let (rows, cols) = x.shape();
    assert_eq!(rows, targets, "linear model: rows of X and targets differ in number");
    let fits = parameters.checked_sub(cols).is_some_and(|more| more <= 1);
    assert!(fits, "linear model: X has {cols} columns, there are {parameters} parameters");
}
