//! What happens to a finished piece of the product before it reaches C: fused into the store, so that the product itself
//! never goes to memory.

use crate::activation::Activation;
use crate::isa::Isa;
use crate::lanes::{Kernel, Lanes};
use crate::matrix::{MatMut, MatRef};
use crate::optimizer::{UpdateRule, step_lanes};
use crate::real::Real;
use core::marker::PhantomData;

/// The last step of [`gemm_fused`](super::gemm_fused) (sealed): [`BiasActivation`], [`ActivationGradient`], [`Update`].
pub trait Epilogue<T: Real>: Sync + private::Sealed {
    /// Panics unless the epilogue fits a C of m × n.
    #[doc(hidden)]
    fn check(&self, shape: (usize, usize));
    /// Takes the elements of the product from (row, column) `at` on and writes `c`, that piece of a row of C.
    ///
    /// # Safety
    /// - [`check`](Epilogue::check) was called; from `at` on, the row has as many elements as `product`, and so has `c`.
    /// - Of all calls at the same time, no two are for the same element.
    #[doc(hidden)]
    unsafe fn row<L: Lanes<T>>(&self, l: L, at: (usize, usize), product: &[T], c: &mut [T]);
}

mod private {
    pub trait Sealed {}
}

/// A finished tile of the product, and the piece of C it belongs to.
pub(super) struct FinishedTile<'a, T> {
    pub(super) isa: Isa,
    /// Row and column of the piece's first element in the whole of C.
    pub(super) at: (usize, usize),
    /// The product by rows of `stride` elements; by columns if `swapped`.
    pub(super) product: &'a [T],
    pub(super) stride: usize,
    pub(super) swapped: bool,
    /// The piece of C, contiguous rows.
    pub(super) c: MatMut<'a, T>,
}

/// An [`Epilogue`] without its type, so that the loops are compiled once for all of them.
pub(super) trait AnyEpilogue<T>: Sync {
    fn finish(&self, tile: FinishedTile<'_, T>);
}
impl<T: Real, E: Epilogue<T>> AnyEpilogue<T> for E {
    fn finish(&self, tile: FinishedTile<'_, T>) {
        tile.isa.run(Finish { epilogue: self, tile });
    }
}

struct Finish<'a, T, E> {
    epilogue: &'a E,
    tile: FinishedTile<'a, T>,
}
impl<T: Real, E: Epilogue<T>> Kernel<T> for Finish<'_, T, E> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        let FinishedTile { at, product, stride, swapped, mut c, .. } = self.tile;
        let cols = c.cols();
        let mut column = T::CANONICAL_ZERO; // no tile is taller than there are canonical lanes
        for i in 0..c.rows() {
            let product = if swapped {
                for (x, row) in column.as_mut().iter_mut().zip(product.chunks(stride)).take(cols) {
                    *x = row[i];
                }
                &column.as_ref()[..cols]
            } else {
                &product[i * stride..][..cols]
            };
            // SAFETY: the loops take each element of C once, in pieces of it, after `gemm_fused` has checked the shape.
            unsafe { self.epilogue.row(l, (at.0 + i, at.1), product, c.row_piece_mut(i, 0..cols)) };
        }
    }
}

/// c\[i,j\] ← activation(p\[i,j\] + bias\[j\]): the forward pass of a dense layer, with the bits of
/// [`bias_activation_in_place`](crate::activation::bias_activation_in_place) on the product.
#[derive(Clone, Copy, Debug)]
pub struct BiasActivation<'a, T> {
    /// n
    pub bias: &'a [T],
    /// The non-linearity.
    pub activation: Activation,
}
impl<T> private::Sealed for BiasActivation<'_, T> {}
impl<T: Real> Epilogue<T> for BiasActivation<'_, T> {
    #[track_caller]
    fn check(&self, shape: (usize, usize)) {
        assert_eq!(self.bias.len(), shape.1, "gemm: the bias has to be as long as a row of C");
    }
    #[inline(always)]
    unsafe fn row<L: Lanes<T>>(&self, l: L, at: (usize, usize), product: &[T], c: &mut [T]) {
        let bias = &self.bias[at.1..][..product.len()];
        combine(
            l,
            (product, bias, c),
            #[inline(always)]
            |p, bias| self.activation.apply(l, l.add(p, bias)),
        );
    }
}

/// c\[i,j\] ← p\[i,j\] · activation′, the derivative taken from the activation's output a\[i,j\]: the backward pass to the layer
/// below, with the bits of [`activation_gradient_in_place`](crate::activation::activation_gradient_in_place).
#[derive(Clone, Copy, Debug)]
pub struct ActivationGradient<'a, T> {
    /// a (GELU: z): m × n, contiguous rows
    pub outputs: MatRef<'a, T>,
    /// The non-linearity.
    pub activation: Activation,
}
impl<T> private::Sealed for ActivationGradient<'_, T> {}
impl<T: Real> Epilogue<T> for ActivationGradient<'_, T> {
    #[track_caller]
    fn check(&self, shape: (usize, usize)) {
        let (rows, cols) = (self.outputs.rows(), self.outputs.cols());
        assert!(
            (rows, cols) == shape && (cols <= 1 || self.outputs.col_stride() == 1),
            "gemm: the outputs of the activation have to have the shape of C and contiguous rows"
        );
    }
    #[inline(always)]
    unsafe fn row<L: Lanes<T>>(&self, l: L, at: (usize, usize), product: &[T], c: &mut [T]) {
        let outputs = &self.outputs.row(at.0).expect("checked: contiguous rows")[at.1..][..product.len()];
        combine(
            l,
            (product, outputs, c),
            #[inline(always)]
            |p, a| self.activation.backward(l, p, a),
        );
    }
}

/// c ← f(p, x), register by register.
#[inline(always)]
fn combine<T: Real, L: Lanes<T>>(l: L, (product, x, c): (&[T], &[T], &mut [T]), f: impl Fn(L::Reg, L::Reg) -> L::Reg) {
    let (mut cs, ps, xs) = (c.chunks_exact_mut(L::WIDTH), product.chunks_exact(L::WIDTH), x.chunks_exact(L::WIDTH));
    let (p_tail, x_tail) = (ps.remainder(), xs.remainder());
    for ((c, p), x) in (&mut cs).zip(ps).zip(xs) {
        l.store(c, f(l.load(p), l.load(x)));
    }
    let c_tail = cs.into_remainder();
    if !c_tail.is_empty() {
        l.store_partial(c_tail, f(l.load_partial(p_tail), l.load_partial(x_tail)));
    }
}

/// C holds the parameters and the product is their gradient: (c, state) ← rule(c, p, state), with the bits of
/// [`fused_step`](crate::optimizer::fused_step) on the product.
///
/// Good for one product, which takes it: two at the same time would write to the same state.
///
/// ```compile_fail,E0382
/// # use simdescent_kernels::{Exec, MatMut, MatRef, gemm::{Update, gemm_fused}, optimizer::Sgd};
/// # let (x, exec, mut w) = ([1.0f32], Exec::default(), [1.0]);
/// # let x = MatRef::new(&x, 1, 1);
/// let update = Update::new(Sgd { learning_rate: 0.1 }, (1, 1), []);
/// gemm_fused(exec, x, x, MatMut::new(&mut w, 1, 1), update);
/// gemm_fused(exec, x, x, MatMut::new(&mut w, 1, 1), update); // error: use of moved value
/// ```
#[derive(Debug)]
pub struct Update<'a, T, R, const S: usize> {
    rule: R,
    /// One matrix like C for each state vector of the rule.
    state: [*mut T; S],
    shape: (usize, usize),
    borrow: PhantomData<&'a mut [T]>,
}
impl<'a, T: Real, R: UpdateRule<T, S>, const S: usize> Update<'a, T, R, S> {
    /// An update by `rule` of a C of `rows` × `cols`; each of `state` is row-major, of that many elements.
    ///
    /// # Panics
    /// If a state vector has another length.
    #[track_caller]
    pub fn new(rule: R, shape: (usize, usize), state: [&'a mut [T]; S]) -> Self {
        for s in &state {
            assert_eq!(s.len(), shape.0 * shape.1, "gemm: the optimizer's state has to have as many elements as C");
        }
        Self { rule, state: state.map(<[T]>::as_mut_ptr), shape, borrow: PhantomData }
    }
}
impl<T, R, const S: usize> private::Sealed for Update<'_, T, R, S> {}
// SAFETY: the pointers are exclusive borrows, of which each element is used by the one thread that computes its place in C.
unsafe impl<T: Send, R: Sync, const S: usize> Sync for Update<'_, T, R, S> {}

impl<T: Real, R: UpdateRule<T, S>, const S: usize> Epilogue<T> for Update<'_, T, R, S> {
    #[track_caller]
    fn check(&self, shape: (usize, usize)) {
        assert_eq!(self.shape, shape, "gemm: the update has to have the shape of C");
    }
    #[inline(always)]
    unsafe fn row<L: Lanes<T>>(&self, l: L, at: (usize, usize), product: &[T], c: &mut [T]) {
        let first = at.0 * self.shape.1 + at.1;
        let state = self.state.map(
            #[inline(always)]
            // SAFETY: the caller vouches that this piece of a row lies in C, whose shape `check` found to be that of the
            // state, and that nobody else has it.
            |state| unsafe { core::slice::from_raw_parts_mut(state.add(first), product.len()) },
        );
        step_lanes(l, &self.rule, c, product, state);
    }
}
