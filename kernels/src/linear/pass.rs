//! The pass over X: blocks of rows in parallel, groups of rows inside a block.

use super::inputs::{Inputs, Pick};
use crate::gemm::{Scratch, k_block};
use crate::lanes::{Kernel, Lanes, Sum, accumulate, fold};
use crate::loss::{LossOptions, Pointwise};
use crate::real::Real;
use crate::threads::divide::Wide;
use crate::threads::{CHUNK, Exec, for_each, reduce};

#[derive(Clone, Copy)]
pub(super) struct Pass<'a, X, B> {
    pub(super) x: X,
    pub(super) rows: Pick<'a>,
    pub(super) between: B,
}

/// What is between the outputs of rows and their part of the gradient.
pub(super) trait Between<T: Real>: Copy + Sync {
    /// Writes the derivatives of the rows from `first` on, of those picked, and their losses.
    fn derive<L: Lanes<T>, X: Inputs<T>>(self, l: L, at: (X, Pick<'_>, usize), derivatives: &mut [T], losses: &mut [T]);
}

/// The derivatives are known.
#[derive(Clone, Copy)]
pub(super) struct Given<'a, T>(pub(super) &'a [T]);
impl<T: Real> Between<T> for Given<'_, T> {
    #[inline(always)]
    fn derive<L: Lanes<T>, X: Inputs<T>>(self, _: L, (x, _, first): (X, Pick<'_>, usize), r: &mut [T], _: &mut [T]) {
        r.copy_from_slice(&self.0[first * x.width()..][..r.len()]);
    }
}

/// A loss of outputs and targets.
#[derive(Clone, Copy)]
pub(super) struct ByLoss<'a, T, P> {
    pub(super) loss: P,
    /// Of all rows of X.
    pub(super) targets: &'a [T],
    /// Weights of the rows picked, in their order.
    pub(super) options: LossOptions<'a, T>,
    pub(super) parameters: &'a [T],
}
impl<T: Real, P: Pointwise<T>> ByLoss<'_, T, P> {
    /// The loss of `m` rows; its gradient goes to `gradient`.
    pub(super) fn run<X: Inputs<T>>(self, exec: Exec<'_>, x: X, rows: Pick<'_>, m: usize, gradient: &mut [T]) -> T {
        let divisor = self.options.divisor(exec, m);
        if m == 0 || divisor == T::ZERO {
            gradient.fill(T::ZERO);
            return T::ZERO;
        }
        let mut scratch = Scratch::borrow::<T>(2 * m);
        let (derivatives, rest) = scratch.elements().split_at_mut(m);
        let losses = &mut rest[..m];
        Pass { x, rows, between: Divided { by_loss: self, divisor } }.run(exec, derivatives, losses, gradient);
        total(exec, losses) / divisor
    }
}

/// [`ByLoss`], and what the sum of the losses is divided by.
#[derive(Clone, Copy)]
pub(super) struct Divided<'a, T, P> {
    pub(super) by_loss: ByLoss<'a, T, P>,
    pub(super) divisor: T,
}
impl<T: Real, P: Pointwise<T>> Between<T> for Divided<'_, T, P> {
    #[inline(always)]
    fn derive<L: Lanes<T>, X: Inputs<T>>(
        self,
        l: L,
        (x, rows, first): (X, Pick<'_>, usize),
        z: &mut [T],
        losses: &mut [T],
    ) {
        let Self { by_loss: ByLoss { loss: function, targets, options, parameters }, divisor } = self;
        let (w, intercept) = parameters.split_at(x.shape().1);
        let rows = rows.skip(first);
        x.dots(l, rows, w, z);
        let zero = l.splat(T::ZERO);
        for (from, losses) in (0..).step_by(L::WIDTH).zip(losses.chunks_mut(L::WIDTH)) {
            let n = losses.len();
            let z = &mut z[from..][..n];
            let y = rows.load(l, from..from + n, targets);
            let mut output = l.load_partial(z);
            if let [b] = intercept {
                output = l.add(output, l.splat(*b));
            }
            let (mut derivative, mut loss) = function.evaluate(l, output, y);
            match options.weights {
                None => derivative = l.mul(l.splat(T::ONE / divisor), derivative),
                Some(weights) => {
                    let w = l.load_partial(&weights[first + from..][..n]);
                    let absent = l.eq(w, zero);
                    derivative = l.select(absent, zero, l.mul(l.div(w, l.splat(divisor)), derivative));
                    loss = l.select(absent, zero, l.mul(w, loss));
                }
            }
            l.store_partial(z, derivative);
            l.store_partial(losses, loss);
        }
    }
}

/// Gradients of blocks per thread between two moments at which they are added up, because a thread that is late makes the others
/// wait then: so many,
const BLOCKS_PER_THREAD: usize = 8;
/// unless they take more elements than this.
const ELEMENTS_PER_THREAD: usize = 1 << 18;

impl<X, B: Copy> Pass<'_, X, B> {
    /// What [`run`](Self::run) does for rows of one block, inside a kernel.
    #[inline(always)]
    pub(super) fn block<T: Real, L: Lanes<T>>(self, l: L, derivatives: &mut [T], losses: &mut [T], gradient: &mut [T])
    where
        X: Inputs<T>,
        B: Between<T>,
    {
        gradient.fill(T::ZERO);
        let (sum, intercept) = gradient.split_at_mut(self.x.shape().1);
        Block { pass: self, part: Part { first: 0, derivatives: &mut *derivatives, losses, sum } }.run(l);
        if let [intercept] = intercept {
            *intercept = total_lanes(l, derivatives);
        }
    }

    /// Writes derivatives, losses and gradient of the rows whose outputs there are `derivatives` of. (`losses` may be empty if there are
    /// none.)
    pub(super) fn run<T: Real>(self, exec: Exec<'_>, derivatives: &mut [T], losses: &mut [T], gradient: &mut [T])
    where
        X: Inputs<T>,
        B: Between<T>,
    {
        let ((_, cols), width) = (self.x.shape(), self.x.width());
        let m = derivatives.len() / width;
        gradient.fill(T::ZERO);
        let (g, intercept) = gradient.split_at_mut(cols);
        let block = k_block(m);
        let blocks = m.div_ceil(block);
        let run = |part: Part<'_, T>| exec.run(Block { pass: self, part });
        if blocks <= 1 {
            run(Part { first: 0, derivatives, losses, sum: g });
        } else {
            let threads = exec.par().threads();
            let per_thread = (ELEMENTS_PER_THREAD / cols.max(1)).clamp(1, BLOCKS_PER_THREAD);
            let wave = if threads == 1 { 1 } else { blocks.min(per_thread * threads) };
            let mut scratch = Scratch::borrow::<T>(wave.saturating_mul(cols));
            let sums = &mut scratch.elements()[..wave * cols];
            sums.fill(T::ZERO);
            for first in (0..blocks).step_by(wave) {
                let (from, to) = (first * block, ((first + wave) * block).min(m));
                let derivatives = &mut derivatives[from * width..to * width];
                let losses = if losses.is_empty() { &mut [] } else { &mut losses[from..to] };
                let here = (to - from).div_ceil(block);
                let data = (
                    0..here,
                    Wide(derivatives, block * width),
                    Wide(losses, block),
                    Wide(&mut sums[..here * cols], cols),
                );
                for_each(exec.par(), data, 1, &|(blocks, derivatives, losses, sum)| {
                    let first = from + blocks.start * block;
                    run(Part { first, derivatives: derivatives.0, losses: losses.0, sum: sum.0 });
                });
                for (i, rows) in (from..to).step_by(block).enumerate() {
                    let sum = &mut sums[i * cols..][..cols];
                    if rows == 0 {
                        g.copy_from_slice(sum); // 0 + sum would lose the sign of a zero
                        sum.fill(T::ZERO);
                        continue;
                    }
                    exec.run(MoveSum { pass: self, first: rows, rows: block.min(to - rows), sum, g });
                }
            }
        }
        if let [intercept] = intercept {
            *intercept = total(exec, derivatives);
        }
    }
}

/// Sum of terms of either sign as a mean takes it: canonical lanes in chunks, then the tree.
fn total<T: Real>(exec: Exec<'_>, terms: &[T]) -> T {
    reduce(exec.par(), terms, CHUNK, &|terms| exec.run(Total { terms }), &|a, b| a + b)
}
/// [`total`] of at most [`CHUNK`] terms, inside a kernel.
#[inline(always)]
pub(super) fn total_lanes<T: Real, L: Lanes<T>>(l: L, terms: &[T]) -> T {
    let acc = accumulate(
        l,
        l.splat_acc(T::ZERO),
        terms,
        terms,
        #[inline(always)]
        |acc, term, _| l.add(acc, term),
    );
    fold(l, Sum, acc)
}
struct Total<'a, T> {
    terms: &'a [T],
}
impl<T: Real> Kernel<T> for Total<'_, T> {
    type Output = T;
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) -> T {
        total_lanes(l, self.terms)
    }
}

/// The part of some rows of the gradient, on its way to the others.
struct MoveSum<'a, T, X, B> {
    pass: Pass<'a, X, B>,
    first: usize,
    rows: usize,
    sum: &'a mut [T],
    g: &'a mut [T],
}
impl<T: Real, X: Inputs<T>, B: Between<T>> Kernel<T> for MoveSum<'_, T, X, B> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        self.pass.x.move_sum(l, self.pass.rows.skip(self.first), self.rows, self.sum, self.g);
    }
}

/// What a block of rows writes.
struct Part<'a, T> {
    first: usize,
    derivatives: &'a mut [T],
    /// One for each row, or none.
    losses: &'a mut [T],
    /// Part of the gradient, zero.
    sum: &'a mut [T],
}

/// One block.
struct Block<'a, T, X, B> {
    pass: Pass<'a, X, B>,
    part: Part<'a, T>,
}
impl<T: Real, X: Inputs<T>, B: Between<T>> Kernel<T> for Block<'_, T, X, B> {
    type Output = ();
    #[inline(always)]
    fn run<L: Lanes<T>>(self, l: L) {
        let Self { pass: Pass { x, rows, between }, part } = self;
        let Part { mut first, derivatives, mut losses, sum } = part;
        for r in derivatives.chunks_mut(x.group() * x.width()) {
            let (here, rest) = losses.split_at_mut(r.len().min(losses.len()));
            losses = rest;
            between.derive(l, (x, rows, first), r, here);
            x.add(l, rows.skip(first), r, sum);
            first += r.len() / x.width();
        }
    }
}
